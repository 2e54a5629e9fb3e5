// What leaves on one lane: one message for each turn of the event loop, at the latest when 16 KiB are together; successive
// bytes of a channel in one frame. No timer. Bytes are copied here, once, into the message: nothing of what was read stays
// referenced, so what an upstream's sockets read dies young.
import { FRAME, FLAG, HEADER_BYTES, type FrameType } from "../../protocol/link/frames.ts";

const FLUSH_BYTES = 16 * 1024;
/** The memory of a message; only one of a larger head is larger. A token that fills it up is mostly whole. */
const MESSAGE_BYTES = FLUSH_BYTES + 1024;
/** Memory of messages that have gone out, for the next ones: what waits for a slow edge would become garbage that lies long. */
const SPARE_MESSAGES = 256;

/** Takes a message; `done`, in a later turn, when its memory may be written again. */
export type Send = (message: Buffer, done: () => void) => void;

export class LaneSender {
  readonly #spare: Buffer[] = [];
  #message: Buffer = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
  #length = 0;
  #isScheduled = false;
  /** The last frame of the message, where more bytes of its channel may join it: its place in the message, its channel, and the offset of what follows. */
  #tail: { at: number; channel: number; end: number } | null = null;
  #send: Send | null = null;

  /** null: there is no link, and what is flushed goes nowhere. */
  connect(send: Send | null): void {
    this.flush();
    this.#send = send;
  }

  /** Bytes of an answer; with `flags`, its end. */
  data(channel: number, offset: number, bytes: Uint8Array, flags = 0): void {
    let left = bytes;
    let at = offset;
    for (;;) {
      this.#begin(channel, at);
      const room = MESSAGE_BYTES - this.#length;
      if (left.length <= room) break;
      this.#append(left.subarray(0, room), 0);
      left = left.subarray(room);
      at += room;
    }
    this.#append(left, flags);
    this.#grown();
  }

  word(type: FrameType, channel: number, offset: number, bytes: Uint8Array | null = null): void {
    const length = bytes?.length ?? 0;
    const size = HEADER_BYTES + length;
    if (this.#length + size > MESSAGE_BYTES) this.flush();
    if (size > MESSAGE_BYTES) this.#message = Buffer.allocUnsafeSlow(size);
    this.#tail = null;
    this.#header(type, channel, offset, length);
    if (bytes) this.#message.set(bytes, this.#length);
    this.#length += length;
    this.#grown();
  }

  flush(): void {
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    this.#tail = null;
    if (!this.#send) return;
    const message = this.#message;
    this.#message = this.#spare.pop() ?? Buffer.allocUnsafeSlow(MESSAGE_BYTES);
    this.#send(message.subarray(0, length), () => {
      if (message.length === MESSAGE_BYTES && this.#spare.length < SPARE_MESSAGES) this.#spare.push(message);
    });
  }

  /** A data frame that takes at least one byte more. */
  #begin(channel: number, offset: number): void {
    const tail = this.#tail;
    if (tail?.channel === channel && tail.end === offset && this.#length < MESSAGE_BYTES) return;
    if (this.#length + HEADER_BYTES >= MESSAGE_BYTES) this.flush();
    this.#tail = { at: this.#length, channel, end: offset };
    this.#header(FRAME.data, channel, offset, 0);
  }

  #append(bytes: Uint8Array, flags: number): void {
    const tail = this.#tail!;
    this.#message.set(bytes, this.#length);
    this.#length += bytes.length;
    tail.end += bytes.length;
    this.#message[tail.at + 1]! |= flags;
    this.#message.writeUInt32BE(this.#length - tail.at - HEADER_BYTES, tail.at + 14);
  }

  #header(type: FrameType, channel: number, offset: number, length: number): void {
    const [message, at] = [this.#message, this.#length];
    message[at] = type;
    message[at + 1] = 0;
    message.writeUInt32BE(channel, at + 2);
    message.writeUInt32BE(Math.floor(offset / 2 ** 32), at + 6);
    message.writeUInt32BE(offset >>> 0, at + 10);
    message.writeUInt32BE(length, at + 14);
    this.#length += HEADER_BYTES;
  }

  #grown(): void {
    if (this.#length >= FLUSH_BYTES) this.flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#turnEnded);
    }
  }

  readonly #turnEnded = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}

export const END_FLAGS = { whole: FLAG.end, broken: FLAG.end | FLAG.broken } as const;
