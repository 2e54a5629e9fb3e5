// The drivers of this relay: one explicit list. A driver is one folder and one line here. Finds the handler of an
// operation; does not decide what is allowed (config.ts) and does not run jobs.
import type { Catalogue } from "../../protocol/link/control.ts";
import { OPERATIONS, type OperationName } from "../../protocol/operations/index.ts";
import { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import { allows, type RelayConfig } from "../config.ts";
import { createCommandDriver } from "./command/driver.ts";
import type { Driver, DriverHealth, HandlerResult, Inventory, JobContext } from "./contract.ts";
import { createHostDriver } from "./host/driver.ts";
import { createHypervDriver } from "./hyperv/driver.ts";
import { createHttpDriver } from "./http/driver.ts";
import { createLibvirtDriver } from "./libvirt/driver.ts";
import { createLmstudioDriver } from "./lmstudio/driver.ts";
import { createOllamaDriver } from "./ollama/driver.ts";
import { createOpenaiDriver } from "./openai/driver.ts";
import { refuse } from "./refusal.ts";
import { DriverStreams } from "./streams.ts";
import { createTmuxDriver } from "./tmux/driver.ts";
import { UsageCounts } from "../proxy/usage-counts.ts";
import type { StreamServers } from "../streams/contract.ts";

/** One hypervisor a host. Without either table that which this system would have says that it is missing. */
function hypervisorOf(config: RelayConfig) {
  const isHyperv = config.hyperv !== null || (config.libvirt === null && process.platform === "win32");
  return isHyperv ? createHypervDriver(config) : createLibvirtDriver(config);
}

const builtIn = (config: RelayConfig, usage: UsageCounts) =>
  [
    createHostDriver(),
    createCommandDriver(config),
    createTmuxDriver(config),
    createHttpDriver(config),
    createOllamaDriver(config, { usage }),
    createLmstudioDriver(config, { usage }),
    createOpenaiDriver(config, { usage }),
    hypervisorOf(config),
  ] as const;

type BuiltIn = ReturnType<typeof builtIn>[number];
type Handled<D> = D extends { readonly handlers: infer H } ? keyof H : never;
/** An operation of the registry without a handler is a compile error here, and it is named in the message. */
({}) satisfies { readonly [N in Exclude<OperationName, Handled<BuiltIn>>]: never };

export interface FoundOperation {
  /** `spec` is valid for the registry's schema and rules (checkSpec). Never throws for what a caller can do wrong. */
  readonly handler: (spec: unknown, context: JobContext) => Promise<HandlerResult>;
  /** Of the registry entry and of the host's file; not sorted, without repeats. */
  readonly locks: (spec: unknown) => readonly string[];
  /** The host's own deadline for this spec; undefined: the registry's default. */
  readonly timeoutMs: (spec: unknown) => number | undefined;
}

export interface Drivers {
  /** null: no driver here for it, or the driver is not available. */
  find(operation: string): FoundOperation | null;
  /** What serves the lanes' channels. */
  readonly servers: StreamServers;
  /** null: none is declared. */
  hypervisor(): DriverHealth | null;
  /** Of the hypervisor; null: there is none, or relay.toml does not allow vm.list, which would tell the same. */
  inventory(): Inventory | null;
  /** `changed`: the catalogue may say something new; `inventoryChanged`: the inventory. */
  start(changed: () => void, inventoryChanged: () => void): Promise<void>;
  stop(): Promise<void>;
  catalogue(): Catalogue;
  health(): readonly ({ readonly name: string } & DriverHealth)[];
}

function isPlanRefused(operation: OperationName, context: JobContext): boolean {
  return context.request.metadata.plan && !OPERATIONS[operation].plannable;
}

function find(driver: Driver, operation: OperationName): FoundOperation {
  // One cast for all: the spec was checked against the schema that the handler's type comes from.
  const run = (driver.handlers as unknown as Record<string, FoundOperation["handler"]>)[operation]!;
  const registered = OPERATIONS[operation].locks as (spec: unknown) => readonly string[];
  return {
    handler: (spec, context) => (isPlanRefused(operation, context) ? Promise.resolve(refuse("PLAN_UNSUPPORTED")) : run(spec, context)),
    locks: (spec) => [...new Set([...registered(spec), ...(driver.locks?.(operation, spec) ?? [])])],
    timeoutMs: (spec) => driver.timeoutMs?.(operation, spec),
  };
}

/** `usage`: where the use of models is counted; it outlives these drivers. */
export function createDrivers(config: RelayConfig, usage: UsageCounts = new UsageCounts()): Drivers {
  const drivers = builtIn(config, usage) as readonly unknown[] as readonly Driver[];
  const table = new Map<string, { driver: Driver; found: FoundOperation }>();
  for (const driver of drivers)
    for (const operation of Object.keys(driver.handlers) as OperationName[])
      table.set(operation, { driver, found: find(driver, operation) });
  const streams = new DriverStreams(drivers, {
    declared: new Set(Object.keys(config.services)),
    terminals: config.terminal.enabled,
    consoles: allows(config, "vm.console").allowed,
    lanes: config.lanes,
  });
  const hypervisor = drivers.find((driver) => driver.resources?.());
  const mayList = allows(config, "vm.list").allowed;
  const health = () => drivers.map((driver) => ({ name: driver.name, ...driver.health() }));
  return {
    find(operation) {
      const entry = table.get(operation);
      return entry?.driver.health().available ? entry.found : null;
    },
    servers: streams.servers,
    hypervisor: () => hypervisor?.health() ?? null,
    inventory: () => (mayList ? (hypervisor?.inventory?.() ?? null) : null),
    async start(changed, inventoryChanged) {
      await Promise.all(drivers.map((driver) => driver.start(changed, inventoryChanged)));
    },
    async stop() {
      await Promise.all(drivers.map((driver) => driver.stop()));
    },
    catalogue() {
      const offered = [...table]
        .filter(([name, { driver }]) => driver.health().available && allows(config, name).allowed)
        .map(([name]) => name);
      const commands = offered.includes("command.run") ? Object.entries(config.commands) : [];
      return {
        operations: offered,
        drivers: health().map(({ name, available, detail }) => ({ name, available, detail: detail.slice(0, 300) })),
        commands: Object.fromEntries(
          commands.map(([name, { description, inputs = {} }]) => [name, description === undefined ? { inputs } : { description, inputs }]),
        ),
        ...streams.catalogue(),
        // Nothing can be made of them where no operation on machines may run.
        virtual: offered.some((name) => Object.hasOwn(VM_OPERATIONS, name)) ? (hypervisor?.resources?.() ?? null) : null,
      };
    },
    health,
  };
}
