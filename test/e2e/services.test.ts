// Declared services through the real edge and relay: SHENRON's contract as its callers use it, streams and sockets, and what
// must never pass.
import http from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { EVENTS, LINES, startFakeShenron, type FakeShenron } from "../fixtures/fake-shenron.ts";
import { startProduct, type Product } from "../product.ts";
import { json, until } from "./api.ts";

interface Wish {
  status: string;
  job_id: string;
  synthesized_answer: string;
  result?: { synthesized_answer: string };
}

let product: Product;
let shenron: FakeShenron;
let local: FakeShenron;
let dir: string;

const ROUTES = [
  "GET /health",
  "POST /api/shenron/grant-wish",
  "GET /api/shenron/job-status/*",
  "POST /cancel-job/*",
  "GET /events",
  "GET /lines",
  "GET /page",
  "GET /silent",
  "POST /echo",
  "WS /live",
];

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "farhand-services-"));
  const socket = join(dir, "shenron.sock");
  [shenron, local] = await Promise.all([startFakeShenron(), startFakeShenron(socket)]);
  const routes = JSON.stringify(ROUTES);
  product = await startProduct(`
name = "alpha"
[services.shenron]
kind = "http"
url = "${shenron.url}"
routes = ${routes}
[services.local]
kind = "http"
socket = "${socket}"
routes = ["GET /health"]
[services.down]
kind = "http"
url = "http://127.0.0.1:${await closedPort()}"
routes = ["GET /health"]
`);
  await until(
    "the services at the edge",
    async () => (await product.request("GET", "/hosts/alpha/services/shenron/health")).status === 200,
  );
});

afterAll(async () => {
  await product.stop();
  await Promise.all([shenron.close(), local.close()]);
  await rm(dir, { recursive: true, force: true });
});

const at = (path: string, service = "shenron") => `/hosts/alpha/services/${service}${path}`;

