// Keeps the last bytes of a stream in bounded memory, and shows them as text.
import { LIMITS } from "../../../protocol/limits.ts";

const MAX = LIMITS.resultTailBytes;
/** Many small pieces cost more than their bytes; then they are put together. */
const MAX_PIECES = 256;

export class Tail {
  #pieces: Uint8Array[] = [];
  #held = 0;
  #total = 0;

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    this.#total += bytes.length;
    if (this.#held > 2 * MAX || this.#pieces.length > MAX_PIECES) this.#compact();
  }

  /** More came than is kept. */
  get truncated(): boolean {
    return this.#total > MAX;
  }

  /** Lossy UTF-8 of the last LIMITS.resultTailBytes; a character that the cut went through is left out. */
  text(): string {
    this.#compact();
    const bytes = this.#pieces[0];
    if (bytes === undefined) return "";
    let start = 0;
    if (this.truncated) while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start).toString("utf8");
  }

  #compact(): void {
    if (this.#pieces.length === 0 || (this.#pieces.length === 1 && this.#held <= MAX)) return;
    const whole = Buffer.concat(this.#pieces);
    // A copy, so that what was cut off is not kept alive.
    const last = whole.length > MAX ? Buffer.from(whole.subarray(-MAX)) : whole;
    this.#pieces = [last];
    this.#held = last.length;
  }
}
