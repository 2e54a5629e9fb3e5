// One channel of a lane: the answer's window, what of it is kept for a reader that attaches again, and the request body's
// window. Knows no sockets; outlives them.
import { ERRORS, isErrorCode } from "../../protocol/errors.ts";
import { FRAME } from "../../protocol/link/frames.ts";
import { encodeHead, type Head } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { DEAF, type Channel, type ChannelEvents, type StreamTarget } from "./contract.ts";
import { Retained } from "./retained.ts";
import { END_FLAGS, type LaneSender } from "./sender.ts";

const NO_BYTES = new Uint8Array(0);

export interface StreamChannelOptions {
  readonly id: number;
  readonly sender: LaneSender;
  /** Its answer, with its end, has been sent whole. Once for each attach. */
  readonly onSent: (channel: StreamChannel) => void;
}

export class StreamChannel implements Channel {
  readonly id: number;
  /** How long it may run without a reader, milliseconds. */
  detachMs = 0;
  target: StreamTarget | null = null;
  /** Set when it is served. */
  events: ChannelEvents = DEAF;
  readonly #options: StreamChannelOptions;
  readonly #kept = new Retained();
  #head: Uint8Array | null = null;
  /** Bytes produced, sent to the present reader, and acknowledged by it. */
  #at = 0;
  #sent = 0;
  #acked = 0;
  #end: number | null = null;
  #isAttached = true;
  #isEndSent = false;
  #isFull = false;
  /** Ended or cancelled: what serves it is not called again. */
  #isDeaf = false;
  #received = 0;
  #taken = 0;
  #ackSent = 0;
  #isBodyWhole = false;

  constructor(options: StreamChannelOptions) {
    this.#options = options;
    this.id = options.id;
  }

  /** Bytes of the body that were passed on: the edge goes on from there. */
  get bodyTaken(): number {
    return this.#taken;
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  // What serves the channel calls these.

  head({ status, headers }: Pick<Head, "status" | "headers">): void {
    if (!this.#head && !this.#isDeaf) this.#say({ status, headers });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isDeaf || !this.#head) return true;
    if (bytes.length > 0) this.#take(bytes);
    this.#isFull = this.#at - this.#acked >= LIMITS.windowBytes;
    return !this.#isFull;
  }

  end(broken = false): void {
    if (this.#isDeaf || !this.#head) return;
    this.#deafen();
    this.#end = broken ? END_FLAGS.broken : END_FLAGS.whole;
    this.#sendEnd();
  }

  refuse(code: string, message: string, retryAfterMs?: number): void {
    if (this.#isDeaf || this.#head) return;
    const error = {
      code,
      message: message.slice(0, LIMITS.messageChars),
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    };
    this.#say({ status: isErrorCode(code) ? ERRORS[code].status : 502, headers: [], error });
    this.end();
  }

  taken(bytes: number): void {
    this.#taken = Math.min(this.#received, this.#taken + bytes);
    if (this.#isAttached && this.#taken - this.#ackSent >= LIMITS.ackEveryBytes) this.#ackBody();
  }

  // The lane calls these.

  /** Forgets what it kept: it will not be attached again. */
  forget(): void {
    this.#kept.clear();
  }

  /** A frame of the body; in words what is wrong with it. */
  body(offset: number, bytes: Uint8Array, isEnd: boolean): string | null {
    if (offset > this.#received) return "a gap in a body";
    const fresh = bytes.subarray(Math.min(bytes.length, this.#received - offset));
    if (fresh.length > 0 && this.#isBodyWhole) return "a body beyond its end";
    if (this.#received + fresh.length - this.#ackSent > LIMITS.windowBytes) return "a body beyond its window";
    this.#received += fresh.length;
    if (fresh.length > 0) {
      if (this.#isDeaf) this.#taken = this.#received;
      else this.events.onBody(fresh);
    }
    if (isEnd && !this.#isBodyWhole && offset + bytes.length === this.#received) {
      this.#isBodyWhole = true;
      if (!this.#isDeaf) this.events.onBodyEnd();
    }
    return null;
  }

  ack(offset: number): string | null {
    if (offset > this.#sent) return "an acknowledgement of what was not sent";
    if (offset <= this.#acked) return null;
    this.#acked = offset;
    // One window more: the object may have handed it on to a reader that has not got it when the object is reset.
    this.#kept.release(offset - LIMITS.windowBytes);
    this.#pump();
    this.#drain();
    return null;
  }

  /** Nobody reads until the next attach. */
  detach(): void {
    this.#isAttached = false;
    this.#ackSent = this.#taken;
  }

  /** A reader wants everything from `offset` on; false when that was let go. What was sent before must have been flushed. */
  attach(offset: number): boolean {
    if (offset > this.#at || offset < this.#kept.start) return false;
    this.#isAttached = true;
    this.#isEndSent = false;
    this.#sent = this.#acked = offset;
    if (this.#head) this.#options.sender.word(FRAME.head, this.id, 0, this.#head);
    if (this.#taken > this.#ackSent) this.#ackBody();
    this.#pump();
    this.#drain();
    return true;
  }

  /** Ends what produces. */
  cancel(): void {
    if (this.#isDeaf) return;
    const { events } = this;
    this.#deafen();
    events.onCancel();
  }

  /** The same, and says so to who reads: the host does not offer it any more. */
  revoke(): void {
    if (this.#isDeaf) return;
    this.events.onCancel();
    this.refuse("SERVICE_NOT_FOUND", "The host does not offer this any more.");
    this.end(true);
  }

  /** Holds on to nothing of what served it: the answer may linger. */
  #deafen(): void {
    this.#isDeaf = true;
    this.events = DEAF;
  }

  #say(head: Head): void {
    this.#head = encodeHead(head);
    if (this.#isAttached) this.#options.sender.word(FRAME.head, this.id, 0, this.#head);
  }

  #take(bytes: Uint8Array): void {
    const isCaughtUp = this.#isAttached && this.#sent === this.#at;
    const room = isCaughtUp ? Math.max(0, this.#acked + LIMITS.windowBytes - this.#sent) : 0;
    this.#at += bytes.length;
    this.#kept.add(bytes);
    if (room > 0) this.#transmit(bytes.length <= room ? bytes : bytes.subarray(0, room));
  }

  #pump(): void {
    if (!this.#isAttached) return;
    const to = Math.min(this.#at, this.#acked + LIMITS.windowBytes);
    if (to > this.#sent) for (const part of this.#kept.slices(this.#sent, to)) this.#transmit(part);
    this.#sendEnd();
  }

  #transmit(bytes: Uint8Array): void {
    this.#options.sender.data(this.id, this.#sent, bytes);
    this.#sent += bytes.length;
  }

  #sendEnd(): void {
    if (this.#end === null || this.#isEndSent || !this.#isAttached || this.#sent < this.#at) return;
    this.#isEndSent = true;
    this.#options.sender.data(this.id, this.#at, NO_BYTES, this.#end);
    this.#options.onSent(this);
  }

  #drain(): void {
    if (!this.#isFull || this.#isDeaf || this.#at - this.#acked >= LIMITS.windowBytes) return;
    this.#isFull = false;
    this.events.onDrain();
  }

  #ackBody(): void {
    this.#ackSent = this.#taken;
    this.#options.sender.word(FRAME.ack, this.id, this.#taken);
  }
}
