// A connection for as long as it is wanted: connects, and connects again. One at a time; every wait can be ended.
import { pause, type Clock } from "../jobs/clock.ts";
import type { Log } from "../log.ts";
import { Backoff, type Outcome } from "./backoff.ts";

export interface Connected {
  /** Never rejects. */
  readonly ended: Promise<Outcome>;
  /** Sends what waits, then closes. */
  close(reason: string): void;
}

export interface KeptOptions<C extends Connected> {
  /** For the log: "the link", "lane 1". */
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly connect: () => C;
}

export class Kept<C extends Connected> {
  readonly #options: KeptOptions<C>;
  readonly #stopped = new AbortController();
  #connection: C | null = null;
  #running: Promise<void> | null = null;

  constructor(options: KeptOptions<C>) {
    this.#options = options;
  }

  /** null between two. */
  get connection(): C | null {
    return this.#connection;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(reason: string): Promise<void> {
    this.#stopped.abort();
    this.#connection?.close(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { name, clock, random, log, connect } = this.#options;
    const backoff = new Backoff(random);
    while (!this.#stopped.signal.aborted) {
      this.#connection = connect();
      const outcome = await this.#connection.ended;
      this.#connection = null;
      if (this.#stopped.signal.aborted) return;
      const waitMs = backoff.next(outcome);
      log(outcome.kind === "refused" ? "warn" : "info", `${name} is down`, { reason: outcome.reason, retry_in_ms: waitMs });
      await pause(clock, waitMs, this.#stopped.signal);
    }
  }
}
