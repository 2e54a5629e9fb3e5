// A job's events from a number on, read from the rows: what a stream shows, without the stream. Every event has its number,
// so a reader may begin anywhere; what was not kept is told as a gap.
import { hasEnded, type JobState } from "../../protocol/job.ts";
import { decodeRecords, RECORD, STREAMS, streamOf, type JobEvent, type RawRecord, type StreamName } from "../../protocol/link/records.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import { SEQ, SHOWN } from "./live-job.ts";
import { GAP_NUMBERS, type LogRow } from "./logs.ts";
import type { Core } from "./core.ts";
import { errorOf } from "./rows.ts";

export type EventFormat = "sse" | "ndjson";

type Head = {
  status: JobState;
  queued_at: number;
  delivered_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  shown: number;
  result_seq: number | null;
  code: string | null;
  has_result: number;
};
const HEAD_COLUMNS = "status, queued_at, delivered_at, started_at, ended_at, shown, result_seq, code, result IS NOT NULL AS has_result";

/** Text gathered before a chunk is handed on; one event may be larger. */
const CHUNK_CHARS = 64 * 1024;
const decoder = new TextDecoder();
const iso = (ms: number): string => new Date(ms).toISOString();

/** How many bytes at the end begin a character whose rest has not come. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

export class EventReader {
  readonly #core: Core;
  readonly #id: string;
  readonly #format: EventFormat;
  #cursor: number;
  #text = "";
  #ends: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** The beginning of a character at the end of what was shown of a stream. */
  #carry: Record<StreamName, Uint8Array> = { stdout: new Uint8Array(0), stderr: new Uint8Array(0) };

  /** `after`: the number of the last event that the reader has; 0 for all. */
  constructor(core: Core, id: string, after: number, format: EventFormat) {
    this.#core = core;
    this.#id = id;
    this.#format = format;
    this.#cursor = after;
    const before = after > 0 ? core.logs.upTo(id, after) : null;
    if (before) this.#row(before, 0);
  }

  /** What there is to show now; an empty text: nothing yet. `isEnded`: nothing more will come. */
  next(): { text: string; isEnded: boolean } {
    const head = this.#core.sql.exec<Head>(`SELECT ${HEAD_COLUMNS} FROM jobs WHERE id = ?`, this.#id).toArray()[0];
    if (!head) return { text: "", isEnded: true };
    this.#text = "";
    this.#early(head);
    let row = this.#core.logs.after(this.#id, this.#cursor);
    while (row && this.#text.length < CHUNK_CHARS) {
      this.#row(row, head.queued_at);
      if (this.#cursor < row.last) break;
      row = this.#core.logs.after(this.#id, this.#cursor);
    }
    const isEnded = row === null && hasEnded(head.status);
    if (isEnded && head.result_seq !== null && this.#cursor < head.result_seq) this.#result(head, head.result_seq);
    return { text: this.#text, isEnded };
  }

  #emit(seq: number, event: string, data: Record<string, unknown>): void {
    this.#cursor = seq;
    this.#text +=
      this.#format === "sse"
        ? `id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
        : `${JSON.stringify({ id: String(seq), event, data })}\n`;
  }

  #early(head: Head): void {
    if (this.#cursor < SEQ.queued) this.#emit(SEQ.queued, "status", { status: "queued", at: iso(head.queued_at) });
    if (this.#cursor < SEQ.delivered && head.shown & SHOWN.delivered && head.delivered_at !== null)
      this.#emit(SEQ.delivered, "status", { status: "delivered", at: iso(head.delivered_at) });
    if (this.#cursor < SEQ.running && head.shown & SHOWN.running && head.started_at !== null)
      this.#emit(SEQ.running, "status", { status: "running", at: iso(head.started_at) });
  }

  #result(head: Head, seq: number): void {
    const row = this.#core.sql.exec<{ result: string | null }>("SELECT result FROM jobs WHERE id = ?", this.#id).one();
    const error = errorOf(head);
    this.#emit(seq, "result", {
      status: head.status,
      at: head.ended_at === null ? null : iso(head.ended_at),
      result: row.result === null ? null : (JSON.parse(row.result) as JobResult),
      ...(error ? { error } : {}),
    });
  }

  /** Shows a row's events after the cursor, a chunk at most; those before it only prepare what follows. */
  #row(row: LogRow, queuedAtMs: number): void {
    const decoded = decodeRecords(new Uint8Array(row.payload));
    if ("error" in decoded) throw new Error("a log row is damaged");
    const first = row.last - row.records + 1;
    const starts = { stdout: row.stdout_start, stderr: row.stderr_start };
    for (const [index, stream] of STREAMS.entries()) {
      const seq = first - GAP_NUMBERS + index;
      if (starts[stream] <= this.#ends[stream]) continue;
      if (this.#cursor < seq) this.#emit(seq, "gap", { stream, from: this.#ends[stream], to: starts[stream], lost: false });
      this.#carry[stream] = new Uint8Array(0);
    }
    for (const [index, record] of decoded.records.entries()) {
      if (this.#text.length >= CHUNK_CHARS && this.#cursor < first + index) return;
      this.#record(record, first + index, row.shift, queuedAtMs);
    }
    this.#ends = { stdout: row.stdout_end, stderr: row.stderr_end };
    this.#cursor = Math.max(this.#cursor, row.last);
  }

  #record(record: RawRecord, seq: number, shiftMs: number, queuedAtMs: number): void {
    if (record.kind !== RECORD.event) this.#output(record, seq);
    else if (seq > this.#cursor) this.#event(JSON.parse(decoder.decode(record.bytes)) as JobEvent, seq, shiftMs, queuedAtMs);
  }

  #output(record: RawRecord, seq: number): void {
    const stream = streamOf(record.kind);
    // A row that is read again, for its second chunk, comes by here with what was shown already.
    if (seq <= this.#cursor && record.offset + record.bytes.length <= this.#ends[stream]) return;
    const carry = this.#carry[stream];
    const bytes = carry.length === 0 ? record.bytes : new Uint8Array([...carry, ...record.bytes]);
    const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
    this.#carry[stream] = bytes.slice(whole.length);
    this.#ends[stream] = record.offset + record.bytes.length;
    if (seq <= this.#cursor) return;
    if (whole.length > 0) this.#emit(seq, "log", { stream, offset: record.offset - carry.length, text: decoder.decode(whole) });
    else this.#cursor = seq;
  }

  #event(event: JobEvent, seq: number, shiftMs: number, queuedAtMs: number): void {
    if (event.type === "gap") this.#carry[event.stream] = new Uint8Array(0);
    const { type, ...rest } = event;
    if (!("at" in rest)) {
      this.#emit(seq, type, rest);
      return;
    }
    const at = iso(Math.min(Math.max(rest.at + shiftMs, queuedAtMs), Date.now()));
    this.#emit(seq, type, { ...rest, at });
  }
}
