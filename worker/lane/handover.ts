// What a Worker and a lane of the same isolate (embedded) hand each other as it is, instead of writing it into headers and
// bodies that the other reads again: the open with a small body, and the answer's head with a body that is whole.
import type { Open } from "../../protocol/link/lane.ts";
import type { HeaderRecord } from "./header-record.ts";

/** Larger bodies travel as bodies: a window may not hold them. */
const BODY_BYTES = 64 * 1024;
/** A lane takes what it is handed when the request arrives: what lies here for so long belongs to a client that went at once. */
const KEPT_MS = 30_000;

export interface HandedAnswer {
  readonly status: number;
  readonly headers: HeaderRecord;
  /** All of it; null: it is the body of the lane's response, or there is none. */
  readonly whole: Uint8Array | null;
  readonly isStream: boolean;
}

export interface Handed {
  readonly open: Open;
  /** All of it; null: there is none. */
  readonly body: Uint8Array | null;
  /** Set by the lane before it responds; null: it refused, and its response says why. */
  answer: HandedAnswer | null;
}

const waiting = new Map<number, Handed & { readonly atMs: number }>();

export const handover = {
  /** Before the channel is asked for. Null: the body cannot be handed over. */
  give(channel: number, open: Open, body: Uint8Array | ReadableStream<Uint8Array> | null): Handed | null {
    if (body instanceof ReadableStream || (body?.length ?? 0) > BODY_BYTES) return null;
    const atMs = Date.now();
    for (const [old, { atMs: sinceMs }] of waiting) {
      if (atMs - sinceMs < KEPT_MS) break;
      waiting.delete(old);
    }
    const handed = { open, body, answer: null, atMs };
    waiting.set(channel, handed);
    return handed;
  },

  /** Null: nothing was handed over, the request says it all. */
  take(channel: number): Handed | null {
    const handed = waiting.get(channel);
    if (handed) waiting.delete(channel);
    return handed ?? null;
  },
};
