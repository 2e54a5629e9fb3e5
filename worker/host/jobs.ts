// The jobs of a host: rows in SQL, and in memory those that are open. The only writer of `jobs`. Decides nothing about states.
import { hasEnded, type JobState } from "../../protocol/job.ts";
import type { Changes } from "./changes.ts";
import { LIVE_COLUMNS, SEQ, liveJob, type LiveColumns, type LiveJob } from "./live-job.ts";
import type { Meta } from "./meta.ts";
import { JOB_COLUMNS, type JobRow } from "./rows.ts";

export interface NewJob {
  readonly id: string;
  readonly status: "queued" | "delivered";
  readonly operation: string;
  readonly parentId: string | null;
  readonly correlationId: string;
  readonly requestedBy: string;
  readonly nowMs: number;
  readonly expiresAtMs: number;
  readonly shown: number;
  readonly salt: string;
  readonly hash: string;
  readonly pointers: readonly string[];
  readonly payload: string;
}

type Update = Partial<{
  delivered_at: number;
  started_at: number;
  ended_at: number;
  cancel_at: number;
  stdout: number;
  stderr: number;
  result_seq: number;
  code: string | null;
  kept: number;
  result: string | null;
}>;

/** Ended jobs whose channel is remembered on a link, so that what still comes on it is acknowledged. */
const ENDED_CHANNELS = 1_000;

export class Jobs {
  readonly #sql: SqlStorage;
  readonly #meta: Meta;
  readonly #changes: Changes;
  #open: Map<string, LiveJob> | null = null;
  readonly #queued = new Map<string, LiveJob>();
  readonly #busy = new Map<string, LiveJob>();
  readonly #channels = new Map<number, LiveJob>();
  readonly #ended = new Map<number, LiveJob>();
  #newest = "";

  constructor(sql: SqlStorage, meta: Meta, changes: Changes) {
    this.#sql = sql;
    this.#meta = meta;
    this.#changes = changes;
  }

