// HTTP exchanges through a real relay: what passes, what never does, and how each of them ends.
import { createServer as createTcp, type AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IncomingMessage, RequestListener } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { until } from "../link/scripted-edge.ts";
import { laneUnderTest, serviceToml, upstream, type LaneUnderTest, type Upstream } from "../streams/lane-under-test.ts";
import { httpOpen } from "../streams/scripted-lanes.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function begin(
  answer: RequestListener,
  toml: (url: string) => string = serviceToml,
): Promise<{ test: LaneUnderTest; web: Upstream }> {
  const web = await upstream(answer);
  ends.push(() => web.end());
  const test = await laneUnderTest(toml(web.url));
  ends.push(() => test.end());
  return { test, web };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe("an exchange", () => {
  it("passes status, headers, length and body", async () => {
    const { test } = await begin((_request, response) => response.writeHead(203, { "x-a": "b", "content-length": "5" }).end("hello"));
    const seen = test.lanes.open(httpOpen("web", "/x"));
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.head).toMatchObject({ status: 203 });
    expect(seen.head?.headers).toContainEqual(["x-a", "b"]);
    expect(seen.head?.headers).toContainEqual(["content-length", "5"]);
    expect(seen.text).toBe("hello");
  });

  it("takes head, body and end of a small answer in one message", async () => {
    const { test } = await begin((_request, response) => response.end("x"));
    const first = test.lanes.open(httpOpen("web", "/warm"));
    await test.lanes.ended(first);
    const before = test.lanes.messages;
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/x")));
    expect(test.lanes.messages - before).toBe(1);
  });

  it("forwards the path byte for byte", async () => {
    const { test, web } = await begin((_request, response) => response.end());
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/a%20b/%E2%82%AC/c~d|e?q=%2F..&x=[1]")));
    expect(web.requests[0]?.url).toBe("/a%20b/%E2%82%AC/c~d|e?q=%2F..&x=[1]");
  });

  it("rewrites Host and passes neither our credentials nor where a page is from", async () => {
    const { test, web } = await begin((_request, response) => response.end());
    const ours: [string, string][] = [
      ["host", "farhand.example"],
      ["origin", "https://farhand.example"],
      ["referer", "https://farhand.example/app/"],
      ["cookie", "session=secret"],
      ["authorization", "Bearer fh_secret"],
      ["x-api-key", "fh_secret"],
      ["cf-access-jwt-assertion", "secret"],
      ["proxy-authorization", "Basic c2VjcmV0"],
      ["connection", "keep-alive, x-hop"],
      ["x-hop", "1"],
      ["te", "trailers"],
      ["expect", "100-continue"],
      ["accept", "text/plain"],
      ["x-many", "1"],
      ["x-many", "2"],
    ];
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/", { headers: ours })));
    expect(web.requests[0]?.headers).toEqual({
      host: new URL(web.url).host,
      accept: "text/plain",
      "x-many": "1, 2",
      connection: "keep-alive",
    });
  });

  it("adds the upstream's own bearer token", async () => {
    process.env["TEST_INGEST_KEY"] = "own";
    ends.push(() => Promise.resolve(delete process.env["TEST_INGEST_KEY"]));
    const { test, web } = await begin(
      (_request, response) => response.end(),
      (url) => `${serviceToml(url)}bearer_env = "TEST_INGEST_KEY"\n`,
    );
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/", { headers: [["authorization", "Bearer fh_ours"]] })));
    expect(web.requests[0]?.headers.authorization).toBe("Bearer own");
  });

  it("is not asked for with a token that no header can carry", async () => {
    process.env["TEST_BROKEN_KEY"] = "secret\n";
    ends.push(() => Promise.resolve(delete process.env["TEST_BROKEN_KEY"]));
    const { test, web } = await begin(
      (_request, response) => response.end(),
      (url) => `${serviceToml(url)}bearer_env = "TEST_BROKEN_KEY"\n`,
    );
    const seen = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(seen);
    expect(seen.head?.error).toMatchObject({ code: "UPSTREAM_UNREACHABLE", message: expect.stringContaining("TEST_BROKEN_KEY") as string });
    expect(seen.head?.error?.message).not.toContain("secret");
    expect(web.requests).toEqual([]);
  });

  it("passes text of any language in headers, both ways, and leaves out what no program may send", async () => {
    const { test, web } = await begin((_request, response) => {
      const old = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\nx-old: \u00fc\r\n", "latin1");
      response.socket!.end(Buffer.concat([old, Buffer.from("x-name: Grüße €\r\n\r\n")]));
    });
    const headers: [string, string][] = [
      ["x-name", "Grüße €"],
      ["x-bell", "a\u0007b"],
      ["x-del", "a\u007fb"],
      ["x-tab", "a\tb"],
    ];
    for (const body of ["", "x"]) {
      const seen = test.lanes.open(httpOpen("web", "/", { method: "POST", headers }), body);
      expect(await test.lanes.ended(seen)).toBe("whole");
      expect(seen.head?.headers).toEqual(
        expect.arrayContaining([
          ["x-name", "Grüße €"],
          ["x-old", "ü"],
        ]),
      );
    }
    expect(web.requests).toHaveLength(2);
    for (const { headers: got } of web.requests) {
      expect(Buffer.from(got["x-name"] as string, "latin1").toString()).toBe("Grüße €");
      expect(got).toMatchObject({ "x-tab": "a\tb" });
      expect(Object.keys(got)).not.toContain("x-bell");
      expect(Object.keys(got)).not.toContain("x-del");
    }
  });

  it.each([
    ["/base/next?x=1#y", "/next?x=1#y"],
    ["next", "/a/next"],
    ["../b", "/b"],
    ["http://HOST/base/next", "/next"],
    ["http://HOST/elsewhere", undefined],
    ["https://example.com/base/next", "https://example.com/base/next"],
  ])("behind a base path tells a redirect to %s as %s", async (said, told) => {
    const { test, web } = await begin(
      ({ headers }, response) => response.writeHead(302, { location: said.replace("HOST", headers.host!) }).end(),
      (url) => serviceToml(`${url}/base`),
    );
    const seen = test.lanes.open(httpOpen("web", "/a/b?q"));
    await test.lanes.ended(seen);
    expect(web.requests[0]?.url).toBe("/base/a/b?q");
    expect(seen.head?.headers.find(([name]) => name === "location")?.[1]).toBe(told);
  });

  it("passes no cookie and nothing of the connection back", async () => {
    const { test } = await begin((_request, response) =>
      response
        .writeHead(200, { "set-cookie": ["a=1", "b=2"], connection: "x-hop, close", "x-hop": "1", "x-kept": "1", trailer: "x-t" })
        .end("x"),
    );
    const seen = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(seen);
    const names = seen.head?.headers.map(([name]) => name);
    expect(names).toContain("x-kept");
    for (const name of ["set-cookie", "connection", "x-hop", "transfer-encoding", "trailer"]) expect(names).not.toContain(name);
  });

  it.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ] as const)("of %s answered %i has no body", async (method, status) => {
    const { test } = await begin((_request, response) =>
      response.writeHead(status, { "x-a": "b", ...(method === "HEAD" ? { "content-length": "7" } : {}) }).end(),
    );
    const seen = test.lanes.open(httpOpen("web", "/", { method }));
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.head?.status).toBe(status);
    expect(seen.bytes.length).toBe(0);
    if (method === "HEAD") expect(seen.head?.headers).toContainEqual(["content-length", "7"]);
  });

  it("ignores what an upstream says before its answer, and its trailers", async () => {
    const { test } = await begin((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "x-sum": "1" });
      response.end();
    });
    const seen = test.lanes.open(httpOpen("web", "/"));
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.head?.status).toBe(200);
    expect(seen.text).toBe("body");
  });
});

