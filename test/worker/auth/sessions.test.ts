// Browser sessions: opened by a one-time code, acting as who made it, ended with it.
import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { Edge, ORIGIN } from "../routes/edge.ts";

const edge = new Edge();
const BROWSER = { origin: ORIGIN, "sec-fetch-site": "same-origin" };
const LOCAL = "http://127.0.0.1:8787";

/** A signed-in browser: its cookie header. */
async function signIn(on: Edge = edge, key?: string): Promise<string> {
  const { body } = await on.post("/api/v1/sign-in-codes", undefined, key === undefined ? {} : { key });
  const answer = await on.post("/session", { code: body.code }, { key: null, headers: BROWSER });
  expect(answer.status).toBe(204);
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}

const asBrowser = (cookie: string, more: Record<string, string> = {}) => ({ key: null, headers: { cookie, ...more } });

describe("a session", () => {
  it("comes in a cookie that scripts and other sites never get", async () => {
    const { body } = await edge.post("/api/v1/sign-in-codes");
    expect(body).toMatchObject({ path: `/sign-in#${body.code}` });
    const answer = await edge.post("/session", { code: body.code }, { key: null, headers: BROWSER });
    expect(answer.headers.get("set-cookie")).toMatch(
      /^__Host-farhand_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=25(91|92)\d{3}; Secure$/,
    );
  });

  it("acts as who made its code", async () => {
    const cookie = await signIn();
    expect(await edge.get("/api/v1/me", asBrowser(cookie))).toMatchObject({ status: 200, body: { principal: "key:admin" } });
    const { body } = await edge.post("/api/v1/keys", { name: "r", grants: [{ role: "reader", hosts: ["*"] }] });
    const lesser = await signIn(edge, body.key);
    expect(await edge.get("/api/v1/me", asBrowser(lesser))).toMatchObject({ body: { principal: `key:${body.id}` } });
    expect(await edge.get("/api/v1/keys", asBrowser(lesser))).toMatchObject({ status: 403 });
  });

  it("is opened once by its code, however often it is tried at once", async () => {
    const { body } = await edge.post("/api/v1/sign-in-codes");
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => edge.post("/session", { code: body.code }, { key: null, headers: BROWSER })),
    );
    expect(tries.filter((answer) => answer.status === 204)).toHaveLength(1);
    expect(tries.filter((answer) => answer.headers.has("set-cookie"))).toHaveLength(1);
  });

  it("does not open with an expired code", async () => {
    const { body } = await edge.post("/api/v1/sign-in-codes");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LIMITS.signInTtlMs + 1 });
    try {
      const answer = await edge.post("/session", { code: body.code }, { key: null, headers: BROWSER });
      expect(answer).toMatchObject({ status: 403, body: { code: "SIGN_IN_CODE_INVALID" } });
    } finally {
      vi.useRealTimers();
    }
  });

  it("ends with the key that made it", async () => {
    const { body } = await edge.post("/api/v1/keys", { name: "r", grants: [{ role: "reader", hosts: ["*"] }] });
    const cookie = await signIn(edge, body.key);
    const open = await edge.post("/api/v1/sign-in-codes", undefined, { key: body.key });
    await edge.ask("DELETE", `/api/v1/keys/${body.id}`);
    expect(await edge.get("/api/v1/me", asBrowser(cookie))).toMatchObject({ status: 401 });
    expect(await edge.post("/session", { code: open.body.code }, { key: null, headers: BROWSER })).toMatchObject({ status: 403 });
  });

  it("ends by signing out, by time, and where keys are not let in by themselves", async () => {
    const cookie = await signIn();
    expect(await new Edge({ API_KEYS: "with-access" }).get("/api/v1/me", asBrowser(cookie))).toMatchObject({ status: 401 });
    const kept = await signIn();
    const out = await edge.ask("DELETE", "/api/v1/session", asBrowser(cookie, BROWSER));
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(await edge.get("/api/v1/me", asBrowser(cookie))).toMatchObject({ status: 401 });
    expect(await edge.get("/api/v1/me", asBrowser(kept))).toMatchObject({ status: 200 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LIMITS.sessionTtlMs + 1 });
    try {
      expect(await edge.get("/api/v1/me", asBrowser(kept))).toMatchObject({ status: 401 });
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not looked at on other surfaces, nor beside a key, nor under the plain name over https", async () => {
    const cookie = await signIn();
    expect(await edge.get("/api/v1/me", { ...asBrowser(cookie), origin: "https://api.edge.test" })).toMatchObject({ status: 401 });
    expect(await edge.get("/api/v1/me", { ...asBrowser(cookie), origin: "https://app.edge.test" })).toMatchObject({ status: 200 });
    expect(await edge.get("/api/v1/me", { key: "fh_wrong", headers: { cookie } })).toMatchObject({ status: 401 });
    expect(await edge.get("/api/v1/me", asBrowser(cookie.replace("__Host-", "")))).toMatchObject({ status: 401 });
  });

  it("on one machine over http does without Secure; the cloud never does", async () => {
    const SURFACES = JSON.stringify({ "127.0.0.1": ["app", "api", "link"] });
    const local = new Edge({ SURFACES });
    const headers = { origin: LOCAL, "sec-fetch-site": "same-origin" };
    const { body } = await local.post("/api/v1/sign-in-codes", undefined, { origin: LOCAL });
    const answer = await local.post("/session", { code: body.code }, { key: null, headers, origin: LOCAL });
    const cookie = answer.headers.get("set-cookie")!;
    expect(cookie).toMatch(/^farhand_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const more = { ...asBrowser(cookie.split(";")[0]!), origin: LOCAL };
    expect(await local.get("/api/v1/me", more)).toMatchObject({ status: 200 });
    expect(await new Edge({ SURFACES, EMBEDDED: "" }).get("/api/v1/me", more)).toMatchObject({ status: 401 });
  });

  it("keeps at most so many for one principal: the oldest goes", async () => {
    const { body } = await edge.post("/api/v1/keys", { name: "many", grants: [{ role: "reader", hosts: ["*"] }] });
    const cookies: string[] = [];
    for (let i = 0; i <= LIMITS.sessionsPerPrincipal; i++) cookies.push(await signIn(edge, body.key));
    const states = await Promise.all(cookies.map(async (cookie) => (await edge.get("/api/v1/me", asBrowser(cookie))).status));
    expect(states.filter((status) => status === 401)).toHaveLength(1);
    expect(states.at(-1)).toBe(200);
  });
});
