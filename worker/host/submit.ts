// A job comes in: refused, answered again, or written with its audit record, idempotency key and sealed secrets in one
// transaction, and then sent if a slot is free. Nothing here waits for anything.
import { createHash, randomBytes } from "node:crypto";
import type { JobRequest } from "../../protocol/envelope.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { checkInputs, type InputDeclarations, type InputValues } from "../../protocol/inputs.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { secretsOf } from "../../protocol/operations/define.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import { cutSecrets } from "../../protocol/secret.ts";
import type { SubmitInput } from "./contract.ts";
import type { Core } from "./core.ts";
import { undeclared } from "./declared.ts";
import type { Delivery } from "./delivery.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { SHOWN, type LiveJob } from "./live-job.ts";
import type { Identity } from "./meta.ts";
import type { NewJob } from "./jobs.ts";

const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
const salted = (salt: string, text: string): string => createHash("sha256").update(salt).update(text).digest("hex");

interface Prepared {
  readonly job: NewJob;
  /** The request with its secrets: what is delivered. Never written. */
  readonly payload: string;
  readonly secrets: readonly unknown[];
}

export class Submit {
  readonly #core: Core;
  readonly #lifecycle: Lifecycle;
  readonly #delivery: Delivery;
  readonly #newId: () => string;
  readonly #onKept: () => void;

  constructor(core: Core, lifecycle: Lifecycle, delivery: Delivery, newId: () => string, onKept: () => void) {
    this.#core = core;
    this.#lifecycle = lifecycle;
    this.#delivery = delivery;
    this.#newId = newId;
    this.#onKept = onKept;
  }

  /** The id of the job that answers this request. */
  submit(input: SubmitInput, identity: Identity): Outcome<string> {
    const { jobs } = this.#core;
    if (input.child && jobs.status(input.child.id) !== null) return done(input.child.id);
    const scope = input.idempotencyKey === null ? null : hex(`${input.actor.principal}\0${input.idempotencyKey}`);
    const again = scope === null ? null : this.#again(scope, input);
    if (again) return again;
    const pointers = this.#secretPointers(input);
    if (!pointers.ok) return pointers;
    const wrong = undeclared(this.#core, input);
    if (wrong) return wrong;
    if (jobs.queued().size >= LIMITS.queuedJobs) return refused("QUEUE_FULL", { retryAfterMs: 5_000 });
    if (pointers.value.length > 0 && !this.#core.sealer.available) return refused("SEAL_KEY_MISSING");
    const prepared = this.#prepare(input, identity, pointers.value);
    const live = this.#write(input, identity, prepared, scope);
    jobs.admitNew(live);
    if (live.status === "delivered") this.#delivery.send(live, { ...prepared.job, payload: prepared.payload });
    else this.#lifecycle.watchQueue(live);
    if (scope !== null) this.#onKept();
    return done(live.id);
  }

  #requestText(input: SubmitInput): string {
    return JSON.stringify([input.operation, input.resourceSpec, input.metadata, input.correlationId, input.ttlMs]);
  }

  #again(scope: string, input: SubmitInput): Outcome<string> | null {
    const row = this.#core.sql
      .exec<{ job_id: string; salt: string; request_hash: string }>(
        "SELECT job_id, salt, request_hash FROM idempotency WHERE scope = ? AND expires_at > ?",
        scope,
        Date.now(),
      )
      .toArray()[0];
    if (!row) return null;
    return salted(row.salt, this.#requestText(input)) === row.request_hash ? done(row.job_id) : refused("IDEMPOTENCY_MISMATCH");
  }

  /** Where the secrets are. For a command: those that the host declares, and every input while its declaration is not known. */
  #secretPointers(input: SubmitInput): Outcome<string[]> {
    const operation = findOperation(input.operation);
    if (!operation) return refused("OPERATION_UNKNOWN");
    const marked = secretsOf(operation, input.resourceSpec);
    if (input.operation !== "command.run") return done(marked);
    const values = (input.resourceSpec["inputs"] ?? {}) as InputValues;
    const commands = this.#core.meta.get("catalogue")?.value.commands ?? {};
    const name = String(input.resourceSpec["name"]);
    const declared: InputDeclarations | undefined = Object.hasOwn(commands, name) ? commands[name]?.inputs : undefined;
    if (!declared) return done([...marked, ...Object.keys(values).map((key) => `/inputs/${key}`)]);
    const { errors } = checkInputs(values, declared, "/resource_spec/inputs", false);
    if (errors.length > 0) return refused("BODY_INVALID", { errors });
    return done([
      ...marked,
      ...Object.keys(values)
        .filter((key) => declared[key]?.secret === true)
        .map((key) => `/inputs/${key}`),
    ]);
  }