describe("a request's body", () => {
  it("keeps a declared length and goes out as it comes", async () => {
    const { test, web } = await begin((request, response) => void bodyOf(request).then((body) => response.end(body)));
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST", headers: [["content-length", "6"]] }));
    test.lanes.body(seen, 0, Buffer.from("abc"));
    await until("the first half", () => web.requests[0]);
    test.lanes.body(seen, 3, Buffer.from("def"), true);
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(web.requests[0]?.headers["content-length"]).toBe("6");
    expect(seen.text).toBe("abcdef");
  });

  it("without a length is chunked, also while none of it is there", async () => {
    const { test, web } = await begin((request, response) => void bodyOf(request).then((body) => response.end(body)));
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST" }));
    await until("the head", () => web.requests[0]);
    test.lanes.body(seen, 0, Buffer.from("abc"), true);
    await test.lanes.ended(seen);
    expect(web.requests[0]?.headers["transfer-encoding"]).toBe("chunked");
    expect(seen.text).toBe("abc");
  });

  it("of a POST without one has length 0", async () => {
    const { test, web } = await begin((_request, response) => response.end());
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/", { method: "POST" })));
    expect(web.requests[0]?.headers["content-length"]).toBe("0");
  });

  it.each([
    ["longer", "abcdefGET /secret HTTP/1.1\r\n\r\n"],
    ["shorter", "abc"],
  ])("%s than it says reaches no second request", async (_name, body) => {
    const { test, web } = await begin(
      (request, response) =>
        void bodyOf(request)
          .then(() => response.end())
          .catch(() => undefined),
    );
    const seen = test.lanes.open(httpOpen("web", "/", { method: "POST", headers: [["content-length", "6"]] }), body);
    await test.lanes.ended(seen);
    expect(seen.head?.error?.code).toBe("UPSTREAM_FAILED");
    await test.lanes.ended(test.lanes.open(httpOpen("web", "/next")));
    expect(web.requests.map(({ url }) => url)).toContain("/next");
    expect(web.requests.map(({ url }) => url)).not.toContain("/secret");
  });

  it("of 20 MiB stops at the window while the upstream does not read, and goes on when it does", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { test } = await begin((request, response) => {
      void gate.then(() => bodyOf(request)).then((body) => response.end(String(body.length)));
    });
    const total = 20 * 1024 * 1024;
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST", headers: [["content-length", String(total)]] }));
    let sent = 0;
    const pump = () => {
      while (sent < total && sent - seen.bodyAcked < LIMITS.windowBytes) {
        const bytes = Buffer.alloc(Math.min(LIMITS.ackEveryBytes, total - sent, LIMITS.windowBytes - (sent - seen.bodyAcked)), 1);
        test.lanes.body(seen, sent, bytes, sent + bytes.length === total);
        sent += bytes.length;
      }
    };
    let last = -1;
    await until("the sender to stand still", async () => {
      pump();
      const same = last === sent;
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return same;
    });
    expect(sent).toBeLessThan(total / 2);
    go();
    await until("the answer", () => {
      pump();
      return seen.end;
    });
    expect(seen.text).toBe(String(total));
  });
});

