// How long to wait before the next dial. Refusals (the edge or what stands before it says no) slow down to one attempt in
// half a minute; a network that fails never slows it beyond the jittered maximum. No I/O.
import { LIMITS } from "../../protocol/limits.ts";

/** How a connection ended. `upMs` is how long it was welcome, 0 when it never was. */
export interface Outcome {
  readonly kind: "refused" | "lost";
  /** For the log, in words. */
  readonly reason: string;
  readonly upMs: number;
  /** The edge's wish; bounded here. */
  readonly retryAfterMs?: number | undefined;
}

/** A connection that held this long was a good one. */
const SETTLED_MS = 10_000;
/** Even the luckiest jitter is no hot loop. */
const LEAST_MS = 50;
const MOST_WISHED_MS = 5 * 60_000;

export class Backoff {
  readonly #random: () => number;
  #refusals = 0;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds until the next attempt after this outcome. */
  next(outcome: Outcome): number {
    if (outcome.upMs > 0) this.#refusals = 0;
    if (outcome.upMs >= SETTLED_MS) this.#failures = 0;
    if (outcome.kind === "refused") this.#refusals += 1;
    else this.#failures += 1;
    const wished = Math.min(outcome.retryAfterMs ?? 0, MOST_WISHED_MS);
    if (outcome.kind === "refused" && this.#refusals >= LIMITS.refusalsBeforeSlow) return Math.max(LIMITS.refusedRetryMs, wished);
    const steps = Math.max(0, (outcome.kind === "refused" ? this.#refusals : this.#failures) - 1);
    const ceiling = Math.min(LIMITS.reconnectMaxMs, LIMITS.reconnectBaseMs * 2 ** Math.min(steps, 16));
    return Math.max(LEAST_MS, Math.floor(this.#random() * ceiling), wished);
  }
}
