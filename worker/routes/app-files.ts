// The web app's files, out of the ASSETS binding, after authentication; and the two ways that lead to it. Which files there are is
// the build's matter (scripts/build.ts): names that it hashed are kept by browsers, the page itself never is.
import { AppError } from "../../protocol/errors.ts";
import { PRODUCT_VERSION } from "../../protocol/version.ts";
import type { Env } from "../env.ts";
import type { Handlers } from "./call.ts";
import { appPage, empty, file, stream } from "./respond.ts";

const APP = "/app/";
const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  webmanifest: "application/manifest+json",
};
/** A file that the build may have made. Nothing else reaches the binding. */
const FILE = /^(assets\/)?[A-Za-z0-9][A-Za-z0-9_-]*\.([a-z0-9]+)$/;
const HASHED = /^assets\/.*-[A-Z0-9]{8}\.[a-z]+$/;
const FOREVER = "private, max-age=31536000, immutable";

/** Both kinds of binding, a directory served by workerd and Cloudflare's own, look at the path alone. */
async function asset(env: Env, path: string): Promise<ReadableStream<Uint8Array>> {
  const answer = await env.ASSETS.fetch(`http://assets/${path}`);
  if (answer.status === 200 && answer.body) return answer.body;
  await answer.body?.cancel();
  throw new AppError("NOT_FOUND", path === "index.html" ? { detail: "This edge was built without its web app." } : {});
}

export const appHandlers: Pick<Handlers, "root" | "app" | "appRoot"> = {
  root({ request, requestId, place }) {
    const isPerson = (request.headers.get("accept") ?? "").includes("text/html");
    if (isPerson && place.surfaces.has("app")) return empty(requestId, 302, { location: APP });
    const text = `Farhand ${PRODUCT_VERSION}. The interface: /docs and /openapi.json.\n`;
    return stream(requestId, 200, new Response(text).body, { "content-type": "text/plain; charset=utf-8" });
  },

  appRoot: ({ requestId }) => empty(requestId, 302, { location: APP }),

  async app({ env, params, requestId }) {
    const { path } = params;
    const name = path.slice(path.lastIndexOf("/") + 1);
    // A screen's address: the page finds out which by itself.
    if (!name.includes(".") || path.startsWith("hosts/")) return appPage(requestId, await asset(env, "index.html"));
    const type = TYPES[FILE.exec(path)?.[2] ?? ""];
    if (type === undefined) throw new AppError("NOT_FOUND");
    return file(requestId, await asset(env, path), type, HASHED.test(path) ? FOREVER : "private, no-cache");
  },
};
