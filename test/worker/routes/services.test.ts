// Declared services through the routes: which path reaches the host, who may ask, what comes back in whose words. The relay's
// control socket and lane are played by the test.
import { createExecutionContext } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { Service } from "../../../protocol/services.ts";
import { encodeHead, type HeaderList, type Open } from "../../../protocol/link/lane.ts";
import { FRAME, frame } from "../../../protocol/link/frames.ts";
import { encodeSocketText } from "../../../protocol/link/socket-records.ts";
import worker from "../../../worker/index.ts";
import { CATALOGUE, eventually, makeKeys, ScriptedRelay, type HostUnderTest } from "../host/scripted-relay.ts";
import { ScriptedLane } from "../lane/scripted-lane.ts";
import { Edge, type More } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
const service = (name: string, kind: Service["kind"]): Service => ({
  name,
  kind,
  healthy: true,
  detail: "",
  routes: kind === "http" ? ["GET /**"] : [],
  manage: false,
  default_model: null,
  models: [],
});

let host: HostUnderTest;
let control: ScriptedRelay;
let lane: ScriptedLane;
const keys: Record<string, string> = {};

beforeAll(async () => {
  host = await enrol(edge, "box");
  const services = [service("shenron", "http"), service("ollama", "ollama")];
  control = await ScriptedRelay.connect(host, { catalogue: { ...CATALOGUE, services, lanes: 1 } });
  lane = await ScriptedLane.connect({ hostNumber: host.number, lane: 1, publicKey: host.publicKey, privateKey: host.privateKey });
  const told = async () => (await edge.get("/api/v1/hosts/box")).body["capabilities"] as { services: unknown[] } | null;
  await eventually(async () => (await told())?.services.length === 2, "the catalogue");
  const grants: Record<string, object | object[]> = {
    reader: { role: "reader", hosts: ["box"] },
    operator: { role: "operator", hosts: ["box"] },
    "other service": { role: "operator", hosts: ["box"], operations: ["service.other"] },
    "some models": { role: "operator", hosts: ["box"], models: ["llama*"] },
    "some management": [
      { role: "operator", hosts: ["box"], operations: ["service.ollama"] },
      { role: "operator", hosts: ["box"], operations: ["model.manage"], models: ["llama*"] },
    ],
    "other surface": { role: "operator", hosts: ["box"], surfaces: ["openai"] },
  };
  for (const [name, grant] of Object.entries(grants)) {
    const made = await edge.post("/api/v1/keys", { name, grants: [grant].flat() });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    keys[name] = made.body.key;
  }
});

/** Asks, and answers as the service. */
async function through(
  path: string,
  { status = 200, said = [], text = "ok", method = "GET", ...more }: More & { status?: number; said?: HeaderList; text?: string } = {},
): Promise<{ open: Open; response: Response }> {
  const before = lane.frames.filter(({ type }) => type === FRAME.open).length;
  const asked = edge.raw(method, path, more);
  const { channel, open } = await lane.opened(before);
  lane.send(lane.head(channel, status, said), lane.data(channel, text), lane.end(channel));
  return { open, response: await asked };
}

describe("the path of a service", () => {
  it.each([
    ["/a/b?x=1&y=%2F", "/a/b?x=1&y=%2F"],
    ["/a%2Fb/%C3%A9%20c//d/", "/a%2Fb/%C3%A9%20c//d/"],
    ["/", "/"],
    ["/?q", "/?q"],
    ["/x;v=1/@:+,", "/x;v=1/@:+,"],
    ["/a/../b", "/b"],
  ])("%s reaches the host as %s", async (sent, path) => {
    const { open } = await through(`/hosts/box/services/shenron${sent}`);
    expect(open).toMatchObject({ kind: "http", service: "shenron", method: "GET", path, dialect: "http", model: null });
  });

  it("of another host by its id, in any case, is the same; dots do not lead out of the service", async () => {
    expect((await through(`/hosts/${host.id}/services/shenron/x`)).open).toMatchObject({ path: "/x" });
    expect(await edge.get("/hosts/box/services/shenron/../../../me")).toMatchObject({ status: 404 });
  });
});

