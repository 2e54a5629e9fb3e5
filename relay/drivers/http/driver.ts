// The driver of services of kind `http`: servers of any shape, on the routes that relay.toml lists. No operations. Looks by
// connecting, and sends nothing of its own.
import type { Service } from "../../../protocol/services.ts";
import type { RelayConfig } from "../../config.ts";
import type { ServiceDeclaration } from "../../config/services.ts";
import { hosted } from "../../proxy/hosted.ts";
import { Upstream } from "../../proxy/upstream.ts";
import type { Driver, HostedService } from "../contract.ts";

const LOOK_MS = 15_000;

class HttpService {
  readonly upstream: Upstream;
  readonly hosted: HostedService;
  #service: Service;

  constructor(name: string, declared: ServiceDeclaration) {
    this.upstream = Upstream.declared(declared);
    this.#service = {
      name,
      kind: "http",
      healthy: false,
      detail: "not looked at yet",
      routes: declared.routes ?? [],
      manage: false,
      default_model: null,
      models: [],
    };
    this.hosted = hosted({ upstream: this.upstream, service: () => this.#service });
  }

  /** True when it says something new. */
  async look(): Promise<boolean> {
    const why = await this.upstream.probe();
    const healthy = why === null;
    const detail =
      why === null ? "listens" : `${why}${why.endsWith(".") ? "" : ": start the service, or correct its address in relay.toml"}`;
    const isNew = healthy !== this.#service.healthy || detail !== this.#service.detail;
    this.#service = { ...this.#service, healthy, detail };
    return isNew;
  }
}

export function createHttpDriver({ services }: Pick<RelayConfig, "services">): Driver<never> {
  const own = Object.entries(services)
    .filter(([, { kind }]) => kind === "http")
    .map(([name, declared]) => new HttpService(name, declared));
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  const look = async () => (await Promise.all(own.map((service) => service.look()))).includes(true);
  return {
    name: "http",
    handlers: {},
    services: () => own.map((service) => service.hosted),
    async start(changed) {
      if (own.length === 0) return;
      await look();
      const again = async () => {
        if ((await look()) && !isStopped) changed();
        if (!isStopped) timer = setTimeout(() => void again(), LOOK_MS).unref();
      };
      if (!isStopped) timer = setTimeout(() => void again(), LOOK_MS).unref();
    },
    stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
      for (const service of own) service.upstream.retire();
      return Promise.resolve();
    },
    health() {
      const up = own.filter((service) => service.hosted.service().healthy).length;
      return { available: true, detail: own.length === 0 ? "no declared services" : `${up} of ${own.length} declared services reached` };
    },
  };
}
