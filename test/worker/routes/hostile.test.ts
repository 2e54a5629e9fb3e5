// What one caller must not do to others, or get out of the edge: one negative test for each way that was thought of.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { ORIGIN, Edge } from "./edge.ts";
import { enrol } from "./enrolled.ts";
import { makeKeys } from "../host/scripted-relay.ts";

const edge = new Edge();
const BROWSER = { origin: ORIGIN, "sec-fetch-site": "same-origin" };

async function keyWith(name: string, ...grants: unknown[]) {
  const { status, body } = await edge.post("/api/v1/keys", { name, grants });
  expect(status).toBe(201);
  return body;
}
const claim = (code: string) => edge.post("/link/enroll", { code, public_key: makeKeys().publicKey }, { key: null });

async function cookieOf(key: string): Promise<string> {
  const { body } = await edge.post("/api/v1/sign-in-codes", undefined, { key });
  const answer = await edge.post("/session", { code: body.code }, { key: null, headers: BROWSER });
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}

describe("a key that is revoked", () => {
  it("leaves no enrolment code behind that could take over a host", async () => {
    await enrol(edge, "wanted");
    const thief = await keyWith("thief", { role: "admin", hosts: ["*"] });
    const open = await edge.post("/api/v1/enrollments", { host: "wanted" }, { key: thief.key });
    const other = await edge.post("/api/v1/enrollments", { host: "wanted" });
    expect((await edge.ask("DELETE", `/api/v1/keys/${thief.id}`)).status).toBe(204);
    expect(await claim(open.body.code)).toMatchObject({ status: 403, body: { code: "ENROLLMENT_CODE_INVALID" } });
    expect(await claim(other.body.code)).toMatchObject({ status: 201 });
  });

  it.each(["DELETE", "PATCH"])("nor does a grant that is taken back (%s)", async (method) => {
    const key = await keyWith(`demoted by ${method}`, { role: "admin", hosts: ["*"] });
    const { body } = await edge.post("/api/v1/enrollments", { host: "new-by-demoted" }, { key: key.key });
    const { items } = (await edge.get("/api/v1/grants?limit=200")).body;
    const grant = items!.find((item) => item["principal"] === `key:${key.id}`)!;
    const change = method === "PATCH" ? { body: { role: "reader", hosts: ["*"] } } : {};
    expect((await edge.ask(method, `/api/v1/grants/${String(grant["id"])}`, change)).status).toBeLessThan(300);
    expect(await claim(body.code)).toMatchObject({ status: 403 });
  });
});

