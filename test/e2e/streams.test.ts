// Bytes through the real edge and relay, nothing failing: what the upstream sent is what the client gets, whatever its shape.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProduct, type Product } from "../product.ts";
import { until } from "./api.ts";

const MiB = 1024 * 1024;
const EVENT = 'data: {"t":"é€😀"}\r\n\r\n: \r\n\ndata: [DONE]\n\n';
const LARGE = randomBytes(8 * MiB);
const ZIPPED = gzipSync("zipped ".repeat(1_000));
let product: Product;
let upstream: http.Server;

/** One byte a write: every character is split at every byte. */
async function byteByByte(response: http.ServerResponse): Promise<void> {
  for (const byte of Buffer.from(EVENT.repeat(3))) {
    response.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  response.end();
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname } = new URL(request.url ?? "/", "http://upstream");
  if (pathname === "/bytes") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    void byteByByte(response);
  } else if (pathname === "/large") response.end(LARGE);
  else if (pathname === "/sized") response.writeHead(200, { "content-length": LARGE.length }).end(LARGE);
  else if (pathname === "/zipped") response.writeHead(200, { "content-encoding": "gzip", "content-length": ZIPPED.length }).end(ZIPPED);
  else if (pathname === "/none") response.writeHead(204).end();
  else if (pathname === "/moved") response.writeHead(302, { location: "/none" }).end();
  else if (pathname === "/echo") request.pipe(response);
  else response.writeHead(404).end("no");
}

beforeAll(async () => {
  upstream = http.createServer(answer);
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const routes = ["GET /**", "POST /echo", "HEAD /**"];
  product = await startProduct(
    `name = "box"\n[services.up]\nkind = "http"\nurl = "http://127.0.0.1:${port}"\nroutes = ${JSON.stringify(routes)}\n`,
  );
  await until("the service answers", async () => (await ask("GET", "/none")).status === 204);
});

afterAll(async () => {
  await product?.stop();
  upstream?.closeAllConnections();
  upstream?.close();
});

interface Asked {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** With node:http: nothing is decoded or followed on the way. */
function ask(method: string, path: string, body: Buffer | readonly Buffer[] | null = null): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${product.ready.api_key}` };
    const request = http.request(`${product.ready.url}/hosts/box/services/up${path}`, { method, headers, timeout: 60_000 }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(pieces) }));
    });
    request.on("error", reject).on("timeout", () => request.destroy(new Error("timeout")));
    if (Array.isArray(body)) for (const piece of body as Buffer[]) request.write(piece);
    request.end(Buffer.isBuffer(body) ? body : undefined);
  });
}

describe("an answer", () => {
  it("that comes byte by byte is the same", async () => {
    const { bytes, headers } = await ask("GET", "/bytes");
    expect(bytes.toString()).toBe(EVENT.repeat(3));
    expect(headers["cache-control"]).toBe("no-store, no-transform");
  });

  it("of 8 MiB is the same, with its length where the upstream says it", async () => {
    for (const path of ["/large", "/sized"]) {
      const { bytes, headers } = await ask("GET", path);
      expect(Buffer.compare(bytes, LARGE), path).toBe(0);
      if (path === "/sized") expect(headers["content-length"]).toBe(String(LARGE.length));
    }
  });

  it("that is encoded stays so, byte for byte", async () => {
    const { bytes, headers } = await ask("GET", "/zipped");
    expect(headers["content-encoding"]).toBe("gzip");
    expect(Buffer.compare(bytes, ZIPPED)).toBe(0);
  });

  it("without a body has none; of HEAD its headers; a redirect stays below the service", async () => {
    expect(await ask("GET", "/none")).toMatchObject({ status: 204, bytes: Buffer.alloc(0) });
    const head = await ask("HEAD", "/sized");
    expect(head).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
    expect(head.headers["content-length"]).toBe(String(LARGE.length));
    expect((await ask("GET", "/moved")).headers.location).toBe("/hosts/box/services/up/none");
  });
});

describe("a body", () => {
  it("of known and of unknown length comes back as it was sent", async () => {
    expect(Buffer.compare((await ask("POST", "/echo", LARGE)).bytes, LARGE)).toBe(0);
    const pieces = Array.from({ length: 200 }, (_, i) => LARGE.subarray(i * 7_919, (i + 1) * 7_919));
    expect(Buffer.compare((await ask("POST", "/echo", pieces)).bytes, Buffer.concat(pieces))).toBe(0);
  });
});
