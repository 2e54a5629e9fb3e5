// POST /jobs with labels: which hosts, and either one of them (its own job) or all (a parent with a child each). The
// idempotency key is written before anything is picked or sent.
import { childId } from "../../protocol/ids.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import type { Job } from "../../protocol/api/shapes.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Catalogue } from "../../protocol/link/control.ts";
import { cutSecrets } from "../../protocol/secret.ts";
import { createHash, randomBytes } from "node:crypto";
import { Sealer } from "../storage/sealed.ts";
import type { FanOutInput } from "./contract.ts";
import { indexParent, parentRow, stepsOf, toParent, type ParentInput } from "./parent-rows.ts";
import { fanOutSecrets } from "./parent-secrets.ts";
import type { ParentSteps } from "./parent-steps.ts";
import type { FleetStore } from "./store.ts";
import { hostObject } from "./objects.ts";

type Candidate = {
  number: number;
  name: string;
  labels: string;
  relay_labels: string;
  online: number;
  queue: string;
  catalogue: string | null;
};

/** Time for the first round of submissions before the due table takes over. */
const FIRST_RETRY_MS = 5_000;

export async function fanOut(store: FleetStore, steps: ParentSteps, input: FanOutInput): Promise<Outcome<Job>> {
  // No await from here to the write: two requests with one key must not both find nothing.
  const known = remembered(store, input);
  if (known) return again(store, steps, input, known);
  const hosts = candidates(store, input);
  if (hosts.length === 0) return refused("NO_HOST_MATCHES");
  if (input.pick === "one") return submitToOne(store, input, pickOne(hosts).number);
  if (hosts.length > LIMITS.fanOutHosts)
    return refused("LIMIT_REACHED", {
      detail: `A fan-out may have at most ${LIMITS.fanOutHosts} hosts; these labels have ${hosts.length}.`,
    });
  const id = await makeParent(store, input, hosts);
  if (id === null) return refused("SEAL_KEY_MISSING");
  void steps.submit(id);
  return answer(store, steps, id, input.waitMs);
}

/** Hosts that the caller may use and that carry all of the labels; a host's own labels count here, because they grant nothing. */
function candidates(store: FleetStore, input: FanOutInput): Candidate[] {
  const wanted = input.labels.map((label) => label.toLowerCase());
  return store
    .rows<Candidate>(
      `SELECT number, name, labels, relay_labels, online, queue, catalogue FROM hosts
       WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number`,
      JSON.stringify(input.allowedHosts),
    )
    .filter((host) => {
      const own = new Set(
        [...(JSON.parse(host.labels) as string[]), ...(JSON.parse(host.relay_labels) as string[])].map((label) => label.toLowerCase()),
      );
      return wanted.every((label) => own.has(label));
    });
}

/** An online host first, then the shortest queue, ties by chance. */
function pickOne(hosts: readonly Candidate[]): Candidate {
  const ranked = hosts.map((host) => {
    const { queued, delivered, running } = JSON.parse(host.queue) as Job["output"] & Record<string, number>;
    return { host, offline: 1 - host.online, load: (queued ?? 0) + (delivered ?? 0) + (running ?? 0), chance: Math.random() };
  });
  ranked.sort((a, b) => a.offline - b.offline || a.load - b.load || a.chance - b.chance);
  return ranked[0]!.host;
}

async function answer(store: FleetStore, steps: ParentSteps, id: string, waitMs: number): Promise<Outcome<Job>> {
  if (waitMs > 0) await steps.untilEnded(id, waitMs);
  const row = parentRow(store, id);
  return row ? done(toParent(store, row)) : refused("JOB_NOT_FOUND");
}

type Remembered = { digest: string; job_id: string | null; host_number: number; at: number };

/** Salted, because a specification may hold a secret that could be guessed. */
function digestOf(input: FanOutInput, salt: string): string {
  const { operation, resourceSpec, correlationId, metadata, ttlMs, labels, pick } = input;
  const request = JSON.stringify([operation, resourceSpec, correlationId, metadata, ttlMs, labels, pick]);
  return `${salt}:${createHash("sha256").update(salt).update(request).digest("hex")}`;
}

function remember(store: FleetStore, input: FanOutInput, jobId: string | null, hostNumber: number): void {
  if (input.idempotencyKey === null) return;
  store.sql.exec(
    "INSERT OR REPLACE INTO idempotency (principal, key, digest, job_id, host_number, at) VALUES (?, ?, ?, ?, ?, ?)",
    input.actor.principal,
    input.idempotencyKey,
    digestOf(input, randomBytes(16).toString("hex")),
    jobId,
    hostNumber,
    Date.now(),
  );
}

