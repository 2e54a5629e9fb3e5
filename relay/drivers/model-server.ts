// What the drivers of model servers share: one server that is looked at again and again, what it then says of itself, and the
// end of looking. Each driver brings the look; this knows no dialect.
import type { Model, Service, ServiceKind } from "../../protocol/services.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { modelIdSchema } from "../../protocol/services.ts";
import type { RelayConfig } from "../config.ts";
import type { ServiceDeclaration } from "../config/services.ts";
import { hosted } from "../proxy/hosted.ts";
import { modelTaps } from "../proxy/model-tap.ts";
import type { Tap } from "../proxy/tap.ts";
import { Upstream } from "../proxy/upstream.ts";
import type { UsageCounts } from "../proxy/usage-counts.ts";
import { allows } from "../config/allow.ts";
import type { Driver, HostedService } from "./contract.ts";

/** What a look saw. `why`: it cannot be used now, in words with what to do. */
export type Seen = { readonly models: readonly Model[]; readonly version?: string } | { readonly why: string };

/** Reads what a server offers. Never throws; bounded in time and size. Made anew for each server, so it may remember. */
export type Look = (upstream: Upstream) => Promise<Seen>;

export interface ModelServerKind {
  readonly kind: Exclude<ServiceKind, "http">;
  /** For people: "Ollama". */
  readonly product: string;
  readonly look: () => Look;
  /** Where one is looked for when relay.toml declares none and `[allow]` permits model.use. */
  readonly places: () => readonly Upstream[];
  /** Paths that change which models there are, or are loaded: a look follows. */
  readonly changing: RegExp;
}

export interface LookTimes {
  readonly healthyMs: number;
  /** The first look after a failed one; each further one waits twice as long, at most `downMaxMs`. */
  readonly downMs: number;
  readonly downMaxMs: number;
  /** After what changed the list, and after a use that loaded a model. */
  readonly soonMs: number;
  readonly coldMs: number;
}

const TIMES: LookTimes = { healthyMs: 10_000, downMs: 2_000, downMaxMs: 30_000, soonMs: 100, coldMs: 1_000 };

/** The models that can be told: valid names, each once, at most what a service may have. */
export function tellable(models: readonly Model[]): Model[] {
  const byId = new Map<string, Model>();
  for (const model of models) if (modelIdSchema.safeParse(model.id).success && !byId.has(model.id)) byId.set(model.id, model);
  return [...byId.values()].slice(0, LIMITS.modelsPerService);
}

function detailOf({ product }: ModelServerKind, seen: Exclude<Seen, { why: string }>, told: readonly Model[]): string {
  const loaded = told.filter((model) => model.loaded === true).length;
  const isKnown = told.some((model) => model.loaded !== null);
  const left = seen.models.length - told.length;
  return [
    `${product}${seen.version === undefined ? "" : ` ${seen.version}`}`,
    `: ${told.length} model${told.length === 1 ? "" : "s"}`,
    isKnown ? `, ${loaded} loaded` : "",
    left > 0 ? `; ${left} not shown` : "",
  ].join("");
}

/** One server, declared or looked for. */
class ModelServer {
  readonly upstream: Upstream;
  readonly hosted: HostedService;
  /** It was seen at least once, or the host's file declares it. */
  isOffered: boolean;
  readonly #kind: ModelServerKind;
  readonly #look: Look;
  readonly #times: LookTimes;
  #service: Service;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  /** When the next look is due. */
  #dueAt = Infinity;
  #isLooking = false;
  #again = false;
  #changed: (() => void) | null = null;

