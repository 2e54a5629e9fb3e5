// Bytes of a job's output by range: from the rows where they are kept, else from the host's spool, a piece at a time as the
// reader pulls. What neither has is refused, never left out in silence.
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { decodeRecords, kindOf, RECORD, type JobEvent, type StreamName } from "../../protocol/link/records.ts";
import type { Core } from "./core.ts";
import type { Links } from "./links.ts";
import type { LogRow } from "./logs.ts";
import type { Spool } from "./spool.ts";

interface Span {
  readonly from: number;
  readonly to: number;
  /** The number of the row that has it; null: the spool may have it. */
  readonly row: number | null;
}

export interface Output {
  readonly body: ReadableStream<Uint8Array>;
  readonly from: number;
  readonly to: number;
  readonly total: number;
}

const decoder = new TextDecoder();

export class Outputs {
  readonly #core: Core;
  readonly #links: Links;
  readonly #spool: Spool;

  constructor(core: Core, links: Links, spool: Spool) {
    this.#core = core;
    this.#links = links;
    this.#spool = spool;
  }

  /** The job exists and may be seen: the caller checked. `end` is exclusive; null: all that is known now. */
  async read(id: string, stream: StreamName, offset: number, end: number | null): Promise<Outcome<Output>> {
    const row = this.#core.jobs.row(id);
    if (!row) return refused("JOB_NOT_FOUND");
    const live = this.#core.jobs.open().get(id);
    const total = Math.max(row[stream], live?.[stream] ?? 0);
    if (offset > total || (end !== null && end < offset))
      return refused("RANGE_INVALID", { detail: `The output has ${total} bytes so far.` });
    const to = Math.min(end ?? total, total);
    const plan = this.#plan(id, stream, offset, to);
    const missing = plan.find((span) => span.row === null);
    const notKept = (): Outcome<Output> =>
      refused("OUTPUT_NOT_KEPT", { detail: missing ? `Bytes ${missing.from} to ${missing.to} of ${stream} are not kept.` : "Not kept." });
    if (missing && !this.#links.current()) return notKept();
    // The first piece is fetched before the answer begins, so that a range that nobody has is refused in words.
    const first = plan[0]?.row === null ? await this.#piece(id, stream, plan[0], offset) : undefined;
    if (first === null) return notKept();
    return done({ body: this.#body(id, stream, plan, first ?? null), from: offset, to, total });
  }

  /** Spans that cover `from` to `to` without holes or overlap. */
  #plan(id: string, stream: StreamName, from: number, to: number): Span[] {
    const spans: Span[] = [];
    let at = from;
    const upTo = (end: number, row: number | null): void => {
      const bounded = Math.min(end, to);
      if (bounded > at) spans.push({ from: at, to: bounded, row });
      at = Math.max(at, bounded);
    };
    for (const row of this.#core.logs.spans(id)) {
      const start = row[`${stream}_start`];
      if (row[`${stream}_end`] <= at || at >= to) continue;
      upTo(start, null);
      for (const hole of this.#holes(id, stream, row)) {
        upTo(hole.from, row.last);
        upTo(hole.to, null);
      }
      upTo(row[`${stream}_end`], row.last);
    }
    upTo(to, null);
    return spans;
  }

  #row(id: string, last: number): LogRow | null {
    const row = this.#core.logs.after(id, last - 1);
    return row?.last === last ? row : null;
  }

  /** What a row steps over, told by gap events inside it. */
  #holes(id: string, stream: StreamName, span: Omit<LogRow, "payload">): { from: number; to: number }[] {
    const row = this.#row(id, span.last);
    const decoded = row && decodeRecords(new Uint8Array(row.payload));
    if (!decoded || "error" in decoded) return [{ from: span[`${stream}_start`], to: span[`${stream}_end`] }];
    return decoded.records
      .filter((record) => record.kind === RECORD.event)
      .map((record) => JSON.parse(decoder.decode(record.bytes)) as JobEvent)
      .filter((event) => event.type === "gap")
      .filter((gap) => gap.stream === stream);
  }

  /** Bytes of a span from `at` on: at least one, at most a piece; null: not to be had. */
  async #piece(id: string, stream: StreamName, span: Span, at: number): Promise<Uint8Array | null> {
    if (span.row !== null) {
      const kept = this.#kept(id, stream, span.row, at, span.to);
      if (kept) return kept;
    }
    // Also a row that was dropped since the plan was made.
    const answer = await this.#spool.read(id, stream, at, Math.min(span.to - at, LIMITS.spoolReadBytes));
    return "bytes" in answer ? answer.bytes : null;
  }

  #kept(id: string, stream: StreamName, last: number, at: number, to: number): Uint8Array | null {
    const row = this.#row(id, last);
    const decoded = row && decodeRecords(new Uint8Array(row.payload));
    if (!decoded || "error" in decoded) return null;
    const pieces = decoded.records
      .filter((record) => record.kind === kindOf(stream) && record.offset + record.bytes.length > at && record.offset < to)
      .map((record) => record.bytes.subarray(Math.max(0, at - record.offset), Math.min(record.bytes.length, to - record.offset)));
    // A copy: what a byte stream is given is taken from its owner.
    return pieces.length > 0 ? new Uint8Array(Buffer.concat(pieces)) : null;
  }

  #body(id: string, stream: StreamName, plan: readonly Span[], first: Uint8Array | null): ReadableStream<Uint8Array> {
    let index = 0;
    let at = plan[0]?.from ?? 0;
    let ready = first;
    const pull = async (controller: ReadableByteStreamController): Promise<void> => {
      const span = plan[index];
      if (!span) {
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      const piece = ready ?? (await this.#piece(id, stream, span, at));
      ready = null;
      if (!piece) {
        controller.error(new Error("OUTPUT_NOT_KEPT"));
        return;
      }
      at += piece.length;
      if (at >= span.to) index += 1;
      controller.enqueue(piece);
    };
    return new ReadableStream({ type: "bytes", pull });
  }
}
