// What this relay offers now: relay.toml, the drivers made from it, and what was found on the machine. Replaced as a whole
// when the file is read again; who asks always asks here.
import { allows, ConfigError, loadConfig, type Allowance, type RelayConfig } from "./config.ts";
import { detect, type Detection } from "./detect.ts";
import type { Inventory } from "./drivers/contract.ts";
import { createDrivers, type Drivers, type FoundOperation } from "./drivers/index.ts";
import type { HostDescription } from "./link/handshake.ts";
import type { Log } from "./log.ts";
import { UsageCounts } from "./proxy/usage-counts.ts";
import type { StreamServers, StreamTarget } from "./streams/contract.ts";

interface Current {
  readonly config: RelayConfig;
  readonly drivers: Drivers;
  readonly detection: Detection;
}

/** A hello has 1 MiB for everything, and as JSON within JSON this may grow by half. */
const CATALOGUE_BYTES = 384 * 1024;

interface Around {
  /** The one in use, whatever the file says. */
  readonly stateDir: string | null;
  readonly usage: UsageCounts;
  readonly changed: () => void;
  readonly inventoryChanged: () => void;
}

async function prepare(config: RelayConfig, { stateDir, usage, changed, inventoryChanged }: Around): Promise<Current> {
  const drivers = createDrivers({ ...config, stateDir }, usage);
  if (Buffer.byteLength(JSON.stringify(drivers.catalogue())) > CATALOGUE_BYTES)
    throw new ConfigError(
      config.file,
      null,
      "declares more commands than can be told to the edge (384 KiB)",
      "Shorten their descriptions and choices.",
    );
  const [detection] = await Promise.all([detect(config.labels), drivers.start(changed, inventoryChanged)]);
  return { config, drivers, detection };
}

/** Keys that only a start reads. */
const fixed = ({ name, stateDir, edgeUrl, access }: RelayConfig) => JSON.stringify([name, stateDir, edgeUrl, access]);

/** What of the file a stream depends on. */
const groundOf = ({ config }: Current, { kind, service }: StreamTarget): string | null => {
  if (kind === "terminal") return config.terminal.enabled ? "enabled" : null;
  if (kind === "console") return allows(config, "vm.console").allowed ? (config.libvirt?.uri ?? null) : null;
  return service !== null && Object.hasOwn(config.services, service) ? JSON.stringify(config.services[service]) : null;
};

export class Settings {
  readonly #log: Log;
  readonly #around: Around;
  #current!: Current;
  #hypervisorSaid = "";
  /** What was used of the models; outlives a reload. */
  readonly usage = new UsageCounts();
  /** Called when what {@link describe} says may have changed by itself. */
  onChange: () => void = () => undefined;
  /** Called when {@link inventory} may say something new. */
  onInventory: () => void = () => undefined;
  /** Of the lanes: whatever the file says when a channel opens. */
  readonly servers: StreamServers = {
    http: (open, channel) => this.#current.drivers.servers.http(open, channel),
    socket: (open, channel) => this.#current.drivers.servers.socket(open, channel),
    terminal: (open, channel) => this.#current.drivers.servers.terminal(open, channel),
    console: (open, channel) => this.#current.drivers.servers.console(open, channel),
  };

  /** `stateDir`: the one in use, whatever the file says. */
  static async load(config: RelayConfig, log: Log, stateDir = config.stateDir): Promise<Settings> {
    const settings = new Settings(log, stateDir);
    settings.#current = await prepare(config, settings.#around);
    return settings;
  }

  private constructor(log: Log, stateDir: string | null) {
    this.#log = log;
    this.#around = { stateDir, usage: this.usage, changed: () => this.#changed(), inventoryChanged: () => this.onInventory() };
  }

  #changed(): void {
    this.#logHypervisor();
    this.onChange();
  }

  /** That a hypervisor went or came back is news for who reads the log. */
  #logHypervisor(): void {
    const said = (this.#current as Current | undefined)?.drivers.hypervisor()?.detail ?? "";
    if (said === this.#hypervisorSaid) return;
    this.#hypervisorSaid = said;
    if (said !== "") this.#log("info", said);
  }

  get slots(): number {
    return this.#current.config.slots;
  }

  find(operation: string): FoundOperation | null {
    return this.#current.drivers.find(operation);
  }

  allows(operation: string): Allowance {
    return allows(this.#current.config, operation);
  }

  inventory(): Inventory | null {
    return this.#current.drivers.inventory();
  }

  describe(): HostDescription {
    const { config, drivers, detection } = this.#current;
    return { slots: config.slots, labels: [...detection.labels], facts: detection.facts, catalogue: drivers.catalogue() };
  }

  /** Reads the file again, and says which streams it takes away. null: it cannot be used, which is logged in one line, and everything stays as it was. */
  async reload(): Promise<((target: StreamTarget) => boolean) | null> {
    const before = this.#current;
    try {
      this.#current = await prepare(await loadConfig(before.config.file), this.#around);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#log("error", "relay.toml was not taken: the configuration stays as it was", { reason: error.message });
      return null;
    }
    await before.drivers.stop();
    this.#log("info", "relay.toml was read again", { file: before.config.file });
    if (fixed(this.#current.config) !== fixed(before.config))
      this.#log("warn", "name, state_dir, [edge] and [access] are read at the start only: restart the relay for these");
    const after = this.#current;
    return (target) => groundOf(before, target) !== groundOf(after, target);
  }

  async stop(): Promise<void> {
    await this.#current.drivers.stop();
  }
}
