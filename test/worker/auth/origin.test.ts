// What other sites, foreign hostnames and pages that play a relay can do: nothing, and nothing is written.
import { env as base } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { Edge, ORIGIN, type More } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";
import { AUDIENCE, claims, makeKey, publish, sign } from "./tokens.ts";

const [team] = inject("accessTeams");
const edge = new Edge({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE, ADMIN: "ada@example.com" });
let cookie: string;
let token: string;
let host: { number: number };

beforeAll(async () => {
  const teamKey = await makeKey("origin");
  await publish(team, [teamKey]);
  token = await sign(teamKey, claims(team));
  host = await enrol(edge, "victim");
  const { body } = await edge.post("/api/v1/sign-in-codes");
  const answer = await edge.post("/session", { code: body.code }, { key: null, headers: { origin: ORIGIN } });
  cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
});

/** Everything the objects hold: equal before and after a request that had no effect. */
async function written(): Promise<string> {
  const dump = (_: unknown, state: DurableObjectState) =>
    ["audit", "codes", "keys", "grants", "sessions", "hosts", "jobs"]
      .filter((table) => state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = ?", table).toArray().length > 0)
      .map((table) => [table, state.storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()["n"]]);
  const fleet = await runInDurableObject(base.FLEET.getByName("fleet"), dump);
  const object = await runInDurableObject(base.HOST.getByName(`host-${host.number}`), dump);
  return JSON.stringify([fleet, object]);
}

const SUBMIT: [string, unknown] = ["/api/v1/hosts/victim/jobs", { operation: "host.info" }];
const POSTS: [string, unknown][] = [
  SUBMIT,
  ["/api/v1/enrollments", { host: "evil" }],
  ["/api/v1/keys", { name: "evil", grants: [{ role: "admin", hosts: ["*"] }] }],
  ["/api/v1/sign-in-codes", undefined],
];

describe("a changing request", () => {
  const foreign: [string, Record<string, string>][] = [
    ["from another site", { origin: "https://evil.test" }],
    ["from a sandboxed page", { origin: "null" }],
    ["from another of our hostnames", { origin: "https://api.edge.test" }],
    ["from the same name on another port", { origin: `${ORIGIN}:8443` }],
    ["from the same name over http", { origin: "http://edge.test" }],
    ["that the browser calls cross-site", { origin: ORIGIN, "sec-fetch-site": "cross-site" }],
    ["that the browser calls same-site", { "sec-fetch-site": "same-site" }],
  ];
  const credentials: [string, () => More][] = [
    ["a session", () => ({ key: null, headers: { cookie } })],
    ["an Access token", () => ({ key: null, headers: { "cf-access-jwt-assertion": token } })],
    ["a key", () => ({})],
  ];
  for (const [who, more] of credentials)
    it.each(foreign)(`with ${who} %s is refused and writes nothing`, async (_name, headers) => {
      const before = await written();
      for (const [path, body] of POSTS) {
        const answer = await edge.post(path, body, { ...more(), headers: { ...more().headers, ...headers } });
        expect(answer).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
      }
      expect(await written()).toBe(before);
    });

  it("with a session must say where it comes from", async () => {
    const before = await written();
    expect(await edge.post(...SUBMIT, { key: null, headers: { cookie } })).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    expect(await written()).toBe(before);
    expect(await edge.post(...SUBMIT, { key: null, headers: { cookie, origin: ORIGIN } })).toMatchObject({ status: 202 });
    const fetched = { cookie, "sec-fetch-site": "same-origin" };
    expect(await edge.post(...SUBMIT, { key: null, headers: fetched })).toMatchObject({ status: 202 });
  });

  it("with a key and no browser needs no origin; a proxy may add https", async () => {
    expect(await edge.post(...SUBMIT)).toMatchObject({ status: 202 });
    expect(await edge.post(...SUBMIT, { origin: "http://edge.test", headers: { origin: ORIGIN } })).toMatchObject({ status: 202 });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""])(
    "of type %j is refused and writes nothing",
    async (type) => {
      const before = await written();
      const answer = await edge.post(...SUBMIT, { headers: { "content-type": type } });
      expect(answer).toMatchObject({ status: 415, body: { code: "MEDIA_TYPE_UNSUPPORTED" } });
      expect(await written()).toBe(before);
    },
  );

  it("signing someone else in from another site has no effect", async () => {
    const { body } = await edge.post("/api/v1/sign-in-codes");
    const answer = await edge.post("/session", { code: body.code }, { key: null, headers: { origin: "https://evil.test" } });
    expect(answer).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    expect(answer.headers.has("set-cookie")).toBe(false);
    expect(await edge.post("/session", { code: body.code }, { key: null })).toMatchObject({ status: 204 });
  });
});

describe("a foreign hostname", () => {
  it.each(["https://evil.test", "https://edge.test.evil.test", "https://127.0.0.1", "https://edge.test.", "http://[::1]:8787"])(
    "%s is refused before anything else",
    async (origin) => {
      const before = await written();
      const refused = { status: 421, body: { code: "HOST_HEADER_REFUSED" } };
      expect(await edge.post(...SUBMIT, { origin })).toMatchObject(refused);
      expect(await edge.get("/healthz", { origin, key: null })).toMatchObject(refused);
      expect(await edge.get("/nothing", { origin, key: null })).toMatchObject(refused);
      expect(await written()).toBe(before);
    },
  );

  it.each(["", "not json", '{"edge.test":"app"}', '{"edge.test":["root"]}', "[]"])(
    "with SURFACES %j every hostname is foreign",
    async (text) => {
      expect(await new Edge({ SURFACES: text }).get("/healthz")).toMatchObject({ status: 421 });
    },
  );

  it("of ours serves only what its surfaces have", async () => {
    const refused = { status: 404, body: { code: "SURFACE_REFUSED" } };
    expect(await edge.get("/api/v1/me", { origin: "https://link.edge.test" })).toMatchObject(refused);
    expect(await edge.get("/sign-in", { origin: "https://api.edge.test", key: null })).toMatchObject(refused);
    expect(await edge.get("/link?host=1", { origin: "https://app.edge.test", key: null })).toMatchObject(refused);
    for (const name of ["app", "api", "link"])
      expect(await edge.get("/healthz", { origin: `https://${name}.edge.test:444`, key: null })).toMatchObject({ status: 200 });
  });
});

describe("a relay's socket", () => {
  const socket = (path: string, headers: Record<string, string> = {}): More & { path: string } => ({
    path,
    key: null,
    headers: { upgrade: "websocket", ...headers },
  });

  it.each([ORIGIN, "https://evil.test", "null"])("with the origin %s is not a relay's", async (origin) => {
    const before = await written();
    const { path, ...more } = socket(`/link?host=${host.number}`, { origin });
    expect(await edge.get(path, more)).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    expect(await written()).toBe(before);
  });

  it("opens for a host that there is, without a credential", async () => {
    const { path, ...more } = socket(`/link?host=${host.number}`);
    const answer = await edge.raw("GET", path, more);
    expect(answer.status).toBe(101);
    answer.webSocket!.accept();
    answer.webSocket!.close(1000);
  });

  it("does not open for another number, a wrong query, or without an upgrade", async () => {
    const { path, ...more } = socket("/link?host=16777215");
    expect(await edge.get(path, more)).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    for (const query of [
      "",
      "?host=0",
      "?host=1.5",
      "?host=x",
      `?host=${host.number}&lane=256`,
      `?host=${host.number}&x=1`,
      "?host=1&host=2",
    ])
      expect(await edge.get(`/link${query}`, more)).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
    expect(await edge.get(`/link?host=${host.number}`, { key: null })).toMatchObject({ status: 426, body: { code: "UPGRADE_REQUIRED" } });
  });
});
