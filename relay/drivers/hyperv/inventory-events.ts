// One question to the agent that lasts: what the machines are now, answered when they are not what was known any more. Its process
// waits for events of Windows and looks by itself; how often, it is told. Keeps nothing but what was known.
import * as z from "zod";
import type { InventoryItem } from "../../../protocol/inventory.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import { aheadId, markerOf } from "../../exec.ts";
import { failureOf } from "./agent-protocol.ts";
import type { Agent } from "./agent.ts";
import { dataOf } from "./answers.ts";
import { Session } from "./session.ts";

/** After so long a process ends instead of its next look, with which the one after it begins. */
const WAIT_MS = 5 * 60_000;
/** Start, registration and a look. */
const MARGIN_MS = 120_000;

const answerSchema = z.object({
  events: z.boolean(),
  digest: z.string().max(64),
  items: VM_OPERATIONS["vm.list"].data.shape.items.nullable(),
});

export interface InventoryEvents {
  readonly leastMs: number;
  /**
   * The machines when they are not the known ones any more; null: nothing changed for a long time, and a look is due, with which the
   * next begins. Rejects where it is not to be had. The first is answered at once.
   */
  next(signal: AbortSignal): Promise<readonly InventoryItem[] | null>;
  /** What was answered last does not count: the next is answered at once. */
  forget(): void;
}

export interface EventsOptions {
  readonly agent: Agent;
  readonly everyMs: number;
  readonly leastMs: number;
  /** Of relay.toml: a relay that starts after a crash ends what waits. */
  readonly configFile: string;
}

export function inventoryEvents({ agent, everyMs, leastMs, configFile }: EventsOptions): InventoryEvents {
  let known = "";
  const timeoutMs = WAIT_MS + everyMs + MARGIN_MS;
  return {
    leastMs,
    forget() {
      known = "";
    },
    async next(signal) {
      const { request, log, isAside = true } = Session.own("inventory", signal, () => undefined, timeoutMs);
      const result = await agent.run({
        operation: "inventory.wait",
        spec: { known, every_ms: everyMs, least_ms: leastMs, timeout_ms: WAIT_MS, relay_process: process.pid },
        metadata: request.metadata,
        correlationId: request.correlation_id,
        marker: `${markerOf(aheadId(configFile))}-inventory`,
        timeoutMs,
        signal,
        log,
        isAside,
      });
      if (result.status !== "success") throw failureOf(result);
      const { events, digest, items } = dataOf("inventory.wait", answerSchema, result);
      if (!events) throw new Error(result.message);
      known = digest;
      return items;
    },
  };
}
