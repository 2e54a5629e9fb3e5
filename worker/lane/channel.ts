// One HTTP exchange of a lane: the answer as it comes from the relay, handed to its reader as the reader takes it, and the
// request's body on its way. Knows frames and offsets, but neither sockets nor the other channels.
import type { ErrorCode } from "../../protocol/errors.ts";
import { AppError, isErrorCode } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { ReceiveWindow } from "../../protocol/link/channel.ts";
import { encodeFrames, FRAME, frame } from "../../protocol/link/frames.ts";
import { decodeHead, type Head } from "../../protocol/link/lane.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { LaneRefusal } from "./contract.ts";
import { Upload } from "./upload.ts";

/** What every kind of channel hears from its lane. */
export interface LaneChannel {
  readonly id: number;
  /** The bytes of a head frame. False: what the relay may not send. */
  headed(bytes: Uint8Array): boolean;
  /** `isOwned`: nobody else looks at the buffer of `bytes`. False: what the relay may not send. */
  data(offset: number, bytes: Uint8Array, isOwned: boolean): boolean;
  /** The relay's last word. `isBroken`: what came is not all. */
  ended(offset: number, isBroken: boolean): boolean;
  /** False: of bytes never sent. */
  acked(offset: number): boolean;
  /** Every frame of one message was applied: whoever waits gets what there is. */
  flush(): void;
  /** A new link. `received`: how much of the upload the relay has; null: it does not know this channel. */
  linked(received: number | null): void;
  /** Nothing more can come. */
  fail(refusal: LaneRefusal): void;
  /** Nobody reads any more: the relay is told. */
  cancel(): void;
}

/** What a channel needs of its lane. */
export interface Lane {
  /** False: there is no link now. */
  send(message: Uint8Array): boolean;
  /** This channel is over: it is forgotten. */
  over(channel: LaneChannel): void;
  /** What all clients' sockets have sent beyond their windows. */
  readonly waiting: { bytes: number };
}

/** The most that one write to a reader holds. */
const PULL_BYTES = 64 * 1024;
/** A producer pauses when a window is full; what was on its way by then is still taken. */
export const WINDOW_BYTES = LIMITS.windowBytes + LIMITS.frameBytes;

export const refusalOf = (code: ErrorCode, untouched: boolean, message = new AppError(code).message): LaneRefusal => ({
  code,
  message,
  untouched,
});

export class Channel implements LaneChannel {
  readonly id: number;
  readonly upload: Upload;
  readonly #lane: Lane;
  readonly #window: ReceiveWindow;
  readonly #queue = new ByteQueue();
  readonly #ready = Promise.withResolvers<void>();
  #head: Head | null = null;
  #refusal: LaneRefusal | null = null;
  #end: "whole" | "broken" | null = null;
  #isOver = false;
  /** The offset that was asked for again; one gap is asked for once. */
  #asked = -1;
  /** A reader that waits for bytes. */
  #waiting: { readonly to: ReadableByteStreamController; readonly done: () => void } | null = null;

  /** `from`: the next byte of the answer that is wanted. */
  constructor(id: number, lane: Lane, from = 0, uploadFrom = 0) {
    this.id = id;
    this.#lane = lane;
    this.#window = new ReceiveWindow(from, WINDOW_BYTES);
    this.upload = new Upload(id, (message) => lane.send(message), uploadFrom);
  }

  /** Settles when there is a head or a refusal. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get head(): Head | null {
    return this.#head;
  }

  get refusal(): LaneRefusal | null {
    return this.#refusal;
  }

  /** Everything came together with the head. */
  get isWhole(): boolean {
    return this.#end === "whole";
  }

  // ---- from the relay ----

