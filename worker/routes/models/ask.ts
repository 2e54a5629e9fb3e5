// One request of the model plane: names are found, a host is chosen, the bytes go there and its answer comes back. Every
// surface asks through here.
import { AppError, type ErrorCode } from "../../../protocol/errors.ts";
import type { Use } from "../../../protocol/access.ts";
import type { ModelSurface } from "../../../protocol/services.ts";
import { identify } from "../../auth/authenticate.ts";
import { mayUseEveryModel } from "../../auth/authorize.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import { fleetOf } from "../../fleet/objects.ts";
import type { LaneRefusal } from "../../lane/contract.ts";
import { choose, inOrder, offline, servicesFor, type Candidate, type ModelDialect, type Wanted } from "../../routing/models.ts";
import { accessOf, actorOf, type Access, type Call, type Incoming } from "../call.ts";
import { dialectError } from "./errors.ts";
import { namesIn, type Names } from "./names.ts";
import { sendable, takeBody, type PassedBody, type Watch } from "./passed-body.ts";
import type { Plane } from "./plane.ts";
import { stillAllowed } from "./still.ts";

/** Hosts that are tried for one request. */
const ATTEMPTS = 3;
/** Of an open's path. */
const PATH_CHARS = 8 * 1024;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export interface Asking {
  readonly dialect: ModelDialect;
  readonly surface: ModelSurface;
  readonly use: Use;
  /** Keys of the body that name the model, the first one that is there counts. */
  readonly keys: readonly string[];
  /** Path and query at the service. */
  readonly path: string;
  /** Written to the audit list before anything is sent; absent: it changes nothing. */
  readonly action?: string;
  /** Instead of the request's own. */
  readonly headers?: Headers;
  /** Hosts to try, best first; throws AppError where there is none. */
  readonly choose: (wanted: Wanted, names: Names, body: PassedBody | null, plane: Plane) => readonly Candidate[];
}

export type AnyCall = Incoming & Pick<Call, "access">;

/** Path and query of a request as they came. */
export function pathOf(url: string): string {
  const slash = url.indexOf("/", 8);
  const hash = url.indexOf("#");
  return url.slice(slash, hash === -1 ? undefined : hash);
}

export function wantedOf(access: Access, asking: Pick<Asking, "dialect" | "surface" | "use">, pin: string | null): Wanted {
  const { dialect, surface, use } = asking;
  return { caller: access.caller, state: access.state, dialect, surface, use, pin };
}

/** By the model's name; without one the only service there is answers, where the caller may use all of its models. */
export const chooseByName: Asking["choose"] = (wanted, names, body, plane) => {
  if (names.model !== null) return choose(wanted, names.model, plane.inFlight).map((one) => proven(wanted, names, body, one));
  const services = servicesFor(wanted);
  const [only] = services;
  if (!only || services.length > 1 || !mayUseEveryModel(wanted.caller, only.host, wanted.use, wanted.surface))
    throw new AppError("MODEL_MISSING");
  const there = inOrder(services, plane.inFlight);
  if (there.length === 0) throw offline(services);
  const [model = null, ...others] = only.service.models;
  return there.map((one) => ({ ...one, model: others.length === 0 ? model : null }));
};

/** A caller of some models only must not get at others by a name that the edge and the server read differently. */
export function proven<C extends Candidate>(wanted: Wanted, names: Names, body: PassedBody | null, candidate: C): C {
  if (mayUseEveryModel(wanted.caller, candidate.host, wanted.use, wanted.surface)) return candidate;
  const isReadable = body?.names != null && !body.names.isAmbiguous && (names.isInBody || body.rest !== null);
  if (!isReadable) throw new AppError("MODEL_UNPROVEN");
  return candidate;
}

/** The same for a body that streams on: the rest must not name another model. Null: the caller may use every model. */
function watchFor(wanted: Wanted, asking: Asking, names: Names, body: PassedBody, { host }: Candidate): Watch | null {
  if (body.rest === null || mayUseEveryModel(wanted.caller, host, wanted.use, wanted.surface)) return null;
  return (isEnd) => {
    const found = asking.keys.map((key) => body.names?.found(key) ?? null).filter((one) => one !== null);
    // What stands in the head is known. Behind it nothing is cut out, so a pin there would be a part of the name.
    const isSame = found.every(({ start, value }) => start < body.head.length || value === names.model || names.all.includes(value));
    const isWhole = !isEnd || (body.names?.state === "ended" && found.length > 0);
    if (!isSame || !isWhole || body.names?.isAmbiguous !== false) throw new AppError("MODEL_UNPROVEN");
  };
}

