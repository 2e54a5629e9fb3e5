// Brings the steps of parents to their hosts, again and again until a host has taken or refused each, or its time ended; and
// cancels them. The parent and its steps were written before. Who waits for a parent is woken here.
import { ERRORS, refused, done, type ErrorCode, type Outcome } from "../../protocol/errors.ts";
import type { Job, JobSummary } from "../../protocol/api/shapes.ts";
import { hasEnded, type JobState } from "../../protocol/job.ts";
import { putSecrets } from "../../protocol/secret.ts";
import type { SubmitInput } from "../host/contract.ts";
import { Wakers } from "../host/wakers.ts";
import { Sealer } from "../storage/sealed.ts";
import type { Actor } from "./contract.ts";
import { inputOf, parentRow, setStep, settleParent, stateOf, stepsOf, toParent, type ParentRow, type StepRow } from "./parent-rows.ts";
import type { FleetStore } from "./store.ts";
import { hostObject } from "./objects.ts";

/** Submissions at once: workerd and Cloudflare allow many RPC calls, but each holds a copy of the specification. */
const AT_ONCE = 16;
const RETRY_MAX_MS = 60_000;
const EVERYTHING = [["*"]] as const;

export class ParentSteps {
  readonly wakers = new Wakers();
  readonly #store: FleetStore;
  readonly #busy = new Set<string>();

  constructor(store: FleetStore) {
    this.#store = store;
  }

