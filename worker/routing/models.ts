// Which services may answer for a model: from the snapshot alone, indexed once for each. Decides by name, dialect and the
// caller's grants; opens nothing.
import type { Use } from "../../protocol/access.ts";
import { AppError } from "../../protocol/errors.ts";
import { DIALECTS, MODEL_SURFACES, SPOKEN_BY, type Dialect, type Model, type ModelSurface, type Service } from "../../protocol/services.ts";
import type { AccessState } from "../auth/access-state.ts";
import type { Caller } from "../auth/authenticate.ts";
import { mayUse } from "../auth/authorize.ts";
import type { SnapshotHost } from "../fleet/contract.ts";

export type ModelDialect = Exclude<Dialect, "http">;

/** A service of a host, and the model that is asked for; null: none, or the service decides. */
export interface Candidate {
  readonly host: SnapshotHost;
  readonly service: Service;
  readonly model: Model | null;
}
export interface ModelCandidate extends Candidate {
  readonly model: Model;
}

/** What a request wants, as far as it can be told without its body. */
export interface Wanted {
  readonly caller: Caller;
  readonly state: AccessState;
  readonly dialect: ModelDialect;
  readonly surface: ModelSurface;
  readonly use: Use;
  /** A host by name or id. */
  readonly pin: string | null;
}

interface Index {
  readonly models: readonly ModelCandidate[];
  readonly services: readonly Candidate[];
  readonly byName: ReadonlyMap<string, readonly ModelCandidate[]>;
}

/** Ollama's tag for a name without one. */
const LATEST = ":latest";
const NAMES_SHOWN = 20;
const SURFACE_PATHS: Readonly<Record<ModelDialect, string>> = { openai: "/v1", ollama: "/api", lmstudio: "/lmstudio/api" };

const indexes = new WeakMap<AccessState, Index>();

/** The names that a server takes for a model: Ollama's `x` is its `x:latest`. The catalogue's own comes first. */
export function namesOf(service: Service, id: string): readonly string[] {
  if (service.kind !== "ollama") return [id];
  if (id.endsWith(LATEST)) return [id, id.slice(0, -LATEST.length)];
  return id.slice(id.lastIndexOf("/") + 1).includes(":") ? [id] : [id, id + LATEST];
}

function indexOf(state: AccessState): Index {
  const known = indexes.get(state);
  if (known) return known;
  const services = [...state.hosts.values()].flatMap((host) =>
    host.services.filter(({ kind }) => kind !== "http").map((service): Candidate => ({ host, service, model: null })),
  );
  const models = services.flatMap(({ host, service }) => service.models.map((model): ModelCandidate => ({ host, service, model })));
  const byName = new Map<string, ModelCandidate[]>();
  for (const candidate of models)
    for (const name of namesOf(candidate.service, candidate.model.id)) {
      const same = byName.get(name);
      if (same) same.push(candidate);
      else byName.set(name, [candidate]);
    }
  const index = { models, services, byName };
  indexes.set(state, index);
  return index;
}

/** The caller's grants cover this model of this service, under any of its names. */
export function mayUseModel(wanted: Pick<Wanted, "caller" | "use" | "surface">, host: SnapshotHost, service: Service, id: string): boolean {
  return namesOf(service, id).some((model) => mayUse(wanted.caller, host, wanted.use, { surface: wanted.surface, model }));
}

/** Services as a caller may know them: with the models that it may see on some surface. */
export function servicesSeenBy(caller: Caller, host: SnapshotHost, services: readonly Service[]): Service[] {
  return services.map((service) => {
    const isSeen = (id: string) => MODEL_SURFACES.some((surface) => mayUseModel({ caller, use: "model.list", surface }, host, service, id));
    const { default_model: own } = service;
    const models = service.models.filter(({ id }) => isSeen(id));
    return { ...service, models, default_model: own !== null && isSeen(own) ? own : null };
  });
}

const isThere = ({ host }: Candidate) => host.online && host.lanes > 0;
const speaks = (dialect: ModelDialect, { service }: Candidate) => SPOKEN_BY[dialect].includes(service.kind);
const isPinned = (wanted: Wanted) => {
  const pinned = wanted.pin === null ? null : wanted.state.host(wanted.pin);
  return ({ host }: Candidate) => wanted.pin === null || host === pinned;
};
const rank = ({ host, service, model }: Candidate, inFlight: (hostNumber: number) => number): readonly number[] => [
  service.healthy ? 0 : 1,
  model?.loaded === true ? 0 : model?.loaded === null ? 1 : 2,
  inFlight(host.number),
];