/** Throws AppError as long as nothing was sent; after that the answer is the upstream's, or an error in the dialect's shape. */
export async function ask(call: AnyCall, plane: Plane, asking: Asking): Promise<Response> {
  const { method, headers } = call.request;
  const body = method === "GET" || method === "HEAD" ? null : await takeBody(call.request, asking.keys);
  return askWith(call, plane, asking, body, namesIn(body, headers, asking.keys));
}

/** As {@link ask}, for a body that was taken. */
export async function askWith(call: AnyCall, plane: Plane, asking: Asking, body: PassedBody | null, names: Names): Promise<Response> {
  const chosen = await freshly(call, () => {
    const wanted = wantedOf(accessOf(call), asking, names.pin);
    return { wanted, names, body, candidates: asking.choose(wanted, names, body, plane) };
  });
  if (asking.action !== undefined) await record(call, asking.action, chosen);
  return send(call, plane, asking, chosen);
}

async function record(call: AnyCall, action: string, { names, candidates }: Chosen): Promise<void> {
  await fleetOf(call.env).record(actorOf(call), { action, subject: names.model ?? "", host: candidates[0]!.host.name });
}

/** Refusals that a host which just came, or a model which was just pulled, would change. */
const MAY_HAVE_CHANGED: ReadonlySet<ErrorCode> = new Set(["MODEL_NOT_FOUND", "MODEL_OFFLINE"]);

/** Decides by the snapshot at hand; where that refuses, once more by a newer one if it can be had. */
export async function freshly<T>(call: AnyCall, decide: () => T): Promise<T> {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof AppError) || !MAY_HAVE_CHANGED.has(error.code)) throw error;
    const access = accessOf(call);
    const state = await snapshotCacheOf(call.env).newerThan(access.state, call.env, call.ctx);
    if (state === access.state || state.snapshot.version === access.state.snapshot.version) throw error;
    access.state = state;
    access.caller = identify(access.proofs, state, call.settings);
    return decide();
  }
}

interface Chosen {
  readonly wanted: Wanted;
  readonly names: Names;
  readonly body: PassedBody | null;
  readonly candidates: readonly Candidate[];
}

async function send(call: AnyCall, plane: Plane, asking: Asking, chosen: Chosen): Promise<Response> {
  const access = accessOf(call);
  const { body, names, wanted } = chosen;
  for (let attempt = 0; ; attempt++) {
    const candidate = chosen.candidates[attempt]!;
    const fault = body?.rest ? new AbortController() : null;
    const sent = body
      ? sendable(body, names.edits, watchFor(wanted, asking, names, body, candidate), (error) => fault?.abort(error))
      : { body: null, contentLength: null };
    const headers = body === null ? asking.headers : headersFor(call, wanted, asking, candidate);
    const result = await plane.exchange({
      ...call,
      ...sent,
      ...(headers ? { headers } : {}),
      ...(fault ? { signal: fault.signal } : {}),
      access,
      host: candidate.host,
      open: openOf(call, asking, candidate),
      still: stillAllowed({ ...call, access }, asking, candidate),
    });
    if (fault?.signal.reason instanceof AppError) throw fault.signal.reason;
    if ("response" in result) return result.response;
    const isLast = attempt + 1 >= Math.min(chosen.candidates.length, ATTEMPTS);
    if (isLast || !result.refused.untouched || fault !== null) return refusal(call, asking.dialect, result.refused, candidate);
  }
}

/** What was read here as JSON must not be read as something else there. */
function headersFor({ request }: AnyCall, wanted: Wanted, { headers }: Asking, { host }: Candidate): Headers | undefined {
  if (mayUseEveryModel(wanted.caller, host, wanted.use, wanted.surface)) return headers;
  const passed = new Headers(headers ?? request.headers);
  passed.set("content-type", "application/json");
  return passed;
}

export function openOf(call: AnyCall, asking: Pick<Asking, "dialect" | "surface" | "use" | "path">, { service, model }: Candidate) {
  if (asking.path.length > PATH_CHARS) throw new AppError("BODY_INVALID", { errors: [{ pointer: "/path", message: "is too long" }] });
  return {
    service: service.name,
    method: METHODS.find((known) => known === call.request.method) ?? "POST",
    path: asking.path,
    dialect: asking.dialect,
    surface: asking.surface,
    model: model?.id ?? null,
    manage: asking.use === "model.manage",
  } as const;
}

/** What a lane or a relay refused, in the dialect's shape. */
export function refusal(call: AnyCall, dialect: ModelDialect, refused: LaneRefusal, { host }: Candidate): Response {
  const details = { detail: refused.message, ...(refused.retryAfterMs === undefined ? {} : { retryAfterMs: refused.retryAfterMs }) };
  const response = dialectError(dialect, call.requestId, new AppError(refused.code, details), "exchange", !refused.untouched);
  response.headers.set("x-farhand-host", host.name);
  return response;
}