  headed(bytes: Uint8Array): boolean {
    if (this.#head || this.#refusal) return true;
    const head = decodeHead(bytes);
    if ("error_in" in head) {
      this.#give(refusalOf("UPSTREAM_FAILED", false, "The host sent a head that is not valid."));
      return true;
    }
    if (head.error) {
      const { code, message, retry_after_ms: retryAfterMs } = head.error;
      const known = isErrorCode(code) ? code : "UPSTREAM_FAILED";
      // Where the upstream broke off without an answer, it may have acted.
      this.#refuse({
        code: known,
        message,
        untouched: known !== "UPSTREAM_FAILED",
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
      this.#leave();
      return true;
    }
    this.#head = head;
    return true;
  }

  data(offset: number, bytes: Uint8Array, isOwned: boolean): boolean {
    if (this.#end || this.#isOver) return true;
    if (offset > this.#window.next) {
      if (this.#asked !== this.#window.next) this.attach();
      return true;
    }
    const fresh = this.#window.take(offset, bytes);
    if ("error" in fresh) return false;
    this.#queue.push(fresh, isOwned);
    return true;
  }

  ended(offset: number, isBroken: boolean): boolean {
    if (this.#end || this.#isOver) return true;
    // Of a broken answer there may be less than was said; of a whole one every byte must be here.
    if (!isBroken && offset !== this.#window.next) {
      if (offset < this.#window.next) return false;
      if (this.#asked !== this.#window.next) this.attach();
      return true;
    }
    this.#end = isBroken ? "broken" : "whole";
    this.upload.close();
    if (isBroken && !this.#head) this.#refuse(refusalOf("UPSTREAM_FAILED", false));
    return true;
  }

  flush(): void {
    if (this.#head) this.#ready.resolve();
    const waiting = this.#waiting;
    if (!waiting || (this.#queue.size === 0 && !this.#end)) return;
    this.#waiting = null;
    this.#hand(waiting.to);
    waiting.done();
  }

  acked(offset: number): boolean {
    return this.upload.acked(offset);
  }

  linked(received: number | null): void {
    if (this.#end) return;
    if (received === null || !this.upload.resume(received)) {
      this.#lane.send(encodeFrames([frame(FRAME.cancel, this.id, 0)]));
      this.fail(refusalOf("UPSTREAM_FAILED", false, "The host lost the request when it connected again."));
    } else this.attach();
  }

  /** Asks for the answer from the next byte that is wanted on. */
  attach(): void {
    this.#asked = this.#window.next;
    this.#lane.send(encodeFrames([frame(FRAME.attach, this.id, this.#window.next)]));
  }

  // ---- the end ----

  fail(refusal: LaneRefusal): void {
    if (this.#isOver) return;
    this.#refuse(refusal);
    this.#end ??= "broken";
    this.flush();
    this.#leave();
  }

  #refuse(refusal: LaneRefusal): void {
    if (!this.#head) this.#refusal ??= refusal;
    this.#ready.resolve();
  }

  /** Gives up on this side's word. */
  #give(refusal: LaneRefusal): void {
    this.#lane.send(encodeFrames([frame(FRAME.cancel, this.id, 0)]));
    this.fail(refusal);
  }

  /** The relay sent what it may not, or the caller may not read any more. */
  breakOff(refusal: LaneRefusal): void {
    if (!this.#isOver && !this.#end) this.#give(refusal);
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#queue.clear();
    // Of an answer that is all here, the relay has nothing to end.
    if (!this.#end) this.#lane.send(encodeFrames([frame(FRAME.cancel, this.id, 0)]));
    this.fail(refusalOf("UPSTREAM_FAILED", false));
  }

  #leave(): void {
    this.#isOver = true;
    this.upload.close();
    this.#lane.over(this);
  }

  // ---- to the reader ----

  /** All bytes of an answer that is whole. */
  takeAll(): Uint8Array {
    const bytes = this.#queue.take(Infinity);
    this.#leave();
    return bytes;
  }

  /** No body is wanted: what the relay may still send is not for anyone. */
  takeNone(): void {
    if (!this.#isOver) this.#leave();
  }

  /** Leaves the lane to the socket that goes on with this channel: the bytes that are here. The upload stays open. */
  handOver(): Uint8Array {
    this.#isOver = true;
    return this.#queue.take(Infinity);
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** The window as it stands, for a socket that takes over. */
  get window(): ReceiveWindow {
    return this.#window;
  }

  stream(length: number | null): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: "bytes",
      ...(length === null ? {} : { expectedLength: length }),
      // Without a high-water mark this runs only while the reader waits, so what is handed over was taken.
      pull: (to) => {
        if (this.#queue.size > 0 || this.#end) return this.#hand(to);
        return new Promise<void>((done) => {
          this.#waiting = { to, done };
        });
      },
      cancel: () => this.cancel(),
    });
  }

  #hand(to: ReadableByteStreamController): void {
    if (this.#queue.size > 0) {
      to.enqueue(this.#queue.take(PULL_BYTES));
      if (this.#end === null) return this.#acknowledge();
      if (this.#queue.size > 0 || this.#end === "broken") return;
    }
    if (this.#end === "whole") {
      to.close();
      to.byobRequest?.respond(0);
    } else to.error(new Error("the answer broke off"));
    if (!this.#isOver) this.#leave();
  }

  #acknowledge(): void {
    const taken = this.#window.next - this.#queue.size;
    if (taken - this.#window.acked < LIMITS.ackEveryBytes) return;
    this.#lane.send(encodeFrames([frame(FRAME.ack, this.id, this.#window.ack(taken))]));
  }
}
