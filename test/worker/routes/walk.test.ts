// Every route there is, asked by nobody, by a revoked key, by a token of another audience, by who sees another host only, and
// by each role; judged by the rule that the route states. A route without a rule, or a caller that gets further, fails.
import { beforeAll, describe, expect, inject, it } from "vitest";
import { ROUTES, type Route, type RouteName } from "../../../protocol/api/routes.ts";
import { ERRORS } from "../../../protocol/errors.ts";
import { USES } from "../../../protocol/access.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { ROLES, type Role } from "../../../protocol/api/shapes.ts";
import { AUDIENCE, claims, makeKey, publish, sign } from "../auth/tokens.ts";
import { Edge, type Asked, type More } from "./edge.ts";
import { enrol } from "./enrolled.ts";
import { VM_BODIES } from "./vm-bodies.ts";

const [team] = inject("accessTeams");
const edge = new Edge({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE, ADMIN: "root@example.com" });
const routes = Object.entries(ROUTES) as [RouteName, Route][];
const RULES: readonly Route["rule"]["who"][] = ["public", "authenticated", "fleet", "host", "operation", "use", "service", "job"];

/** Bodies that are valid, so that what refuses is the rule. */
const BODIES: Partial<Record<RouteName, unknown>> = {
  sessionCreate: { code: "0".repeat(26) },
  linkEnroll: { code: "0".repeat(26), public_key: `${"A".repeat(59)}=` },
  hostUpdate: { note: "walked" },
  enrollments: { host: "walked" },
  calls: { operation: "host.info" },
  submit: { operation: "command.run", resource_spec: { name: "x" } },
  fanOut: { operation: "command.run", resource_spec: { name: "x" }, target: { host: "walk" } },
  keyCreate: { name: "walked", grants: [{ role: "reader", hosts: ["*"] }] },
  keyUpdate: { name: "walked" },
  grantCreate: { principal: "user:walked", role: "reader", hosts: ["*"] },
  grantUpdate: { role: "reader", hosts: ["*"] },
  terminalTicket: { terminal: "t", mode: "read" },
  ...VM_BODIES,
  vmConsole: {},
};

let jobId: string;
let parentId: string;
const keys: Partial<Record<string, string>> = {};

async function keyWith(name: string, grants: unknown[]): Promise<void> {
  const made = await edge.post("/api/v1/keys", { name, grants });
  expect(made.status).toBe(201);
  keys[name] = made.body.key;
}

beforeAll(async () => {
  const teamKey = await makeKey("walk");
  await publish(team, [teamKey]);
  keys["audience"] = await sign(teamKey, claims(team, { aud: ["another-application"], email: "root@example.com" }));
  await enrol(edge, "walk", ["walked"]);
  await enrol(edge, "elsewhere", ["walked", "else"]);
  const job = await edge.post("/api/v1/hosts/walk/jobs", { operation: "command.run", resource_spec: { name: "x" } });
  jobId = job.body.id;
  const all = { operation: "command.run", resource_spec: { name: "x" }, target: { labels: ["walked"], pick: "all" } };
  parentId = (await edge.post("/api/v1/jobs", all)).body.id;
  for (const role of ROLES) {
    await keyWith(`${role} of all`, [{ role, hosts: ["*"] }]);
    await keyWith(`${role} of walk`, [{ role, hosts: ["walk"] }]);
    await keyWith(`${role} of elsewhere`, [{ role, labels: ["else"] }]);
    await keyWith(`${role} of calls`, [{ role, hosts: ["*"], operations: ["host.*"] }]);
  }
  await keyWith("nothing granted", [{ role: "admin", hosts: ["no-such-host"] }]);
  await keyWith("revoked", [{ role: "admin", hosts: ["*"] }]);
  const listed = await edge.get("/api/v1/keys?limit=200");
  const revoked = listed.body.items!.find((item) => item["name"] === "revoked")!;
  await edge.ask("DELETE", `/api/v1/keys/${String(revoked["id"])}`);
});