describe("an upstream", () => {
  it("that is down is refused within a second, and says why without its address", async () => {
    const closed = createTcp();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const test = await laneUnderTest(serviceToml(`http://127.0.0.1:${port}`));
    ends.push(() => test.end());
    const seen = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(seen, 1_000);
    expect(seen.head).toMatchObject({ status: 502, error: { code: "UPSTREAM_UNREACHABLE" } });
    expect(seen.head?.error?.message).not.toContain(String(port));
    const told = test.edge.hellos[0]?.catalogue.services[0];
    expect(told).toMatchObject({ name: "web", healthy: false });
    expect(told?.detail).not.toContain(String(port));
  });

  it("that closes without an answer failed", async () => {
    const { test } = await begin((request) => request.socket.destroy());
    const seen = test.lanes.open(httpOpen("web", "/", { method: "POST" }), "x");
    await test.lanes.ended(seen);
    expect(seen.head).toMatchObject({ status: 502, error: { code: "UPSTREAM_FAILED" } });
  });

  it.each([
    ["a declared length", { "content-length": "100" }],
    ["chunks", {}],
  ])("that breaks off in the middle of %s leaves a broken answer", async (_name, headers) => {
    const { test } = await begin((request, response) => {
      response.writeHead(200, headers);
      response.write("begin", () => request.socket.destroy());
    });
    const seen = test.lanes.open(httpOpen("web", "/"));
    expect(await test.lanes.ended(seen)).toBe("broken");
    expect(seen.text).toBe("begin");
  });

  it("may be silent: nothing of the exchange waits with a clock", async () => {
    const { test, web } = await begin(() => undefined);
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => web.requests[0]);
    const [socket] = web.sockets;
    expect(socket).toBeDefined();
    // The deadline of connecting is gone when the connection stands.
    await until("no further timer", () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length <= before);
    expect(seen.head).toBeNull();
  });

  it("at a unix socket is reached", async () => {
    const dir = await mkdtemp(join(tmpdir(), "farhand-up-"));
    ends.push(() => rm(dir, { recursive: true, force: true }));
    const path = join(dir, "web.sock");
    const web = await upstream((request, response) => response.end(request.headers.host), path);
    ends.push(() => web.end());
    const test = await laneUnderTest(`[services.web]\nkind = "http"\nsocket = "${path}"\nroutes = ["GET /x"]\n`);
    ends.push(() => test.end());
    const seen = test.lanes.open(httpOpen("web", "/x"));
    await test.lanes.ended(seen);
    expect(seen.text).toBe("localhost");
  });
});

