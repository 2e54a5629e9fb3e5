// The client that the driver holds: a shared connection that comes back by itself, slow calls and streams beside it, events
// with a resync after every gap. All calls reject with LibvirtError and nothing else.
import type { LibvirtAddress } from "./address.ts";
import type { CallOptions } from "./calls.ts";
import { Connection } from "./connection.ts";
import { LibvirtError } from "./errors.ts";
import { EventQueue } from "./event-queue.ts";
import { RPC_LIMITS } from "./limits.ts";
import { EVENTS, type EventName, type LibvirtEvent } from "./procedures/events.ts";
import { procedure, type ArgsOf, type CallName, type ResultOf, type StreamName } from "./procedures.ts";
import { SlowLane } from "./slow-lane.ts";
import type { LibvirtStream } from "./stream.ts";

export interface ClientOptions {
  /** Asked before each connect, because what a URI leads to may change. May throw. */
  readonly address: () => LibvirtAddress;
  readonly events: readonly EventName[];
  onEvent(event: LibvirtEvent): void;
  /** Connected, or events were lost: read everything anew. Events of changes after this call will come. */
  onResync(): void;
  /** The connection was lost or could not be made. Told once until it is up again. */
  onDown(error: LibvirtError): void;
  /** A consumer above threw. */
  onFault(error: unknown): void;
}

export class LibvirtClient {
  readonly #options: ClientOptions;
  readonly #slow: SlowLane;
  #connection: Connection | null = null;
  #waiting: { resolve: (connection: Connection) => void; reject: (error: LibvirtError) => void }[] = [];
  #retry: NodeJS.Timeout | null = null;
  #attempts = 0;
  #isTrying = false;
  #isStopped = true;
  #stopping = new AbortController();
  #streams = 0;
  #downSince = Number.NEGATIVE_INFINITY;
  #lastError: LibvirtError | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#slow = new SlowLane(() => this.#openPlain());
  }

  get isUp(): boolean {
    return this.#connection !== null;
  }

  /** Why it is down; null while it is up or was never tried. */
  get lastError(): LibvirtError | null {
    return this.#lastError;
  }

  /** Begins to connect and returns after the first attempt, whatever its end. */
  async start(): Promise<void> {
    this.#isStopped = false;
    this.#stopping = new AbortController();
    this.#downSince = performance.now();
    await this.#try();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopping.abort();
    if (this.#retry) clearTimeout(this.#retry);
    this.#slow.close();
    this.#connection?.close();
    this.#refuseWaiting(new LibvirtError("disconnected", "the driver stops", { sent: false }));
  }

  async call<N extends CallName>(name: N, args: ArgsOf<N>, options?: CallOptions): Promise<ResultOf<N>> {
    const connection = this.#connection ?? (await this.#comeUp(name));
    if (procedure(name).pace === "slow") return this.#slow.call(name, args, options);
    return connection.call(name, args, options);
  }

  /** The stream has its own connection and frees it when it ends; destroy it when it is not wanted any more. */
  async openStream<N extends StreamName>(
    name: N,
    args: ArgsOf<N>,
    options?: CallOptions,
  ): Promise<{ stream: LibvirtStream; result: ResultOf<N> }> {
    if (!this.#connection) await this.#comeUp(name);
    if (this.#streams >= RPC_LIMITS.streams) throw new LibvirtError("busy", "too many streams are open", { procedure: name, sent: false });
    this.#streams += 1;
    try {
      const connection = await this.#openPlain();
      const opened = await connection.openStream(name, args, options);
      connection.onEnd(() => (this.#streams -= 1));
      return opened;
    } catch (error) {
      this.#streams -= 1;
      throw error;
    }
  }

  async #openPlain(): Promise<Connection> {
    return Connection.open(this.#address(), { signal: this.#stopping.signal });
  }

  #address(): LibvirtAddress {
    try {
      return this.#options.address();
    } catch (cause) {
      throw new LibvirtError("unreachable", cause instanceof Error ? cause.message : "the address of libvirt is not valid", {
        sent: false,
        cause,
      });
    }
  }

  /** A call in the first moments of an outage waits for its end: a daemon that restarts costs a pause. Later ones fail at once. */
  #comeUp(name: string): Promise<Connection> {
    const error = this.#lastError ?? new LibvirtError("disconnected", "not connected to libvirt", { sent: false });
    const leftMs = this.#downSince + RPC_LIMITS.reconnectWaitMs - performance.now();
    if (this.#isStopped || leftMs <= 0)
      throw new LibvirtError(error.condition, error.message, { procedure: name, sent: false, cause: error });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => entry.reject(this.#lastError ?? error), leftMs);
      const leave = () => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      };
      const entry = {
        resolve: (connection: Connection) => {
          leave();
          resolve(connection);
        },
        reject: (error: LibvirtError) => {
          leave();
          reject(new LibvirtError(error.condition, error.message, { procedure: name, sent: false, cause: error }));
        },
      };
      this.#waiting.push(entry);
    });
  }

  #refuseWaiting(error: LibvirtError): void {
    for (const { reject } of this.#waiting.slice()) reject(error);
  }

  async #try(): Promise<void> {
    if (this.#isTrying || this.#isStopped) return;
    this.#isTrying = true;
    const events = new EventQueue({
      onEvent: (event) => this.#options.onEvent(event),
      onGap: () => this.#options.onResync(),
      onFault: (error) => this.#options.onFault(error),
    });
    try {
      const connection = await Connection.open(this.#address(), { events, signal: this.#stopping.signal });
      await this.#register(connection);
      this.#isTrying = false;
      this.#up(connection, events);
    } catch (error) {
      this.#isTrying = false;
      events.close();
      this.#down(error instanceof LibvirtError ? error : new LibvirtError("unreachable", "libvirt could not be opened", { cause: error }));
    }
  }

  async #register(connection: Connection): Promise<void> {
    const register = (name: EventName) =>
      connection.call("connectDomainEventCallbackRegisterAny", { event: EVENTS[name].id, domain: null }).catch((error: unknown) => {
        // An older libvirt has fewer events; without those of the life of a domain nothing would be seen.
        if (!(error instanceof LibvirtError && error.condition === "daemon" && name !== "lifecycle")) throw error;
      });
    try {
      await Promise.all(this.#options.events.map(register));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #up(connection: Connection, events: EventQueue): void {
    if (this.#isStopped) return connection.close();
    this.#connection = connection;
    this.#attempts = 0;
    this.#lastError = null;
    connection.onEnd((error) => {
      events.close();
      this.#connection = null;
      this.#down(error);
    });
    if (!this.#connection) return;
    this.#guarded(() => this.#options.onResync());
    for (const { resolve } of this.#waiting.slice()) resolve(connection);
  }

  #down(error: LibvirtError): void {
    const isNews = this.#lastError === null;
    if (isNews) this.#downSince = performance.now();
    this.#lastError = error;
    if (this.#isStopped) return;
    if (isNews) this.#guarded(() => this.#options.onDown(error));
    const ceiling = Math.min(RPC_LIMITS.reconnectMaxMs, RPC_LIMITS.reconnectBaseMs * 2 ** Math.min(this.#attempts, 16));
    const delay = this.#attempts === 0 ? 0 : RPC_LIMITS.reconnectBaseMs + Math.random() * ceiling;
    this.#attempts += 1;
    this.#retry = setTimeout(() => void this.#try(), delay);
  }

  #guarded(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.onFault(error);
    }
  }
}
