// Bytes of an answer that wait for their reader. What is taken has a buffer of its own, because a byte stream detaches the
// buffer of what it is given; small pieces are gathered, so that a queue of tiny frames costs what its bytes cost.

const BLOCK_BYTES = 4 * 1024;
const EMPTY = new Uint8Array(0);

export class ByteQueue {
  /** Each has a buffer that nobody else uses. */
  #parts: Uint8Array[] = [];
  /** Of the last part: bytes of its buffer that are free behind it. */
  #spare = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `isOwned`: nobody else looks at the bytes' buffer, so it is kept as it is; else they are copied. */
  push(bytes: Uint8Array, isOwned: boolean): void {
    const length = bytes.length;
    if (length === 0) return;
    const last = this.#parts.at(-1);
    if (last && length <= this.#spare) {
      new Uint8Array(last.buffer, last.byteOffset + last.length, length).set(bytes);
      this.#parts[this.#parts.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + length);
      this.#spare -= length;
    } else if (isOwned && (!last || length >= BLOCK_BYTES / 2)) {
      this.#parts.push(bytes);
      this.#spare = 0;
    } else {
      // The first one goes out alone most of the time: no room behind it.
      const block = new Uint8Array(last ? Math.max(length, BLOCK_BYTES) : length);
      block.set(bytes);
      this.#parts.push(block.subarray(0, length));
      this.#spare = block.length - length;
    }
    this.#size += length;
  }

  /** The next bytes as one piece: at least one part, and as many as fit in `max`. */
  take(max: number): Uint8Array {
    let count = 0;
    let length = 0;
    while (count < this.#parts.length && (count === 0 || length + this.#parts[count]!.length <= max))
      length += this.#parts[count++]!.length;
    if (count === this.#parts.length) this.#spare = 0;
    const taken = this.#parts.splice(0, count);
    this.#size -= length;
    if (taken.length < 2) return taken[0] ?? EMPTY;
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of taken) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  clear(): void {
    this.#parts = [];
    this.#spare = 0;
    this.#size = 0;
  }
}
