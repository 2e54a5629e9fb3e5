// Jobs onto the link: into free slots, in order, and the same bytes every time. Writes before it sends; the platform holds
// what is sent until the write is durable.
import { AppError, type ErrorCode } from "../../protocol/errors.ts";
import type { JobRequest } from "../../protocol/envelope.ts";
import { putSecrets } from "../../protocol/secret.ts";
import { warn, type Core } from "./core.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Links } from "./links.ts";
import type { LiveJob } from "./live-job.ts";

interface Parcel {
  readonly salt: string;
  readonly hash: string;
  readonly payload: string;
}

export class Delivery {
  readonly #core: Core;
  readonly #links: Links;
  readonly #lifecycle: Lifecycle;

  constructor(core: Core, links: Links, lifecycle: Lifecycle) {
    this.#core = core;
    this.#links = links;
    this.#lifecycle = lifecycle;
  }

  /** Slots that may be filled now. */
  #free(): number {
    if (!this.#links.current() || this.#links.isDraining) return 0;
    return (this.#core.meta.get("link")?.slots ?? 0) - this.#core.jobs.busy().size;
  }

  /** Whether a job that comes now goes straight to the host: a slot is free and nothing that could go waits before it. */
  isOpenFor(nowMs: number): boolean {
    if (this.#free() <= 0) return false;
    for (const job of this.#core.jobs.queued().values()) if (job.retryAtMs <= nowMs) return false;
    return true;
  }

  /** Fills free slots from the queue. A job whose time is over never fires. */
  pump(): void {
    let free = this.#free();
    if (free <= 0) return;
    const now = Date.now();
    for (const job of this.#core.jobs.queued().values()) {
      if (job.expiresAtMs <= now) {
        this.#lifecycle.end(job, { status: "expired", by: "edge", code: null, result: null, endedAtMs: now });
        continue;
      }
      if (job.retryAtMs > now) continue;
      const parcel = this.#parcelOr(job, "cancelled", now);
      if (!parcel) continue;
      this.#lifecycle.delivered(job, now);
      this.send(job, parcel);
      free -= 1;
      if (free === 0) return;
    }
  }

  /** Sends a delivered job that the relay does not hold once more. */
  sendAgain(job: LiveJob): void {
    const parcel = this.#parcelOr(job, "unknown", Date.now());
    if (parcel) this.send(job, parcel);
  }

  send(job: LiveJob, parcel: Parcel): void {
    job.isNewToLink = true;
    const now = Date.now();
    this.#links.send({
      type: "job",
      job_id: job.id,
      channel: job.channel,
      expires_in_ms: Math.max(0, job.expiresAtMs - now),
      now,
      salt: parcel.salt,
      payload_hash: parcel.hash,
      payload: parcel.payload,
    });
  }

  #parcelOr(job: LiveJob, status: "cancelled" | "unknown", nowMs: number): Parcel | null {
    try {
      return this.#parcel(job);
    } catch (error) {
      const code: ErrorCode = error instanceof AppError ? error.code : "INTERNAL";
      warn(this.#core, "a job could not be sent", { job: job.id, code });
      this.#lifecycle.end(job, { status, by: "edge", code, result: null, endedAtMs: nowMs });
      return null;
    }
  }

  #parcel(job: LiveJob): Parcel {
    const row = this.#core.sql
      .exec<{ salt: string; hash: string; pointers: string | null; payload: string }>(
        "SELECT salt, hash, pointers, payload FROM jobs WHERE id = ?",
        job.id,
      )
      .one();
    if (row.pointers === null) return row;
    const sealed = this.#core.sql.exec<{ blob: ArrayBuffer }>("SELECT blob FROM sealed WHERE job_id = ?", job.id).toArray()[0];
    if (!sealed) throw new AppError("SEAL_OPEN_FAILED");
    const secrets = this.#core.sealer.open(new Uint8Array(sealed.blob), job.id) as unknown[];
    const request = JSON.parse(row.payload) as JobRequest;
    const spec = putSecrets(request.resource_spec, JSON.parse(row.pointers) as string[], secrets);
    return { salt: row.salt, hash: row.hash, payload: JSON.stringify({ ...request, resource_spec: spec }) };
  }
}
