// The window of a channel, without I/O: what a sender may send and must keep, and what a receiver takes and acknowledges.
import { LIMITS } from "../limits.ts";

/** Sender's side. Keeps what is not acknowledged, at most one window of it; `write` says how much it took. */
export class SendWindow {
  readonly windowBytes: number;
  #kept: { offset: number; bytes: Uint8Array }[] = [];
  #acked: number;
  #next: number;

  constructor(offset = 0, windowBytes: number = LIMITS.windowBytes) {
    this.#acked = offset;
    this.#next = offset;
    this.windowBytes = windowBytes;
  }

  /** Offset of the next byte to be written. */
  get next(): number {
    return this.#next;
  }

  get acked(): number {
    return this.#acked;
  }

  /** Bytes that may be written now. */
  get room(): number {
    return this.windowBytes - (this.#next - this.#acked);
  }

  /** Takes at most `room` bytes of `bytes` (kept by reference) and says which frame to send; null when nothing fits. */
  write(bytes: Uint8Array): { offset: number; bytes: Uint8Array } | null {
    const taken = bytes.subarray(0, Math.max(0, this.room));
    if (taken.length === 0) return null;
    const piece = { offset: this.#next, bytes: taken };
    this.#keep(piece);
    this.#next += taken.length;
    return piece;
  }

  /** Neighbouring views of one buffer are kept as one (that fits a frame), so that a sender of tiny pieces can bound what they cost. */
  #keep({ offset, bytes }: { offset: number; bytes: Uint8Array }): void {
    const last = this.#kept.at(-1)?.bytes;
    const isNext = last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset;
    if (last && isNext && last.length + bytes.length <= LIMITS.frameBytes)
      this.#kept.at(-1)!.bytes = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
    else this.#kept.push({ offset, bytes });
  }

  /** An acknowledgement. False when it is of bytes never sent: a peer's fault. */
  ack(offset: number): boolean {
    if (offset > this.#next) return false;
    if (offset <= this.#acked) return true;
    this.#acked = offset;
    while (this.#kept[0] && this.#kept[0].offset + this.#kept[0].bytes.length <= offset) this.#kept.shift();
    return true;
  }

  /** What to send again after a reconnect at which the peer said that it has everything before `offset`. Null when that was let go. */
  resumeAt(offset: number): { offset: number; bytes: Uint8Array }[] | null {
    if (offset < this.#acked || !this.ack(offset)) return null;
    return this.#kept.map((piece) => {
      const skip = Math.max(0, offset - piece.offset);
      return { offset: piece.offset + skip, bytes: piece.bytes.subarray(skip) };
    });
  }
}

/** Receiver's side: drops what it has, refuses gaps and what exceeds the window. */
export class ReceiveWindow {
  readonly windowBytes: number;
  #next: number;
  #acked: number;

  constructor(offset = 0, windowBytes: number = LIMITS.windowBytes) {
    this.#next = offset;
    this.#acked = offset;
    this.windowBytes = windowBytes;
  }

  get next(): number {
    return this.#next;
  }

  /** The new bytes of a frame (empty for a repeat), or why the channel is broken. */
  take(offset: number, bytes: Uint8Array): Uint8Array | { error: string } {
    if (offset > this.#next) return { error: `gap: expected ${this.#next}, got ${offset}` };
    const fresh = bytes.subarray(Math.min(bytes.length, this.#next - offset));
    if (this.#next + fresh.length - this.#acked > this.windowBytes) return { error: "window exceeded" };
    this.#next += fresh.length;
    return fresh;
  }

  get acked(): number {
    return this.#acked;
  }

  /** The offset to acknowledge now: everything taken, or what a slower reader took of it. */
  ack(offset: number = this.#next): number {
    this.#acked = offset;
    return this.#acked;
  }
}