/** Ids that there are not, where the rule does not look at them: so that a walk changes nothing that later steps need. */
function pathOf(route: Route, id = jobId): string {
  const path = route.path
    .replace("{host}", "walk")
    .replace("{id}", id)
    .replace("{operation}", "host.info")
    .replace("{service}", "shenron")
    .replace("{digest}", `sha256:${"0".repeat(64)}`)
    .replace(/\{(path|model)\*\}/, "x")
    .replace("{vm}", "00000000-0000-4000-8000-000000000000")
    .replace(/\{(disk|nic|snapshot)\}/, "walked")
    .replace(/\{(key|grant)\}/, "0".repeat(26));
  if (!route.socket) return path;
  return `${path}?${route.rule.who === "public" ? "host=1" : "ticket=x"}`;
}

/** Of a route that takes any method, reading: what it takes to change is in {@link admits} of `POST`. */
const methodOf = (route: Route) => (route.method === "ALL" ? "GET" : route.method);

/** The code of an error, in whichever shape the surface tells it. Nothing in the answer to HEAD. */
function codeIn(body: Record<string, unknown>): string {
  const error = body["error"];
  if (typeof error === "string") return Object.entries(ERRORS).find(([, { message }]) => error.startsWith(message))?.[0] ?? "";
  const said = (error as { code?: unknown } | undefined)?.code ?? body["code"];
  return typeof said === "string" ? said.toUpperCase() : "";
}

async function ask(name: RouteName, route: Route, more: More, id?: string): Promise<Asked> {
  const body = BODIES[name];
  const response = await edge.raw(methodOf(route), pathOf(route, id), { ...more, ...(body === undefined ? {} : { body }) });
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) await response.body?.cancel();
  const text = type.includes("json") ? await response.text() : "";
  const value = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, text: "", body: { ...value, code: codeIn(value) } as Asked["body"] };
}

const closed = routes.filter(([, route]) => route.rule.who !== "public");
const rank = (role: Role) => ROLES.indexOf(role);

/** Is a caller let past the rule? The one table that this test judges by. */
function admits(name: RouteName, rule: Route["rule"], role: Role, scope: string): boolean {
  if (rule.who === "public" || rule.who === "authenticated") return true;
  if (rule.who === "fleet") return scope === "all" && rank(role) >= rank(rule.role);
  // Without a host in the path a grant on any host will do; what it may do there is looked at later.
  if (rule.who === "use" && !ROUTES[name].path.includes("{host}")) return scope !== "calls" && rank(role) >= rank(USES[rule.use]);
  if (scope === "elsewhere") return false;
  if (name === "calls") return true; // of host.info: a reader may read
  if (rule.who === "operation") {
    const risk = rule.operation === undefined ? "change" : findOperation(rule.operation)!.risk;
    return scope !== "calls" && rank(role) >= rank(risk === "read" ? "reader" : "operator");
  }
  if (rule.who === "job") return scope !== "calls" && rank(role) >= rank(rule.role);
  if (rule.who === "use") return scope !== "calls" && rank(role) >= rank(USES[rule.use]);
  if (rule.who === "service") return scope !== "calls"; // asked with GET: a reader may read
  return rank(role) >= rank(rule.role) && !(rule.role === "admin" && scope === "calls");
}

