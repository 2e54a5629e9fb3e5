// One WebSocket to an upstream: its messages as socket records, both ways, both held to their windows. Pings and pongs stay
// on each side's own connection.
import { WebSocket, type RawData } from "ws";
import type { HeaderList, OpenOf } from "../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  SOCKET_RECORD,
  SOCKET_RECORD_HEADER_BYTES,
  SocketRecordReader,
  type SocketRecord,
} from "../../protocol/link/socket-records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Channel, ChannelEvents } from "../streams/contract.ts";
import { headersDown, headersUp } from "./headers.ts";
import { neverReached, whyUnreachable, type Upstream } from "./upstream.ts";

/** From our close frame to the upstream's. */
const CLOSE_MS = 2_000;
const NO_CODE = 1005;
const BROKEN = 1006;
const GOING_AWAY = 1001;
const REASON_BYTES = 123;

const mayBeSent = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_CODE && code !== BROKEN) || (code >= 3000 && code <= 4999);

/** What a close frame can carry of a reason; it may be cut within a character. */
function reasonIn(bytes: Uint8Array): string {
  const reason = new TextDecoder().decode(bytes.subarray(0, REASON_BYTES), { stream: true });
  return Buffer.byteLength(reason) <= REASON_BYTES ? reason : "";
}

/** Subprotocols that the caller offers, each once. */
function protocolsOf(open: OpenOf<"socket">): string[] {
  const said = open.headers.filter(([name]) => name === "sec-websocket-protocol").flatMap(([, value]) => value.split(","));
  return [...new Set(said.map((item) => item.trim()).filter((item) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(item)))];
}

function dial(open: OpenOf<"socket">, upstream: Upstream): WebSocket {
  const headers = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of [...headersUp(open.headers), ...upstream.ownHeaders]) (headers[name] ??= []).push(value);
  return new WebSocket("ws://localhost/", protocolsOf(open), {
    headers,
    perMessageDeflate: false,
    maxPayload: LIMITS.socketMessageBytes,
    followRedirects: false,
    handshakeTimeout: LIMITS.laneOpenMs,
    createConnection: () => upstream.connect(),
    // The path as it came: a URL would write it anew.
    finishRequest: (request) => {
      request.path = upstream.path(open.path);
      request.end();
    },
  });
}

export class SocketExchange implements ChannelEvents {
  readonly #channel: Channel;
  readonly #socket: WebSocket;
  readonly #records = new SocketRecordReader();
  /** Arrived before the upstream's socket was open: at most one window. */
  #early: Uint8Array[] | null = [];
  #headers: HeaderList = [];
  #stopClosing: () => void = () => undefined;
  #isClosing = false;
  #isOver = false;

  constructor(open: OpenOf<"socket">, channel: Channel, upstream: Upstream) {
    this.#channel = channel;
    this.#socket = dial(open, upstream);
    this.#listen();
  }

  onBody(bytes: Uint8Array): void {
    if (this.#isOver || this.#isClosing) return;
    if (this.#early) return void this.#early.push(bytes);
    const read = this.#records.push(bytes);
    if ("error" in read) return this.#broke();
    for (const record of read.records) this.#send(record);
  }

  onBodyEnd(): void {
    this.#close(GOING_AWAY, "");
  }

  onDrain(): void {
    this.#socket.resume();
  }

  onCancel(): void {
    this.#over();
    this.#socket.terminate();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("upgrade", (response) => {
      this.#headers = headersDown(response.rawHeaders)?.filter(([name]) => !name.startsWith("sec-websocket-")) ?? [];
    });
    socket.on("open", () => this.#opened());
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      this.#failed(new Error(`it answered HTTP ${response.statusCode ?? 0}`));
    });
    socket.on("error", (error) => this.#failed(error));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
  }

  #opened(): void {
    if (this.#isOver) return;
    const { protocol } = this.#socket;
    this.#channel.head({ status: 101, headers: protocol ? [...this.#headers, ["sec-websocket-protocol", protocol]] : this.#headers });
    const early = this.#early ?? [];
    this.#early = null;
    for (const bytes of early) this.onBody(bytes);
    if (this.#isClosing) this.#socket.close(GOING_AWAY);
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#isOver) return;
    const record = encodeSocketRecord(isBinary ? SOCKET_RECORD.binary : SOCKET_RECORD.text, data as Buffer);
    if (!this.#channel.write(record)) this.#socket.pause();
  }

  #send({ kind, bytes }: SocketRecord): void {
    if (this.#isOver || this.#isClosing) return;
    if (kind === SOCKET_RECORD.close) {
      const code = bytes.length >= 2 ? new DataView(bytes.buffer, bytes.byteOffset).getUint16(0) : null;
      return this.#close(code, reasonIn(bytes.subarray(2)));
    }
    const size = SOCKET_RECORD_HEADER_BYTES + bytes.length;
    this.#socket.send(bytes, { binary: kind === SOCKET_RECORD.binary }, () => this.#channel.taken(size));
  }

  #close(code: number | null, reason: string): void {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    this.#stopClosing = () => clearTimeout(timer);
    // Paused, it would not hear the other's close frame.
    this.#socket.resume();
    if (this.#early) return;
    if (code !== null && mayBeSent(code)) this.#socket.close(code, reason);
    else this.#socket.close();
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return;
    const isBroken = code === BROKEN && !this.#isClosing;
    if (!isBroken) this.#channel.write(encodeSocketClose(code === NO_CODE || code === BROKEN ? null : code, reason));
    this.#channel.end(isBroken);
    this.#over();
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    if (!this.#early) return this.#broke();
    if (neverReached(error))
      this.#channel.refuse("UPSTREAM_UNREACHABLE", `The host could not reach the service: ${whyUnreachable(error)}.`);
    else this.#channel.refuse("UPSTREAM_FAILED", `The service opened no WebSocket: ${error.message.slice(0, 200)}.`);
    this.#over();
  }

  #broke(): void {
    if (this.#isOver) return;
    this.#channel.end(true);
    this.#over();
    this.#socket.terminate();
  }

  #over(): void {
    this.#isOver = true;
    this.#stopClosing();
  }
}
