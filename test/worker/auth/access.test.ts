// Access tokens against a real key server: which are let in, as whom, and which are refused with which code.
import { inject, beforeAll, describe, expect, it, vi } from "vitest";
import { exportJWK, importJWK, SignJWT } from "jose";
import { JWKS_COOLDOWN_MS } from "../../../worker/auth/access.ts";
import { Edge, type More } from "../routes/edge.ts";
import { answerWith, AUDIENCE, claims, fetched, forged, makeKey, publish, sign, type TeamKey } from "./tokens.ts";

const [team, otherTeam] = inject("accessTeams");
const ADMIN_SUB = "user:7335d417-61da-459d-899c-0a01c76a2f94";

let key: TeamKey;
let stranger: TeamKey;
/** Published without `alg`: only the Worker's own list says what may be signed with it. */
let open: TeamKey;
let edge: Edge;

const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);
const withToken = (token: string, more: Record<string, string> = {}): More => ({
  key: null,
  headers: { "cf-access-jwt-assertion": token, ...more },
});

beforeAll(async () => {
  key = await makeKey("first");
  stranger = await makeKey("first");
  open = await makeKey("open");
  delete open.jwk.alg;
  await publish(team, [key, open]);
  edge = new Edge({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: `${AUDIENCE}, another-of-ours`, ADMIN: "ada@example.com", EMBEDDED: "" });
});

describe("a token that holds", () => {
  const admitted: [string, () => Promise<string>, Record<string, unknown>][] = [
    ["of a person", () => sign(key, claims(team)), { principal: ADMIN_SUB, email: "ada@example.com" }],
    ["for another of our audiences", () => sign(key, claims(team, { aud: ["x", "another-of-ours"] })), { principal: ADMIN_SUB }],
    ["with the audience as text", () => sign(key, claims(team, { aud: AUDIENCE })), { principal: ADMIN_SUB }],
    ["by a key that does not say its algorithm", () => sign(open, claims(team)), { principal: ADMIN_SUB }],
    ["without nbf", () => sign(key, claims(team, { nbf: undefined })), { principal: ADMIN_SUB }],
    [
      "of a service token",
      () => sign(key, claims(team, { sub: "", email: undefined, common_name: "88bf3b6d.access" })),
      { principal: "token:88bf3b6d.access", email: null, grants: [] },
    ],
    [
      "of a service token that claims an address",
      () => sign(key, claims(team, { sub: "", common_name: "88bf3b6d.access" })),
      { principal: "token:88bf3b6d.access", email: null, grants: [] },
    ],
  ];
  it.each(admitted)("%s", async (_name, token, me) => {
    expect(await edge.get("/api/v1/me", withToken(await token()))).toMatchObject({ status: 200, body: me });
  });

  it("makes an admin of the address in ADMIN, and of nobody else", async () => {
    const ada = await edge.get("/api/v1/me", withToken(await sign(key, claims(team))));
    expect(ada.body["grants"]).toMatchObject([{ role: "admin", hosts: ["*"], operations: ["*"] }]);
    const bob = await sign(key, claims(team, { sub: "bob", email: "bob@example.com" }));
    expect(await edge.get("/api/v1/keys", withToken(bob))).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
  });
});

