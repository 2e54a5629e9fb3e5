// The driver of virtual machines on Hyper-V: plans here, the host agent does. Puts the parts together; each noun has a file or folder.
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { RelayConfig } from "../../config.ts";
import { aheadId } from "../../exec.ts";
import type { Driver, DriverHealth, HandlerResult, JobContext } from "../contract.ts";
import { settle } from "../virtual/failure.ts";
import { guarded, Marks } from "../virtual/guard.ts";
import { Agent } from "./agent.ts";
import { partialResult } from "./answers.ts";
import { agentFile, type AgentFile } from "./bundle.ts";
import { copyHandlers } from "./copies.ts";
import { diskHandlers } from "./disks/handlers.ts";
import { inventoryEvents } from "./inventory-events.ts";
import { HypervInventory } from "./inventory.ts";
import { mediaHandlers } from "./media.ts";
import { nicHandlers } from "./nics/handlers.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { resourceHandlers, resourcesOf } from "./resources.ts";
import { screenHandlers } from "./screen.ts";
import { Session, type Operations } from "./session.ts";
import { snapshotHandlers } from "./snapshots.ts";
import { hypervTableSchema } from "./tables.ts";
import { vmHandlers } from "./vms/handlers.ts";
import { vmPowerHandlers } from "./vms/power.ts";
import { vmUpdatingHandlers } from "./vms/updating.ts";

type AnyHandler = (spec: unknown, context: JobContext) => Promise<HandlerResult>;

function handlersOf(parts: Parts): HandlersOf<Operations> {
  return {
    ...vmHandlers(parts),
    ...vmUpdatingHandlers(parts),
    ...vmPowerHandlers(parts),
    ...copyHandlers(parts),
    ...screenHandlers(parts),
    ...diskHandlers(parts),
    ...nicHandlers(parts),
    ...snapshotHandlers(parts),
    ...mediaHandlers(parts),
    ...resourceHandlers(parts),
  };
}

/** Every handler, so that what it throws for the hypervisor becomes its result; `changed` after each that may have changed something. */
function settled(handlers: HandlersOf<Operations>, changed: () => void): HandlersOf<Operations> {
  const entries = Object.entries(handlers as unknown as Record<Operations, AnyHandler>) as [Operations, AnyHandler][];
  const marks = new Marks();
  const wrapped = entries.map(([name, handler]): [Operations, AnyHandler] => {
    const exclusive = guarded(marks, name, handler);
    const isChange = VM_OPERATIONS[name].risk !== "read";
    const run: AnyHandler = async (spec, context) => {
      try {
        return await settle(
          () => null,
          () => exclusive(spec, context).catch(partialResult),
          context,
        );
      } finally {
        if (isChange && !context.request.metadata.plan) changed();
      }
    };
    return [name, run];
  });
  return Object.fromEntries(wrapped) as unknown as HandlersOf<Operations>;
}

/** For a look that nobody asked for. */
const LOOK_MS = 120_000;
const ABSENT: DriverHealth = { available: false, detail: "no [hyperv] table in relay.toml (docs/hyperv.md)" };

export interface HypervDriverOptions {
  /** For tests: another agent than this relay's own. */
  readonly file?: AgentFile;
  readonly random?: () => number;
}

export function createHypervDriver(config: Pick<RelayConfig, "hyperv" | "file">, options: HypervDriverOptions = {}): Driver<Operations> {
  const table = config.hyperv ?? hypervTableSchema.parse({});
  let changed = () => {};
  let inventoryChanged = () => {};
  const agent = new Agent(table, options.file ?? agentFile(), aheadId(config.file));
  const session = new Session(agent, table);
  const everyMs = table.inventory_every_ms;
  const inventory = new HypervInventory({
    everyMs,
    read: async (signal) =>
      (
        await session.ask(
          "vm.list",
          {},
          Session.own("inventory", signal, () => undefined, LOOK_MS),
        )
      ).items,
    events: table.inventory_events ? inventoryEvents({ agent, everyMs, leastMs: table.inventory_least_ms, configFile: config.file }) : null,
    changed: () => {
      inventoryChanged();
      changed();
    },
    ...(options.random ? { random: options.random } : {}),
  });
  return {
    name: "hyperv",
    handlers: settled(handlersOf({ session }), () => inventory.touch()),
    resources: () => (config.hyperv ? resourcesOf(table) : null),
    inventory: () => (config.hyperv ? inventory.snapshot() : null),
    async start(onChanged, onInventoryChanged) {
      changed = onChanged;
      inventoryChanged = onInventoryChanged;
      if (config.hyperv) inventory.start();
    },
    async stop() {
      inventory.stop();
      await agent.remove();
    },
    health() {
      if (!config.hyperv) return ABSENT;
      if (inventory.failure !== null)
        return { available: true, detail: `the host agent (${agent.powershell}) does not answer: ${inventory.failure}`.slice(0, 300) };
      const asked = inventory.isLive ? "" : ", not asked yet";
      const told = inventory.eventsFailure === null ? "" : `, looked at every ${everyMs / 1000} s (no events: ${inventory.eventsFailure})`;
      return { available: true, detail: `the host agent by ${agent.powershell}${asked}${told}`.slice(0, 300) };
    },
  };
}
