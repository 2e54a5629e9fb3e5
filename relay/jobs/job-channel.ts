// What a job says, on its way to the edge: records batched into a window. Keeps no more than the window and one batch; what
// does not fit is read back from the spool, and skipped with a `gap` where the edge would not keep it anyway.
import { FLAG, FRAME, frame, type Frame } from "../../protocol/link/frames.ts";
import { SendWindow } from "../../protocol/link/channel.ts";
import {
  encodeRecords,
  kindOf,
  RECORD,
  STREAMS,
  streamOf,
  type JobEvent,
  type RawRecord,
  type StreamName,
} from "../../protocol/link/records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Clock } from "./clock.ts";
import { gapsOf, skipTarget } from "./output-gaps.ts";
import type { Extent } from "./spool.ts";
import { eventRecord, merged, sizeOf } from "./record-batch.ts";
import { incompleteTail } from "./text-boundary.ts";

/** Where the channel reads output that it does not hold itself. */
export interface OutputSource {
  extent(stream: StreamName): Extent | Promise<Extent>;
  read(stream: StreamName, offset: number, length: number): Promise<Uint8Array>;
}

export interface ChannelOptions {
  readonly id: number;
  /** Offset of the channel at which to begin. */
  readonly offset: number;
  /** How much of each stream the edge has. */
  readonly sent: Readonly<Record<StreamName, number>>;
  readonly source: OutputSource;
  readonly clock: Clock;
  /** Sends when the link is up; frames are kept in the window, so they may be dropped. */
  readonly send: (frames: readonly Frame[]) => void;
  /** The edge has acknowledged everything, the end included. Once. */
  readonly onDone: () => void;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);
const GONE: Extent = { head: 0, tailStart: Number.MAX_SAFE_INTEGER, total: 0 };
/** Events that wait for room. More progress replaces, more log lines are counted. */
const EVENT_BYTES = 256 * 1024;
/** One read of the spool. A window holds several. */
const READ_BYTES = 128 * 1024;
/** Between two reads of what only a live reader sees: 5 MB/s. More is skipped, and costs no one anything. */
const PACE_MS = 25;
/** Smaller room is not worth a read. */
const LEAST_ROOM = 16 * 1024;

export class JobChannel {
  readonly id: number;
  readonly #options: ChannelOptions;
  readonly #window: SendWindow;
  #pending: RawRecord[] = [];
  #pendingBytes = 0;
  #eventBytes = 0;
  #droppedLogs = 0;
  /** Next byte of each stream that goes into the window. */
  readonly #sent: Record<StreamName, number>;
  /** The same with what is pending; equal to the stream's total while the channel keeps up. */
  readonly #queued: Record<StreamName, number>;
  readonly #total: Record<StreamName, number>;
  #end: Uint8Array | null = null;
  #endWritten = false;
  #closed = false;
  #reading = false;
  #stopTimer: (() => void) | null = null;

  constructor(options: ChannelOptions) {
    this.id = options.id;
    this.#options = options;
    this.#window = new SendWindow(options.offset, LIMITS.jobWindowBytes);
    this.#sent = { ...options.sent };
    this.#queued = { ...options.sent };
    this.#total = { ...options.sent };
  }

