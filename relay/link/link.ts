// The link for as long as the relay lives: connects, and connects again. One connection at a time; every wait can be ended.
import { pause, type Clock } from "../jobs/clock.ts";
import type { Log } from "../log.ts";
import { Backoff } from "./backoff.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";

export interface LinkOptions extends Omit<ConnectionOptions, "url" | "onUp" | "random"> {
  readonly edgeUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly onUp?: () => void;
}

/** `edgeUrl` is http or https, with or without a path before `/link`. */
export function linkUrl(edgeUrl: string, hostNumber: number): URL {
  const url = new URL(edgeUrl);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/link`;
  url.search = `?host=${hostNumber}&lane=0`;
  url.hash = "";
  return url;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #stopped = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #connection: Connection | null = null;
  #running: Promise<void> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Settles at the first welcome. Never rejects; a relay waits for its edge as long as it takes. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** What this host offers has changed. Without a link there is nothing to do: the next hello says it. */
  announce(): void {
    this.#connection?.announce();
  }

  async stop(reason: string): Promise<void> {
    this.#stopped.abort();
    this.#connection?.close(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, identity, edgeUrl, random = Math.random, onUp } = this.#options;
    const backoff = new Backoff(random);
    const url = linkUrl(edgeUrl, identity.hostNumber);
    while (!this.#stopped.signal.aborted) {
      this.#connection = new Connection({
        ...this.#options,
        url,
        random,
        onUp: () => {
          log("info", "the link is up", { edge: url.host });
          this.#ready.resolve();
          onUp?.();
        },
      });
      const outcome = await this.#connection.ended;
      this.#connection = null;
      if (this.#stopped.signal.aborted) return;
      const waitMs = backoff.next(outcome);
      log(outcome.kind === "refused" ? "warn" : "info", "the link is down", { reason: outcome.reason, retry_in_ms: waitMs });
      await pause(clock, waitMs, this.#stopped.signal);
    }
  }
}
