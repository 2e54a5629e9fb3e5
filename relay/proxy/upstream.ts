// One HTTP server that this relay may reach: its address, its own credentials, and its connections. A connection that does not
// come about within LIMITS.upstreamConnectMs fails; one that stands may be silent for as long as it likes: nothing here waits with a clock.
import http from "node:http";
import https from "node:https";
import { connect, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";
import type { HeaderList } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ServiceDeclaration } from "../config/services.ts";

/** In words why a variable holds no token that can be sent; null: it does. */
function whyNoToken(name: string, value: string | null): string | null {
  if (!value) return `${name} is not set in the relay's environment; bearer_env names it for the service's token.`;
  return /^[ -~]+$/.test(value) ? null : `${name} holds a line break or another character that no token may have; bearer_env names it.`;
}

/** More than all lanes may ask for at once. */
const SOCKETS = LIMITS.lanes * LIMITS.channelsPerLane;
const IDLE_SOCKETS = 64;
/** Servers that say nothing of it close after 5 s; a request on a connection that is just being closed would be lost. */
const IDLE_MS = 4_000;

/**
 * What is read from any upstream is read into the same memory: Node would take 64 KiB for each read, and garbage of these is most
 * of what a busy relay holds. Node's HTTP parser has copied what it gives out when the listener returns.
 */
const READ: OnReadOpts = {
  buffer: Buffer.allocUnsafeSlow(64 * 1024),
  callback(this: Socket, length, buffer) {
    return this.emit("data", buffer.subarray(0, length));
  },
};

/** Where it is. Exactly one of both. */
export type Address = { readonly url: string } | { readonly socket: string };

export interface UpstreamRequest {
  readonly method: string;
  /** With the query, as it is sent; the base path of the address comes before it. */
  readonly path: string;
  /** Without host and authorization. Neither content-length nor transfer-encoding: no body. */
  readonly headers: HeaderList;
}

export class Upstream {
  /** One line for people when it cannot be used as it is declared; null: it may be tried. */
  readonly unusable: string | null;
  readonly #origin: URL;
  readonly #socketPath: string | null;
  readonly #basePath: string;
  readonly #bearer: string | null;
  readonly #agent: http.Agent;
  #isRetired = false;

  /** What `[services.NAME]` says. */
  static declared(service: ServiceDeclaration, environment: NodeJS.ProcessEnv = process.env): Upstream {
    const name = service.bearer_env;
    const bearer = name === undefined ? null : (environment[name] ?? null);
    const unusable = name === undefined ? null : whyNoToken(name, bearer);
    return new Upstream(service.url === undefined ? { socket: service.socket ?? "" } : { url: service.url }, bearer, unusable);
  }

  constructor(address: Address, bearer: string | null = null, unusable: string | null = null) {
    this.#origin = new URL("url" in address ? address.url : "http://localhost");
    this.#socketPath = "socket" in address ? address.socket : null;
    this.#basePath = this.#origin.pathname.replace(/\/+$/, "");
    this.#bearer = bearer;
    this.unusable = unusable;
    // Without a high-water mark an answer that is paused is not read on: windows bound what is held, not Node.
    const reading = { onread: READ, readableHighWaterMark: 0 };
    const options = { keepAlive: true, noDelay: true, maxSockets: SOCKETS, maxFreeSockets: IDLE_SOCKETS, ...reading };
    this.#agent = this.#isSecure ? new https.Agent(options) : new http.Agent(options);
    this.#tend(this.#agent);
  }

