// All channels of one lane: opens, attaches, ends them, by the frames of the edge. Lives as long as the lane is wanted; its
// sockets come and go. What nobody reads for as long as its open allowed is cancelled.
import { FLAG, FRAME, type Frame } from "../../protocol/link/frames.ts";
import { decodeOpen, type LaneHelloBody, type Open } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { elapsed, momentOf, type Clock, type Moment } from "../jobs/clock.ts";
import { reasonOf, type Log } from "../log.ts";
import type { ChannelEvents, StreamServers, StreamTarget } from "./contract.ts";
import { LaneSender, type Send } from "./sender.ts";
import { StreamChannel } from "./stream-channel.ts";

export interface LaneStreamsOptions {
  readonly servers: StreamServers;
  readonly clock: Clock;
  readonly log: Log;
}

const SWEEP_MS = 1_000;

interface Entry {
  readonly channel: StreamChannel;
  /** Its answer was sent whole; kept for a reader that attaches again. */
  sentAt: Moment | null;
  detachedAt: Moment | null;
}

export class LaneStreams {
  readonly #options: LaneStreamsOptions;
  readonly #sender = new LaneSender();
  readonly #entries = new Map<number, Entry>();
  /** Those whose answer was sent whole, the longest first. */
  readonly #lingering = new Set<number>();
  /** Some wait for a reader. */
  #hasDetached = false;
  #stopSweep: (() => void) | null = null;

  constructor(options: LaneStreamsOptions) {
    this.#options = options;
  }

  /** Channels that are open, without those that linger. */
  get open(): number {
    return this.#entries.size - this.#lingering.size;
  }

  /** For a hello. */
  known(): LaneHelloBody["channels"] {
    return [...this.#entries.values()].map(({ channel }) => ({ channel: channel.id, received: channel.bodyTaken }));
  }

  /** The lane is up. The edge attaches what it still has; with `complete` it has named it all. */
  up(send: Send, complete: boolean, channels: readonly number[]): void {
    this.#sender.connect(send);
    if (!complete) return;
    const wanted = new Set(channels);
    for (const id of this.#entries.keys()) if (!wanted.has(id)) this.#drop(id);
  }

  down(): void {
    this.#sender.connect(null);
    const now = momentOf(this.#options.clock);
    for (const [id, entry] of this.#entries) {
      entry.channel.detach();
      entry.detachedAt ??= now;
      if (entry.channel.detachMs === 0) this.#drop(id);
    }
    this.#hasDetached = this.#entries.size > 0;
    this.#sweepLater();
  }

  /** Ends the channels that relay.toml took away. */
  revoke(isGone: (target: StreamTarget) => boolean): void {
    for (const { channel } of this.#entries.values()) if (channel.target && isGone(channel.target)) channel.revoke();
  }

  /** The lane is not wanted any more. */
  close(): void {
    this.#sender.connect(null);
    for (const id of this.#entries.keys()) this.#drop(id);
    this.#stopSweep?.();
    this.#stopSweep = null;
  }

  /** A frame of the edge; in words why the connection has to end, null when it was taken. What fails in serving one channel ends that one. */
  take(frame: Frame): string | null {
    try {
      return this.#take(frame);
    } catch (error) {
      this.#options.log("error", "a stream failed", { reason: reasonOf(error) });
      this.#drop(frame.channel);
      this.#sender.word(FRAME.cancel, frame.channel, 0);
      return null;
    }
  }

  #take(frame: Frame): string | null {
    if (frame.channel === 0) return "a frame without a channel";
    if (frame.type === FRAME.open) return this.#open(frame);
    const entry = this.#entries.get(frame.channel);
    if (frame.type === FRAME.ack) return entry?.channel.ack(frame.offset) ?? null;
    if (frame.type === FRAME.data) return entry ? this.#body(entry, frame) : null;
    if (frame.type === FRAME.cancel) this.#drop(frame.channel);
    else if (frame.type === FRAME.attach) this.#attach(entry, frame);
    else return "a frame that an edge does not send";
    return null;
  }

  #open({ channel: id, bytes, flags }: Frame): string | null {
    const known = this.#entries.get(id);
    if (known && !this.#lingering.has(id)) return "an open of a channel that is open";
    if (known) this.#drop(id);
    const channel = new StreamChannel({ id, sender: this.#sender, onSent: () => this.#sent(id) });
    const isFull = this.open >= LIMITS.channelsPerLane;
    const open = decodeOpen(bytes);
    const entry: Entry = { channel, sentAt: null, detachedAt: null };
    this.#entries.set(id, entry);
    if ("error_in" in open) channel.refuse("LINK_MESSAGE_INVALID", `The open is not valid: ${open.error_in}`);
    else if (isFull) channel.refuse("STREAMS_EXHAUSTED", `${LIMITS.channelsPerLane} streams of this lane are open.`);
    else {
      channel.detachMs = open.detach_ms;
      channel.target = { kind: open.kind, service: "service" in open ? open.service : null };
      channel.events = this.#serve(open, channel);
    }
    return flags & FLAG.end ? channel.body(0, new Uint8Array(0), true) : null;
  }

  #serve(open: Open, channel: StreamChannel): ChannelEvents {
    const { servers } = this.#options;
    if (open.kind === "http") return servers.http(open, channel);
    if (open.kind === "socket") return servers.socket(open, channel);
    return open.kind === "terminal" ? servers.terminal(open, channel) : servers.console(open, channel);
  }

  #body({ channel }: Entry, { offset, bytes, flags, channel: id }: Frame): string | null {
    if (flags & FLAG.broken) {
      this.#drop(id);
      return null;
    }
    return channel.body(offset, bytes, (flags & FLAG.end) !== 0);
  }

  #attach(entry: Entry | undefined, { channel: id, offset }: Frame): void {
    if (entry) {
      // It may not have all of the answer yet: `#sent` says when.
      this.#lingering.delete(id);
      entry.sentAt = entry.detachedAt = null;
      if (entry.channel.attach(offset)) return;
    }
    this.#drop(id);
    this.#sender.word(FRAME.cancel, id, 0);
  }

  /** Ends what produces, and forgets. */
  #drop(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#lingering.delete(id);
    try {
      entry.channel.cancel();
      entry.channel.forget();
    } catch (error) {
      this.#options.log("error", "a stream could not be cancelled", { reason: reasonOf(error) });
    }
  }

  #sent(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.sentAt = momentOf(this.#options.clock);
    this.#lingering.delete(id);
    this.#lingering.add(id);
    if (this.#lingering.size > LIMITS.lingerChannels) for (const oldest of this.#lingering) return this.#drop(oldest);
    this.#sweepLater();
  }

  #sweepLater(): void {
    if (this.#stopSweep || (!this.#hasDetached && this.#lingering.size === 0)) return;
    this.#stopSweep = this.#options.clock.after(SWEEP_MS, () => {
      this.#stopSweep = null;
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const { clock } = this.#options;
    for (const id of this.#lingering) {
      const { sentAt } = this.#entries.get(id)!;
      if (sentAt && elapsed(clock, sentAt) < LIMITS.lingerMs) break;
      this.#drop(id);
    }
    const detached = [...this.#entries].filter(([, { detachedAt, sentAt }]) => detachedAt && !sentAt);
    this.#hasDetached = detached.length > 0;
    for (const [id, { channel, detachedAt }] of detached) if (elapsed(clock, detachedAt!) >= channel.detachMs) this.#drop(id);
  }
}
