// Reads of a job's output from the host's spool: one request, one frame. In memory only: an answer that nobody waits for
// is dropped.
import { LIMITS } from "../../protocol/limits.ts";
import { FLAG, type Frame } from "../../protocol/link/frames.ts";
import type { StreamName } from "../../protocol/link/records.ts";
import type { Links } from "./links.ts";

/** Requests under way at once; each pins at most one answer. */
const IN_FLIGHT = 32;

export type SpoolAnswer = { bytes: Uint8Array; isEnd: boolean } | { missing: "offline" | "busy" | "late" | "not-kept" };

interface Waiting {
  readonly offset: number;
  readonly length: number;
  readonly answer: (answer: SpoolAnswer) => void;
}

export class Spool {
  readonly #links: Links;
  readonly #waiting = new Map<number, Waiting>();
  #next = crypto.getRandomValues(new Uint16Array(1))[0]! + 1;

  constructor(links: Links) {
    this.#links = links;
  }

  /** At most `length` bytes at `offset`, within the deadline. Never throws. */
  async read(id: string, stream: StreamName, offset: number, length: number): Promise<SpoolAnswer> {
    if (this.#waiting.size >= IN_FLIGHT) return { missing: "busy" };
    const request = this.#next;
    this.#next = request >= 0xffff_ffff ? 1 : request + 1;
    return await new Promise<SpoolAnswer>((resolve) => {
      const timer = setTimeout(() => this.#settle(request, { missing: "late" }), LIMITS.callTimeoutMs);
      const answer = (value: SpoolAnswer): void => {
        clearTimeout(timer);
        resolve(value);
      };
      const bounded = Math.min(length, LIMITS.spoolReadBytes);
      this.#waiting.set(request, { offset, length: bounded, answer });
      if (!this.#links.send({ type: "spool", request, job_id: id, stream, offset, length: bounded }))
        this.#settle(request, { missing: "offline" });
    });
  }

  #settle(request: number, answer: SpoolAnswer): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    waiting?.answer(answer);
  }

  /** A `spool` frame. One that does not fit its request counts as not kept. */
  frame(item: Frame): void {
    const waiting = this.#waiting.get(item.channel);
    if (!waiting) return;
    const fits = item.offset === waiting.offset && item.bytes.length <= waiting.length;
    const isMissing = !fits || (item.flags & FLAG.missing) !== 0 || item.bytes.length === 0;
    // A copy: the frame is a view on the message.
    this.#settle(item.channel, isMissing ? { missing: "not-kept" } : { bytes: item.bytes.slice(), isEnd: (item.flags & FLAG.end) !== 0 });
  }

  /** The link is gone. */
  lost(): void {
    for (const request of this.#waiting.keys()) this.#settle(request, { missing: "offline" });
  }
}
