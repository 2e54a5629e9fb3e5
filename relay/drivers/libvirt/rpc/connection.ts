// One connection to a libvirt daemon: opens it, sorts what arrives into answers, events and stream data, notices a dead or
// broken peer. Ends once, with a reason, and never by an exception. Does not reconnect (client.ts does).
import type { Socket } from "node:net";
import type { LibvirtAddress } from "./address.ts";
import { CallTable, type CallOptions } from "./calls.ts";
import { dialFirst } from "./dial.ts";
import { LibvirtError, type Condition } from "./errors.ts";
import type { EventQueue } from "./event-queue.ts";
import { Keepalive } from "./keepalive.ts";
import { RPC_LIMITS } from "./limits.ts";
import { buildKeepalive, HEADER_BYTES, KEEPALIVE, MESSAGE_TYPE, MessageSplitter, readHeader, type Header } from "./message.ts";
import { PROGRAMS } from "./procedures/define.ts";
import { findEvent, type LibvirtEvent } from "./procedures/events.ts";
import type { ArgsOf, ProcedureName, ResultOf, StreamName } from "./procedures.ts";
import { LibvirtStream } from "./stream.ts";
import { XdrError, XdrReader } from "./xdr.ts";

/** remote_auth_type */
const AUTH = { none: 0, sasl: 1, polkit: 2 } as const;

export interface OpenOptions {
  /** Events are dropped without it. */
  readonly events?: EventQueue;
  /** Of each step. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export class Connection {
  readonly #socket: Socket;
  readonly #splitter = new MessageSplitter();
  readonly #calls: CallTable;
  readonly #keepalive: Keepalive;
  readonly #events: EventQueue | null;
  #stream: LibvirtStream | null = null;
  #ended: LibvirtError | null = null;
  #onEnd: (error: LibvirtError) => void = () => undefined;

  /** Takes over a connected socket. Events are dropped without a queue. */
  constructor(socket: Socket, events: EventQueue | null = null) {
    this.#socket = socket;
    this.#events = events;
    this.#calls = new CallTable(
      (bytes) => void socket.write(bytes),
      () => this.#fail("disconnected", "every call on this connection hangs"),
    );
    this.#keepalive = new Keepalive({
      ping: () => void socket.write(buildKeepalive(KEEPALIVE.ping)),
      isPaused: () => socket.isPaused(),
      onDead: () => this.#fail("disconnected", "libvirt does not answer pings"),
    });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (cause) => this.#fail("disconnected", "the connection to libvirt was lost", cause));
    socket.on("close", () => this.#fail("disconnected", "libvirt closed the connection"));
  }

  /** Connects, authenticates and opens the hypervisor. Rejects with LibvirtError; nothing is left open then. */
  static async open(address: LibvirtAddress, options: OpenOptions = {}): Promise<Connection> {
    const { events = null, timeoutMs = RPC_LIMITS.openTimeoutMs } = options;
    const limits = { timeoutMs, ...(options.signal ? { signal: options.signal } : {}) };
    const connection = new Connection(await dialFirst(address.sockets, limits), events);
    try {
      const { types } = await connection.call("authList", {}, limits);
      if (types.includes(AUTH.polkit) && !types.includes(AUTH.none)) await connection.call("authPolkit", {}, limits);
      else if (types.length > 0 && !types.includes(AUTH.none))
        throw new LibvirtError("unreachable", "libvirt asks for a password (SASL), which is not supported", { sent: false });
      await connection.call("connectOpen", { name: address.uri, flags: 0 }, limits);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Null while it lives. */
  get ended(): LibvirtError | null {
    return this.#ended;
  }

  /** Called once when the connection ends, at once if it has ended. */
  onEnd(listener: (error: LibvirtError) => void): void {
    if (this.#ended) listener(this.#ended);
    else this.#onEnd = listener;
  }

  call<N extends ProcedureName>(name: N, args: ArgsOf<N>, options?: CallOptions): Promise<ResultOf<N>> {
    return this.#calls.call(name, args, options);
  }

  /** The connection belongs to the stream from here on and ends with it. */
  async openStream<N extends StreamName>(
    name: N,
    args: ArgsOf<N>,
    options?: CallOptions,
  ): Promise<{ stream: LibvirtStream; result: ResultOf<N> }> {
    const socket = this.#socket;
    const port = {
      send: (bytes: Buffer, sent?: (error?: Error | null) => void) => void socket.write(bytes, sent),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      close: () => this.close(),
    };
    try {
      const opened = this.#calls.call(name, args, options, (serial) => (this.#stream = new LibvirtStream(name, serial, port)));
      return { result: await opened, stream: this.#stream! };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Ends it from our side; what waits fails with `disconnected`. */
  close(): void {
    this.#fail("disconnected", "the connection was closed");
  }

  #fail(condition: Condition, message: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#ended = new LibvirtError(condition, message, cause === undefined ? {} : { cause });
    this.#keepalive.stop();
    // Not destroyed at once: an abort of a stream may still be on its way out. A peer that does not read is not waited for.
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), RPC_LIMITS.closeMs).unref();
    this.#calls.end(this.#ended);
    this.#stream?.fail(this.#ended);
    this.#onEnd(this.#ended);
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#keepalive.heard();
    try {
      this.#splitter.push(chunk, (message) => this.#take(message));
    } catch (cause) {
      this.#fail("protocol", "libvirt sent what is not its protocol", cause);
    }
  }

  #take(message: Buffer): void {
    if (this.#ended) return;
    const header = readHeader(message);
    if (header.program === PROGRAMS.keepalive) return this.#takeKeepalive(header);
    if (header.program !== PROGRAMS.remote && header.program !== PROGRAMS.qemu) throw new XdrError("not a program of the protocol");
    if (header.type === MESSAGE_TYPE.reply) this.#calls.reply(header, message);
    else if (header.type === MESSAGE_TYPE.event) this.#takeEvent(header, message);
    else if (header.type === MESSAGE_TYPE.stream) this.#stream?.receive(header, message);
    else throw new XdrError("not a type of message that a daemon sends");
  }

  #takeKeepalive(header: Header): void {
    if (header.procedure === KEEPALIVE.ping) this.#socket.write(buildKeepalive(KEEPALIVE.pong));
  }

  /** An event that cannot be read is a lost one. */
  #takeEvent(header: Header, message: Buffer): void {
    const found = header.program === PROGRAMS.remote ? findEvent(header.procedure) : null;
    if (!found || !this.#events) return;
    try {
      const event = found.message.read(new XdrReader(message, HEADER_BYTES));
      this.#events.push({ name: found.name, ...event } as LibvirtEvent);
    } catch {
      this.#events.gap();
    }
  }
}
