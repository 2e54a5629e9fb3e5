// API keys: where they may stand, what they may do, how they end, and what they are worth beside an Access token.
import { beforeAll, describe, expect, inject, it, vi } from "vitest";
import { ADMIN_KEY, Edge, type Asked } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";
import { AUDIENCE, claims, makeKey, publish, sign, type TeamKey } from "./tokens.ts";

const [team] = inject("accessTeams");
const ACCESS = { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE, ADMIN: "ada@example.com" };
const edge = new Edge();
const READER = [{ role: "reader", hosts: ["*"] }];
const IMPORTED = "an-older-secret-of-ours/+=~!";

let teamKey: TeamKey;
let token: string;

beforeAll(async () => {
  teamKey = await makeKey("keys");
  await publish(team, [teamKey]);
  token = await sign(teamKey, claims(team));
  await enrol(edge, "key-host");
});

async function makeApiKey(more: Record<string, unknown> = {}): Promise<{ id: string; key: string }> {
  const made = await edge.post("/api/v1/keys", { name: "test", grants: READER, ...more });
  expect(made.status).toBe(201);
  return made.body;
}

const me = (headers: Record<string, string>, on = edge): Promise<Asked> => on.get("/api/v1/me", { key: null, headers });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe("a key", () => {
  it("holds in either header, at once, as its own principal", async () => {
    const { id, key } = await makeApiKey();
    expect(key).toMatch(/^fh_[A-Za-z0-9_-]{43}$/);
    for (const headers of [bearer(key), { authorization: `bearer   ${key}` }, { "x-api-key": key }, { ...bearer(key), "x-api-key": key }])
      expect(await me(headers)).toMatchObject({ status: 200, body: { principal: `key:${id}`, credentials: [`key:${id}`] } });
  });

  it("is never shown again, and its hash never leaves", async () => {
    const { id, key } = await makeApiKey();
    const listed = await edge.get("/api/v1/keys?limit=200");
    const shown = listed.body.items!.find((item) => item["id"] === id)!;
    expect(shown).toMatchObject({ prefix: key.slice(0, 8), imported: false, created_by: "key:admin", expires_at: null });
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect(Object.keys(shown)).not.toContain("hash");
  });

  it("may be an imported secret, once", async () => {
    const made = await edge.post("/api/v1/keys", { name: "old", grants: READER, import: IMPORTED });
    expect(made).toMatchObject({ status: 201, body: { key: null, imported: true, prefix: "" } });
    expect(await me({ "x-api-key": IMPORTED })).toMatchObject({ status: 200 });
    const again = await edge.post("/api/v1/keys", { name: "old", grants: READER, import: IMPORTED });
    expect(again).toMatchObject({ status: 422, body: { code: "BODY_INVALID", errors: [{ pointer: "/import" }] } });
    expect(JSON.stringify(again.body)).not.toContain(IMPORTED);
  });

  it.each([
    ["a wrong one", bearer("fh_wrong")],
    ["two different ones", { ...bearer(ADMIN_KEY), "x-api-key": "fh_other" }],
    ["another scheme", { authorization: `Basic ${ADMIN_KEY}` }],
    ["an empty one", { authorization: "Bearer " }],
    ["an empty x-api-key", { "x-api-key": "" }],
    ["with a blank inside", bearer("fh_a b")],
    ["the admin key's hash", bearer(new Edge().env.ADMIN_KEY_HASH!)],
    ["a wrong one beside the right one", { authorization: "Bearer fh_wrong", "x-api-key": ADMIN_KEY }],
  ])("%s is 401", async (_name, headers) => {
    expect(await me(headers)).toMatchObject({ status: 401, body: { code: "CREDENTIAL_INVALID" } });
  });

  it("ends when it is revoked and when it expires", async () => {
    const revoked = await makeApiKey();
    expect(await me(bearer(revoked.key))).toMatchObject({ status: 200 });
    expect(await edge.ask("DELETE", `/api/v1/keys/${revoked.id}`)).toMatchObject({ status: 204 });
    expect(await me(bearer(revoked.key))).toMatchObject({ status: 401 });
    const short = await makeApiKey({ expires_in_ms: 60_000 });
    expect(await me(bearer(short.key))).toMatchObject({ status: 200 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_001 });
    try {
      expect(await me(bearer(short.key))).toMatchObject({ status: 401 });
    } finally {
      vi.useRealTimers();
    }
  });

  it("may do what its grants say: roles, hosts and operations", async () => {
    const { key } = await makeApiKey({ grants: [{ role: "operator", hosts: ["KEY-HOST"], operations: ["host.*"] }] });
    await enrol(edge, "other-host");
    const submit = (host: string, operation: string, resource_spec = {}) =>
      edge.post(`/api/v1/hosts/${host}/jobs`, { operation, resource_spec }, { key });
    expect(await submit("key-host", "host.info")).toMatchObject({ status: 202 });
    expect(await submit("key-host", "command.run", { name: "x" })).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect(await submit("other-host", "host.info")).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    expect(await edge.get("/api/v1/hosts", { key })).toMatchObject({ body: { items: [{ name: "key-host" }] } });
    const reader = await makeApiKey();
    const run = { operation: "command.run", resource_spec: { name: "x" } };
    expect(await edge.post("/api/v1/hosts/key-host/jobs", run, { key: reader.key })).toMatchObject({ status: 403 });
    expect(await edge.post("/api/v1/hosts/key-host/jobs", { operation: "host.info" }, { key: reader.key })).toMatchObject({ status: 202 });
  });
});