  async untilEnded(id: string, waitMs: number): Promise<void> {
    const isEnded = () => hasEnded(stateOf(stepsOf(this.#store, id)));
    if (!isEnded()) await this.wakers.until(id, waitMs, isEnded);
  }

  /** One round over the steps that no host has taken. Never throws; what is left comes again by the due table. */
  async submit(id: string): Promise<void> {
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    try {
      const row = parentRow(this.#store, id);
      if (!row) return;
      const waiting = stepsOf(this.#store, id).filter((step) => step.taken === 0 && !hasEnded(step.status as JobState));
      const spec = waiting.length > 0 ? this.#specOf(row) : {};
      if (spec === null) await Promise.all(waiting.map((step) => this.#put(step, "failed", false, "SEAL_OPEN_FAILED")));
      if (spec === null) return;
      for (let at = 0; at < waiting.length; at += AT_ONCE)
        await Promise.all(waiting.slice(at, at + AT_ONCE).map((step) => this.#submitStep(row, step, spec)));
      await this.#again(id);
    } catch (error) {
      console.error(JSON.stringify({ level: "error", message: "a fan-out could not be sent", job: id, error: String(error) }));
      await this.#again(id);
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Asks every child's host; a step that never got there ends here. */
  async cancel(actor: Actor, id: string): Promise<Outcome<Job>> {
    const row = parentRow(this.#store, id);
    if (!row) return refused("JOB_NOT_FOUND");
    await this.#store.write(() => {
      this.#store.sql.exec("UPDATE parents SET cancel_requested_at = coalesce(cancel_requested_at, ?) WHERE id = ?", Date.now(), id);
      this.#store.audit(actor, { action: "job.cancel", subject: id });
      this.#store.due.set("cancel", `${id} ${actor.principal}`, Date.now() + RETRY_MAX_MS);
      settleParent(this.#store, id);
    });
    await this.cancelSteps(id, actor);
    const now = parentRow(this.#store, id);
    return now ? done(toParent(this.#store, now)) : refused("JOB_NOT_FOUND");
  }

  /** One round of cancels. Comes again by the due table while a host does not answer. */
  async cancelSteps(id: string, actor: Actor): Promise<void> {
    const open = stepsOf(this.#store, id).filter((step) => !hasEnded(step.status as JobState));
    const heard: boolean[] = [];
    for (let at = 0; at < open.length; at += AT_ONCE)
      heard.push(...(await Promise.all(open.slice(at, at + AT_ONCE).map((step) => this.#cancelStep(step, actor)))));
    const key = `${id} ${actor.principal}`;
    await this.#store.write(() => {
      if (heard.every(Boolean)) this.#store.due.clear("cancel", key);
      else this.#store.due.set("cancel", key, Date.now() + RETRY_MAX_MS);
    });
  }

  /** A child's state from its host's report. Inside a write; the answer is called after it. */
  take(summary: JobSummary): (() => void) | null {
    const step = this.#stepOf(summary.id);
    if (!step || !setStep(this.#store, step, summary.status, true)) return null;
    settleParent(this.#store, step.parent_id);
    return () => this.wakers.wake(step.parent_id);
  }

  #stepOf(childId: string): StepRow | null {
    return this.#store.row<StepRow>("SELECT * FROM steps WHERE child_id = ?", childId);
  }

  async #put(step: StepRow, status: JobState, taken: boolean, code: ErrorCode | null = null): Promise<void> {
    await this.#store.write(() => {
      const now = this.#stepOf(step.child_id);
      if (!now || !setStep(this.#store, now, status, taken || now.taken === 1, code)) return;
      settleParent(this.#store, step.parent_id);
    });
    this.wakers.wake(step.parent_id);
  }

  /** Null when its secrets cannot be opened any more: the key was changed. */
  #specOf(row: ParentRow): Record<string, unknown> | null {
    const pointers = JSON.parse(row.pointers) as string[];
    try {
      const sealer = new Sealer(this.#store.env.SEAL_KEY);
      const secrets = row.secrets === null ? [] : (sealer.open(new Uint8Array(row.secrets), row.id) as unknown[]);
      return putSecrets(inputOf(row).resourceSpec, pointers, secrets) as Record<string, unknown>;
    } catch {
      return null;
    }
  }

  async #submitStep(row: ParentRow, step: StepRow, resourceSpec: Record<string, unknown>): Promise<void> {
    const ttlMs = row.expires_at - Date.now();
    if (parentRow(this.#store, row.id)?.cancel_requested_at) return this.#put(step, "cancelled", false, "JOB_CANCELLED");
    if (ttlMs <= 0) return this.#put(step, "expired", false, "JOB_EXPIRED");
    const outcome = await this.#send(row, step, resourceSpec, ttlMs);
    if (outcome === null || (!outcome.ok && ERRORS[outcome.code].retryable)) return;
    await (outcome.ok ? this.#put(step, outcome.value.status, true) : this.#put(step, "failed", false, outcome.code));
    const cancelled = parentRow(this.#store, row.id)?.cancel_requested_at;
    if (outcome.ok && cancelled) await this.#cancelStep(step, { principal: row.principal, requestId: row.request_id });
  }

  /** Null when the host's object did not answer. */
  async #send(row: ParentRow, step: StepRow, resourceSpec: Record<string, unknown>, ttlMs: number): Promise<Outcome<Job> | null> {
    const { operation, metadata, correlationId } = inputOf(row);
    const input: SubmitInput = {
      actor: { principal: row.principal, requestId: row.request_id },
      operation,
      resourceSpec,
      correlationId,
      metadata,
      ttlMs,
      idempotencyKey: null,
      waitMs: 0,
      child: { id: step.child_id, parentId: row.id },
    };
    try {
      return await hostObject(this.#store.env, step.host_number).submit(input);
    } catch {
      return null;
    }
  }

  /** False when the host's object did not answer. */
  async #cancelStep(step: StepRow, actor: Actor): Promise<boolean> {
    try {
      const outcome = await hostObject(this.#store.env, step.host_number).cancel(actor, step.child_id, EVERYTHING);
      if (outcome.ok) await this.#put(step, outcome.value.status, true);
      else if (this.#stepOf(step.child_id)?.taken === 0) await this.#put(step, "cancelled", false, "JOB_CANCELLED");
      return true;
    } catch {
      return false;
    }
  }

  /** Sets the next round, if a step still waits. */
  async #again(id: string): Promise<void> {
    await this.#store.write(() => {
      const waiting = stepsOf(this.#store, id).filter((step) => step.taken === 0 && !hasEnded(step.status as JobState));
      settleParent(this.#store, id);
      if (waiting.length === 0) return;
      const attempts = waiting[0]!.attempts + 1;
      this.#store.sql.exec("UPDATE steps SET attempts = ? WHERE parent_id = ? AND taken = 0", attempts, id);
      this.#store.due.set("parent", id, Date.now() + Math.min(RETRY_MAX_MS, 1_000 * 2 ** attempts));
    });
  }
}