describe("who may ask", () => {
  const wish = { method: "POST", body: '{"wish":"x"}' };
  it("a reader reads, an operator does all", async () => {
    expect((await through("/hosts/box/services/shenron/x", { key: keys["reader"]! })).response.status).toBe(200);
    expect((await through("/hosts/box/services/shenron/x", { key: keys["operator"]!, ...wish })).response.status).toBe(200);
    const refused = await edge.ask("POST", "/hosts/box/services/shenron/x", { key: keys["reader"]!, body: {} });
    expect(refused).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
  });

  it.each([
    ["other service", "shenron"],
    ["other surface", "shenron"],
    ["some models", "ollama"],
  ])("a key of %s only does not get at %s", async (key, name) => {
    expect(await edge.get(`/hosts/box/services/${name}/x`, { key: keys[key]! })).toMatchObject({ status: 403 });
  });

  it("a method that no service has is refused, and told which there are", async () => {
    const answer = await edge.raw("PROPFIND", "/hosts/box/services/shenron/x", {});
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  });

  it("management of some models is none here, where every model can be named", async () => {
    const manages = async (key: string) =>
      (await through("/hosts/box/services/ollama/api/delete", { method: "DELETE", body: '{"model":"other"}', key: keys[key]! })).open;
    expect(await manages("some management")).toMatchObject({ manage: false });
    expect(await manages("operator")).toMatchObject({ manage: true });
  });

  it("a reader opens no socket, another site none, and a page that changes something must be ours", async () => {
    const upgrade = { upgrade: "websocket" };
    const path = "/hosts/box/services/shenron/ws";
    expect(await edge.get(path, { key: keys["reader"]!, headers: upgrade })).toMatchObject({ status: 403 });
    const foreign = { ...upgrade, origin: "https://evil.example" };
    expect(await edge.get(path, { headers: foreign })).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
    const posted = await edge.ask("POST", path, { headers: { origin: "https://evil.example" }, body: {} });
    expect(posted).toMatchObject({ status: 403, body: { code: "ORIGIN_REFUSED" } });
  });
});

describe("an answer of a service", () => {
  it("is no page of this edge: sandboxed, not sniffed, without cookies", async () => {
    const headers: HeaderList = [
      ["content-type", "text/html"],
      ["set-cookie", "a=b"],
      ["x-frame-options", "SAMEORIGIN"],
    ];
    const { response } = await through("/hosts/box/services/shenron/page", { said: headers, text: "<script>alert(1)</script>" });
    expect(response.headers.get("content-security-policy")).toMatch(/(^|; )sandbox$/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("x-farhand-host")).toBe("box");
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.text()).toBe("<script>alert(1)</script>");
  });

  it.each([
    ["/login?next=%2F", "/hosts/box/services/shenron/login?next=%2F"],
    ["deeper", "/hosts/box/services/shenron/a/deeper"],
    ["?x", "/hosts/box/services/shenron/a/b?x"],
    ["http://127.0.0.1:5000/there#top", "/hosts/box/services/shenron/there#top"],
    ["http://localhost:5000/there", "/hosts/box/services/shenron/there"],
    ["https://evil.example/", null],
    ["//evil.example/", null],
    ["javascript:alert(1)", null],
    ["http://[broken", null],
  ])("that redirects to %s leads to %s", async (location, expected) => {
    const { response } = await through("/hosts/box/services/shenron/a/b", { status: 302, said: [["location", location]] });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(expected);
  });

  it("that the host refuses is a problem document in its words", async () => {
    const before = lane.frames.filter(({ type }) => type === FRAME.open).length;
    const asked = edge.get("/hosts/box/services/shenron/x");
    const { channel } = await lane.opened(before);
    const error = { code: "UPSTREAM_UNREACHABLE", message: "The service does not answer." };
    lane.send(frame(FRAME.head, channel, 0, encodeHead({ status: 502, headers: [], error })), lane.end(channel));
    const { status, headers, body } = await asked;
    expect(status).toBe(502);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(body).toMatchObject({ code: "UPSTREAM_UNREACHABLE", detail: "The service does not answer.", retryable: true });
  });

  it("of an unknown service, host or too long a path is refused here", async () => {
    expect(await edge.get("/hosts/box/services/none/x")).toMatchObject({ status: 404, body: { code: "SERVICE_NOT_FOUND" } });
    expect(await edge.get("/hosts/nobody/services/shenron/x")).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    expect(await edge.get(`/hosts/box/services/shenron/${"x".repeat(9_000)}`)).toMatchObject({ status: 422 });
  });
});