  get #isSecure(): boolean {
    return this.#origin.protocol === "https:";
  }

  /** Host and port, for this machine's log and messages to its owner; not for the edge. */
  get place(): string {
    return this.#socketPath ?? this.#origin.host;
  }

  /** The value of the Host header. */
  get host(): string {
    return this.#origin.host;
  }

  /** Its own name and credentials. */
  get ownHeaders(): HeaderList {
    const host: HeaderList[number] = ["host", this.host];
    return this.#bearer === null ? [host] : [host, ["authorization", `Bearer ${this.#bearer}`]];
  }

  path(path: string): string {
    return this.#basePath + path;
  }

  /** What a redirect in an answer to `from` names: a path as callers write it; what lies elsewhere as it came; null: behind no base path. */
  located(value: string, from: string): string | null {
    const target = URL.parse(value, this.#origin.origin + this.path(from));
    if (target?.host !== this.#origin.host || !/^https?:$/.test(target.protocol)) return value;
    const base = this.#basePath;
    if (!target.pathname.startsWith(`${base}/`)) return null;
    return target.pathname.slice(base.length) + target.search + target.hash;
  }

  /** The request with its head; the caller writes and ends the body, and hears its `error`. */
  request({ method, path, headers }: UpstreamRequest): http.ClientRequest {
    const options: http.RequestOptions = {
      method,
      path: this.path(path),
      headers: [...this.ownHeaders, ...headers].flat(),
      agent: this.#agent,
      host: hostnameOf(this.#origin),
      port: this.#port,
      setHost: false,
      ...(this.#socketPath === null ? {} : { socketPath: this.#socketPath }),
    };
    return this.#isSecure ? https.request(options) : http.request(options);
  }

  /** A connection of its own, for a WebSocket or a probe; it fails with an error event. */
  connect(): Socket {
    const socket = this.#socketPath !== null ? connect({ path: this.#socketPath }) : this.#connectHost();
    deadline(socket, this.#isSecure ? "secureConnect" : "connect");
    socket.setNoDelay(true);
    return socket;
  }

  /** Does something listen there? In words why not; null: yes. Sends nothing. */
  probe(): Promise<string | null> {
    if (this.unusable !== null) return Promise.resolve(this.unusable);
    return new Promise((resolve) => {
      const socket = this.connect();
      const end = (answer: string | null) => {
        socket.destroy();
        resolve(answer);
      };
      socket.once(this.#isSecure ? "secureConnect" : "connect", () => end(null));
      socket.once("error", (error: NodeJS.ErrnoException) => end(whyUnreachable(error)));
    });
  }

  /** Closes idle connections and keeps none from now on. Requests under way go on. */
  retire(): void {
    this.#isRetired = true;
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  get #port(): number {
    return this.#origin.port === "" ? (this.#isSecure ? 443 : 80) : Number(this.#origin.port);
  }

  #connectHost(): Socket {
    const host = hostnameOf(this.#origin);
    if (!this.#isSecure) return connect({ host, port: this.#port });
    return connectTls({ host, port: this.#port, ...(isIP(host) ? {} : { servername: host }) });
  }

  #tend(agent: http.Agent): void {
    const create = agent.createConnection.bind(agent);
    const keep = agent.keepSocketAlive.bind(agent);
    const reuse = agent.reuseSocket.bind(agent);
    agent.createConnection = (options, done) => {
      const socket = create(options, done);
      if (socket) deadline(socket, this.#isSecure ? "secureConnect" : "connect");
      return socket;
    };
    agent.keepSocketAlive = (socket) => {
      if (this.#isRetired || !(keep(socket) as unknown as boolean)) return false;
      const { timeout = 0 } = socket as Socket;
      if (timeout === 0 || timeout > IDLE_MS) (socket as Socket).setTimeout(IDLE_MS);
      return true;
    };
    agent.reuseSocket = (socket, request) => {
      (socket as Socket).setTimeout(0);
      reuse(socket, request);
    };
  }
}

const hostnameOf = (url: URL): string => (url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname);

/** Ends the connection unless it stands in time. */
function deadline(socket: Duplex, event: "connect" | "secureConnect"): void {
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT", syscall: "connect" }));
  }, LIMITS.upstreamConnectMs);
  const stop = () => clearTimeout(timer);
  socket.once(event, stop);
  socket.once("close", stop);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOENT: "the socket does not exist",
  EACCES: "the relay's user may not open the socket",
  EPERM: "the relay's user may not open the socket",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve",
  ETIMEDOUT: `it did not answer within ${LIMITS.upstreamConnectMs} ms`,
  EHOSTUNREACH: "its machine cannot be reached",
  ENETUNREACH: "its network cannot be reached",
};

/** The first of several attempts (IPv6, IPv4) speaks for all. */
const firstOf = (error: NodeJS.ErrnoException): NodeJS.ErrnoException =>
  error instanceof AggregateError ? ((error.errors[0] as NodeJS.ErrnoException | undefined) ?? error) : error;

const CERTIFICATE = /CERT|SIGNATURE|ALTNAME/;

/** Whether no byte of a request can have arrived. */
export function neverReached(error: NodeJS.ErrnoException): boolean {
  const { syscall = "", code = "" } = firstOf(error);
  return syscall === "connect" || syscall === "getaddrinfo" || CERTIFICATE.test(code);
}

/** In words, without an address. */
export function whyUnreachable(error: NodeJS.ErrnoException): string {
  const { code = "unknown" } = firstOf(error);
  return REASONS[code] ?? (CERTIFICATE.test(code) ? "its certificate is not trusted" : `the connection failed (${code})`);
}
