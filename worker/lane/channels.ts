// The channels of one lane: which there are, what a binary message of the relay means for each, and what happens to all of
// them when the link goes and comes back. Knows no socket.
import { LIMITS } from "../../protocol/limits.ts";
import { decodeFrames, encodeFrames, FLAG, FRAME, frame, HEADER_BYTES, type Frame } from "../../protocol/link/frames.ts";
import type { LaneHelloBody } from "../../protocol/link/lane.ts";
import { refusalOf, type Lane, type LaneChannel } from "./channel.ts";

/** Ids that the relay was told to end, so that it is told once. */
const TOLD_KEPT = 1_024;

export class Channels {
  readonly #all = new Map<number, LaneChannel>();
  readonly #send: Lane["send"];
  readonly #bornAtMs = Date.now();
  readonly #onChange: (size: number) => void;
  #told = new Set<number>();
  /** What the newest hello said of channels that had no reader then. */
  #received = new Map<number, number>();

  constructor(send: Lane["send"], onChange: (size: number) => void) {
    this.#send = send;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#all.size;
  }

  get(id: number): LaneChannel | undefined {
    return this.#all.get(id);
  }

  values(): LaneChannel[] {
    return [...this.#all.values()];
  }

  add(channel: LaneChannel): void {
    this.#all.set(channel.id, channel);
    this.#onChange(this.#all.size);
  }

  over(channel: LaneChannel): void {
    if (this.#all.get(channel.id) !== channel) return;
    this.#all.delete(channel.id);
    this.#onChange(this.#all.size);
  }

  /** This object may not know every reader yet. */
  get isYoung(): boolean {
    return Date.now() - this.#bornAtMs < LIMITS.laneGraceMs;
  }

  /** Bytes of the request's body that the relay said it has, for a reader that comes back; null: the relay does not know the channel. */
  received(id: number): number | null {
    return this.#received.get(id) ?? null;
  }

  // ---- the link ----

  linked(hello: LaneHelloBody): void {
    this.#received = new Map(hello.channels.map(({ channel, received }) => [channel, received]));
    this.#told.clear();
    for (const channel of this.values()) channel.linked(this.received(channel.id));
  }

  /** The link did not come back in time. */
  abandon(): void {
    for (const channel of this.values()) channel.fail(refusalOf("LANE_UNAVAILABLE", false));
  }

  /** Null, or why the relay's socket must be closed. */
  message(message: ArrayBuffer): string | null {
    const decoded = decodeFrames(new Uint8Array(message));
    if ("error" in decoded) return decoded.error;
    const { frames } = decoded;
    const isAlone = frames.length === 1;
    const touched = new Set<LaneChannel>();
    for (const item of frames) {
      const error = this.#frame(item, isAlone, touched);
      if (error !== null) return error;
    }
    // Every byte was copied: the message's memory goes now, not at the next collection of garbage.
    if (!isAlone) message.transfer(0);
    for (const channel of touched) channel.flush();
    return null;
  }

  #frame(item: Frame, isAlone: boolean, touched: Set<LaneChannel>): string | null {
    const channel = this.#all.get(item.channel);
    if (item.type === FRAME.open || item.type === FRAME.attach || item.type === FRAME.spool) return "a frame that only the edge sends";
    if ((item.flags & (FLAG.end | FLAG.broken)) === FLAG.broken) return "broken, but not the end";
    if (!channel) {
      if ((item.type === FRAME.head || item.type === FRAME.data) && !(item.flags & FLAG.end)) this.#unknown(item.channel);
      return null;
    }
    if (!this.#apply(channel, item, isAlone)) {
      this.#send(encodeFrames([frame(FRAME.cancel, item.channel, 0)]));
      channel.fail(refusalOf("UPSTREAM_FAILED", false, "The host broke the protocol."));
      return null;
    }
    touched.add(channel);
    return null;
  }

  #apply(channel: LaneChannel, { type, flags, offset, bytes }: Frame, isAlone: boolean): boolean {
    if (type === FRAME.ack) return channel.acked(offset);
    if (type === FRAME.head) return channel.headed(bytes);
    if (type === FRAME.cancel) {
      channel.fail(refusalOf("UPSTREAM_FAILED", false, "The host does not know the request any more."));
      return true;
    }
    const isOwned = isAlone && bytes.length + HEADER_BYTES === bytes.buffer.byteLength;
    if (bytes.length > 0 && !channel.data(offset, bytes, isOwned)) return false;
    return (flags & FLAG.end) === 0 || channel.ended(offset + bytes.length, (flags & FLAG.broken) !== 0);
  }

  /** Nobody reads it: its Worker may still come while this object is young; later the relay is told. */
  #unknown(id: number): void {
    if (this.isYoung || this.#told.has(id)) return;
    if (this.#told.size >= TOLD_KEPT) this.#told.clear();
    this.#told.add(id);
    this.#send(encodeFrames([frame(FRAME.cancel, id, 0)]));
  }
}