/** Those that can be asked now, best first: healthy, then loaded, then the fewest in flight. The order of the others stays. */
export function inOrder<C extends Candidate>(candidates: readonly C[], inFlight: (hostNumber: number) => number): C[] {
  const there = candidates.filter(isThere);
  if (there.length < 2) return there;
  return there
    .map((candidate) => ({ candidate, rank: rank(candidate, inFlight) }))
    .sort((a, b) => a.rank[0]! - b.rank[0]! || a.rank[1]! - b.rank[1]! || a.rank[2]! - b.rank[2]!)
    .map(({ candidate }) => candidate);
}

/** Every model that the caller may use on this surface and that its dialect reaches; offline hosts too. */
export function modelsFor(wanted: Wanted): ModelCandidate[] {
  return indexOf(wanted.state)
    .models.filter((one) => speaks(wanted.dialect, one))
    .filter(isPinned(wanted))
    .filter(({ host, service, model }) => mayUseModel(wanted, host, service, model.id));
}

/** Every service of the dialect on hosts where the caller has the use, whatever its models. */
export function servicesFor(wanted: Wanted): Candidate[] {
  return indexOf(wanted.state)
    .services.filter((one) => speaks(wanted.dialect, one))
    .filter(isPinned(wanted))
    .filter(({ host }) => mayUse(wanted.caller, host, wanted.use, { surface: wanted.surface, model: null }));
}

/** Who can answer for a model by name, online or not. Throws MODEL_NOT_FOUND or DIALECT_UNSUPPORTED. */
export function candidatesFor(wanted: Wanted, name: string): ModelCandidate[] {
  const named = (indexOf(wanted.state).byName.get(name) ?? [])
    .filter(isPinned(wanted))
    .filter(({ host, service, model }) => mayUseModel(wanted, host, service, model.id));
  if (named.length === 0) throw notFound(wanted, name);
  const speaking = named.filter((one) => speaks(wanted.dialect, one));
  if (speaking.length === 0) throw unsupported(named, name);
  return speaking;
}

/** As {@link candidatesFor}, only those that can be asked now, best first. Throws MODEL_OFFLINE when there is none. */
export function choose(wanted: Wanted, name: string, inFlight: (hostNumber: number) => number): ModelCandidate[] {
  const candidates = candidatesFor(wanted, name);
  const there = inOrder(candidates, inFlight);
  if (there.length === 0) throw offline(candidates);
  return there;
}

/** How soon a host that was just started is in the snapshot. */
const SOON_MS = 2_000;

export const offline = (candidates: readonly Candidate[]): AppError =>
  new AppError("MODEL_OFFLINE", { detail: `Not connected: ${shown(hostsOf(candidates))}.`, retryAfterMs: SOON_MS });

export const hostsOf = (candidates: readonly Candidate[]): string[] => [...new Set(candidates.map(({ host }) => host.name))];

/** The first few of a list, for a sentence. */
export function shown(names: readonly string[]): string {
  const first = names.slice(0, NAMES_SHOWN).join(", ");
  return names.length > NAMES_SHOWN ? `${first} and ${names.length - NAMES_SHOWN} more` : first;
}

function notFound(wanted: Wanted, name: string): AppError {
  const where = wanted.pin === null ? "No host that you may use has" : `${JSON.stringify(wanted.pin)} is no host that you may use with`;
  const there = [...new Set(modelsFor({ ...wanted, pin: null }).map(({ model }) => model.id))].sort();
  const others = there.length === 0 ? "There are none for this surface." : `There are: ${shown(there)}.`;
  return new AppError("MODEL_NOT_FOUND", { detail: `${where} the model ${JSON.stringify(name)}. ${others}` });
}

function unsupported(named: readonly ModelCandidate[], name: string): AppError {
  const kinds = new Set(named.map(({ service }) => service.kind));
  const paths = DIALECTS.filter((dialect) => dialect !== "http")
    .filter((dialect) => SPOKEN_BY[dialect].some((kind) => kinds.has(kind)))
    .map((dialect) => `${dialect} (${SURFACE_PATHS[dialect]})`);
  const detail = `${JSON.stringify(name)} is on ${shown(hostsOf(named))}, served by ${[...kinds].join(" and ")}: that speaks ${paths.join(" and ")}.`;
  return new AppError("DIALECT_UNSUPPORTED", { detail });
}
