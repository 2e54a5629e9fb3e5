// The lanes of this relay: as many as are wanted now, each kept connected by itself, with streams that outlive its sockets.
import type { Clock } from "../jobs/clock.ts";
import type { Log } from "../log.ts";
import type { StreamServers, StreamTarget } from "../streams/contract.ts";
import { LaneStreams } from "../streams/lane-streams.ts";
import type { DialOptions } from "./dial.ts";
import type { Identity } from "./handshake.ts";
import { Kept } from "./kept.ts";
import { LaneConnection } from "./lane-connection.ts";
import { linkUrl } from "./link.ts";

export interface LanesOptions extends DialOptions {
  readonly edgeUrl: string;
  readonly identity: Identity;
  readonly servers: StreamServers;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

interface Lane {
  readonly kept: Kept<LaneConnection>;
  readonly streams: LaneStreams;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes: Lane[] = [];
  readonly #closing = new Set<Promise<void>>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** Opens or closes lanes until there are `count`. The streams of a closed one are cancelled. */
  want(count: number): void {
    while (this.#lanes.length < count) this.#lanes.push(this.#open(this.#lanes.length + 1));
    while (this.#lanes.length > count) this.#close(this.#lanes.pop()!, "nothing to stream");
  }

  /** Ends the channels that relay.toml took away. */
  revoke(isGone: (target: StreamTarget) => boolean): void {
    for (const { streams } of this.#lanes) streams.revoke(isGone);
  }

  async stop(reason: string): Promise<void> {
    for (const lane of this.#lanes.splice(0)) this.#close(lane, reason);
    await Promise.all(this.#closing);
  }

  #open(lane: number): Lane {
    const { edgeUrl, identity, servers, clock, log, random = Math.random } = this.#options;
    const url = linkUrl(edgeUrl, identity.hostNumber, lane);
    const streams = new LaneStreams({ servers, clock, log });
    const onUp = () => log("info", `lane ${lane} is up`, { edge: url.host });
    const connect = () => new LaneConnection({ ...this.#options, url, random, lane, streams, onUp });
    const kept = new Kept({ name: `lane ${lane}`, clock, random, log, connect });
    kept.start();
    return { kept, streams };
  }

  #close({ kept, streams }: Lane, reason: string): void {
    streams.close();
    const closing = kept.stop(reason).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
