// Connections for calls that may take long. One call has one connection, so a hanging guest agent or a clone of an hour holds
// up nothing but itself; how many run at once is bounded, and the others wait their turn in order.
import type { CallOptions } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { LibvirtError } from "./errors.ts";
import { RPC_LIMITS } from "./limits.ts";
import type { ArgsOf, CallName, ResultOf } from "./procedures.ts";

/** Idle connections kept: most hosts change one thing at a time. */
const IDLE_KEPT = 2;

export class SlowLane {
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #waiting: { take: () => void; refuse: (error: LibvirtError) => void }[] = [];
  readonly #busy = new Set<Connection>();
  #held = 0;
  #isClosed = false;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /** The deadline counts from now, waiting included. */
  async call<N extends CallName>(name: N, args: ArgsOf<N>, options: CallOptions = {}): Promise<ResultOf<N>> {
    const timeoutMs = options.timeoutMs ?? RPC_LIMITS.slowTimeoutMs;
    const from = performance.now();
    await this.#place(name, timeoutMs, options.signal);
    let connection: Connection | null = null;
    try {
      connection = await this.#take();
      const left = Math.max(1, Math.round(timeoutMs - (performance.now() - from)));
      return await connection.call(name, args, { ...options, timeoutMs: left });
    } catch (error) {
      // The daemon still works on what was given up: that connection is of no use to another.
      if (!(error instanceof LibvirtError && error.condition === "daemon")) connection?.close();
      throw error;
    } finally {
      if (connection) this.#give(connection);
      this.#leave();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle.splice(0), ...this.#busy]) connection.close();
    for (const { refuse } of this.#waiting.splice(0)) refuse(new LibvirtError("disconnected", "the driver stops", { sent: false }));
  }

  #place(name: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#isClosed) throw new LibvirtError("disconnected", "the driver stops", { procedure: name, sent: false });
    if (this.#held < RPC_LIMITS.slowConnections) return void (this.#held += 1);
    if (this.#waiting.length >= RPC_LIMITS.slowWaiting)
      throw new LibvirtError("busy", "too many slow calls wait for libvirt", { procedure: name, sent: false });
    return new Promise((resolve, reject) => {
      const end = (error: LibvirtError | null) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cancel);
        const index = this.#waiting.indexOf(entry);
        if (index >= 0) this.#waiting.splice(index, 1);
        if (error) reject(error);
        else resolve();
      };
      const entry = { take: () => end(null), refuse: end };
      const cancel = () => end(new LibvirtError("cancelled", "cancelled", { procedure: name, sent: false }));
      const timer = setTimeout(
        () => end(new LibvirtError("timeout", `no free connection within ${timeoutMs} ms`, { procedure: name, sent: false })),
        timeoutMs,
      );
      signal?.addEventListener("abort", cancel, { once: true });
      this.#waiting.push(entry);
    });
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next.take();
    else this.#held -= 1;
  }

  async #take(): Promise<Connection> {
    let connection = this.#idle.pop();
    while (connection?.ended) connection = this.#idle.pop();
    connection ??= await this.#open();
    this.#busy.add(connection);
    if (this.#isClosed) connection.close();
    return connection;
  }

  #give(connection: Connection): void {
    this.#busy.delete(connection);
    if (connection.ended) return;
    if (this.#isClosed || this.#idle.length >= IDLE_KEPT) connection.close();
    else this.#idle.push(connection);
  }
}
