// Paths bent in every way that has opened a door elsewhere (ScreenConnect CVE-2024-1709): nothing changes, and no 500. Whoever
// sends a bent path gets what the route it falls on would give, or 401 and 404.
import { describe, expect, it } from "vitest";
import { ROUTES, type Route } from "../../../protocol/api/routes.ts";
import { Edge, ORIGIN } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
const MUTATIONS = 10_000;
const METHODS = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];
const BODY = {
  host: "bent",
  name: "bent",
  code: "0".repeat(26),
  operation: "command.run",
  principal: "user:bent",
  role: "admin",
  hosts: ["*"],
};

/** A repeatable source of numbers below `n` (mulberry32). */
function random(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const next = random(20261121);
const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
const at = (path: string, insert: string, from = next(path.length) + 1) => path.slice(0, from) + insert + path.slice(from);
const hex = (char = "/") => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`;

const BENDS: readonly ((path: string) => string)[] = [
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replace(/^\/api/, "/API"),
  (path) => path.toUpperCase(),
  (path) => path.replaceAll("/", "//"),
  (path) => path.replaceAll("/", "%2f"),
  (path) => path.replaceAll("/", "%252f"),
  (path) => path.replaceAll("/", "\\"),
  (path) => path.replaceAll("/", "/./"),
  (path) => `/healthz/..${path}`,
  (path) => `/sign-in/%2e%2e${path}`,
  (path) => `/healthz/..;${path}`,
  (path) => `${path};.js`,
  (path) => `${path}.json`,
  (path) => `${path}%00`,
  (path) => at(path, "%00"),
  (path) => at(path, "%"),
  (path) => at(path, "%ff"),
  (path) => at(path, "%c0%af"),
  (path) =>
    at(
      path,
      pick(["..", "%2e%2e/", "\u200b", "é", "%0d%0aset-cookie:%20a=b", "*", ":", "{host}", "?", "??", "#", "%23", "%3f", "__proto__"]),
    ),
  (path) => {
    const from = next(path.length - 1) + 1;
    return path.slice(0, from) + hex(path[from]) + path.slice(from + 1);
  },
  (path) => {
    const from = next(path.length - 1) + 1;
    return path.slice(0, from) + hex(path[from]).replace("%", "%25") + path.slice(from + 1);
  },
  (path) => `${path}?${pick(["_method=DELETE", "key=fh_x", "__proto__=1", "constructor=1", "limit[]=1", "%", "a=%ff", "=", "&&&"])}`,
  (path) => path.slice(0, next(path.length) + 1),
  (path) => path + "/a".repeat(next(400)),
  (path) => `${path}${"a".repeat(next(4_000))}`,
];

const HEADERS: readonly Record<string, string>[] = [
  {},
  { "x-http-method-override": "DELETE", "x-http-method": "DELETE", "x-method-override": "DELETE" },
  { "x-original-url": "/api/v1/keys", "x-rewrite-url": "/api/v1/keys", "x-forwarded-prefix": "/api/v1" },
  { "x-forwarded-host": "app.edge.test", "x-forwarded-proto": "http", forwarded: "host=app.edge.test;proto=http", "x-host": "edge.test" },
  {
    "cf-connecting-ip": "127.0.0.1",
    "x-forwarded-for": "127.0.0.1",
    "x-real-ip": "::1",
    "cf-access-authenticated-user-email": "root@example.com",
  },
  { cookie: "CF_Authorization=eyJhbGciOiJub25lIn0.e30.; __Host-farhand_session=; farhand_session=x" },
];

async function state(): Promise<string> {
  const parts = await Promise.all(
    ["hosts", "keys", "grants", "audit", "jobs"].map(async (list) => (await edge.get(`/api/v1/${list}?limit=200`)).body.items!),
  );
  return JSON.stringify(parts, (name, value: unknown) => (name === "last_seen_at" ? null : value));
}

describe("10,000 bent paths", () => {
  it("by nobody and by a reader change nothing, and none is a fault of ours", async () => {
    await enrol(edge, "bent-host");
    const reader = (await edge.post("/api/v1/keys", { name: "reader", grants: [{ role: "reader", hosts: ["*"] }] })).body.key;
    const job = await edge.post("/api/v1/hosts/bent-host/jobs", { operation: "command.run", resource_spec: { name: "x" } });
    const routes = (Object.values(ROUTES) as Route[]).filter(
      (route) => !route.socket && !/session$|sign-in-codes|calls|jobs$/.test(route.path),
    );
    const paths = routes.map(({ path }) =>
      path
        .replace("{host}", "bent-host")
        .replace("{id}", job.body.id)
        .replace("{vm}", "00000000-0000-4000-8000-000000000000")
        .replaceAll(/\{[a-z]+\*?\}/g, "0".repeat(26)),
    );
    const before = await state();
    const faults: string[] = [];
    const opened: string[] = [];
    let answered = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      let path = pick(BENDS)(pick(paths));
      if (next(4) === 0) path = pick(BENDS)(path);
      if (!path.startsWith("/")) path = `/${path}`;
      const method = pick(METHODS);
      const isNobody = next(2) === 0;
      const hasBody = !["GET", "HEAD"].includes(method) && next(2) === 0;
      const response = await edge.raw(method, path, {
        key: isNobody ? null : reader,
        headers: pick(HEADERS),
        ...(hasBody ? { body: BODY } : {}),
      });
      // The host is away, which is no fault of ours. The answer to HEAD does not say so, but that to GET does.
      const isAway = response.status === 503 && (method === "HEAD" || (await response.text()).includes("HOST_OFFLINE"));
      if (!response.bodyUsed) await response.body?.cancel();
      const about = `${isNobody ? "nobody" : "reader"} ${method} ${path}: ${response.status}`;
      if (response.ok) answered += 1;
      if (response.status >= 500 && !isAway) faults.push(about);
      const { pathname } = new URL(ORIGIN + path);
      const isPublic = /^\/(healthz|sign-in|sign-in\.js)$/.test(
        decodeURI(pathname.replaceAll(/%(?![0-9a-f]{2})/gi, "%25").replaceAll(/%[89a-f][0-9a-f]/gi, "")),
      );
      if (isNobody && response.ok && !isPublic) opened.push(about);
      if (!isNobody && response.ok && !["GET", "HEAD"].includes(method)) opened.push(about);
      const leads = response.status >= 300 && response.status < 400;
      if (leads && (isNobody || response.headers.get("location") !== "/app/")) opened.push(about);
    }
    // Some fall on a route all the same: the walk is not one over refusals alone.
    expect(answered).toBeGreaterThan(50);
    expect(faults).toEqual([]);
    expect(opened).toEqual([]);
    expect(await state()).toBe(before);
  }, 120_000);
});
