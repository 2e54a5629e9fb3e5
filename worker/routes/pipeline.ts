// From a request to its handler, step by step as the route's entry says: hostname, credential, origin, rule, query and body.
// Nothing here is particular to one route.
import { ROUTES, type Route, type RouteName } from "../../protocol/api/routes.ts";
import { AppError, ERRORS } from "../../protocol/errors.ts";
import { authorise, checkConfigured } from "../auth/authorize.ts";
import { identify, isUnknown, proofsOf, type Proof } from "../auth/authenticate.ts";
import { checkOrigin } from "../auth/origin.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import { settingsOf } from "../auth/settings.ts";
import { placeOf } from "../auth/surface.ts";
import type { Env } from "../env.ts";
import { readBody, validQuery } from "./body.ts";
import type { Access, Call, Handler, Incoming } from "./call.ts";
import { dialectError } from "./models/errors.ts";
import { problemOf, signInPage } from "./respond.ts";

/** Hostname and request id: the part that cannot know yet whether there is such a route. */
export function incoming(request: Request, env: Env, ctx: ExecutionContext, requestId: string): Incoming {
  const settings = settingsOf(env);
  return { request, env, ctx, settings, place: placeOf(request.url, settings), requestId };
}

export async function serve<N extends RouteName>(
  name: N,
  handler: Handler<N>,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  const requestId = crypto.randomUUID();
  try {
    const route: Route = ROUTES[name];
    const given = incoming(request, env, ctx, requestId);
    if (!route.surfaces.some((surface) => given.place.surfaces.has(surface))) throw new AppError("SURFACE_REFUSED");
    const access = route.rule.who === "public" ? null : await admit(given, route, params);
    if (changes(route, request)) checkOrigin(request.headers, given.place, access?.caller.sessionHash != null);
    const query = route.query && validQuery(route.query, request.url);
    const body = route.body && (await readBody(route.body, request));
    const response = await handler({ ...given, params, access, query, body } as unknown as Call<N>);
    if (route.changes && route.fresh && response.ok) snapshotCacheOf(env).invalidate();
    return response;
  } catch (error) {
    const { dialect = "http" }: Route = ROUTES[name];
    if (isPersonUnknown(error, ROUTES[name], request)) return signInPage(requestId);
    return dialect === "http" ? problemOf(requestId, error, name) : dialectError(dialect, requestId, error, name);
  }
}

/** Reading through a route that takes any method changes nothing; a socket is asked for its origin like a change. */
function changes(route: Route, request: Request): boolean {
  if (route.socket || request.headers.has("upgrade")) return route.rule.who !== "public";
  return route.changes && (route.method !== "ALL" || !["GET", "HEAD", "OPTIONS"].includes(request.method));
}

/** A browser that opens a page without a session: JSON would leave a person nowhere. */
function isPersonUnknown(error: unknown, { answers }: Route, { headers }: Request): boolean {
  const wantsPage = answers[200] === "text/html" && (headers.get("accept") ?? "").includes("text/html");
  return wantsPage && error instanceof AppError && ERRORS[error.code].status === 401;
}

/** Authenticated, and allowed by the route's rule as far as the path tells. */
async function admit(given: Incoming, route: Route, params: Readonly<Record<string, string>>): Promise<Access> {
  const proofs = await authenticate(given);
  const { env, ctx, settings } = given;
  const cache = snapshotCacheOf(env);
  let state = cache.atHand(env, ctx) ?? (await cache.usable(env, ctx));
  if (isUnknown(proofs, state, settings)) state = await cache.newerThan(state, env, ctx);
  const caller = identify(proofs, state, settings);
  checkConfigured(settings, state);
  const access: Access = {
    proofs,
    caller,
    state,
    target: { kind: "none" },
    refresh: async () => {
      access.state = await cache.fresh(env, ctx);
      access.caller = identify(proofs, access.state, settings);
      access.target = authorise(route.rule, access.caller, access.state, params, given.request.method);
    },
  };
  if (route.fresh) await access.refresh();
  else access.target = authorise(route.rule, caller, state, params, given.request.method);
  return access;
}

/** The proofs of a request that has at least one. */
export function authenticate({ request, settings, place }: Incoming): readonly Proof[] | Promise<readonly Proof[]> {
  const proofs = proofsOf(request.headers, settings, place);
  if (Array.isArray(proofs) && proofs.length === 0) throw new AppError("CREDENTIAL_MISSING");
  return proofs;
}
