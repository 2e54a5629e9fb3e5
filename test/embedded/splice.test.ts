// The splice alone: real sockets on both sides, with a server on a Unix socket where workerd would be.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSplice, type Splice } from "../../embedded/splice.ts";
import { ERRORS } from "../../protocol/errors.ts";
import { cleanUp, temporary, until } from "./starts.ts";

let path: string;
let splice: Splice;
let server: Server | null;
const sockets: Socket[] = [];

beforeEach(async () => {
  path = join(temporary(), "http.sock");
  splice = await openSplice("127.0.0.1", 0, path, () => {});
  server = null;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  splice.close();
  server?.close();
  await cleanUp();
});

async function serve(onSocket: (socket: Socket) => void): Promise<void> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  server.listen(path);
  await once(server, "listening");
}

function dial(): Socket {
  const socket = connect({ port: splice.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

/** A pair that is spliced: what people hold, and what workerd holds. */
async function pair(): Promise<{ client: Socket; edge: Socket }> {
  const taken = Promise.withResolvers<Socket>();
  await serve(taken.resolve);
  const client = dial();
  return { client, edge: await taken.promise };
}

async function all(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Writes until nothing is taken any more. The bytes that were. */
async function fill(from: Socket): Promise<number> {
  const piece = Buffer.alloc(64 * 1024);
  for (let taken = 0; ;) {
    do taken += piece.length;
    while (from.write(piece));
    const drained = once(from, "drain").then(() => true);
    const isStuck = new Promise<false>((resolve) => setTimeout(() => resolve(false), 300));
    if (!(await Promise.race([drained, isStuck]))) return taken;
  }
}

/** That the whole connection is gone, which a half-close is not: a write to it fails. */
function isGone(edge: Socket): () => boolean {
  let failed = false;
  edge.on("error", () => (failed = true));
  edge.resume();
  return () => {
    if (!failed && !edge.destroyed) edge.write("?");
    return failed || edge.destroyed;
  };
}

describe("bytes", () => {
  it("pass both ways as they are, more of them than any buffer holds", async () => {
    await serve((edge) => edge.pipe(edge));
    const client = dial();
    const sent = randomBytes(12 * 1024 * 1024);
    const got: Buffer[] = [];
    let length = 0;
    client.on("data", (piece: Buffer) => {
      got.push(piece);
      length += piece.length;
    });
    client.write(sent);
    await until("everything is back", () => length === sent.length);
    expect(Buffer.concat(got).equals(sent)).toBe(true);
  });

  it("keep their order and content when many small ones meet a reader that stops now and then", async () => {
    const { client, edge } = await pair();
    const sent = Array.from({ length: 20_000 }, (_, index) => `event ${index} ${"x".repeat(index % 97)}\n`).join("");
    let at = 0;
    const write = () => {
      while (at < sent.length && edge.write(sent.slice(at, (at += 211))));
      if (at < sent.length) edge.once("drain", write);
      else edge.end();
    };
    write();
    let got = "";
    let pieces = 0;
    client.setEncoding("latin1").on("data", (piece: string) => {
      got += piece;
      if (++pieces % 5 > 0) return;
      client.pause();
      setImmediate(() => client.resume());
    });
    await once(client, "end");
    expect(got).toBe(sent);
  });

  it("of two requests on one connection pass, with time between them", async () => {
    await serve((edge) => edge.on("data", (bytes: Buffer) => edge.write(`answer to ${bytes.toString()}`)));
    const client = dial();
    for (const name of ["one", "two"]) {
      client.write(name);
      expect(((await once(client, "data")) as [Buffer])[0].toString()).toBe(`answer to ${name}`);
    }
    expect(client.destroyed).toBe(false);
  });

  it("that nobody reads hold the sender, in both directions", async () => {
    const { client, edge } = await pair();
    for (const socket of [client, edge]) socket.pause();
    for (const from of [client, edge]) expect(await fill(from)).toBeLessThan(32 * 1024 * 1024); // what kernels hold, and little more
  });
});

describe("a client that goes away", () => {
  it("with FIN, also after a whole request, ends the connection to the edge", async () => {
    const { client, edge } = await pair();
    client.write("GET / HTTP/1.1\r\n\r\n");
    await once(edge, "data");
    client.end();
    await until("the edge sees it", isGone(edge));
  });

  it("with RST ends it too", async () => {
    const { client, edge } = await pair();
    client.write("x");
    await once(edge, "data");
    client.resetAndDestroy();
    await until("the edge sees it", isGone(edge));
  });

  it("with RST while nobody takes its upload ends it too", async () => {
    const { client, edge } = await pair();
    edge.pause();
    await fill(client);
    let isClosed = false;
    edge.on("error", () => (isClosed = true));
    client.resetAndDestroy();
    await until("the edge sees it", () => {
      if (!isClosed) edge.write("?");
      return isClosed;
    });
  });
});

describe("the edge's end", () => {
  it("comes after all its bytes, also to a client that still sends", async () => {
    const answer = randomBytes(3_000_000);
    await serve((edge) => {
      edge.end(answer);
      edge.pause();
    });
    const client = dial();
    const timer = setInterval(() => client.write(Buffer.alloc(200_000)), 5);
    try {
      expect((await all(client)).equals(answer)).toBe(true);
    } finally {
      clearInterval(timer);
    }
  });

  it("right after an answer in the middle of an upload leaves the client its answer", async () => {
    await serve((edge) => {
      let taken = 0;
      edge.on("data", ({ length }) => {
        taken += length;
        if (taken < 1_000_000 || edge.destroyed) return;
        edge.write("answer");
        edge.destroy(); // with bytes unread
      });
    });
    for (let round = 0; round < 30; round++) {
      const client = dial();
      let said = "";
      client.on("data", (piece: Buffer) => (said += piece.toString()));
      client.write(Buffer.alloc(8_000_000));
      await once(client, "close").catch(() => undefined);
      expect(said, `round ${round}`).toBe("answer");
    }
  });

  it("in the middle of an upload is a reset for the client, not an end", async () => {
    const { client, edge } = await pair();
    edge.pause();
    edge.write("half of an answ");
    client.resume();
    const failed = once(client, "error") as Promise<[NodeJS.ErrnoException]>;
    await fill(client);
    edge.destroy(); // with bytes unread: the kernel says that this was no orderly end
    expect((await failed)[0].code).toBe("ECONNRESET");
  });
});

describe("no edge", () => {
  it("is said in one answer that programs understand", async () => {
    const client = dial();
    client.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    const [head, body] = (await all(client)).toString().split("\r\n\r\n") as [string, string];
    const { status, remedy, message } = ERRORS.EDGE_STARTING;
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain(`content-length: ${body.length}`);
    expect(JSON.parse(body)).toMatchObject({ code: "EDGE_STARTING", detail: message, remedy, status, retryable: true });
  });

  it("for a moment is waited for", async () => {
    const client = dial();
    client.write("hello");
    await once(client, "connect");
    await serve((edge) => edge.on("data", (bytes: Buffer) => edge.write(bytes)));
    expect(((await once(client, "data")) as [Buffer])[0].toString()).toBe("hello");
  });

  it("that is back on the same path is found again", async () => {
    const { client } = await pair();
    server!.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    await until("the first is gone", () => client.destroyed);
    rmSync(path, { force: true });
    await serve((edge) => edge.end("second"));
    expect((await all(dial())).toString()).toBe("second");
  });
});