describe("every route", () => {
  it("states a rule, an answer and a surface", () => {
    for (const [name, route] of routes) {
      expect(RULES, name).toContain(route.rule?.who);
      expect(route.surfaces.length, name).toBeGreaterThan(0);
      expect(Object.keys(route.answers).length, name).toBeGreaterThan(0);
      if (route.body) expect(Object.keys(BODIES), `${name}: this test needs a body for it`).toContain(name);
    }
  });

  it("that is public is on the list in API.md", () => {
    const open = routes.filter(([, route]) => route.rule.who === "public").map(([name]) => name);
    expect(open.sort()).toEqual(["healthz", "link", "linkEnroll", "sessionCreate", "signInPage", "signInScript"]);
  });

  it.each(closed)("%s: nobody, a revoked key and a token of another audience are 401", async (name, route) => {
    const isRefused = (asked: Asked, code: string) =>
      expect(asked).toMatchObject({ status: 401, body: { code: route.method === "HEAD" ? "" : code } });
    isRefused(await ask(name, route, { key: null }), "CREDENTIAL_MISSING");
    isRefused(await ask(name, route, { key: keys["revoked"]! }), "CREDENTIAL_INVALID");
    const token = { "cf-access-jwt-assertion": keys["audience"]! };
    isRefused(await ask(name, route, { key: null, headers: token }), "CREDENTIAL_INVALID");
  });

  const callers = ROLES.flatMap((role) => ["all", "walk", "elsewhere", "calls"].map((scope) => [role, scope] as const));
  const ruled = closed.filter(([name, { rule }]) => rule.who !== "authenticated" && name !== "hostDelete");
  it.each(ruled)("%s: each role on each scope gets as far as the rule says", async (name, route) => {
    for (const [role, scope] of callers) {
      const { status, body } = await ask(name, route, { key: keys[`${role} of ${scope}`]! });
      // The answer to HEAD has no code: no other status than 403 refuses there.
      const isAdmitted =
        !["FORBIDDEN", "HOST_NOT_FOUND", "JOB_NOT_FOUND"].includes(body.code) && (route.method !== "HEAD" || status !== 403);
      expect(isAdmitted, `${name} by ${role} of ${scope}: ${status} ${body.code}`).toBe(admits(name, route.rule, role, scope));
      expect(status, `${name} by ${role} of ${scope}`).not.toBe(401);
      if (!isAdmitted) expect([403, 404]).toContain(status);
    }
  });

  it("of a host or job that the caller may not see answers as if it were not there", async () => {
    const named = closed.filter(([, { rule, path }]) => rule.who === "job" || path.includes("{host}"));
    expect(named.map(([name]) => name)).toEqual(expect.arrayContaining(["service", "terminalTicket", "terminalSocket"]));
    for (const [name, route] of named)
      for (const who of ["nothing granted", "operator of elsewhere"]) {
        const seen = await ask(name, route, { key: keys[who]! });
        const code = route.rule.who === "job" ? "JOB_NOT_FOUND" : "HOST_NOT_FOUND";
        expect(seen, `${name} by ${who}`).toMatchObject({ status: 404, body: { code } });
        const missing = await edge.ask(methodOf(route), pathOf(route).replace("walk", "no-such-host").replace(jobId, "0".repeat(26)), {
          key: keys[who]!,
          ...(BODIES[name] === undefined ? {} : { body: BODIES[name] }),
        });
        expect(missing.body, name).toEqual({ ...seen.body, request_id: missing.body["request_id"] });
      }
  });

  it("that takes any method lets a reader read and nothing else", async () => {
    const anyMethod = routes.filter(([, { method }]) => method === "ALL");
    expect(anyMethod.map(([name]) => name)).toContain("service");
    for (const [name, route] of anyMethod.filter(([, { rule }]) => rule.who === "service"))
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        for (const [role, isAdmitted] of [
          ["reader", false],
          ["operator", true],
        ] as const) {
          const { status, body } = await edge.ask(method, pathOf(route), { key: keys[`${role} of walk`]! });
          expect(codeIn(body) !== "FORBIDDEN", `${method} ${name} by ${role}: ${status} ${codeIn(body)}`).toBe(isAdmitted);
        }
  });

  it("of a parent is seen by who sees all of its hosts", async () => {
    for (const name of ["job", "jobEvents", "jobCancel"] as const)
      for (const [who, isSeen] of [
        ["operator of all", true],
        ["operator of walk", false],
        ["operator of calls", false],
      ] as const) {
        const { status } = await ask(name, ROUTES[name], { key: keys[who]! }, parentId);
        expect(status, `${name} by ${who}`).toBe(isSeen ? (name === "jobCancel" ? 202 : 200) : 404);
      }
  });

  it("shows an authenticated caller only what is its own", async () => {
    const more = { key: keys["nothing granted"]! };
    expect(await edge.get("/api/v1/hosts", more)).toMatchObject({ status: 200, body: { items: [] } });
    expect(await edge.get("/api/v1/jobs", more)).toMatchObject({ status: 200, body: { items: [] } });
    expect(await edge.get("/api/v1/jobs?host=walk", more)).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    const submit = (target: unknown) => edge.post("/api/v1/jobs", { operation: "host.info", target }, more);
    expect(await submit({ host: "walk" })).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    expect(await submit({ labels: ["walked"], pick: "all" })).toMatchObject({ status: 422, body: { code: "NO_HOST_MATCHES" } });
  });

  it("answers with a request id and the headers that keep a browser safe", async () => {
    const ids = new Set<string>();
    const inOrder = routes.toSorted(([a], [b]) => Number(a === "hostDelete") - Number(b === "hostDelete"));
    for (const [name, route] of inOrder) {
      const { headers } = await ask(name, route, {});
      expect(headers.get("x-request-id"), name).toMatch(/^[0-9a-f-]{36}$/);
      ids.add(headers.get("x-request-id")!);
      expect(headers.get("x-content-type-options"), name).toBe("nosniff");
      expect(headers.get("cache-control"), name).toBe("no-store");
      expect(headers.get("referrer-policy"), name).toBe("no-referrer");
      expect(headers.get("content-security-policy"), name).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers.get("content-security-policy"), name).not.toContain("unsafe");
    }
    expect(ids.size).toBe(routes.length);
  });

  // The host is removed by then: each caller gets one of that name again.
  it("hostDelete: each role on each scope gets as far as the rule says", async () => {
    for (const [role, scope] of callers) {
      if ((await edge.get("/api/v1/hosts/walk")).status === 404) await enrol(edge, "walk", ["walked"]);
      const { status, body } = await ask("hostDelete", ROUTES.hostDelete, { key: keys[`${role} of ${scope}`]! });
      const isAdmitted = admits("hostDelete", ROUTES.hostDelete.rule, role, scope);
      expect(status, `${role} of ${scope}: ${body.code}`).toBe(isAdmitted ? 204 : scope === "elsewhere" ? 404 : 403);
      expect((await edge.get("/api/v1/hosts/walk")).status).toBe(isAdmitted ? 404 : 200);
    }
  });
});