describe("a cancel closes the upstream's connection", () => {
  it("before the answer", async () => {
    const { test, web } = await begin(() => undefined);
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => web.requests[0]);
    test.lanes.cancel(seen);
    await until("its end", () => web.sockets.size === 0, 1_000);
  });

  it("in the middle of the answer", async () => {
    const { test, web } = await begin((_request, response) => void response.write("x"));
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("the head", () => seen.head);
    test.lanes.cancel(seen);
    await until("its end", () => web.sockets.size === 0, 1_000);
  });

  it("in the middle of the upload", async () => {
    const { test, web } = await begin((request) => void request.resume());
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST" }));
    test.lanes.body(seen, 0, Buffer.from("abc"));
    await until("the request", () => web.requests[0]);
    test.lanes.cancel(seen);
    await until("its end", () => web.sockets.size === 0, 1_000);
  });
});

describe("what is not open", () => {
  it("is refused, and reaches nothing", async () => {
    const { test, web } = await begin(
      (_request, response) => response.end(),
      (url) => serviceToml(url, ["GET /a/*", "POST /b/**"]),
    );
    const open = [httpOpen("web", "/a/x?y"), httpOpen("web", "/b/x/y", { method: "POST" }), httpOpen("web", "/a/x", { method: "HEAD" })];
    for (const each of open) {
      const seen = test.lanes.open(each);
      await test.lanes.ended(seen);
      expect(seen.head?.status).toBe(200);
    }
    const closed = [
      "/a",
      "/a/x/y",
      "/a/",
      "/a/%2e%2e",
      "/a/..",
      "/a//x",
      "/a/x%2fy",
      "/a/%5c",
      "/a/%00",
      "/a/%zz",
      "/a/%252e",
      "/b/x",
      "/a/..;",
      "/a/x#y",
    ];
    for (const path of closed) {
      const seen = test.lanes.open(httpOpen("web", path));
      await test.lanes.ended(seen);
      expect(seen.head?.error?.code, path).toBe("SERVICE_ROUTE_NOT_ALLOWED");
    }
    expect(web.requests.length).toBe(open.length);
  });

  it("of a service that is not there is said", async () => {
    const { test } = await begin((_request, response) => response.end());
    const seen = test.lanes.open(httpOpen("nothing", "/"));
    await test.lanes.ended(seen);
    expect(seen.head).toMatchObject({ status: 404, error: { code: "SERVICE_NOT_FOUND" } });
  });
});
