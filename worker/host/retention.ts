// What a host's database keeps: ended jobs by age, number and bytes, idempotency keys by age. Runs by the due table, a slice
// at a time; touches nothing that is open.
import { LIMITS } from "../../protocol/limits.ts";
import type { Core } from "./core.ts";

/** Jobs deleted in one turn. */
const SLICE = 200;
/** Between two runs, unless the ends since the last ask for one sooner. */
const INTERVAL_MS = 3600_000;
const ENDS_PER_RUN = 1_000;
const BYTES_PER_RUN = 64 * 1024 * 1024;

export class Retention {
  readonly #core: Core;
  #ends = 0;
  #bytes = 0;
  #isWatching: boolean | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A job ended and holds this many bytes of output. */
  ended(bytes: number): void {
    this.#ends += 1;
    this.#bytes += bytes;
    if (this.#ends >= ENDS_PER_RUN || this.#bytes >= BYTES_PER_RUN) {
      this.#ends = 0;
      this.#bytes = 0;
      this.#core.due.set("retention", "", Date.now());
      this.#isWatching = true;
    } else this.watch();
  }

  /** Something was written that must go one day. */
  watch(): void {
    this.#isWatching ??= this.#core.due.at("retention", "") !== null;
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#core.due.set("retention", "", Date.now() + INTERVAL_MS);
  }

  /** The due row was taken. Deletes a slice and sets the next run: at once when there is more, else when something will be old. */
  run(nowMs: number): void {
    const { sql, due } = this.#core;
    sql.exec("DELETE FROM idempotency WHERE expires_at <= ?", nowMs);
    sql.exec("DELETE FROM tickets WHERE expires_at <= ?", nowMs);
    const old = this.#tooMany(nowMs);
    for (const id of old.slice(0, SLICE)) {
      sql.exec("DELETE FROM jobs WHERE id = ?", id);
      this.#core.logs.delete(id);
      sql.exec("DELETE FROM sealed WHERE job_id = ?", id);
      this.#core.wakers.wake(id);
    }
    const next = old.length > SLICE ? nowMs : this.#next(nowMs);
    this.#isWatching = next !== null;
    if (next !== null) due.set("retention", "", next);
  }

  /** Ended jobs beyond what is kept, oldest first, one more than a slice at most. */
  #tooMany(nowMs: number): string[] {
    const ended = this.#core.sql.exec<{ id: string; ended_at: number; kept: number }>(
      "SELECT id, ended_at, kept FROM jobs WHERE ended_at IS NOT NULL ORDER BY id DESC",
    );
    const old: string[] = [];
    const open = this.#core.jobs.open();
    let count = 0;
    let bytes = 0;
    for (const job of ended) {
      count += 1;
      bytes += job.kept;
      const isOld = job.ended_at <= nowMs - LIMITS.jobRetentionMs || count > LIMITS.jobRetentionCount || bytes > LIMITS.edgeHostBytes;
      // A job in `unknown` that the relay is about to correct stays.
      if (isOld && !open.has(job.id)) old.push(job.id);
    }
    return old.toReversed().slice(0, SLICE + 1);
  }

  #next(nowMs: number): number | null {
    const { sql } = this.#core;
    const ended = sql.exec<{ at: number | null }>("SELECT min(ended_at) AS at FROM jobs").one().at;
    const key = sql.exec<{ at: number | null }>("SELECT min(expires_at) AS at FROM idempotency").one().at;
    const times = [...(ended === null ? [] : [ended + LIMITS.jobRetentionMs]), ...(key === null ? [] : [key])];
    return times.length === 0 ? null : Math.max(nowMs + INTERVAL_MS, Math.min(...times));
  }
}
