// The Hono app: mounts ROUTES and nothing else. What is not listed is 401 before it is 404 or 405.
import { Hono, type Context } from "hono";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { ROUTES, type RouteName } from "../../protocol/api/routes.ts";
import { AppError } from "../../protocol/errors.ts";
import { identify } from "../auth/authenticate.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import type { Env } from "../env.ts";
import type { Handler, Handlers } from "./call.ts";
import { HANDLERS } from "./handlers.ts";
import { dialectError, dialectOf } from "./models/errors.ts";
import { authenticate, incoming, serve } from "./pipeline.ts";
import { problem, problemOf } from "./respond.ts";

type AppContext = Context<{ Bindings: Env }>;

/** OpenAPI's `{host}` in Hono's words; `{path*}` at the end becomes `*`, which also takes the path without it: see ROUTES' order. */
const honoPath = (path: string) => path.replace(/\{[a-z]+\*\}$/, "*").replaceAll(/\{([a-z]+)\}/g, ":$1");

/**
 * The router takes no word beside a parameter (`…/vms/import`, `…/vms/{vm}/start`): such a last word is mounted as a parameter of this
 * name, and compared. Null for every other route.
 */
const WORD = "word";
function wordBesideParameter(name: RouteName): string | null {
  const { method, path } = ROUTES[name];
  const at = path.lastIndexOf("/") + 1;
  const hasNeighbour = Object.values(ROUTES).some((other) => other.method === method && other.path.startsWith(`${path.slice(0, at)}{`));
  return hasNeighbour && !path.endsWith("}") ? path.slice(at) : null;
}

/** What `{name*}` stands for, as it was sent: percent-encodings stay. Empty without one. */
function restOf(path: string, url: string): Readonly<Record<string, string>> {
  const name = /\{([a-z]+)\*\}$/.exec(path)?.[1];
  if (name === undefined) return {};
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", from);
  const sent = url.slice(from, query === -1 ? undefined : query);
  return {
    [name]: sent
      .split("/")
      .slice(path.split("/").length - 1)
      .join("/"),
  };
}

const EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Paths that there are, for telling 405 from 404. */
const PATHS = Object.values(ROUTES).map(({ path, method }) => ({
  pattern: new RegExp(
    `^${path
      .replaceAll(".", "\\.")
      .replaceAll(/\{[a-z]+\*\}/g, ".*")
      .replaceAll(/\{[a-z]+\}/g, "[^/]+")}$`,
  ),
  method,
}));

async function unlisted(c: AppContext): Promise<Response> {
  const requestId = crypto.randomUUID();
  const dialect = dialectOf(c.req.path);
  try {
    const given = incoming(c.req.raw, c.env, c.executionCtx as ExecutionContext, requestId);
    const proofs = await authenticate(given);
    identify(proofs, await snapshotCacheOf(c.env).usable(c.env, given.ctx), given.settings);
    const methods = PATHS.filter(({ pattern }) => pattern.test(c.req.path)).flatMap(({ method }) =>
      method === "ALL" ? EVERY_METHOD : method,
    );
    if (methods.length === 0) throw new AppError("ROUTE_NOT_FOUND");
    const refused = new AppError("METHOD_NOT_ALLOWED");
    const response = dialect ? dialectError(dialect, requestId, refused, "unlisted") : problem(requestId, "METHOD_NOT_ALLOWED");
    response.headers.set("allow", methods.join(", "));
    return response;
  } catch (error) {
    return dialect ? dialectError(dialect, requestId, error, "unlisted") : problemOf(requestId, error, "unlisted");
  }
}

/** The app with these handlers. */
export function appWith(handlers: Handlers): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>({ router: new RegExpRouter() });
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const handler = handlers[name] as Handler<RouteName>;
    const { method, path } = ROUTES[name];
    const word = wordBesideParameter(name);
    const mounted = word === null ? honoPath(path) : `${honoPath(path.slice(0, -word.length))}:${WORD}`;
    const answer = (c: AppContext) => {
      const { [WORD]: said, ...params } = c.req.param() as Record<string, string>;
      if (word !== null && said !== word) return unlisted(c);
      return serve(name, handler, c.req.raw, c.env, c.executionCtx as ExecutionContext, { ...params, ...restOf(path, c.req.raw.url) });
    };
    // Hono asks GET routes for HEAD, and takes the body away.
    if (method === "HEAD") app.get(mounted, (c) => (c.req.raw.method === "HEAD" ? answer(c) : unlisted(c)));
    else app.on(method === "ALL" ? EVERY_METHOD : [method], [mounted], answer);
  }
  app.notFound(unlisted);
  app.onError((error) => problemOf(crypto.randomUUID(), error, "unlisted"));
  return app;
}

export const app = appWith(HANDLERS);