describe("a key with few rights", () => {
  it("does not fill the table of codes for others", async () => {
    const reader = await keyWith("links", { role: "reader", hosts: ["no-such-host"] });
    const codes: string[] = [];
    for (let i = 0; i <= LIMITS.signInCodesPerPrincipal; i++)
      codes.push((await edge.post("/api/v1/sign-in-codes", undefined, { key: reader.key })).body.code);
    const open = (code: string) => edge.post("/session", { code }, { key: null, headers: BROWSER });
    expect((await open(codes[0]!)).status).toBe(403);
    expect((await open(codes[1]!)).status).toBe(204);
    expect((await open(codes.at(-1)!)).status).toBe(204);
  });

  it("that administers a host for some operations only, cannot label it into others", async () => {
    await enrol(edge, "narrow");
    const narrow = await keyWith(
      "narrow",
      { role: "admin", hosts: ["narrow"], operations: ["command.run"] },
      { role: "operator", labels: ["trusted"], operations: ["*"] },
    );
    for (const [method, more] of [
      ["PATCH", { body: { labels: ["trusted"] } }],
      ["DELETE", {}],
    ] as const)
      expect(await edge.ask(method, "/api/v1/hosts/narrow", { ...more, key: narrow.key })).toMatchObject({ status: 403 });
    const exec = { operation: "command.exec", resource_spec: { argv: ["true"] } };
    expect(await edge.post("/api/v1/hosts/narrow/jobs", exec, { key: narrow.key })).toMatchObject({ status: 403 });
  });

  it("must say in each grant where it holds: hosts or labels, never both or neither", async () => {
    for (const scope of [{}, { hosts: ["*"], labels: ["a"] }]) {
      const grants = [
        { role: "reader", hosts: ["*"] },
        { role: "reader", ...scope },
      ];
      const answer = await edge.post("/api/v1/keys", { name: "vague", grants });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/grants/1/hosts" }] } });
    }
  });

  it("gets nothing again by its Idempotency-Key where it lost the right", async () => {
    const host = await enrol(edge, "taken-back", ["pool"]);
    const key = await keyWith("pooled", { role: "operator", labels: ["pool"] });
    const more = { key: key.key, headers: { "idempotency-key": "mine" } };
    const ask = (pick: string) => {
      const body = { operation: "command.run", resource_spec: { name: "x" }, target: { labels: ["pool"], pick } };
      return edge.post("/api/v1/jobs", body, { ...more, headers: { "idempotency-key": pick } });
    };
    const [one, all] = [await ask("one"), await ask("all")];
    expect([one.status, all.status]).toEqual([202, 202]);
    expect((await ask("one")).body.id).toBe(one.body.id);
    expect((await ask("all")).body.id).toBe(all.body.id);
    await enrol(edge, "still-there", ["pool"]);
    expect((await edge.ask("PATCH", `/api/v1/hosts/${host.id}`, { body: { labels: [] } })).status).toBe(200);
    expect(await ask("one")).toMatchObject({ status: 422, body: { code: "NO_HOST_MATCHES" } });
    expect(await ask("all")).toMatchObject({ status: 404, body: { code: "JOB_NOT_FOUND" } });
  });

  it("does not meet the jobs of others by their Idempotency-Keys", async () => {
    await enrol(edge, "shared");
    const [a, b] = [
      await keyWith("a", { role: "operator", hosts: ["shared"] }),
      await keyWith("b", { role: "operator", hosts: ["shared"] }),
    ];
    const ids = await Promise.all(
      [a, b].map(async ({ key }) => {
        const body = { operation: "command.run", resource_spec: { name: "x" } };
        return (await edge.post("/api/v1/hosts/shared/jobs", body, { key, headers: { "idempotency-key": "same" } })).body.id;
      }),
    );
    expect(ids[0]).toMatch(/^[0-9A-Z]{26}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("holds for a host's name in any case, as a label of the edge's, and never by a relay's own word", async () => {
    await enrol(edge, "Case-Host");
    const key = await keyWith("cased", { role: "reader", hosts: ["CASE-host"] }, { role: "admin", labels: ["GPU"] });
    expect((await edge.get("/api/v1/hosts/case-HOST", { key: key.key })).status).toBe(200);
    expect((await edge.ask("PATCH", "/api/v1/hosts/case-host", { key: key.key, body: { note: "" } })).status).toBe(403);
    await edge.ask("PATCH", "/api/v1/hosts/case-host", { body: { labels: ["gpu"] } });
    expect((await edge.ask("PATCH", "/api/v1/hosts/case-host", { key: key.key, body: { note: "" } })).status).toBe(200);
  });
});

describe("a browser", () => {
  it("with two sessions is nobody: a cookie that another program of the machine set does not win", async () => {
    const [own, foreign] = [
      await cookieOf((await keyWith("own", { role: "reader", hosts: ["*"] })).key),
      await cookieOf((await keyWith("foreign", { role: "reader", hosts: ["*"] })).key),
    ];
    const me = (cookie: string) => edge.get("/api/v1/me", { key: null, headers: { cookie } });
    expect((await me(`${own}; x=y; ${own}`)).status).toBe(200);
    for (const cookie of [`${own}; ${foreign}`, `${foreign}; ${own}`, `${own}; ${own.split("=")[0]}=garbage`])
      expect((await me(cookie)).status).toBe(401);
  });

  it("behind the https of --public-url gets a Secure cookie, and the plain one is not looked at there", async () => {
    const SURFACES = JSON.stringify({ "127.0.0.1": ["app"], "box.example.ts.net": ["app"] });
    const fronted = new Edge({ SURFACES, PUBLIC_URL: "https://box.example.ts.net" });
    for (const [origin, isSecure] of [
      ["http://box.example.ts.net", true],
      ["http://127.0.0.1:8787", false],
    ] as const) {
      const { body } = await fronted.post("/api/v1/sign-in-codes", undefined, { origin });
      const answer = await fronted.post(
        "/session",
        { code: body.code },
        { key: null, origin, headers: { origin: origin.replace("http:", isSecure ? "https:" : "http:") } },
      );
      const [cookie = ""] = answer.headers.get("set-cookie")!.split(";");
      expect(answer.headers.get("set-cookie")!.endsWith("; Secure")).toBe(isSecure);
      expect((await fronted.get("/api/v1/me", { key: null, origin, headers: { cookie } })).status).toBe(200);
      const otherName = isSecure ? cookie.replace("__Host-", "") : `__Host-${cookie}`;
      expect((await fronted.get("/api/v1/me", { key: null, origin, headers: { cookie: otherName } })).status).toBe(401);
    }
  });

  it("keeps no session that it had before signing in: the edge makes each secret itself", async () => {
    const fixed = `__Host-farhand_session=${"A".repeat(43)}`;
    const { body } = await edge.post("/api/v1/sign-in-codes");
    const answer = await edge.post("/session", { code: body.code }, { key: null, headers: { ...BROWSER, cookie: fixed } });
    expect(answer.headers.get("set-cookie")).not.toContain(fixed);
    expect((await edge.get("/api/v1/me", { key: null, headers: { cookie: fixed } })).status).toBe(401);
  });
});

describe("a request", () => {
  it("with headers that proxies set is judged by its own hostname and path", async () => {
    const headers = {
      "x-forwarded-host": "api.edge.test",
      "x-forwarded-proto": "https",
      "x-original-url": "/healthz",
      "x-rewrite-url": "/healthz",
      "x-http-method-override": "DELETE",
      "cf-access-authenticated-user-email": "root@example.com",
    };
    expect((await edge.get("/api/v1/me", { key: null, headers })).status).toBe(401);
    expect((await edge.get("/api/v1/me", { headers, origin: "https://evil.test" })).status).toBe(421);
    expect((await edge.get("/healthz?_method=DELETE", { key: null, headers })).status).toBe(200);
  });

  it("with a header twice is refused where both cannot hold", async () => {
    const twice = (name: string, ...values: string[]) => {
      const request = edge.request("GET", "/api/v1/me", { key: null });
      for (const value of values) request.headers.append(name, value);
      return edge.raw("GET", "/api/v1/me", { key: null, headers: Object.fromEntries(request.headers) });
    };
    const { key } = await keyWith("twice", { role: "reader", hosts: ["*"] });
    expect((await twice("authorization", `Bearer ${key}`)).status).toBe(200);
    for (const [name, ...values] of [
      ["authorization", `Bearer ${key}`, "Bearer fh_other"],
      ["authorization", `Bearer ${key}`, `Bearer ${key}`],
      ["x-api-key", key, "fh_other"],
      ["cf-access-jwt-assertion", "a.b.c", "d.e.f"],
    ] as const)
      expect((await twice(name, ...values)).status, name).toBe(401);
  });

  it("with __proto__ and constructor in it is data like any other, or refused", async () => {
    await enrol(edge, "proto");
    expect(await edge.get("/api/v1/hosts?__proto__=1")).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/__proto__" }] } });
    for (const field of ['"__proto__":{"role":"admin"}', '"constructor":{"prototype":{"x":1}}', '"toString":1']) {
      const texts = [
        `{"operation":"host.info",${field}}`,
        `{"operation":"host.info","resource_spec":{${field}}}`,
        `{"operation":"command.run","resource_spec":{"name":"x","inputs":{${field}}}}`,
        `{"operation":"host.info","metadata":{"annotations":{${field}}}}`,
      ];
      for (const text of texts) expect((await edge.post("/api/v1/hosts/proto/jobs", text)).status, text).toBeLessThan(500);
    }
    expect(({} as Record<string, unknown>)["role"]).toBeUndefined();
    for (const path of [
      "/api/v1/operations/__proto__",
      "/api/v1/operations/constructor",
      "/api/v1/hosts/__proto__",
      "/api/v1/jobs/constructor",
    ])
      expect((await edge.get(path)).status, path).toBe(404);
  });

  it("with thousands of faults gets back a bounded answer", async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`f${i}`, 1]));
    const answers = [await edge.post("/api/v1/keys", many), await edge.post("/api/v1/keys", { ["x".repeat(200_000)]: 1 })];
    for (const { status, text } of answers) {
      expect(status).toBe(422);
      expect(text.length).toBeLessThan(20_000);
    }
  });

  it.each(["wait=99999999", "wait=1e9", 'wait="', "wait=0;wait=60", ",,,,", "wait=0, wait=60", `x=${"a".repeat(8_000)}`])(
    "with Prefer: %s neither fails nor waits for long",
    async (prefer) => {
      await enrol(edge, "preferred");
      const body = { operation: "host.nothing" };
      expect((await edge.post("/api/v1/hosts/preferred/jobs", body, { headers: { prefer } })).status).toBe(422);
    },
  );

  it.each(["\u00e9", "a b", "x".repeat(129), "1;2", "<script>"])("with Last-Event-ID %j is refused, not passed on", async (id) => {
    await enrol(edge, "evented");
    const job = await edge.post("/api/v1/hosts/evented/jobs", { operation: "command.run", resource_spec: { name: "x" } });
    const answer = await edge.get(`/api/v1/jobs/${job.body.id}/events`, { headers: { "last-event-id": id } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/headers/last-event-id" }] } });
  });

  it("for the head of an event stream leaves no reader behind", async () => {
    await enrol(edge, "headed");
    const job = await edge.post("/api/v1/hosts/headed/jobs", { operation: "command.run", resource_spec: { name: "x" } });
    const path = `/api/v1/jobs/${job.body.id}/events`;
    for (let i = 0; i <= LIMITS.eventStreamsPerHost; i++) expect((await edge.raw("HEAD", path)).status).toBe(200);
    const answer = await edge.raw("GET", path);
    expect(answer.status).toBe(200);
    const first = await answer.body!.getReader().read();
    expect(new TextDecoder().decode(first.value)).toContain("event: status");
  });
});