/** As `fetch`, which shows streams and headers as they come. */
function ask(path: string, init: Omit<RequestInit, "headers"> = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${product.ready.api_key}` };
  return fetch(product.ready.url + path, { signal: AbortSignal.timeout(20_000), ...init, headers });
}

describe("SHENRON", () => {
  it("says that it is well", async () => {
    const { status, body } = await json<Wish>(product, "GET", at("/health"));
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "operational", dragon_awakened: true });
  });

  it("grants a wish at once", async () => {
    const { status, body } = await json<Wish>(product, "POST", at("/api/shenron/grant-wish"), {
      query: "rain",
      power_mode: "lightning",
      use_rag: false,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ query: "rain", wish_granted: true, power_mode: "lightning", rag_used: false });
  });

  it("grants a wish as a job that is asked for, and ends one that is cancelled", async () => {
    const wish = () => json<Wish>(product, "POST", at("/api/shenron/grant-wish"), { query: "rain", async_mode: true });
    const [first, second] = [await wish(), await wish()];
    expect(first).toMatchObject({ status: 202, body: { status: "queued" } });
    const job = (made: { body: Wish }) => json<Wish>(product, "GET", at(`/api/shenron/job-status/${made.body.job_id}`));
    expect((await job(first)).body.status).toBe("queued");
    expect((await json<Wish>(product, "POST", at(`/cancel-job/${second.body.job_id}`))).body.status).toBe("cancelled");
    shenron.grant();
    expect((await job(first)).body.result?.synthesized_answer).toContain("rain");
    expect((await job(second)).body.status).toBe("cancelled");
  });
});

describe("a service", () => {
  it("takes a GET with a body", async () => {
    expect((await product.request("GET", at("/health"), { query: "x" })).status).toBe(200);
  });

  it.each([
    ["/events", "text/event-stream", EVENTS.join("")],
    ["/lines", "application/x-ndjson", LINES.join("")],
  ])("%s streams as %s", async (path, type, whole) => {
    const answer = await ask(at(path));
    expect(answer.headers.get("content-type")).toBe(type);
    expect(answer.headers.get("x-farhand-host")).toBe("alpha");
    const pieces: string[] = [];
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) pieces.push(piece);
    expect(pieces.join("")).toBe(whole);
    expect(pieces.length).toBeGreaterThan(1);
  });

  it("takes a body as it comes, and gives it back byte for byte", async () => {
    const bytes = Buffer.alloc(5 * 1024 * 1024);
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
    const answer = await ask(at("/echo"), { method: "POST", body: bytes });
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("has its WebSocket", async () => {
    const url = product.ready.url.replace("http", "ws") + at("/live");
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${product.ready.api_key}` } });
    const got: string[] = [];
    socket.on("message", (data, isBinary) => got.push(`${isBinary}:${(data as Buffer).toString("utf8")}`));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.send("héllo");
    socket.send(Buffer.from("bytes"));
    await until("both back", () => got.length === 2);
    expect(got).toEqual(["false:héllo", "true:bytes"]);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.close(1000);
    expect(await closed).toBe(1000);
  });

  it("at a unix socket is reached", async () => {
    expect((await json<Wish>(product, "GET", at("/health", "local"))).body.status).toBe("operational");
    expect(local.requests.at(-1)?.headers.host).toBe("localhost");
  });

  it("that is down is 502 within a second, as a problem document", async () => {
    const answer = await ask(at("/health", "down"), { signal: AbortSignal.timeout(1_000) });
    expect(answer.status).toBe(502);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(((await answer.json()) as { code: string }).code).toBe("UPSTREAM_UNREACHABLE");
  });

  it("is open on its routes only", async () => {
    const before = shenron.requests.length;
    for (const path of ["/metrics", "/health/", "/health/../metrics", "/%68ealth%2f..%2fmetrics", "//health"]) {
      const { status } = await json(product, "GET", at(path));
      expect(status, path).toBeGreaterThanOrEqual(400);
    }
    expect((await json<{ code: string }>(product, "GET", at("/metrics"))).body.code).toBe("SERVICE_ROUTE_NOT_ALLOWED");
    expect((await json(product, "DELETE", at("/health"))).status).toBe(403);
    expect((await json<{ code: string }>(product, "GET", at("/health", "nothing"))).body.code).toBe("SERVICE_NOT_FOUND");
    expect(shenron.requests.length).toBe(before);
  });

  it("sees neither our credentials nor where a page is from", async () => {
    const headers = { origin: product.ready.url, referer: `${product.ready.url}/app/`, cookie: "theirs=1", "x-kept": "1" };
    await new Promise<void>((resolve, reject) => {
      const sent = http.request(product.ready.url + at("/health"), {
        headers: { authorization: `Bearer ${product.ready.api_key}`, ...headers },
      });
      sent.on("response", (answer) => answer.resume().on("end", resolve)).on("error", reject);
      sent.end();
    });
    const seen = shenron.requests.at(-1)!.headers;
    expect(seen.host).toBe(new URL(shenron.url).host);
    expect(seen["x-kept"]).toBe("1");
    for (const name of ["authorization", "cookie", "origin", "referer", "x-api-key"]) expect(seen[name], name).toBeUndefined();
  });

  it("sets no cookie here, and its pages run no scripts of this origin", async () => {
    const answer = await ask(at("/page"));
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
    expect(await answer.text()).toContain("alert");
  });

  it("is let go when its client goes", async () => {
    const abort = new AbortController();
    const before = shenron.requests.length;
    const asked = fetch(product.ready.url + at("/silent"), {
      headers: { authorization: `Bearer ${product.ready.api_key}` },
      signal: abort.signal,
    });
    const gone = expect(asked).rejects.toThrow();
    const request = await until("the request", () => shenron.requests[before]);
    abort.abort();
    await gone;
    await until("its end", () => request.socket.destroyed);
  });
});
