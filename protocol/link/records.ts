// What travels inside a job's channel: a sequence of records. kind u8, stream offset u64 (output) or 0, length u32, bytes.
// Output records carry their own offset in the stream, so a relay that restarted may open a new channel and begin where
// the edge left off; what overlaps is dropped by the reader.
import * as z from "zod";
import { jobResultSchema } from "../envelope.ts";
import { LIMITS } from "../limits.ts";

export const RECORD = { event: 1, stdout: 2, stderr: 3 } as const;
export type RecordKind = (typeof RECORD)[keyof typeof RECORD];
export const RECORD_HEADER_BYTES = 13;

export const STREAMS = ["stdout", "stderr"] as const;
export const streamSchema = z.enum(STREAMS);
export type StreamName = z.infer<typeof streamSchema>;
export const streamOf = (kind: RecordKind): StreamName => (kind === RECORD.stderr ? "stderr" : "stdout");
export const kindOf = (stream: StreamName): RecordKind => (stream === "stderr" ? RECORD.stderr : RECORD.stdout);

/** The relay's clock, milliseconds since the epoch. The edge maps it with the difference that `hello` showed; it is shown, never decided upon. */
const at = z.number().min(0);
const endState = z.enum(["succeeded", "failed", "partial", "cancelled", "expired", "unknown"]);

export const jobEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("status"), status: z.literal("running"), at }),
  z.object({
    type: z.literal("progress"),
    at,
    percent: z.number().min(0).max(100).nullable(),
    message: z.string().max(LIMITS.messageChars),
  }),
  z.object({ type: z.literal("log"), at, level: z.enum(["debug", "info", "warn", "error"]), message: z.string().max(LIMITS.messageChars) }),
  /** Output from `from` to `to` is not in this channel: read it from the spool, unless `lost`. */
  z.object({ type: z.literal("gap"), stream: streamSchema, from: z.int().min(0), to: z.int().min(0), lost: z.boolean() }),
  /** The end. `stdout_bytes` and `stderr_bytes` count all output, also what no one kept. `result` is null for cancelled before start, expired and unknown. */
  z.object({
    type: z.literal("result"),
    status: endState,
    at,
    code: z.string().max(64).optional(),
    result: jobResultSchema.nullable(),
    stdout_bytes: z.int().min(0),
    stderr_bytes: z.int().min(0),
  }),
]);
export type JobEvent = z.infer<typeof jobEventSchema>;
export type JobEnd = Extract<JobEvent, { type: "result" }>;

export interface RawRecord {
  readonly kind: RecordKind;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

export function encodeRecord(kind: RecordKind, offset: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(RECORD_HEADER_BYTES + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint8(0, kind);
  view.setBigUint64(1, BigInt(offset));
  view.setUint32(9, bytes.length);
  out.set(bytes, RECORD_HEADER_BYTES);
  return out;
}

/** Several records in one buffer. */
export function encodeRecords(records: readonly RawRecord[]): Uint8Array {
  const out = new Uint8Array(records.reduce((sum, record) => sum + RECORD_HEADER_BYTES + record.bytes.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { kind, offset, bytes } of records) {
    view.setUint8(at, kind);
    view.setBigUint64(at + 1, BigInt(offset));
    view.setUint32(at + 9, bytes.length);
    out.set(bytes, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + bytes.length;
  }
  return out;
}

export function encodeEvent(event: JobEvent): Uint8Array {
  return encodeRecord(RECORD.event, 0, encoder.encode(JSON.stringify(event)));
}

/** How many bytes the record at the start of `bytes` takes; null when its header is not there yet; an error when it can never be valid. */
function recordLength(bytes: Uint8Array): number | null | { error: string } {
  if (bytes.length < RECORD_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  if (kind < RECORD.event || kind > RECORD.stderr) return { error: "unknown record kind" };
  if (view.getBigUint64(1) > BigInt(Number.MAX_SAFE_INTEGER)) return { error: "record offset too large" };
  const length = view.getUint32(9);
  return length > LIMITS.recordBytes ? { error: "record too large" } : RECORD_HEADER_BYTES + length;
}

/** The whole records at the start of `bytes`, as views, and how many bytes they took. The rest is the beginning of the next. */
export function decodeRecords(bytes: Uint8Array): { records: RawRecord[]; taken: number } | { error: string } {
  const records: RawRecord[] = [];
  let taken = 0;
  for (;;) {
    const rest = bytes.subarray(taken);
    const length = recordLength(rest);
    if (length !== null && typeof length === "object") return length;
    if (length === null || rest.length < length) return { records, taken };
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
    records.push({
      kind: view.getUint8(0) as RecordKind,
      offset: Number(view.getBigUint64(1)),
      bytes: rest.subarray(RECORD_HEADER_BYTES, length),
    });
    taken += length;
  }
}
