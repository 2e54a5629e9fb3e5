// What leaves on one lane: one message for each turn of the event loop, at the latest when 16 KiB are together; successive
// bytes of a channel in one frame. No timer. What was sent is shown to its channel, which keeps it.
import { FRAME, FLAG, HEADER_BYTES, type FrameType } from "../../protocol/link/frames.ts";

const FLUSH_BYTES = 16 * 1024;

/** Who keeps the bytes that have been put into a message. */
export interface Owner {
  readonly id: number;
  /** A view that is good until this returns. In order. */
  sent(bytes: Uint8Array): void;
}

interface Queued {
  readonly type: FrameType;
  flags: number;
  readonly channel: number;
  readonly offset: number;
  readonly parts: Uint8Array[];
  length: number;
  /** null: nothing to keep. */
  readonly owner: Owner | null;
}

export class LaneSender {
  #queue: Queued[] = [];
  #bytes = 0;
  #isScheduled = false;
  /** The frame of this turn that more bytes of a channel may join. */
  readonly #tails = new Map<number, Queued>();
  #send: ((message: Buffer) => void) | null = null;

  /** null: there is no link; what is flushed then is only given back to its channels. */
  connect(send: ((message: Buffer) => void) | null): void {
    this.flush();
    this.#send = send;
  }

  /** New bytes of an answer; with `flags`, its end. */
  data(owner: Owner, offset: number, bytes: Uint8Array | null, flags = 0): void {
    const tail = this.#tails.get(owner.id);
    if (tail) {
      if (bytes) {
        tail.parts.push(bytes);
        tail.length += bytes.length;
      }
      tail.flags |= flags;
      this.#grown(bytes?.length ?? 0);
      return;
    }
    const queued: Queued = {
      type: FRAME.data,
      flags,
      channel: owner.id,
      offset,
      parts: bytes ? [bytes] : [],
      length: bytes?.length ?? 0,
      owner,
    };
    this.#tails.set(owner.id, queued);
    this.#add(queued);
  }

  /** Bytes that are kept already, again; at once, because what is kept may go. */
  again(channel: number, offset: number, parts: Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.#add({ type: FRAME.data, flags: 0, channel, offset, parts, length, owner: null });
    this.flush();
  }

  word(type: FrameType, channel: number, offset: number, bytes: Uint8Array | null = null): void {
    this.#add({ type, flags: 0, channel, offset, parts: bytes ? [bytes] : [], length: bytes?.length ?? 0, owner: null });
  }

  flush(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    const message = Buffer.allocUnsafe(this.#bytes);
    this.#queue = [];
    this.#bytes = 0;
    this.#tails.clear();
    let at = 0;
    for (const item of queue) {
      at = writeHeader(message, at, item);
      const from = at;
      for (const part of item.parts) {
        message.set(part, at);
        at += part.length;
      }
      if (item.owner && item.length > 0) item.owner.sent(message.subarray(from, at));
    }
    this.#send?.(message);
  }

  #add(item: Queued): void {
    this.#queue.push(item);
    this.#grown(HEADER_BYTES + item.length);
  }

  #grown(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= FLUSH_BYTES) this.flush();
    else if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}

function writeHeader(message: Buffer, at: number, { type, flags, channel, offset, length }: Queued): number {
  message[at] = type;
  message[at + 1] = flags;
  message.writeUInt32BE(channel, at + 2);
  message.writeUInt32BE(Math.floor(offset / 2 ** 32), at + 6);
  message.writeUInt32BE(offset >>> 0, at + 10);
  message.writeUInt32BE(length, at + 14);
  return at + HEADER_BYTES;
}

export const END_FLAGS = { whole: FLAG.end, broken: FLAG.end | FLAG.broken } as const;