describe("API_KEYS", () => {
  const both = (key: string) => ({ ...bearer(key), "cf-access-jwt-assertion": token });
  const refused = { status: 401, body: { code: "CREDENTIAL_NOT_ACCEPTED" } };

  it("allow: each alone, and both together as both", async () => {
    const open = new Edge({ ...ACCESS, API_KEYS: "allow" });
    expect(await me(bearer(ADMIN_KEY), open)).toMatchObject({ status: 200, body: { principal: "key:admin" } });
    const principal = "user:7335d417-61da-459d-899c-0a01c76a2f94+key:admin";
    expect(await me(both(ADMIN_KEY), open)).toMatchObject({ status: 200, body: { principal } });
  });

  it("with-access: never alone", async () => {
    const strict = new Edge({ ...ACCESS, API_KEYS: "with-access" });
    expect(await me(bearer(ADMIN_KEY), strict)).toMatchObject(refused);
    expect(await me({ "x-api-key": ADMIN_KEY }, strict)).toMatchObject(refused);
    expect(await me({ "cf-access-jwt-assertion": token }, strict)).toMatchObject({ status: 200 });
    expect(await me(both(ADMIN_KEY), strict)).toMatchObject({ status: 200 });
  });

  it.each(["off", "no", "ALLOW "])("%j: never, also not beside a token", async (word) => {
    const closed = new Edge({ ...ACCESS, API_KEYS: word });
    expect(await me(bearer(ADMIN_KEY), closed)).toMatchObject(refused);
    expect(await me(both(ADMIN_KEY), closed)).toMatchObject(refused);
    expect(await me({ "cf-access-jwt-assertion": token }, closed)).toMatchObject({ status: 200 });
  });

  it.each(["allow", "with-access"])("%s: a token and a key must both hold", async (word) => {
    const on = new Edge({ ...ACCESS, API_KEYS: word });
    expect(await me(both("fh_wrong"), on)).toMatchObject({ status: 401, body: { code: "CREDENTIAL_INVALID" } });
    const other = await sign(teamKey, claims(team, { aud: ["other"] }));
    expect(await me({ ...bearer(ADMIN_KEY), "cf-access-jwt-assertion": other }, on)).toMatchObject({ status: 401 });
  });

  it("their grants intersect: neither lends to the other", async () => {
    const on = new Edge(ACCESS);
    const reader = await makeApiKey();
    const bob = await sign(teamKey, claims(team, { sub: "bob", email: "bob@example.com" }));
    const make = { name: "x", grants: READER };
    expect(await on.post("/api/v1/keys", make, { key: reader.key, headers: { "cf-access-jwt-assertion": token } })).toMatchObject({
      status: 403,
    });
    expect(await on.post("/api/v1/keys", make, { headers: { "cf-access-jwt-assertion": bob } })).toMatchObject({ status: 403 });
    expect(await on.get("/api/v1/hosts", { headers: { "cf-access-jwt-assertion": bob } })).toMatchObject({ body: { items: [] } });
    expect(await on.get("/api/v1/hosts/key-host", { key: reader.key, headers: { "cf-access-jwt-assertion": token } })).toMatchObject({
      status: 200,
    });
    const run = { operation: "command.run", resource_spec: { name: "x" } };
    const more = { key: reader.key, headers: { "cf-access-jwt-assertion": token } };
    expect(await on.post("/api/v1/hosts/key-host/jobs", run, more)).toMatchObject({ status: 403 });
  });
});

describe("grants of people", () => {
  it("hold by sub and by e-mail address, without its case, and not for a service token", async () => {
    const on = new Edge(ACCESS);
    const grant = { principal: "email:Carol@Example.com", role: "operator", labels: ["Gpu"], operations: ["command.run"] };
    expect(await edge.post("/api/v1/grants", grant)).toMatchObject({ status: 201 });
    await enrol(edge, "gpu-host", ["gpu"]);
    const carol = await sign(teamKey, claims(team, { sub: "carol", email: "carol@example.COM" }));
    expect(await on.get("/api/v1/hosts", { key: null, headers: { "cf-access-jwt-assertion": carol } })).toMatchObject({
      body: { items: [{ name: "gpu-host" }] },
    });
    const robot = await sign(teamKey, claims(team, { sub: "", common_name: "robot", email: "carol@example.com" }));
    expect(await on.get("/api/v1/hosts", { key: null, headers: { "cf-access-jwt-assertion": robot } })).toMatchObject({
      body: { items: [] },
    });
  });
});
