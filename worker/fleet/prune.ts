// Deleting what has had its time: codes, sessions, idempotency keys, the index of jobs, handed-on audit records. An idle Fleet
// that keeps nothing for a limited time has no alarm.
import { LIMITS } from "../../protocol/limits.ts";
import { timeOf } from "../../protocol/ids.ts";
import { pruneJobs } from "./job-index.ts";
import type { FleetStore } from "./store.ts";
import { pruneUsage, usageExpiry } from "./usage.ts";

/** The least time between two rounds of deleting. Each round is one alarm: billed, so rare. */
const PRUNE_EVERY_MS = 6 * 3600_000;

/** Call inside a write that keeps something for a limited time. Cheap when a round is planned already. */
export function planPrune(store: FleetStore): void {
  if (store.isPrunePlanned()) return;
  store.due.set("prune", "", Date.now() + PRUNE_EVERY_MS);
  store.notePrune(true);
}

export async function prune(store: FleetStore): Promise<void> {
  const now = Date.now();
  await store.write(() => {
    pruneJobs(store, now);
    store.sql.exec("DELETE FROM codes WHERE expires_at <= ?", now);
    store.sql.exec("DELETE FROM sessions WHERE expires_at <= ?", now);
    store.sql.exec("DELETE FROM idempotency WHERE at <= ?", now - LIMITS.idempotencyMs);
    pruneUsage(store, now);
    store.forgetAudit(LIMITS.auditRecords);
    const beyond = store.row<{ at: string }>("SELECT at FROM host_audit ORDER BY at DESC LIMIT 1 OFFSET ?", LIMITS.auditRecords);
    if (beyond) store.sql.exec("DELETE FROM host_audit WHERE at <= ?", beyond.at);
    const next = nextExpiry(store);
    store.due.clear("prune", "");
    store.notePrune(next !== null);
    if (next !== null) store.due.set("prune", "", Math.max(now + PRUNE_EVERY_MS, next));
  });
}

/** When the next thing will have had its time; null: nothing is kept for a limited time. */
function nextExpiry(store: FleetStore): number | null {
  const times = store.row<{ codes: number | null; sessions: number | null; keys: number | null; job: string | null }>(
    `SELECT (SELECT min(expires_at) FROM codes) AS codes, (SELECT min(expires_at) FROM sessions) AS sessions,
     (SELECT min(at) FROM idempotency) AS keys, (SELECT min(id) FROM jobs) AS job`,
  )!;
  const all = [
    times.codes,
    times.sessions,
    times.keys === null ? null : times.keys + LIMITS.idempotencyMs,
    times.job === null ? null : timeOf(times.job) + LIMITS.jobRetentionMs,
    usageExpiry(store),
  ].filter((time) => time !== null);
  return all.length === 0 ? null : Math.min(...all);
}
