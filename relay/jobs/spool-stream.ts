// One output stream of one running job on its way to disk: the beginning goes to a file, and once that may grow no more,
// the last MiB stays in memory until the end. Counts everything. Does not know the link.
import { close, mkdir, open, write, writev } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LIMITS } from "../../protocol/limits.ts";
import type { StreamName } from "../../protocol/link/records.ts";

const disk = { close: promisify(close), mkdir: promisify(mkdir), open: promisify(open) };

/** Unwritten bytes at which the producer is asked to pause. */
const PAUSE_BYTES = 1024 * 1024;
/** What an unwritten piece costs beside its bytes: a flood of single bytes must pause too. */
const PIECE_BYTES = 128;
export const TAIL_BYTES = LIMITS.edgeOutputTailBytes;
/** A tail file begins with the offset of its first byte, u64. */
export const TAIL_HEADER_BYTES = 8;
export const tailName = (stream: StreamName): string => `${stream}.tail`;

function writeAll(fd: number, pieces: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const whole = (error: Error | null, written: number) => {
      if (error) reject(error);
      else if (written < total) reject(new Error("short write"));
      else resolve();
    };
    if (pieces.length === 1) write(fd, pieces[0]!, whole);
    else writev(fd, pieces, whole);
  });
}

export interface StreamOptions {
  readonly dir: string;
  readonly stream: StreamName;
  /** How many of these bytes may be kept; fewer than asked ends the file for good. */
  readonly reserve: (bytes: number) => number;
  readonly onError: (error: Error) => void;
}

export class SpoolStream {
  readonly #options: StreamOptions;
  /** Bytes of the stream so far, kept or not. */
  total = 0;
  /** Bytes from the beginning that the file has or will have. */
  head = 0;
  #full = false;
  #pending: Uint8Array[] = [];
  #pendingCost = 0;
  #fd: number | null = null;
  #writing: Promise<void> | null = null;
  #ring: Uint8Array | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** First byte of what the memory has; `total` when it has nothing. */
  get tailStart(): number {
    return this.#ring ? Math.max(this.head, this.total - TAIL_BYTES) : this.total;
  }

  /** Takes the bytes, by reference. A promise asks the producer to pause until it settles; it never rejects. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    const kept = this.#full ? 0 : this.#options.reserve(bytes.length);
    if (kept < bytes.length) this.#full = true;
    if (kept > 0) {
      this.#pending.push(kept === bytes.length ? bytes : bytes.subarray(0, kept));
      this.#pendingCost += kept + PIECE_BYTES;
      this.head += kept;
      this.#writing ??= this.#drain();
    }
    if (kept < bytes.length) this.#remember(bytes.subarray(kept), this.total + kept);
    this.total += bytes.length;
    return this.#pendingCost > PAUSE_BYTES ? (this.#writing ?? undefined) : undefined;
  }

  /** Bytes of the memory at an offset from {@link tailStart} on, as a copy. */
  readTail(offset: number, length: number): Uint8Array {
    const end = Math.min(this.total, offset + length);
    const out = new Uint8Array(Math.max(0, end - offset));
    for (let at = offset; at < end;) {
      const from = at % TAIL_BYTES;
      const piece = this.#ring!.subarray(from, Math.min(TAIL_BYTES, from + end - at));
      out.set(piece, at - offset);
      at += piece.length;
    }
    return out;
  }

  /** Settles when everything kept so far is in the file. */
  async written(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Writes the tail, if there is one, and closes. */
  async finish(): Promise<void> {
    await this.written();
    if (this.#fd !== null) await disk.close(this.#fd).catch(this.#options.onError);
    this.#fd = null;
    if (!this.#ring) return;
    const start = this.tailStart;
    const header = new Uint8Array(TAIL_HEADER_BYTES);
    new DataView(header.buffer).setBigUint64(0, BigInt(start));
    try {
      await disk.mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
      const fd = await disk.open(join(this.#options.dir, tailName(this.#options.stream)), "w", 0o600);
      try {
        await writeAll(fd, [header, this.readTail(start, TAIL_BYTES)]);
      } finally {
        await disk.close(fd);
      }
    } catch (error) {
      this.#options.onError(error as Error);
    }
  }

  #remember(bytes: Uint8Array, offset: number): void {
    this.#ring ??= new Uint8Array(TAIL_BYTES);
    const skip = Math.max(0, bytes.length - TAIL_BYTES);
    for (let at = skip; at < bytes.length;) {
      const to = (offset + at) % TAIL_BYTES;
      const piece = bytes.subarray(at, at + Math.min(bytes.length - at, TAIL_BYTES - to));
      this.#ring.set(piece, to);
      at += piece.length;
    }
  }

  async #drain(): Promise<void> {
    try {
      this.#fd ??= await this.#open();
      while (this.#pending.length > 0) {
        const pieces = this.#pending;
        this.#pending = [];
        this.#pendingCost = 0;
        await writeAll(this.#fd, pieces);
      }
    } catch (error) {
      this.#lose(error as Error);
    }
    this.#writing = null;
  }

  async #open(): Promise<number> {
    await disk.mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    return disk.open(join(this.#options.dir, this.#options.stream), "w", 0o600);
  }

  /** A disk that takes no more: the rest is counted. What the file has is found out when it is read. */
  #lose(error: Error): void {
    this.#full = true;
    this.#pending = [];
    this.#pendingCost = 0;
    this.#options.onError(error);
  }
}
