// What this relay offers now: relay.toml, the drivers made from it, and what was found on the machine. Replaced as a whole
// when the file is read again; who asks always asks here.
import { allows, ConfigError, loadConfig, type Allowance, type RelayConfig } from "./config.ts";
import { detect, type Detection } from "./detect.ts";
import { createDrivers, type Drivers, type FoundOperation } from "./drivers/index.ts";
import type { HostDescription } from "./link/handshake.ts";
import type { Log } from "./log.ts";

interface Current {
  readonly config: RelayConfig;
  readonly drivers: Drivers;
  readonly detection: Detection;
}

/** A hello has 1 MiB for everything, and as JSON within JSON this may grow by half. */
const CATALOGUE_BYTES = 384 * 1024;

async function prepare(config: RelayConfig): Promise<Current> {
  const drivers = createDrivers(config);
  if (Buffer.byteLength(JSON.stringify(drivers.catalogue())) > CATALOGUE_BYTES)
    throw new ConfigError(
      config.file,
      null,
      "declares more commands than can be told to the edge (384 KiB)",
      "Shorten their descriptions and choices.",
    );
  const [detection] = await Promise.all([detect(config.labels), drivers.start()]);
  return { config, drivers, detection };
}

/** Keys that only a start reads. */
const fixed = ({ name, stateDir, edgeUrl, access }: RelayConfig) => JSON.stringify([name, stateDir, edgeUrl, access]);

export class Settings {
  readonly #log: Log;
  #current: Current;

  static async load(config: RelayConfig, log: Log): Promise<Settings> {
    return new Settings(await prepare(config), log);
  }

  private constructor(current: Current, log: Log) {
    this.#current = current;
    this.#log = log;
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

  describe(): HostDescription {
    const { config, drivers, detection } = this.#current;
    return { slots: config.slots, labels: [...detection.labels], facts: detection.facts, catalogue: drivers.catalogue() };
  }

  /** Reads the file again. False: it cannot be used, which is logged in one line, and everything stays as it was. */
  async reload(): Promise<boolean> {
    const before = this.#current;
    try {
      this.#current = await prepare(await loadConfig(before.config.file));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#log("error", "relay.toml was not taken: the configuration stays as it was", { reason: error.message });
      return false;
    }
    await before.drivers.stop();
    this.#log("info", "relay.toml was read again", { file: before.config.file });
    if (fixed(this.#current.config) !== fixed(before.config))
      this.#log("warn", "name, state_dir, [edge] and [access] are read at the start only: restart the relay for these");
    return true;
  }

  async stop(): Promise<void> {
    await this.#current.drivers.stop();
  }
}
