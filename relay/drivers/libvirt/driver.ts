// The driver of virtual machines on KVM and QEMU: libvirt over a client of our own. Puts the parts together; each noun has a folder.
import { diskLock } from "../../../protocol/operations/vm-fields.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { RelayConfig } from "../../config.ts";
import type { Driver, DriverHealth, HandlerResult, JobContext } from "../contract.ts";
import { settle } from "../virtual/failure.ts";
import { guarded, Marks } from "../virtual/guard.ts";
import { forgetCapabilities } from "./capabilities.ts";
import { copyHandlers } from "./copies/handlers.ts";
import { diskHandlers } from "./disks/handlers.ts";
import { mediaHandlers } from "./disks/media.ts";
import { nicHandlers } from "./nics/handlers.ts";
import { resourceHandlers, resourcesOf } from "./resources.ts";
import { screenHandlers } from "./screen/handlers.ts";
import { snapshotHandlers } from "./snapshots/handlers.ts";
import { vmMakingHandlers } from "./vms/making.ts";
import { vmPowerHandlers } from "./vms/power.ts";
import { VmReader } from "./vms/reader.ts";
import { vmReadingHandlers } from "./vms/reading.ts";
import { vmStatsHandlers } from "./vms/stats.ts";
import { vmUpdatingHandlers } from "./vms/updating.ts";
import { Consoles } from "./consoles/consoles.ts";
import { EventWatch } from "./event-watch.ts";
import { LibvirtInventory } from "./inventory.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { resolveAddress } from "./rpc/address.ts";
import { LibvirtClient } from "./rpc/client.ts";
import { explainLibvirt, Session, type LibvirtCalls } from "./session.ts";
import { LibvirtStorage } from "./storage/volumes.ts";
import { libvirtTableSchema } from "./tables.ts";
import { UnderWay } from "./under-way.ts";

export type Operations = keyof typeof VM_OPERATIONS;
type AnyHandler = (spec: unknown, context: JobContext) => Promise<HandlerResult>;

function handlersOf(parts: Parts): HandlersOf<Operations> {
  return {
    ...vmReadingHandlers(parts),
    ...vmMakingHandlers(parts),
    ...vmPowerHandlers(parts),
    ...vmUpdatingHandlers(parts),
    ...vmStatsHandlers(parts),
    ...copyHandlers(parts),
    ...screenHandlers(parts),
    ...diskHandlers(parts),
    ...mediaHandlers(parts),
    ...nicHandlers(parts),
    ...snapshotHandlers(parts),
    ...resourceHandlers(parts),
  };
}

/** Of the process: a copy that runs when relay.toml is read again is one for the next driver too. */
const marks = new Marks();

/** Every handler, so that what it throws for the hypervisor becomes its result; `changed` after each that may have changed something. */
function settled(handlers: HandlersOf<Operations>, underWay: UnderWay, changed: (spec: unknown) => void): HandlersOf<Operations> {
  const read =
    (handler: AnyHandler): AnyHandler =>
    (spec, context) =>
      underWay.during(() => settle(explainLibvirt, () => handler(spec, context), context));
  const change =
    (handler: AnyHandler): AnyHandler =>
    (spec, context) =>
      read(handler)(spec, context).finally(() => changed(spec));
  const entries = Object.entries(handlers as unknown as Record<Operations, AnyHandler>) as [Operations, AnyHandler][];
  const wrapped = entries.map(([name, handler]): [Operations, AnyHandler] => {
    const exclusive = guarded(marks, name, handler);
    return [name, (VM_OPERATIONS[name].risk === "read" ? read : change)(exclusive)];
  });
  return Object.fromEntries(wrapped) as unknown as HandlersOf<Operations>;
}

/** Events that something of the inventory may follow from. */
const EVENTS = [
  "lifecycle",
  "reboot",
  "deviceRemoved",
  "deviceAdded",
  "metadataChange",
  "agentLifecycle",
  "blockJob",
  "trayChange",
] as const;

const ABSENT: DriverHealth = { available: false, detail: "no [libvirt] table in relay.toml (docs/kvm.md)" };

export interface LibvirtDriverOptions {
  /** For tests: what stands between the operations and libvirt. */
  readonly between?: (client: LibvirtCalls) => LibvirtCalls;
}

export function createLibvirtDriver(config: Pick<RelayConfig, "libvirt">, options: LibvirtDriverOptions = {}): Driver<Operations> {
  const table = config.libvirt ?? libvirtTableSchema.parse({});
  let changed = () => {};
  let inventoryChanged = () => {};
  const client = new LibvirtClient({
    address: () => resolveAddress(table.uri),
    events: EVENTS,
    onEvent: (event) => {
      watch.tell(event);
      inventory.onEvent(event);
    },
    onResync: () => {
      forgetCapabilities(session);
      inventory.onResync();
      changed();
    },
    onDown: (error) => {
      inventory.onDown(error);
      changed();
    },
    onFault: (error) =>
      void setImmediate(() => {
        throw error;
      }),
  });
  const session = new Session(options.between?.(client) ?? client, table);
  const storage = new LibvirtStorage(session);
  const reader = new VmReader(session, storage);
  const watch = new EventWatch();
  const consoles = new Consoles(session);
  const inventory = new LibvirtInventory(reader, () => inventoryChanged());
  reader.onNews = (uuid) => inventory.touch(uuid);
  const underWay = new UnderWay();
  const parts: Parts = { session, storage, consoles, reader, events: watch };
  return {
    name: "libvirt",
    handlers: settled(handlersOf(parts), underWay, (spec) => {
      reader.forget();
      // Not every change has an event: autostart has none.
      const { vm } = spec as { vm?: string };
      if (vm !== undefined) inventory.touch(vm);
    }),
    // A disk is one thing for all machines: two must not take it, nor one take it while it is deleted or copied.
    locks: (_operation, spec) => {
      const { disk } = spec as { disk?: string };
      return disk === undefined ? [] : [diskLock(disk)];
    },
    openConsole: consoles.serve,
    resources: () => (config.libvirt ? resourcesOf(table) : null),
    inventory: () => (config.libvirt ? inventory.snapshot() : null),
    async start(onChanged, onInventoryChanged) {
      changed = onChanged;
      inventoryChanged = onInventoryChanged;
      if (config.libvirt) await client.start();
    },
    async stop() {
      inventory.stop();
      // A change that runs, and its undoing, need the connection to their end.
      underWay.whenIdle(() => {
        inventory.stop();
        client.stop();
      });
    },
    health() {
      if (!config.libvirt) return ABSENT;
      if (client.isUp) return { available: true, detail: `libvirt at ${table.uri}` };
      return { available: true, detail: `libvirt at ${table.uri} does not answer: ${client.lastError?.message ?? "not tried yet"}` };
    },
  };
}