/** What the caller's key was used for; null when it is new. */
function remembered(store: FleetStore, input: FanOutInput): Remembered | null {
  if (input.idempotencyKey === null) return null;
  return store.row<Remembered>(
    "SELECT digest, job_id, host_number, at FROM idempotency WHERE principal = ? AND key = ? AND at > ?",
    input.actor.principal,
    input.idempotencyKey,
    Date.now() - LIMITS.idempotencyMs,
  );
}

async function again(store: FleetStore, steps: ParentSteps, input: FanOutInput, row: Remembered): Promise<Outcome<Job>> {
  if (row.digest !== digestOf(input, row.digest.slice(0, row.digest.indexOf(":")))) return refused("IDEMPOTENCY_MISMATCH");
  // The caller's rights may have changed since: what it may not start now is not started, nor shown, again.
  if (row.job_id === null)
    return input.allowedHosts.includes(row.host_number) ? submitToOne(store, input, row.host_number, true) : refused("NO_HOST_MATCHES");
  const isAllowed = stepsOf(store, row.job_id).every((step) => input.allowedHosts.includes(step.host_number));
  return isAllowed ? answer(store, steps, row.job_id, input.waitMs) : refused("JOB_NOT_FOUND");
}

/** The host's own idempotency makes a repeat answer the same job; so only the choice of the host is remembered here. */
async function submitToOne(store: FleetStore, input: FanOutInput, number: number, isAgain = false): Promise<Outcome<Job>> {
  if (!isAgain && input.idempotencyKey !== null) await store.write(() => remember(store, input, null, number));
  const { actor, operation, resourceSpec, correlationId, metadata, ttlMs, idempotencyKey, waitMs } = input;
  const request = { actor, operation, resourceSpec, correlationId, metadata, ttlMs, idempotencyKey, waitMs };
  const outcome = await hostObject(store.env, number).submit(request);
  if (!outcome.ok && !isAgain && idempotencyKey !== null)
    await store.write(() => store.sql.exec("DELETE FROM idempotency WHERE principal = ? AND key = ?", actor.principal, idempotencyKey));
  return outcome;
}

/** Null when it has secrets and there is no key to seal them. The parent and its steps, in one write with their audit record and the due time that brings them to their hosts. */
async function makeParent(store: FleetStore, input: FanOutInput, hosts: readonly Candidate[]): Promise<string | null> {
  const id = store.newId();
  const catalogues = hosts.map((host) => (host.catalogue === null ? null : (JSON.parse(host.catalogue) as Catalogue)));
  const pointers = fanOutSecrets(input.operation, input.resourceSpec, catalogues);
  const { cut, secrets } = cutSecrets(input.resourceSpec, pointers);
  const sealer = new Sealer(store.env.SEAL_KEY);
  if (secrets.length > 0 && !sealer.available) return null;
  const sealed = secrets.length === 0 ? null : sealer.seal(secrets, id);
  const kept: ParentInput = {
    operation: input.operation,
    resourceSpec: cut as Record<string, unknown>,
    metadata: input.metadata,
    correlationId: input.correlationId ?? id,
  };
  const now = Date.now();
  await store.write(() => {
    remember(store, input, id, 0);
    store.sql.exec(
      "INSERT INTO parents (id, principal, request_id, input, pointers, secrets, queued_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      input.actor.principal,
      input.actor.requestId,
      JSON.stringify(kept),
      JSON.stringify(pointers),
      sealed,
      now,
      now + input.ttlMs,
    );
    insertSteps(store, id, hosts);
    store.due.set("parent", id, now + FIRST_RETRY_MS);
    indexParent(store, id);
    const detail = { labels: input.labels, hosts: hosts.map((host) => host.name) };
    store.audit(input.actor, { action: input.operation, subject: id, detail });
  });
  return id;
}

function insertSteps(store: FleetStore, id: string, hosts: readonly Candidate[]): void {
  for (const host of hosts)
    store.sql.exec(
      "INSERT INTO steps (child_id, parent_id, host_number, host, taken, attempts, status) VALUES (?, ?, ?, ?, 0, 0, 'queued')",
      stepId(id, host.number),
      id,
      host.number,
      host.name,
    );
}

const stepId = (parentId: string, hostNumber: number) =>
  childId(parentId, hostNumber, createHash("sha256").update(`${parentId}/${hostNumber}`).digest());