describe("what is not a route", () => {
  it("is 401 to nobody, 404 to others; a known path with another method is 405 with the methods there are", async () => {
    for (const path of [
      "/api/v1",
      "/api/v1/hosts/",
      "/api/v1/hosts/walk/jobs/x",
      "/apps",
      "/hosts/walk",
      "/v2/models",
      "/mcp",
      "/API/V1/ME",
      "/cdn-cgi/access/certs",
    ]) {
      expect(await edge.get(path, { key: null }), path).toMatchObject({ status: 401 });
      const missing = await edge.get(path);
      expect([missing.status, codeIn(missing.body)], path).toEqual([404, "ROUTE_NOT_FOUND"]);
    }
    const wrong = await edge.ask("PUT", "/api/v1/jobs");
    expect(wrong).toMatchObject({ status: 405, body: { code: "METHOD_NOT_ALLOWED" } });
    expect(wrong.headers.get("allow")!.split(", ").sort()).toEqual(["GET", "POST"]);
    expect(await edge.ask("DELETE", "/healthz", { key: null })).toMatchObject({ status: 401 });
    expect(await edge.ask("OPTIONS", "/api/v1/jobs", { key: null })).toMatchObject({ status: 401 });
  });

  it("HEAD answers like GET without a body", async () => {
    expect(await edge.ask("HEAD", "/api/v1/me")).toMatchObject({ status: 200, text: "" });
    expect(await edge.ask("HEAD", "/api/v1/me", { key: null })).toMatchObject({ status: 401, text: "" });
  });
});
