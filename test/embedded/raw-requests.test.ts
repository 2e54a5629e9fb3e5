// Requests as no client library writes them, straight to the port of the embedded edge: refused in order, and never a fault
// of the edge (500), which would also fill its log.
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, cleanUp, start, temporary, type Start } from "./starts.ts";

let started: Start;
let ready: Awaited<ReturnType<Start["ready"]>>;
let host: string;

beforeAll(async () => {
  started = start(join(temporary(), "data"), ["--json", "--no-relay"]);
  ready = await started.ready();
  host = new URL(ready.url).host;
});
afterAll(cleanUp, 60_000);

/** Everything that comes back until the edge closes or has been silent for a moment. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(ready.url).port), "127.0.0.1");
    let answer = "";
    socket.setTimeout(500, () => socket.destroy());
    socket.on("data", (bytes: Buffer) => (answer += bytes.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    socket.write(text, "latin1");
  });
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0);
const request = (line: string, ...headers: string[]) => [line, ...headers, "", ""].join("\r\n");
const me = (...hosts: string[]) =>
  request(
    "GET /api/v1/me HTTP/1.1",
    ...hosts.map((name) => `Host: ${name}`),
    `Authorization: Bearer ${ready.api_key}`,
    "Connection: close",
  );

describe("a Host header", () => {
  it("of ours is answered", async () => {
    expect(statusOf(await exchange(me(host)))).toBe(200);
  });

  it.each([
    "evil.test",
    "][",
    "evil.test#127.0.0.1",
    "evil.test\\127.0.0.1",
    "root@127.0.0.1",
    "127.0.0.1.evil.test",

    "a b",
    "%31",
  ])("%s is refused", async (name) => {
    expect([400, 421]).toContain(statusOf(await exchange(me(name))));
  });

  it("that comes twice is refused, whichever is first", async () => {
    expect(statusOf(await exchange(me("evil.test", host)))).toBe(421);
    expect(statusOf(await exchange(me(host, "evil.test")))).toBe(421);
  });

  it("that is missing or empty is refused", async () => {
    expect(statusOf(await exchange(me()))).toBe(400);
    expect(statusOf(await exchange(me("")))).toBe(400);
  });
});

describe("a request", () => {
  const key = () => `Authorization: Bearer ${ready.api_key}`;
  it("with a body that two headers measure differently is one request, not two", async () => {
    const inner = request("GET /api/v1/me HTTP/1.1", `Host: ${host}`, key());
    const outer = request("POST /session HTTP/1.1", `Host: ${host}`, "Content-Length: 4", "Transfer-Encoding: chunked");
    const answer = await exchange(`${outer}0\r\n\r\n${inner}`);
    expect(answer).not.toContain("key:admin");
  });

  it.each([
    "GET /healthz/../api/v1/me HTTP/1.1",
    "GET /healthz/%2e%2e/api/v1/me HTTP/1.1",
    "GET //api/v1/me HTTP/1.1",
    "GET \\api\\v1\\me HTTP/1.1",
    "GET /api/v1/me\0 HTTP/1.1",
    "GET /\xff\xfe HTTP/1.1",
    "GET /%ff%zz HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "TRACE /api/v1/me HTTP/1.1",
    `GET /${"a".repeat(100_000)} HTTP/1.1`,
  ])("%s without a credential is refused", async (line) => {
    const status = statusOf(await exchange(request(line, `Host: ${host}`, "Connection: close")));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it("whose caller goes away in its middle, and all of the above, leave no fault in the log", async () => {
    await exchange(request("POST /session HTTP/1.1", `Host: ${host}`, "Content-Type: application/json", "Content-Length: 100") + "{}");
    expect(await ask<{ principal: string }>(ready, "GET", "/api/v1/me")).toMatchObject({ principal: "key:admin" });
    expect(started.stderr()).not.toContain('"level":"error"');
  });
});
