// The bytes of an answer that may have to be sent again, by offset. Copied into chunks that all channels share and use again: a
// reference to what was read or sent would outlive V8's young generation and lie there as garbage, many times what is kept.

const CHUNK_BYTES = 16 * 1024;
/** Of a channel: most answers are small. */
const FIRST_BYTES = 1024;
const SPARE_CHUNKS = 256;

const spare = { first: [] as Uint8Array[], other: [] as Uint8Array[] };

interface Chunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
  used: number;
}

export class Retained {
  readonly #chunks: Chunk[] = [];
  #start = 0;
  #end = 0;

  /** The first byte that can still be sent. */
  get start(): number {
    return this.#start;
  }

  /** Keeps a copy of what follows. */
  add(bytes: Uint8Array): void {
    let left = bytes;
    for (;;) {
      let last = this.#chunks.at(-1);
      if (!last || last.used === last.bytes.length) {
        last = { offset: this.#end, bytes: this.#newChunk(), used: 0 };
        this.#chunks.push(last);
      }
      const room = last.bytes.length - last.used;
      const part = left.length <= room ? left : left.subarray(0, room);
      last.bytes.set(part, last.used);
      last.used += part.length;
      this.#end += part.length;
      if (part === left) return;
      left = left.subarray(room);
    }
  }

  /** Lets go of whole chunks before `offset`. */
  release(offset: number): void {
    let gone = 0;
    while (gone < this.#chunks.length && this.#endOf(this.#chunks[gone]!) <= offset) gone += 1;
    if (gone === 0) return;
    this.#start = this.#endOf(this.#chunks[gone - 1]!);
    for (const { bytes } of this.#chunks.splice(0, gone)) putBack(bytes);
  }

  /** Lets go of everything. */
  clear(): void {
    this.release(this.#end);
  }

  /** What is kept of [from, to), as views that are good until the next release. */
  slices(from: number, to: number): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const { offset, bytes, used } of this.#chunks) {
      if (offset >= to) break;
      const slice = bytes.subarray(Math.max(0, from - offset), Math.min(used, Math.max(0, to - offset)));
      if (slice.length > 0) out.push(slice);
    }
    return out;
  }

  #endOf({ offset, used }: Chunk): number {
    return offset + used;
  }

  #newChunk(): Uint8Array {
    if (this.#end === 0) return spare.first.pop() ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    return spare.other.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }
}

function putBack(chunk: Uint8Array): void {
  const list = chunk.length === CHUNK_BYTES ? spare.other : spare.first;
  if (list.length < SPARE_CHUNKS) list.push(chunk);
}
