// Bytes from a client to the relay, on one channel: at most a window of them beyond what the relay acknowledged, kept until
// it did, and sent again from where it says after a new handshake. Knows no request and no socket.
import { SendWindow } from "../../protocol/link/channel.ts";
import { encodeFrames, FLAG, FRAME, frame, HEADER_BYTES } from "../../protocol/link/frames.ts";

/** Smaller pieces are kept side by side in blocks of this size: a buffer of its own for each would cost more than its bytes. */
const BLOCK_BYTES = 4 * 1024;

export class Upload {
  readonly #channel: number;
  /** False: there is no link now. What is kept goes out after the next handshake. */
  readonly #send: (message: Uint8Array) => boolean;
  readonly #window: SendWindow;
  #block = new Uint8Array(0);
  #used = 0;
  #isEnded = false;
  #isClosed = false;
  #wake: (() => void) | null = null;

  /** `offset`: bytes that were sent and acknowledged before (a socket that slept). */
  constructor(channel: number, send: (message: Uint8Array) => boolean, offset = 0) {
    this.#channel = channel;
    this.#send = send;
    this.#window = new SendWindow(offset);
  }

  /** Offset of the next byte. */
  get next(): number {
    return this.#window.next;
  }

  get room(): number {
    return this.#isClosed ? 0 : this.#window.room;
  }

  /** Settles when at least `bytes` may be written, or never will: then false. One waits at a time. */
  async hasRoom(bytes: number): Promise<boolean> {
    while (!this.#isClosed && this.#window.room < bytes)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return !this.#isClosed;
  }

  /** Takes at most `room` bytes, copied, and says which frame to send. `isLast`: no byte follows. */
  take(bytes: Uint8Array, isLast: boolean): ReturnType<typeof frame> {
    const offset = this.#window.next;
    const kept = this.#copy(bytes.subarray(0, this.#window.room));
    this.#window.write(kept);
    this.#isEnded ||= isLast;
    return frame(FRAME.data, this.#channel, offset, kept, isLast ? FLAG.end : 0);
  }

  write(bytes: Uint8Array, isLast = false): void {
    if (!this.#isClosed) this.#send(encodeFrames([this.take(bytes, isLast)]));
  }

  /** Large pieces: the message that is sent is what is kept. */
  writeCopied(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (bytes.length < BLOCK_BYTES / 2) return this.write(bytes);
    const message = encodeFrames([frame(FRAME.data, this.#channel, this.#window.next, bytes)]);
    this.#window.write(message.subarray(HEADER_BYTES));
    this.#send(message);
  }

  /** Opens the channel. `open`: JSON of the open. `body`: all of it, at most a window; null: there is none; absent: it follows. */
  open(open: Uint8Array, body?: Uint8Array | null): void {
    const isEmpty = body === null || body?.length === 0;
    const frames = [frame(FRAME.open, this.#channel, 0, open, isEmpty ? FLAG.end : 0)];
    if (body && !isEmpty) frames.push(this.take(body, true));
    this.#send(encodeFrames(frames));
  }

  end(): void {
    this.write(new Uint8Array(0), true);
  }

  #copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length >= BLOCK_BYTES / 2) return bytes.slice();
    if (this.#used + bytes.length > this.#block.length) {
      // A body that is small as a whole gets no more than it needs.
      this.#block = new Uint8Array(this.#block.length === 0 ? bytes.length : BLOCK_BYTES);
      this.#used = 0;
    }
    const copy = this.#block.subarray(this.#used, this.#used + bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }

  /** False: of bytes that were never sent. */
  acked(offset: number): boolean {
    if (!this.#window.ack(offset)) return false;
    this.#stir();
    return true;
  }

  /** After a handshake at which the relay said that it has everything before `received`. False: that cannot be. */
  resume(received: number): boolean {
    const pieces = this.#window.resumeAt(received);
    if (!pieces) return false;
    for (const { offset, bytes } of pieces) this.#send(encodeFrames([frame(FRAME.data, this.#channel, offset, bytes)]));
    if (this.#isEnded) this.#send(encodeFrames([frame(FRAME.data, this.#channel, this.#window.next, new Uint8Array(0), FLAG.end)]));
    this.#stir();
    return true;
  }

  /** Nothing is sent any more; whoever waits for room hears so. */
  close(): void {
    this.#isClosed = true;
    this.#stir();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
