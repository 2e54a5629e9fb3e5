// A job's steps after its submission: delivered, claimed, back in the queue, ended. Every step is one synchronous write with
// what belongs to it (events, secrets, the queue's due time). Decides by the table of transitions only.
import type { JobResult } from "../../protocol/envelope.ts";
import { canTransition, hasEnded, type JobOwner, type JobState } from "../../protocol/job.ts";
import { RECORD, type RawRecord } from "../../protocol/link/records.ts";
import { warn, type Core } from "./core.ts";
import { SEQ, SHOWN, type LiveJob } from "./live-job.ts";

const encoder = new TextEncoder();

export interface End {
  readonly status: JobState;
  readonly by: JobOwner;
  readonly code: string | null;
  readonly result: JobResult | null;
  readonly endedAtMs: number;
  /** When the claim came in the same message. */
  readonly startedAtMs?: number;
  readonly stdoutBytes?: number;
  readonly stderrBytes?: number;
}

/** Who is named when a job changes by itself. */
const EDGE = "edge";

export class Lifecycle {
  readonly #core: Core;
  #onEnd: (bytes: number) => void = () => {};
  /** The moment that is armed for the queue; undefined: not asked yet. */
  #queueDue: number | null | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  onEnd(listener: (bytes: number) => void): void {
    this.#onEnd = listener;
  }

  #statusRecord(status: JobState): RawRecord {
    return { kind: RECORD.event, offset: 0, bytes: encoder.encode(JSON.stringify({ type: "status", status, at: Date.now() })) };
  }

  /** Tells a status that the job's own times cannot tell, because events came before it. */
  #tell(job: LiveJob, status: JobState): void {
    this.#core.logs.append(job, [this.#statusRecord(status)], { stdout: job.stdout, stderr: job.stderr }, 0);
  }

  /** From the queue to the link. The caller sends after this. */
  delivered(job: LiveJob, nowMs: number): void {
    if (job.nextSeq === SEQ.first) job.shown |= SHOWN.delivered;
    else this.#tell(job, "delivered");
    this.#core.jobs.write(job, "delivered", { delivered_at: nowMs });
    this.#core.wakers.wake(job.id);
  }

  /** The relay did not claim it: nothing ran. It waits again, unless it was cancelled or its time is over. */
  returned(job: LiveJob, retryAfterMs: number, code: string): void {
    if (!canTransition(job.status, "queued", "relay")) return;
    const now = Date.now();
    this.#tell(job, "queued");
    job.retryAtMs = now + retryAfterMs;
    this.#core.jobs.write(job, "queued", { code });
    if (job.cancelAtMs !== null) this.end(job, { status: "cancelled", by: "edge", code: null, result: null, endedAtMs: now });
    else if (job.expiresAtMs <= now) this.end(job, { status: "expired", by: "edge", code: null, result: null, endedAtMs: now });
    else this.watchQueue(job);
    this.#core.wakers.wake(job.id);
  }

  /** Ends the job, or says why that word does not count. `unknown` may be corrected; a correction is audited. */
  end(job: LiveJob, end: End): boolean {
    if (!canTransition(job.status, end.status, end.by)) {
      warn(this.#core, "a job's end was ignored", { job: job.id, from: job.status, to: end.status, by: end.by });
      return false;
    }
    const corrected = job.status === "unknown";
    job.stdout = Math.max(job.stdout, end.stdoutBytes ?? 0);
    job.stderr = Math.max(job.stderr, end.stderrBytes ?? 0);
    const seq = job.nextSeq;
    job.nextSeq = seq + 1;
    const kept = this.#core.logs.keptBytes(job);
    this.#core.jobs.write(job, end.status, {
      ended_at: end.endedAtMs,
      ...(end.startedAtMs === undefined ? {} : { started_at: end.startedAtMs }),
      result_seq: seq,
      code: end.code,
      kept,
      result: end.result === null ? null : JSON.stringify(end.result),
    });
    this.#core.sql.exec("DELETE FROM sealed WHERE job_id = ?", job.id);
    if (corrected || end.status === "unknown") this.#auditEnd(job, end, corrected);
    this.#core.wakers.wake(job.id);
    this.#onEnd(kept);
    return true;
  }

  /** A wish, not a state: ends what waits, and tells the relay of what is there. Asking twice tells it twice. */
  cancel(job: LiveJob, tell: () => void): void {
    const now = Date.now();
    if (job.cancelAtMs === null) job.cancelAtMs = now;
    const waits = job.status === "queued" || job.status === "held";
    this.#core.jobs.write(job, job.status, { cancel_at: job.cancelAtMs });
    if (waits) this.end(job, { status: "cancelled", by: "edge", code: null, result: null, endedAtMs: now });
    else tell();
  }

  #auditEnd(job: LiveJob, end: End, corrected: boolean): void {
    const identity = this.#core.meta.get("identity");
    if (!identity) return;
    this.#core.audit.append(identity.id, {
      principal: end.by === "relay" ? `host:${identity.id}` : EDGE,
      action: corrected ? "job.corrected" : "job.unknown",
      subject: job.id,
      host: identity.name,
      outcome: end.status,
      requestId: job.correlationId,
      detail: { operation: job.operation, code: end.code },
    });
  }

  /** A queued job must be looked at when it expires, or may be sent again. */
  watchQueue(job: LiveJob): void {
    const at = job.retryAtMs > Date.now() ? Math.min(job.retryAtMs, job.expiresAtMs) : job.expiresAtMs;
    if (this.#queueDue === undefined) this.#queueDue = this.#core.due.at("queue", "");
    if (this.#queueDue !== null && this.#queueDue <= at) return;
    this.#queueDue = at;
    this.#core.due.set("queue", "", at);
  }

  /** The due row was taken. Ends what is too old, and watches the rest. */
  sweepQueue(nowMs: number): void {
    this.#queueDue = null;
    for (const job of this.#core.jobs.queued().values()) {
      if (job.expiresAtMs <= nowMs) this.end(job, { status: "expired", by: "edge", code: null, result: null, endedAtMs: nowMs });
      else this.watchQueue(job);
    }
  }

  /** Ends everything that is open: the host was removed. */
  endAll(): void {
    const now = Date.now();
    for (const job of this.#core.jobs.open().values()) {
      if (hasEnded(job.status)) continue;
      const waits = job.status === "queued" || job.status === "held";
      this.end(job, { status: waits ? "cancelled" : "unknown", by: "edge", code: "HOST_REMOVED", result: null, endedAtMs: now });
    }
  }
}
