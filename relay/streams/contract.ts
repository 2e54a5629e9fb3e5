// What stands between a lane and what serves its channels. A server of channels (relay/proxy, a driver's terminals) gets an
// Open and a Channel; it knows neither sockets nor frames. The lane (relay/link) implements Channel.
import type { Head, Open, OpenOf } from "../../protocol/link/lane.ts";

/**
 * One channel, seen by what serves it. Everything is synchronous and never throws; after `end`, `refuse` or `onCancel` every
 * call is without effect. The order is: `head` once, then `write`s, then `end`; or `refuse` alone.
 */
export interface Channel {
  /** The first word. Sent at once, without waiting for data. */
  head(head: Pick<Head, "status" | "headers">): void;
  /**
   * Takes a copy of bytes of the answer: their buffer may be used again. False: the window is full, and the producer should
   * pause until `onDrain`; bytes given meanwhile are still taken.
   */
  write(bytes: Uint8Array): boolean;
  /** The end. `broken`: what was written is not all. */
  end(broken?: boolean): void;
  /** Instead of `head`: nothing reached the upstream. `code` of the error table. */
  refuse(code: string, message: string, retryAfterMs?: number): void;
  /** Acknowledges body bytes that were passed on; without it the sender stops after one window. */
  taken(bytes: number): void;
}

/** What a server wants to hear of its channel. Called synchronously, in order. */
export interface ChannelEvents {
  /** Bytes of the request's body, in order, as views that stay valid. */
  onBody(bytes: Uint8Array): void;
  /** The body is whole. Called also when there is none. */
  onBodyEnd(): void;
  /** There is room again after a `write` that answered false. */
  onDrain(): void;
  /** Nobody reads any more, or the edge broke off: end what produces, at once. Nothing is called after it. */
  onCancel(): void;
}

/** What a channel reaches. `service` null: a terminal or a console. */
export interface StreamTarget {
  readonly kind: Open["kind"];
  readonly service: string | null;
}

/** For a channel that was refused at once. */
export const DEAF: ChannelEvents = {
  onBody: () => undefined,
  onBodyEnd: () => undefined,
  onDrain: () => undefined,
  onCancel: () => undefined,
};

/** Serves channels of one kind. Must not throw: what it cannot serve it refuses. */
export type Serve<K extends Open["kind"]> = (open: OpenOf<K>, channel: Channel) => ChannelEvents;

/** What a lane asks for each open, by kind. */
export interface StreamServers {
  readonly http: Serve<"http">;
  readonly socket: Serve<"socket">;
  readonly terminal: Serve<"terminal">;
  readonly console: Serve<"console">;
}