  #prepare(input: SubmitInput, identity: Identity, pointers: readonly string[]): Prepared {
    const now = Date.now();
    const id = input.child?.id ?? this.#newId();
    const timeout = findOperation(input.operation)!.timeoutMs;
    const correlationId = input.correlationId ?? id;
    const request: JobRequest = {
      operation: input.operation,
      resource_spec: input.resourceSpec,
      correlation_id: correlationId,
      metadata: {
        job_id: id,
        host: identity.name,
        requested_by: input.actor.principal,
        requested_at: new Date(now).toISOString(),
        timeout_ms: Math.min(input.metadata.timeout_ms ?? timeout.default, timeout.max),
        attempt: 1,
        plan: input.metadata.plan ?? false,
        debug: input.metadata.debug ?? false,
        ...(input.metadata.annotations ? { annotations: input.metadata.annotations } : {}),
      },
    };
    const payload = JSON.stringify(request);
    const { cut, secrets } = cutSecrets(input.resourceSpec, pointers);
    const salt = randomBytes(32).toString("hex");
    const isDelivered = this.#delivery.isOpenFor(now);
    const job: NewJob = {
      id,
      status: isDelivered ? "delivered" : "queued",
      operation: input.operation,
      parentId: input.child?.parentId ?? null,
      correlationId,
      requestedBy: input.actor.principal,
      nowMs: now,
      expiresAtMs: now + input.ttlMs,
      shown: isDelivered ? SHOWN.delivered : 0,
      salt,
      hash: salted(salt, payload),
      pointers,
      payload: pointers.length === 0 ? payload : JSON.stringify({ ...request, resource_spec: cut }),
    };
    return { job, payload, secrets };
  }

  #write(input: SubmitInput, identity: Identity, { job, secrets }: Prepared, scope: string | null): LiveJob {
    const { ctx, sql, jobs, audit, sealer } = this.#core;
    try {
      return ctx.storage.transactionSync(() => {
        const live = jobs.insert(job);
        if (secrets.length > 0) {
          const blob = sealer.seal(secrets, job.id);
          sql.exec("INSERT INTO sealed (job_id, blob) VALUES (?, ?)", job.id, new Uint8Array(blob).buffer);
        }
        if (scope !== null) {
          const salt = randomBytes(16).toString("hex");
          sql.exec(
            "INSERT OR REPLACE INTO idempotency (scope, job_id, salt, request_hash, expires_at) VALUES (?, ?, ?, ?, ?)",
            scope,
            job.id,
            salt,
            salted(salt, this.#requestText(input)),
            job.nowMs + LIMITS.idempotencyMs,
          );
        }
        audit.append(identity.id, {
          principal: input.actor.principal,
          action: input.operation,
          subject: job.id,
          host: identity.name,
          outcome: "accepted",
          requestId: input.actor.requestId,
          detail: { correlation_id: job.correlationId, parent_id: job.parentId, plan: input.metadata.plan ?? false },
          atMs: job.nowMs,
        });
        return live;
      });
    } catch (error) {
      audit.reload();
      throw error;
    }
  }
}