  /** A status, progress or log event. Waits for the batch. */
  event(event: JobEvent): void {
    const record = eventRecord(event);
    if (this.#eventBytes + record.bytes.length > EVENT_BYTES) this.#droppedLogs += 1;
    else {
      this.#eventBytes += record.bytes.length;
      this.#push(record);
    }
    this.#arm();
  }

  /** Bytes that the spool has just taken; `total` is the stream's length with them. */
  output(stream: StreamName, bytes: Uint8Array, total: number): void {
    this.#total[stream] = total;
    const fits = bytes.length <= LIMITS.frameBytes && this.#pendingBytes < LIMITS.logBatchBytes;
    if (fits && this.#queued[stream] + bytes.length === total) {
      this.#push({ kind: kindOf(stream), offset: this.#queued[stream], bytes });
      this.#queued[stream] = total;
    }
    if (this.#pendingBytes >= LIMITS.logBatchBytes) this.#pump();
    else this.#arm();
  }

  /** Streams that were produced before this channel was made have this length. */
  known(total: Readonly<Record<StreamName, number>>): void {
    Object.assign(this.#total, total);
    this.#arm();
  }

  /** The last word: a `result` event as JSON. Sends everything now, in one message when it fits. */
  end(json: string, total: Readonly<Record<StreamName, number>>): void {
    Object.assign(this.#total, total);
    this.#end = encoder.encode(json);
    this.#pump();
  }

  /** False when the edge acknowledges what was never sent. */
  ack(offset: number): boolean {
    if (!this.#window.ack(offset)) return false;
    if (this.#endWritten && this.#window.acked === this.#window.next) this.#done();
    else if (this.#end || this.#isBehind || (this.#pending.length > 0 && !this.#stopTimer)) this.#pump();
    return true;
  }

  /** After a reconnect: sends again from `offset`. False when that cannot be, and a new channel must be made. */
  resume(offset: number): boolean {
    const pieces = this.#window.resumeAt(offset);
    if (!pieces) return false;
    this.#options.send(pieces.map((piece) => this.#frame(piece)));
    if (this.#endWritten && this.#window.acked === this.#window.next) this.#done();
    else this.#pump();
    return true;
  }

  /** Sends again what is not acknowledged: the edge may have forgotten it without losing the link. */
  repeat(): void {
    this.resume(this.#window.acked);
  }

  /** Nothing more is sent. */
  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  get #isBehind(): boolean {
    return STREAMS.some((stream) => this.#queued[stream] < this.#total[stream]);
  }

  #done(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onDone();
  }

  #push(record: RawRecord): void {
    this.#pending.push(record);
    this.#pendingBytes += sizeOf(record);
  }

  #arm(): void {
    this.#stopTimer ??= this.#options.clock.after(LIMITS.logBatchMs, () => {
      this.#stopTimer = null;
      this.#pump();
    });
  }

  #disarm(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  /** Moves what is there into the window, as far as it has room, and sends it. */
  #pump(): void {
    this.#disarm();
    if (this.#closed || this.#endWritten) return;
    const batch = this.#takePending();
    const last = this.#end && this.#pending.length === 0 && !this.#isBehind ? this.#takeEnd(batch) : null;
    if (last) batch.push(last);
    if (batch.length > 0) this.#write(batch);
    if (this.#isBehind && !this.#reading && this.#pending.length === 0) void this.#catchUp();
    else if (this.#pending[0] && sizeOf(this.#pending[0]) <= this.#window.room) this.#arm();
  }

  /** The pending records that fit, neighbours of a stream merged. */
  #takePending(): RawRecord[] {
    if (this.#droppedLogs > 0 && this.#eventBytes < EVENT_BYTES / 2) {
      this.#push(eventRecord({ type: "log", at: Date.now(), level: "warn", message: `${this.#droppedLogs} messages were dropped` }));
      this.#droppedLogs = 0;
    }
    const pieces = this.#holdBack();
    const taken: RawRecord[] = [];
    let room = this.#window.room;
    while (pieces[0] && sizeOf(pieces[0]) <= room) {
      const record = pieces.shift()!;
      room -= sizeOf(record);
      this.#pendingBytes -= sizeOf(record);
      if (record.kind === RECORD.event) this.#eventBytes -= record.bytes.length;
      else this.#sent[streamOf(record.kind)] += record.bytes.length;
      taken.push(record);
    }
    this.#pending = [...pieces, ...this.#pending];
    return merged(taken);
  }

  /** Takes all pending records out, but leaves the beginning of an incomplete character at the end of each stream there. */
  #holdBack(): RawRecord[] {
    const records = this.#pending;
    this.#pending = [];
    if (this.#end) return records;
    for (const stream of STREAMS) {
      const index = records.findLastIndex((record) => record.kind === kindOf(stream));
      const record = records[index];
      const rest = record ? incompleteTail(record.bytes) : 0;
      if (!record || rest === 0 || rest === record.bytes.length) continue;
      const cut = record.bytes.length - rest;
      records[index] = { ...record, bytes: record.bytes.subarray(0, cut) };
      this.#pendingBytes -= sizeOf(record);
      this.#pendingBytes += sizeOf(records[index]);
      this.#push({ kind: record.kind, offset: record.offset + cut, bytes: record.bytes.subarray(cut) });
    }
    return records;
  }

  #takeEnd(batch: readonly RawRecord[]): RawRecord | null {
    const record: RawRecord = { kind: RECORD.event, offset: 0, bytes: this.#end ?? NOTHING };
    const used = batch.reduce((sum, item) => sum + sizeOf(item), 0);
    if (used + sizeOf(record) > this.#window.room) return null;
    this.#endWritten = true;
    return record;
  }

  #write(records: readonly RawRecord[]): void {
    const bytes = encodeRecords(records);
    const pieces: { offset: number; bytes: Uint8Array }[] = [];
    for (let at = 0; at < bytes.length; at += LIMITS.frameBytes)
      pieces.push(this.#window.write(bytes.subarray(at, at + LIMITS.frameBytes))!);
    this.#options.send(pieces.map((piece) => this.#frame(piece)));
  }

  #frame(piece: { offset: number; bytes: Uint8Array }): Frame {
    const isLast = this.#endWritten && piece.offset + piece.bytes.length === this.#window.next;
    return frame(FRAME.data, this.id, piece.offset, piece.bytes, isLast ? FLAG.end : 0);
  }

  /** Reads what was produced but not held from the spool, while the window has room. */
  async #catchUp(): Promise<void> {
    this.#reading = true;
    while (!this.#closed && this.#isBehind && this.#pending.length === 0 && this.#window.room >= LEAST_ROOM) {
      const stream = STREAMS.find((name) => this.#queued[name] < this.#total[name])!;
      await this.#readOne(stream);
      if (!this.#end && this.#sent[stream] > LIMITS.edgeOutputHeadBytes)
        await new Promise<void>((go) => this.#options.clock.after(PACE_MS, go));
    }
    this.#reading = false;
    if (!this.#isBehind || this.#pending.length > 0) this.#pump();
  }

  async #readOne(stream: StreamName): Promise<void> {
    const from = this.#sent[stream];
    const found = await this.#find(stream, from, this.#window.room - LEAST_ROOM / 2).catch(() => null);
    const total = this.#total[stream];
    // What should be there and is not (a file that was taken away, a disk that fails) is never waited for.
    const { to, records, bytes } = found ?? { to: total, records: gapsOf(stream, from, total, GONE).map(eventRecord), bytes: NOTHING };
    if (bytes.length > 0) records.push({ kind: kindOf(stream), offset: to, bytes });
    // Events may have taken the room meanwhile: then again, when there is room.
    if (this.#closed || records.reduce((sum, record) => sum + sizeOf(record), 0) > this.#window.room) return;
    this.#sent[stream] = to + bytes.length;
    this.#queued[stream] = this.#sent[stream];
    this.#write(records);
  }

  /** The next piece of a stream from `from` on, with the gaps before it; null when there is nothing where something should be. */
  async #find(stream: StreamName, from: number, room: number): Promise<{ to: number; records: RawRecord[]; bytes: Uint8Array } | null> {
    const extent = await this.#options.source.extent(stream);
    const total = this.#total[stream];
    const to = skipTarget(from, total, extent);
    const records = gapsOf(stream, from, to, extent).map(eventRecord);
    if (to >= total) return { to, records, bytes: NOTHING };
    const bytes = await this.#options.source.read(stream, to, Math.min(total - to, READ_BYTES, room));
    if (bytes.length === 0) return null;
    const rest = to + bytes.length < total || !this.#end ? incompleteTail(bytes) : 0;
    return { to, records, bytes: rest === bytes.length ? bytes : bytes.subarray(0, bytes.length - rest) };
  }
}