describe("a socket of a service", () => {
  it("is passed through with its protocol, and closed when its key is revoked", { timeout: 20_000 }, async () => {
    const made = await edge.post("/api/v1/keys", { name: "short", grants: [{ role: "operator", hosts: ["box"] }] });
    const before = lane.frames.filter(({ type }) => type === FRAME.open).length;
    const headers = { upgrade: "websocket", "sec-websocket-protocol": "a, b", cookie: "x=y", "x-mine": "1" };
    const request = edge.request("GET", "/hosts/box/services/shenron/ws?q", { key: made.body.key, headers });
    const asked = worker.fetch(request, edge.env, createExecutionContext());
    const { channel, open } = await lane.opened(before);
    expect(open).toMatchObject({ kind: "socket", service: "shenron", path: "/ws?q" });
    expect(Object.fromEntries((open as { headers: HeaderList }).headers)).toEqual({ "sec-websocket-protocol": "a, b", "x-mine": "1" });
    lane.send(lane.head(channel, 101, [["sec-websocket-protocol", "b"]]));
    const response = await asked;
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe("b");
    const heard: unknown[] = [];
    let closed: number | null = null;
    response.webSocket!.addEventListener("message", ({ data }) => heard.push(data));
    response.webSocket!.addEventListener("close", ({ code }) => (closed = code));
    response.webSocket!.accept();
    lane.send(lane.data(channel, encodeSocketText("hi")));
    await eventually(() => heard.length === 1, "a message");
    expect(heard).toEqual(["hi"]);
    await edge.ask("DELETE", `/api/v1/keys/${made.body["id"]}`);
    expect(await eventually(() => closed, "the close")).toBe(1008);
    await lane.heardOf(channel, FRAME.cancel);
  });
});

describe("GET /link of a lane", () => {
  const link = (query: string, headers: Record<string, string> = { upgrade: "websocket" }) =>
    edge.raw("GET", `/link?${query}`, { key: null, headers });

  it("reaches the lane's object, with the host's own key", async () => {
    const response = await link(`host=${host.number}&lane=2`);
    expect(response.status).toBe(101);
    const relay = new ScriptedLane({ hostNumber: host.number, lane: 2, publicKey: "", privateKey: host.privateKey }, response.webSocket!);
    await relay.hello();
    await eventually(() => relay.welcome, "the welcome");
    const stranger = await link(`host=${host.number}&lane=2`);
    const other = new ScriptedLane({ hostNumber: host.number, lane: 2, ...makeKeys() }, stranger.webSocket!);
    await other.hello();
    expect((await other.next("refused")).code).toBe("LINK_SIGNATURE_INVALID");
    relay.close();
  });

  it("refuses what is no relay, no lane and no host", async () => {
    expect((await link(`host=${host.number}&lane=9`)).status).toBe(404);
    expect((await link("host=999&lane=1")).status).toBe(404);
    expect((await link(`host=${host.number}&lane=1`, {})).status).toBe(426);
    expect((await link(`host=${host.number}&lane=1`, { upgrade: "websocket", origin: "https://edge.test" })).status).toBe(403);
  });

  it("of a host that was removed closes what is open and refuses what comes", async () => {
    const gone = await enrol(edge, "gone");
    const relay = await ScriptedLane.connect({ hostNumber: gone.number, lane: 1, publicKey: gone.publicKey, privateKey: gone.privateKey });
    expect((await edge.ask("DELETE", "/api/v1/hosts/gone")).status).toBe(204);
    expect((await relay.next("refused")).code).toBe("HOST_REMOVED");
    await relay.closedWith();
    expect((await link(`host=${gone.number}&lane=1`)).status).toBe(410);
    control.close();
  });
});