  constructor(
    kind: ModelServerKind,
    upstream: Upstream,
    service: Service,
    options: { declared: boolean; usage: UsageCounts; times: LookTimes },
  ) {
    this.#kind = kind;
    this.upstream = upstream;
    this.isOffered = options.declared;
    this.#look = kind.look();
    this.#times = options.times;
    this.#service = service;
    const taps = modelTaps(options.usage);
    this.hosted = hosted({ upstream, service: () => this.#service, tap: (open) => this.#tap(open, taps(open)) });
  }

  async start(changed: () => void): Promise<void> {
    this.#changed = changed;
    await this.#lookNow();
  }

  stop(): void {
    this.#changed = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.upstream.retire();
  }

  /** Looks again when this exchange has ended, where it may have changed what there is, or shown that the server is down. */
  #tap({ path, model }: { path: string; model: string | null }, tap: Tap | null): Tap | null {
    const isChanging = this.#kind.changing.test(path);
    if (!tap) return isChanging ? { request: null, answer: () => null, ended: () => this.#soon(this.#times.soonMs) } : null;
    const isCold = this.#service.models.some(({ id, loaded }) => id === model && loaded === false);
    const ended = tap.ended.bind(tap);
    tap.ended = (how) => {
      ended(how);
      if (how === "broken") this.#soon(this.#times.soonMs);
      else if (isCold) this.#soon(this.#times.coldMs);
    };
    return tap;
  }

  /** Not later than this; a look that waits already is only brought forward. */
  #soon(ms: number): void {
    if (this.#isLooking) this.#again = true;
    else if (performance.now() + ms < this.#dueAt) this.#schedule(ms);
  }

  #schedule(ms: number): void {
    if (!this.#changed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => void this.#lookNow(), ms).unref();
  }

  async #lookNow(): Promise<void> {
    this.#isLooking = true;
    this.#again = false;
    const seen = await this.#look(this.upstream);
    this.#isLooking = false;
    this.#failures = "why" in seen ? this.#failures + 1 : 0;
    if (this.#take(seen)) this.#changed?.();
    const { healthyMs, downMs, downMaxMs, soonMs } = this.#times;
    if (this.#again) this.#schedule(soonMs);
    else this.#schedule(this.#failures === 0 ? healthyMs : Math.min(downMaxMs, downMs * 2 ** (this.#failures - 1)));
  }

  /** True when it says something new. A server that is down keeps its models, none of them loaded. */
  #take(seen: Seen): boolean {
    const before = JSON.stringify([this.isOffered, this.#service]);
    if ("why" in seen) {
      const models = this.#service.models.map((model) => ({ ...model, loaded: model.loaded === null ? null : false }));
      this.#service = { ...this.#service, healthy: false, detail: seen.why.slice(0, 300), models };
    } else {
      this.isOffered = true;
      const models = tellable(seen.models);
      this.#service = { ...this.#service, healthy: true, detail: detailOf(this.#kind, seen, models).slice(0, 300), models };
    }
    return JSON.stringify([this.isOffered, this.#service]) !== before;
  }
}

export interface ModelDriverOptions {
  readonly usage: UsageCounts;
  readonly times?: LookTimes;
  /** Instead of the kind's own; for tests. */
  readonly places?: readonly Upstream[];
}

type DriverConfig = Pick<RelayConfig, "services" | "allow" | "file" | "exec" | "commands">;

function serviceOf(kind: ModelServerKind, name: string, declared?: ServiceDeclaration): Service {
  return {
    name,
    kind: kind.kind,
    healthy: false,
    detail: "not looked at yet",
    routes: [],
    manage: declared?.manage ?? false,
    default_model: declared?.default_model ?? null,
    models: [],
  };
}

/** A driver of one kind of model server: those of relay.toml, else the one that is found where `[allow]` permits it. */
export function modelServerDriver(kind: ModelServerKind, config: DriverConfig, options: ModelDriverOptions): Driver<never> {
  const shared = { usage: options.usage, times: options.times ?? TIMES };
  const declared = Object.entries(config.services).filter(([, service]) => service.kind === kind.kind);
  const servers = declared.map(
    ([name, service]) => new ModelServer(kind, Upstream.declared(service), serviceOf(kind, name, service), { ...shared, declared: true }),
  );
  if (declared.length === 0 && allows(config, "model.use").allowed)
    for (const place of options.places ?? kind.places())
      servers.push(new ModelServer(kind, place, serviceOf(kind, kind.kind), { ...shared, declared: false }));
  const offered = () => servers.filter((server) => server.isOffered);
  return {
    name: kind.kind,
    handlers: {},
    services: () => offered().map((server) => server.hosted),
    async start(changed) {
      await Promise.all(servers.map((server) => server.start(changed)));
    },
    stop() {
      for (const server of servers) server.stop();
      return Promise.resolve();
    },
    health() {
      const details = offered().map(({ hosted: own }) => `${own.name}: ${own.service().detail}`);
      return { available: true, detail: details.length === 0 ? `no ${kind.product} declared` : details.join("; ").slice(0, 300) };
    },
  };
}
