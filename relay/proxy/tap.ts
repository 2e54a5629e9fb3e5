// What may look into an exchange with a model server, or change it: usage counts, asked-for final chunks, small translations.
// Without a tap no byte is looked at.
import type { HeaderList, OpenOf } from "../../protocol/link/lane.ts";

/** Bytes of one direction, in order. Must not throw; must hold no more than LIMITS.modelScanBytes. */
export interface BodyTap {
  /** False: what it answers is ignored and the bytes go through as they are. True: its answers go instead, and the length is theirs. */
  readonly changes: boolean;
  /** The bytes to pass on now; null: none yet. Must neither keep nor change `bytes` of an answer; those of a request stay valid. */
  push(bytes: Uint8Array): Uint8Array | null;
  /** The body is whole: what is left to pass on. */
  end(): Uint8Array | null;
  /** Of an answer that the upstream broke off, instead of `end`: the dialect's own error, passed on before the broken end (also where `changes` is false). */
  broken?(): Uint8Array | null;
}

/** `complete`: the upstream ended its answer well. `broken`: it did not, or never answered. `cancelled`: nobody read any more. */
export type ExchangeEnd = "complete" | "broken" | "cancelled";

/** One exchange. Order: constructed → `request` pushes → `answer` → its pushes (they may overlap) → `ended`, once in every case. */
export interface Tap {
  /** Sent to the upstream instead of the open's. */
  readonly path?: string;
  /** Headers for the upstream, already filtered: drop `accept-encoding` here where an answer must be read. */
  headers?(headers: HeaderList): HeaderList;
  /**
   * The request's body; null: passes untouched. With `changes`, nothing goes to the upstream before the first bytes that it
   * gives: where that is its `end`, the length is known and sent, else the body goes out chunked.
   */
  readonly request: BodyTap | null;
  /** The answer's body, when the upstream's head is there; null: passes untouched. With `changes` the length is not passed on. */
  answer(status: number, headers: HeaderList): BodyTap | null;
  ended(how: ExchangeEnd): void;
}

/** null: this exchange is of no interest. */
export type TapFor = (open: OpenOf<"http">) => Tap | null;
