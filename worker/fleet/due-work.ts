// What the Fleet does later: retiring removed hosts, sending and cancelling the steps of parents, deleting.
import { retireHost } from "./hosts.ts";
import type { ParentSteps } from "./parent-steps.ts";
import { prune } from "./prune.ts";
import type { FleetStore } from "./store.ts";

/** An alarm that dies half-way comes back to what it had taken. */
const AGAIN_MS = 60_000;

/** One alarm's work. Everything is safe to do twice; each piece sets or clears its own due time. */
export async function runDue(store: FleetStore, steps: ParentSteps): Promise<void> {
  store.due.fired();
  const requestId = `alarm-${crypto.randomUUID()}`;
  const taken = store.due.take(Date.now());
  for (const { kind, key } of taken) store.due.set(kind, key, Date.now() + AGAIN_MS);
  for (const { kind, key } of taken) {
    if (kind === "retire") await retireHost(store, key, requestId);
    else if (kind === "parent") await steps.submit(key);
    else if (kind === "cancel") {
      const [id = "", ...principal] = key.split(" ");
      await steps.cancelSteps(id, { principal: principal.join(" "), requestId });
    } else if (kind === "prune") await prune(store);
  }
  await store.due.arm();
}
