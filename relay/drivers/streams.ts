// What the drivers offer to be reached through the lanes, as one: services by name, and terminals. Refuses what is not there.
import type { Service } from "../../protocol/services.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { DEAF, type Channel, type ChannelEvents, type StreamServers } from "../streams/contract.ts";
import type { Driver, HostedService } from "./contract.ts";

/** Models are told within this: a hello has 1 MiB for everything, and as JSON within JSON this may grow by half. */
const MODELS_BYTES = 192 * 1024;

export interface StreamConfig {
  /** Names that relay.toml declares: these win over what was found. */
  readonly declared: ReadonlySet<string>;
  readonly terminals: boolean;
  /** relay.toml allows vm.console. */
  readonly consoles: boolean;
  readonly lanes: number;
}

function hostedBy(drivers: readonly Driver[], declared: ReadonlySet<string>): Map<string, HostedService> {
  const all = drivers.flatMap((driver) => driver.services?.() ?? []);
  const found = new Map<string, HostedService>();
  for (const service of [...all.filter(({ name }) => declared.has(name)), ...all.filter(({ name }) => !declared.has(name))])
    if (!found.has(service.name) && found.size < LIMITS.services) found.set(service.name, service);
  return found;
}

/** As many models as fit, of each service in turn. */
function fitted(services: readonly Service[]): Service[] {
  let left = MODELS_BYTES;
  return services.map((service) => {
    const models = service.models
      .slice(0, LIMITS.modelsPerService)
      .filter((model) => (left -= Buffer.byteLength(JSON.stringify(model))) > 0);
    return { ...service, models, detail: service.detail.slice(0, 300) };
  });
}

const noService = (channel: Channel, name: string): ChannelEvents => {
  channel.refuse("SERVICE_NOT_FOUND", `The host has no service "${name}".`);
  return DEAF;
};

export class DriverStreams {
  readonly #drivers: readonly Driver[];
  readonly #config: StreamConfig;
  readonly servers: StreamServers;

  constructor(drivers: readonly Driver[], config: StreamConfig) {
    this.#drivers = drivers;
    this.#config = config;
    this.servers = {
      http: (open, channel) => this.#service(open.service)?.serveHttp(open, channel) ?? noService(channel, open.service),
      socket: (open, channel) => this.#service(open.service)?.serveSocket(open, channel) ?? noService(channel, open.service),
      terminal: (open, channel) => {
        const serve = this.#terminal;
        if (serve) return serve(open, channel);
        channel.refuse("TERMINALS_DISABLED", "The host's relay.toml does not allow terminals, or tmux is not there.");
        return DEAF;
      },
      console: (open, channel) => {
        const serve = this.#console;
        if (serve) return serve(open, channel);
        channel.refuse("CONSOLE_UNSUPPORTED", "The host has no hypervisor, or its relay.toml does not allow vm.console.");
        return DEAF;
      },
    };
  }

  catalogue(): { services: Service[]; terminals: boolean; lanes: number } {
    const services = fitted([...hostedBy(this.#drivers, this.#config.declared).values()].map((hosted) => hosted.service()));
    const terminals = this.#terminal !== null;
    const isStreaming = services.length > 0 || terminals || this.#console !== null;
    return { services, terminals, lanes: isStreaming ? this.#config.lanes : 0 };
  }

  #service(name: string): HostedService | undefined {
    return hostedBy(this.#drivers, this.#config.declared).get(name);
  }

  get #console() {
    if (!this.#config.consoles) return null;
    return this.#drivers.find((driver) => driver.openConsole && driver.health().available)?.openConsole ?? null;
  }

  get #terminal() {
    if (!this.#config.terminals) return null;
    return this.#drivers.find((driver) => driver.openTerminal && driver.health().available)?.openTerminal ?? null;
  }
}
