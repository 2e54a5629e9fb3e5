// The receiving end of a job's channel: frames in, whole records out. Holds the beginning of a record until its end came.
import { LIMITS } from "../../protocol/limits.ts";
import { ReceiveWindow } from "../../protocol/link/channel.ts";
import { decodeRecords, type RawRecord } from "../../protocol/link/records.ts";

export class ChannelIntake {
  readonly #window: ReceiveWindow;
  /** `#held` bytes of `#buffer` follow the durable offset. */
  #buffer: Uint8Array = new Uint8Array(0);
  #held = 0;
  #durable: number;

  constructor(durable: number) {
    this.#durable = durable;
    this.#window = new ReceiveWindow(durable, LIMITS.jobWindowBytes);
  }

  /** Bytes held of records that are not whole. */
  get held(): number {
    return this.#held;
  }

  #append(bytes: Uint8Array): void {
    if (this.#held + bytes.length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#held + bytes.length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#held);
    this.#held += bytes.length;
  }

  /**
   * One frame. The records that are whole now (views that last until the next call) and the channel's offset after them,
   * or why the channel is broken.
   */
  take(offset: number, bytes: Uint8Array): { records: RawRecord[]; end: number } | { error: string } {
    const fresh = this.#window.take(offset, bytes);
    if ("error" in fresh) return fresh;
    const isDirect = this.#held === 0;
    if (!isDirect) this.#append(fresh);
    const waiting = isDirect ? fresh : this.#buffer.subarray(0, this.#held);
    const decoded = decodeRecords(waiting);
    if ("error" in decoded) return decoded;
    this.#durable += decoded.taken;
    const rest = waiting.subarray(decoded.taken);
    if (isDirect) {
      if (rest.length > 0) this.#append(rest);
    } else if (decoded.taken > 0) {
      // A new buffer: the records are views of the old one.
      this.#buffer = rest.slice();
      this.#held = rest.length;
    }
    this.#window.ack();
    return { records: decoded.records, end: this.#durable };
  }
}
