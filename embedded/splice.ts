// What people connect to: a TCP splice in front of workerd, which listens on a Unix socket that is this user's alone. It exists
// because workerd tells the Worker of a client that went away at once only when the whole connection is gone: a client's FIN or
// RST here becomes the end of the connection there. Knows no HTTP but one answer of its own. Imports only what Node has loaded.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { listenFailure } from "./port.ts";

/** Connections at once; more are closed at once. One costs about 5 KB here while it is idle, and two descriptors. */
const CONNECTIONS = 8_192;
/** While workerd is not there (it starts again in half a second), new connections wait this long before they are refused. */
const PATIENCE_MS = 1_500;
const RETRY_MS = 25;
/** How often a client that may not send now is looked at: its reset cannot be read then. */
const LOOK_MS = 20;
/** After workerd has ended its side, the client has this long for the rest of its own. */
const LINGER_MS = 10_000;
/** A dead peer that never said so is found by the kernel. */
const KEEP_ALIVE_MS = 60_000;
/** What is read of workerd at once, and so the most that waits here for a client. Kept for the next connection. */
const READ_BYTES = 64 * 1024;
const SPARE_BUFFERS = 64;
const NOTHING = Buffer.alloc(0);

const PROBLEM = JSON.stringify({
  type: "about:blank",
  title: "Service Unavailable",
  status: 503,
  // The words of protocol/errors.ts, which this process does not load.
  detail: "The edge is starting again.",
  code: "EDGE_STARTING",
  remedy: "Try again in a second.",
  retryable: true,
  request_id: "none",
});
const UNAVAILABLE = [
  "HTTP/1.1 503 Service Unavailable",
  "content-type: application/problem+json",
  `content-length: ${Buffer.byteLength(PROBLEM)}`,
  "retry-after: 1",
  "connection: close",
  "",
  PROBLEM,
].join("\r\n");

export interface Splice {
  /** Listened on; never 0. */
  readonly port: number;
  /** Takes no more connections; those there are go on until workerd or their client ends them. */
  close(): void;
}

/** Clients whose bytes workerd does not take at the moment. */
const held = new Set<Socket>();
let looking: NodeJS.Timeout | undefined;

/** A write of no bytes fails on a connection that was reset, though nothing is read from it. */
function look(): void {
  for (const client of held) client.write(NOTHING);
  if (held.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}

function hold(client: Socket): void {
  client.pause();
  held.add(client);
  looking ??= setInterval(look, LOOK_MS).unref();
}

function release(client: Socket): void {
  if (held.delete(client)) client.resume();
}

const spare: Buffer[] = [];

/** Its bytes go to `client` out of one buffer, which is read into again when the kernel has all of it: no copy, no garbage. */
function dial(path: string, client: Socket): Socket {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length: number) => {
    client.write(buffer.subarray(0, length));
    if (client.writableLength === 0) return true;
    client.once("drain", () => upstream.resume());
    return false;
  };
  const upstream = connect({ path, allowHalfOpen: true, onread: { buffer, callback } });
  upstream.once("close", () => {
    if (client.writableLength === 0 && spare.length < SPARE_BUFFERS) spare.push(buffer);
  });
  return upstream;
}

/** Ends a client that is not spliced any more; what it still sends is not read into memory for long. */
function linger(client: Socket, ms: number): void {
  const timer = setTimeout(() => client.destroy(), ms).unref();
  client.once("close", () => clearTimeout(timer));
  client.resume();
}

function refuse(client: Socket): void {
  client.on("end", () => client.destroy());
  client.end(UNAVAILABLE);
  linger(client, 1_000);
}

/**
 * The first write that fails leaves `socket` open to be read to its end: workerd closes after an answer that came before the
 * whole upload, and that answer may still be unread.
 */
function readOn(socket: Socket, failed: () => void): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    socket.destroy = destroy;
    if (error?.syscall !== "write") return destroy(error);
    failed();
    return socket;
  };
}

/** `client` is paused and has an `error` listener. */
function attach(client: Socket, upstream: Socket): void {
  let ended = false;
  let takes = true;
  const gone = () => {
    held.delete(client);
    client.destroy();
    upstream.destroy();
  };
  client.on("end", gone).on("error", gone).on("close", gone);
  client.on("data", (bytes: Buffer) => {
    if (takes && !upstream.destroyed && !upstream.write(bytes)) hold(client);
  });
  readOn(upstream, () => {
    takes = false;
    release(client);
  });
  upstream.on("drain", () => release(client));
  upstream.on("end", () => {
    ended = true;
    held.delete(client);
    client.end();
    linger(client, LINGER_MS);
  });
  upstream.on("error", () => {
    // After its end workerd takes nothing more: what the client still sends is let go, so that it gets to read its answer.
    if (!ended) client.resetAndDestroy();
  });
  client.resume();
}

function splice(client: Socket, path: string): void {
  const deadline = Date.now() + PATIENCE_MS;
  client.on("error", () => client.destroy());
  const attempt = () => {
    if (client.destroyed) return;
    const upstream = dial(path, client);
    const failed = () => {
      if (client.destroyed) return;
      if (Date.now() > deadline) refuse(client);
      else setTimeout(attempt, RETRY_MS);
    };
    upstream.once("error", failed);
    upstream.once("connect", () => {
      upstream.off("error", failed);
      if (client.destroyed) upstream.destroy();
      else attach(client, upstream);
    });
  };
  attempt();
}

/** Rejects with a {@link StartFailure} of exit code 2 where it cannot listen. `path` need not be there yet. */
export function openSplice(host: string, port: number, path: string, log: (line: string) => void): Promise<Splice> {
  const server = createServer(
    {
      noDelay: true,
      allowHalfOpen: true,
      pauseOnConnect: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      highWaterMark: 1, // so that a client tells of every write that was not done at once
    },
    (client) => splice(client, path),
  );
  server.maxConnections = CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFailure(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners("error").on("error", (error) => log(`a connection could not be taken: ${error.message}`));
      resolve({ port: (server.address() as AddressInfo).port, close: () => void server.close() });
    });
  });
}
