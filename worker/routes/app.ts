// The Hono app: mounts ROUTES and nothing else. What is not listed is 401 before it is 404 or 405.
import { Hono, type Context } from "hono";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { ROUTES, type RouteName } from "../../protocol/api/routes.ts";
import { AppError } from "../../protocol/errors.ts";
import { identify } from "../auth/authenticate.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import type { Env } from "../env.ts";
import type { Handler } from "./call.ts";
import { HANDLERS } from "./handlers.ts";
import { authenticate, incoming, serve } from "./pipeline.ts";
import { problem, problemOf } from "./respond.ts";

type AppContext = Context<{ Bindings: Env }>;

/** OpenAPI's `{host}` in Hono's words. */
const honoPath = (path: string) => path.replaceAll(/\{([a-z]+)\}/g, ":$1");

/** Paths that there are, for telling 405 from 404. */
const PATHS = Object.values(ROUTES).map(({ path, method }) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{[a-z]+\}/g, "[^/]+")}$`),
  method,
}));

async function unlisted(c: AppContext): Promise<Response> {
  const requestId = crypto.randomUUID();
  try {
    const given = incoming(c.req.raw, c.env, c.executionCtx as ExecutionContext, requestId);
    const proofs = await authenticate(given);
    identify(proofs, await snapshotCacheOf(c.env).usable(c.env, given.ctx), given.settings);
    const methods = PATHS.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method);
    if (methods.length === 0) throw new AppError("ROUTE_NOT_FOUND");
    return problem(requestId, "METHOD_NOT_ALLOWED", {}, { allow: methods.join(", ") });
  } catch (error) {
    return problemOf(requestId, error, "unlisted");
  }
}

export const app = new Hono<{ Bindings: Env }>({ router: new RegExpRouter() });

for (const name of Object.keys(ROUTES) as RouteName[]) {
  const handler = HANDLERS[name] as Handler<RouteName>;
  app.on(ROUTES[name].method, honoPath(ROUTES[name].path), (c) =>
    serve(name, handler, c.req.raw, c.env, c.executionCtx as ExecutionContext, c.req.param()),
  );
}
app.notFound(unlisted);
app.onError((error) => problemOf(crypto.randomUUID(), error, "unlisted"));
