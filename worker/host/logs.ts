// What a job said, as rows: one for each batch that came. Keeps the head and the tail of a job; what was between is dropped,
// and the hole shows in the offsets. The only writer of `logs`.
import { LIMITS } from "../../protocol/limits.ts";
import { encodeRecords, type RawRecord } from "../../protocol/link/records.ts";
import type { LiveJob } from "./live-job.ts";

/** Numbers that each row reserves before its events, for the gaps that a reader may have to be told of: one a stream. */
export const GAP_NUMBERS = 2;
/** A row counts at least this much, so that a trickle of tiny batches is bounded as well. */
const ROW_MIN_BYTES = 512;

export type LogRow = {
  last: number;
  records: number;
  shift: number;
  stdout_start: number;
  stdout_end: number;
  stderr_start: number;
  stderr_end: number;
  payload: ArrayBuffer;
};
const ROW_COLUMNS = "last, records, shift, stdout_start, stdout_end, stderr_start, stderr_end, payload";

export class Logs {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  #keptOf(job: LiveJob): NonNullable<LiveJob["kept"]> {
    if (job.kept) return job.kept;
    const kept: NonNullable<LiveJob["kept"]> = { head: 0, tail: [], tailBytes: 0 };
    for (const row of this.#sql.exec<{ last: number; bytes: number; is_head: number }>(
      "SELECT last, bytes, is_head FROM logs WHERE job_id = ? ORDER BY last",
      job.id,
    )) {
      if (row.is_head) kept.head += row.bytes;
      else {
        kept.tail.push({ last: row.last, bytes: row.bytes });
        kept.tailBytes += row.bytes;
      }
    }
    job.kept = kept;
    return kept;
  }

  /**
   * Writes one batch. `starts` are the stream offsets before it; those after it, and the channel's, are the job's own.
   * `shiftMs` maps the relay's times. Advances the job's event numbers.
   */
  append(job: LiveJob, records: readonly RawRecord[], starts: { stdout: number; stderr: number }, shiftMs: number): void {
    const payload = encodeRecords(records);
    const kept = this.#keptOf(job);
    const bytes = Math.max(payload.length, ROW_MIN_BYTES);
    const isHead = kept.tail.length === 0 && kept.head < LIMITS.edgeOutputHeadBytes;
    const last = job.nextSeq + GAP_NUMBERS + records.length - 1;
    this.#sql.exec(
      `INSERT INTO logs (job_id, last, records, is_head, bytes, channel, channel_end, shift, stdout_start, stdout_end, stderr_start, stderr_end, payload)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.id,
      last,
      records.length,
      isHead ? 1 : 0,
      bytes,
      job.channel,
      job.offset,
      Math.round(shiftMs),
      starts.stdout,
      job.stdout,
      starts.stderr,
      job.stderr,
      payload.buffer,
    );
    job.nextSeq = last + 1;
    if (isHead) kept.head += bytes;
    else {
      kept.tail.push({ last, bytes });
      kept.tailBytes += bytes;
      this.#dropMiddle(job.id, kept);
    }
  }

  #dropMiddle(id: string, kept: NonNullable<LiveJob["kept"]>): void {
    let drop = 0;
    let bytes = 0;
    while (drop < kept.tail.length - 1 && kept.tailBytes - bytes - kept.tail[drop]!.bytes >= LIMITS.edgeOutputTailBytes) {
      bytes += kept.tail[drop]!.bytes;
      drop += 1;
    }
    if (drop === 0) return;
    this.#sql.exec("DELETE FROM logs WHERE job_id = ? AND last >= ? AND last <= ?", id, kept.tail[0]!.last, kept.tail[drop - 1]!.last);
    kept.tail.splice(0, drop);
    kept.tailBytes -= bytes;
  }

  keptBytes(job: LiveJob): number {
    const kept = this.#keptOf(job);
    return kept.head + kept.tailBytes;
  }

  /** The first row whose last event comes after `seq`. */
  after(id: string, seq: number): LogRow | null {
    return (
      this.#sql.exec<LogRow>(`SELECT ${ROW_COLUMNS} FROM logs WHERE job_id = ? AND last > ? ORDER BY last LIMIT 1`, id, seq).toArray()[0] ??
      null
    );
  }

  /** The last row whose events all come before or at `seq`. */
  upTo(id: string, seq: number): LogRow | null {
    return (
      this.#sql
        .exec<LogRow>(`SELECT ${ROW_COLUMNS} FROM logs WHERE job_id = ? AND last <= ? ORDER BY last DESC LIMIT 1`, id, seq)
        .toArray()[0] ?? null
    );
  }

  /** Rows in order, without their bytes: what of the streams is here. */
  spans(id: string): Omit<LogRow, "payload">[] {
    return this.#sql
      .exec<Omit<LogRow, "payload">>(
        "SELECT last, records, shift, stdout_start, stdout_end, stderr_start, stderr_end FROM logs WHERE job_id = ? ORDER BY last",
        id,
      )
      .toArray();
  }

  delete(id: string): void {
    this.#sql.exec("DELETE FROM logs WHERE job_id = ?", id);
  }
}
