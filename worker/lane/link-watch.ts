// How long a lane is without its link: who waits for it is woken when it comes, and the channels are given up when it stays
// away for longer than a relay keeps them.
import { LIMITS } from "../../protocol/limits.ts";

/** A relay that lost its link to a deploy or a restart is back within this. */
const SOON_MS = LIMITS.laneGraceMs;

export class LinkWatch {
  readonly #isUp: () => boolean;
  readonly #onGone: () => void;
  #downSinceMs = Date.now();
  #gone: ReturnType<typeof setTimeout> | null = null;
  #waiting = new Set<() => void>();

  constructor(isUp: () => boolean, onGone: () => void) {
    this.#isUp = isUp;
    this.#onGone = onGone;
  }

  up(): void {
    if (this.#gone !== null) clearTimeout(this.#gone);
    this.#gone = null;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  down(): void {
    this.#downSinceMs = Date.now();
  }

  /** Channels exist while there is no link: they are given up when it does not come. Nothing where it is there. */
  expect(): void {
    if (this.#gone !== null || this.#isUp()) return;
    this.#gone = setTimeout(
      () => {
        this.#gone = null;
        if (!this.#isUp()) this.#onGone();
      },
      Math.max(0, this.#downSinceMs + LIMITS.detachMs - Date.now()),
    );
  }

  /** True when the link is up, at once or within the moments that a relay takes to come back. */
  async soon(maxMs: number = SOON_MS): Promise<boolean> {
    if (this.#isUp()) return true;
    const leftMs = Math.min(maxMs, this.#downSinceMs + maxMs - Date.now());
    if (leftMs <= 0) return false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wake = () => {};
    await new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiting.add(wake);
      timer = setTimeout(resolve, leftMs);
    });
    clearTimeout(timer);
    this.#waiting.delete(wake);
    return this.#isUp();
  }
}
