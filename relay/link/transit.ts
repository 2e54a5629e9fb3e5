// How much longer a message was on its way than the one it is measured against: it may have lain in a socket while this
// machine slept, or in a network that stood still. Only differences count, so neither side's clock need be right.
import { elapsed, momentOf, type Clock, type Moment } from "../jobs/clock.ts";

export class Transit {
  readonly #clock: Clock;
  readonly #received: Moment;
  readonly #sentMs: number;

  /** `sentMs`: the edge's clock in a message that arrived just now, soon after it was asked for. */
  constructor(clock: Clock, sentMs: number) {
    this.#clock = clock;
    this.#received = momentOf(clock);
    this.#sentMs = sentMs;
  }

  /** Milliseconds, at least 0, for a message that arrives now. Grows when a clock was set, and then says too much, not too little. */
  excess(sentMs: number): number {
    return Math.max(0, elapsed(this.#clock, this.#received) - (sentMs - this.#sentMs));
  }
}