describe("a token that does not hold", () => {
  const refused: [string, () => Promise<string> | string][] = [
    ["empty", () => ""],
    ["not a token", () => "not.a-token"],
    ["expired", () => sign(key, claims(team, { iat: now() - 2 * hour, nbf: now() - 2 * hour, exp: now() - hour }))],
    ["not valid yet", () => sign(key, claims(team, { nbf: now() + hour }))],
    ["without exp", () => sign(key, claims(team, { exp: undefined }))],
    ["with exp as text", () => forged({ alg: "RS256", kid: "first" }, claims(team, { exp: "soon" }), "AAAA")],
    ["of another audience: another application of the team", () => sign(key, claims(team, { aud: ["aud-of-the-wiki"] }))],
    ["without an audience", () => sign(key, claims(team, { aud: undefined }))],
    ["with an empty audience", () => sign(key, claims(team, { aud: [] }))],
    ["of another issuer", () => sign(key, claims(otherTeam))],
    ["whose issuer has a slash too many", () => sign(key, claims(`${team}/`))],
    ["without an issuer", () => sign(key, claims(team, { iss: undefined }))],
    ["alg none", () => forged({ alg: "none", kid: "first" }, claims(team))],
    ["alg none with a signature", () => forged({ alg: "none", kid: "first" }, claims(team), "AAAA")],
    ["HS256 with the public key as its secret", () => hs256()],
    ["RS384", () => rs384()],
    ["RS384 by the very key, which does not say its algorithm", () => sameKey("RS384")],
    ["PS256 by the very key, which does not say its algorithm", () => sameKey("PS256")],
    ["unknown kid", () => sign(key, claims(team), { kid: "unknown" })],
    ["signed by another key of that kid", () => sign(stranger, claims(team))],
    ["without kid, signed by a stranger", () => sign(stranger, claims(team), { kid: undefined })],
    ["type: org", () => sign(key, claims(team, { type: "org" }))],
    ["without type", () => sign(key, claims(team, { type: undefined }))],
    ["with neither sub nor common_name", () => sign(key, claims(team, { sub: undefined }))],
    ["with sub and common_name empty", () => sign(key, claims(team, { sub: "", common_name: "" }))],
    ["with a sub that is no text", () => sign(key, claims(team, { sub: ["a"] }))],
    ["with a sub that holds spaces", () => sign(key, claims(team, { sub: "a b" }))],
    ["with a sub that reads as two principals", () => sign(key, claims(team, { sub: "ada+key:admin" }))],
    ["with its payload changed", async () => changed(await sign(key, claims(team)))],
    ["without its signature", async () => (await sign(key, claims(team))).replace(/[^.]+$/, "")],
    ["much too long", () => sign(key, claims(team, { filler: "x".repeat(20_000) }))],
  ];
  it.each(refused)("%s", async (_name, token) => {
    const answer = await edge.get("/api/v1/me", withToken(await token()));
    expect(answer).toMatchObject({ status: 401, body: { code: "CREDENTIAL_INVALID" } });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it("only in the cookie is no credential", async () => {
    const token = await sign(key, claims(team));
    const more = { key: null, headers: { cookie: `CF_Authorization=${token}` } };
    expect(await edge.get("/api/v1/me", more)).toMatchObject({ status: 401, body: { code: "CREDENTIAL_MISSING" } });
  });

  it("absent is 401, also where there is no such route", async () => {
    expect(await edge.get("/api/v1/me", { key: null })).toMatchObject({ status: 401, body: { code: "CREDENTIAL_MISSING" } });
    expect(await edge.get("/api/v1/nothing", { key: null })).toMatchObject({ status: 401 });
    expect(await edge.get("/api/v1/nothing", withToken(await sign(key, claims(team))))).toMatchObject({ status: 404 });
  });

  async function hs256(): Promise<string> {
    const secret = new TextEncoder().encode(JSON.stringify(key.jwk));
    return new SignJWT(claims(team)).setProtectedHeader({ alg: "HS256", kid: "first" }).sign(secret);
  }
  async function sameKey(alg: string): Promise<string> {
    const privateKey = await importJWK(await exportJWK(open.privateKey), alg);
    return sign({ ...open, privateKey: privateKey as TeamKey["privateKey"] }, claims(team), { alg });
  }
  async function rs384(): Promise<string> {
    const other = await makeKey("first", "RS384");
    return sign(other, claims(team), { alg: "RS384" });
  }
  function changed(token: string): string {
    const [header, , signature] = token.split(".");
    return [header, forged({}, claims(team, { sub: "someone-else" })).split(".")[1], signature].join(".");
  }
});

describe("the settings", () => {
  it.each([
    ["no team", { ACCESS_TEAM_DOMAIN: "" }],
    ["no audience", { ACCESS_AUD: "" }],
    ["a team over plain http that is not this machine", { ACCESS_TEAM_DOMAIN: "http://team.example.com" }],
    ["a team that is no origin", { ACCESS_TEAM_DOMAIN: "https://team.example.com/path" }],
  ])("%s: a token is refused, not ignored, also beside a key", async (_name, settings) => {
    const deaf = new Edge({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE, ...settings });
    const headers = { "cf-access-jwt-assertion": await sign(key, claims(team)) };
    expect(await deaf.get("/api/v1/me", { key: null, headers })).toMatchObject({ status: 401, body: { code: "CREDENTIAL_NOT_ACCEPTED" } });
    expect(await deaf.get("/api/v1/me", { headers })).toMatchObject({ status: 401, body: { code: "CREDENTIAL_NOT_ACCEPTED" } });
  });

  it("a cloud deployment without any admin refuses all but public routes", async () => {
    const fresh = new Edge({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE, ADMIN: "", EMBEDDED: "", ADMIN_KEY_HASH: "" });
    const token = await sign(key, claims(team));
    for (const path of ["/api/v1/me", "/api/v1/hosts", "/docs"])
      expect(await fresh.get(path, withToken(token))).toMatchObject({ status: 403, body: { code: "ADMIN_NOT_CONFIGURED" } });
    expect(await fresh.get("/healthz", { key: null })).toMatchObject({ status: 200, body: { status: "ok" } });
  });
});

describe("the keys of the team", () => {
  it("a rotated key is found once the cool-down is over, the old one is refused when it is gone", async () => {
    const second = await makeKey("second");
    const old = await sign(key, claims(team));
    await publish(team, [second]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + JWKS_COOLDOWN_MS + 1 });
    try {
      const token = await sign(second, claims(team));
      expect(await edge.get("/api/v1/me", withToken(token))).toMatchObject({ status: 200, body: { principal: ADMIN_SUB } });
      expect(await edge.get("/api/v1/me", withToken(old))).toMatchObject({ status: 401 });
    } finally {
      vi.useRealTimers();
      await publish(team, [key, second]);
    }
  });

  it("a flood of made-up kids does not become a flood of fetches", async () => {
    const before = await fetched(team);
    for (let i = 0; i < 20; i++)
      expect(await edge.get("/api/v1/me", withToken(await sign(key, claims(team), { kid: `made-up-${i}` })))).toMatchObject({
        status: 401,
      });
    expect((await fetched(team)) - before).toBeLessThanOrEqual(1);
  });

  it.each([
    ["an error", 500, "no"],
    ["a redirect", 302, ""],
    ["a page", 200, "<html>"],
    ["another document", 200, '{"hello":1}'],
  ])("that cannot be read (%s) are 503, not a way in", async (_name, status, body) => {
    const answer = new Edge({ ACCESS_TEAM_DOMAIN: otherTeam, ACCESS_AUD: AUDIENCE, ADMIN: "ada@example.com" });
    await answerWith(otherTeam, status, body);
    const token = await sign(key, claims(otherTeam));
    expect(await answer.get("/api/v1/me", withToken(token))).toMatchObject({ status: 503, body: { code: "ACCESS_KEYS_UNAVAILABLE" } });
  });
});