  /** Every job that has not ended, and those in `unknown` that the connected relay may correct. */
  open(): Map<string, LiveJob> {
    if (this.#open) return this.#open;
    const open = new Map<string, LiveJob>();
    this.#open = open;
    const from = this.#meta.get("report")?.openFrom ?? "";
    const rows = this.#sql.exec<LiveColumns>(
      `SELECT ${LIVE_COLUMNS} FROM jobs WHERE id >= ? AND status IN ('held', 'queued', 'delivered', 'running') ORDER BY id`,
      from,
    );
    for (const row of rows.toArray()) this.#recall(row);
    for (const id of this.#meta.get("correctable") ?? []) this.reopen(id);
    return open;
  }

  /** Jobs waiting for a slot, in order. */
  queued(): Map<string, LiveJob> {
    this.open();
    return this.#queued;
  }

  /** Delivered and running jobs: those that take a slot. */
  busy(): Map<string, LiveJob> {
    this.open();
    return this.#busy;
  }

  counts(): { held: number; queued: number; delivered: number; running: number } {
    const counts = { held: 0, queued: this.queued().size, delivered: 0, running: 0 };
    for (const job of this.#busy.values()) counts[job.status === "running" ? "running" : "delivered"] += 1;
    return counts;
  }

  /** The open job of a channel; or one that ended on this link, whose late bytes count for nothing. */
  byChannel(channel: number): LiveJob | null {
    this.open();
    return this.#channels.get(channel) ?? this.#ended.get(channel) ?? null;
  }

  row(id: string): JobRow | null {
    return this.#sql.exec<JobRow>(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`, id).toArray()[0] ?? null;
  }

  status(id: string): JobState | null {
    return this.#sql.exec<{ status: JobState }>("SELECT status FROM jobs WHERE id = ?", id).toArray()[0]?.status ?? null;
  }

  /** A channel number that no open job has. Odd: the edge opens job channels. */
  newChannel(): number {
    for (;;) {
      const channel = crypto.getRandomValues(new Uint32Array(1))[0]! | 1;
      const unsigned = channel >>> 0;
      if (!this.byChannel(unsigned)) return unsigned;
    }
  }

  insert(job: NewJob): LiveJob {
    this.open();
    const channel = this.newChannel();
    this.#sql.exec(
      `INSERT INTO jobs (id, changed, status, operation, parent_id, correlation_id, requested_by, queued_at, delivered_at, expires_at,
        channel, next_seq, shown, salt, hash, pointers, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.id,
      this.#changes.job(job.id),
      job.status,
      job.operation,
      job.parentId,
      job.correlationId,
      job.requestedBy,
      job.nowMs,
      job.status === "delivered" ? job.nowMs : null,
      job.expiresAtMs,
      channel,
      SEQ.first,
      job.shown,
      job.salt,
      job.hash,
      job.pointers.length > 0 ? JSON.stringify(job.pointers) : null,
      job.payload,
    );
    const report = this.#meta.get("report");
    if (report && job.id < report.openFrom) this.#meta.set("report", { ...report, openFrom: job.id });
    const live = liveJob({
      id: job.id,
      status: job.status,
      operation: job.operation,
      correlation_id: job.correlationId,
      queued_at: job.nowMs,
      expires_at: job.expiresAtMs,
      cancel_at: null,
      channel,
      offset: 0,
      stdout: 0,
      stderr: 0,
      next_seq: SEQ.first,
      shown: job.shown,
    });
    live.kept = { head: 0, tail: [], tailBytes: 0 };
    return live;
  }

  /** Takes a written job into memory. After the transaction that inserted it, so that a rollback leaves no trace. */
  admitNew(job: LiveJob): void {
    this.open();
    this.#admit(job);
  }

  /** What the newest log row knows better than the job's row. */
  #catchUp(job: LiveJob): void {
    if (job.status === "queued" || job.status === "held") return;
    const row = this.#sql
      .exec<{ last: number; channel: number; channel_end: number; stdout_end: number; stderr_end: number }>(
        "SELECT last, channel, channel_end, stdout_end, stderr_end FROM logs WHERE job_id = ? ORDER BY last DESC LIMIT 1",
        job.id,
      )
      .toArray()[0];
    if (!row) return;
    job.nextSeq = Math.max(job.nextSeq, row.last + 1);
    job.stdout = Math.max(job.stdout, row.stdout_end);
    job.stderr = Math.max(job.stderr, row.stderr_end);
    if (row.channel === job.channel) job.offset = Math.max(job.offset, row.channel_end);
  }

  #admit(job: LiveJob): void {
    this.#open!.set(job.id, job);
    this.#channels.set(job.channel, job);
    if (job.id > this.#newest) this.#newest = job.id;
    this.#place(job);
  }

  #recall(row: LiveColumns): LiveJob {
    const job = liveJob(row);
    this.#catchUp(job);
    this.#admit(job);
    return job;
  }

  #place(job: LiveJob): void {
    this.#queued.delete(job.id);
    this.#busy.delete(job.id);
    if (job.status === "queued") this.#queued.set(job.id, job);
    if (job.status === "delivered" || job.status === "running") this.#busy.set(job.id, job);
  }

  /** Takes a job in `unknown` into memory, for the relay to correct; null when there is no such. */
  reopen(id: string): LiveJob | null {
    const known = this.open().get(id);
    if (known) return known;
    const row = this.#sql.exec<LiveColumns>(`SELECT ${LIVE_COLUMNS} FROM jobs WHERE id = ? AND status = 'unknown'`, id).toArray()[0];
    if (!row) return null;
    return this.#recall(row);
  }

  /** Writes the job's state as memory has it, with `more`. A job that ends leaves memory. */
  write(job: LiveJob, status: JobState, more: Update = {}): void {
    const columns = {
      changed: this.#changes.job(job.id),
      status,
      offset: job.offset,
      channel: job.channel,
      stdout: job.stdout,
      stderr: job.stderr,
      next_seq: job.nextSeq,
      shown: job.shown,
      ...more,
    };
    const names = Object.keys(columns);
    this.#sql.exec(`UPDATE jobs SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE id = ?`, ...Object.values(columns), job.id);
    job.status = status;
    this.#place(job);
    if (hasEnded(status)) this.settle(job);
  }

  /** Nothing more is expected of an ended job: it leaves memory, and a welcome names it no more. */
  settle(job: LiveJob): void {
    this.open().delete(job.id);
    this.#channels.delete(job.channel);
    this.#ended.set(job.channel, job);
    if (this.#ended.size > ENDED_CHANNELS) this.#ended.delete(this.#ended.keys().next().value!);
  }

  /** Gives the job a channel that never was: the relay restarted and begins anew where the streams are. */
  rechannel(job: LiveJob): void {
    this.#channels.delete(job.channel);
    job.channel = this.newChannel();
    job.offset = 0;
    job.intake = null;
    this.#channels.set(job.channel, job);
    this.#sql.exec("UPDATE jobs SET channel = ?, offset = 0 WHERE id = ?", job.channel, job.id);
  }

  /** A new link begins: what was received on the old one and is not durable comes again. */
  resetChannels(): void {
    this.#ended.clear();
    for (const job of this.open().values()) {
      job.intake = null;
      job.isNewToLink = false;
    }
  }

  /** The smallest id that may be open: where a new instance begins to look. */
  openFrom(): string {
    let least = this.#newest;
    for (const job of this.open().values()) if (!hasEnded(job.status) && (least === "" || job.id < least)) least = job.id;
    return least || (this.#meta.get("report")?.openFrom ?? "");
  }
}
