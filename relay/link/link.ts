// The control connection for as long as the relay lives.
import { Connection, type ConnectionOptions } from "./connection.ts";
import { Kept } from "./kept.ts";

export interface LinkOptions extends Omit<ConnectionOptions, "url" | "onUp" | "random" | "usage" | "inventory"> {
  readonly edgeUrl: string;
  readonly usage?: ConnectionOptions["usage"];
  readonly inventory?: ConnectionOptions["inventory"];
  readonly random?: () => number;
  readonly onUp?: () => void;
}

/** `edgeUrl` is http or https, with or without a path before `/link`. Lane 0: the control connection. */
export function linkUrl(edgeUrl: string, hostNumber: number, lane = 0): URL {
  const url = new URL(edgeUrl);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/link`;
  url.search = `?host=${hostNumber}&lane=${lane}`;
  url.hash = "";
  return url;
}

export class Link {
  readonly #ready = Promise.withResolvers<void>();
  readonly #kept: Kept<Connection>;

  constructor(options: LinkOptions) {
    const { log, clock, identity, edgeUrl, random = Math.random } = options;
    const url = linkUrl(edgeUrl, identity.hostNumber);
    const onUp = () => {
      log("info", "the link is up", { edge: url.host });
      this.#ready.resolve();
      options.onUp?.();
    };
    const connect = () =>
      new Connection({ ...options, usage: options.usage ?? null, inventory: options.inventory ?? null, url, random, onUp });
    this.#kept = new Kept({ name: "the link", clock, random, log, connect });
  }

  /** Settles at the first welcome. Never rejects; a relay waits for its edge as long as it takes. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  start(): void {
    this.#kept.start();
  }

  /** What this host offers has changed. Without a link there is nothing to do: the next hello says it. */
  announce(): void {
    this.#kept.connection?.announce();
  }

  stop(reason: string): Promise<void> {
    return this.#kept.stop(reason);
  }
}
