// When the edge is told what changed here: at once, but at most once in an interval; what changes meanwhile is told at its end.
import type { Clock } from "./jobs/clock.ts";

export const ANNOUNCE_MS = 1_000;

export class Announcements {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #stopTimer: (() => void) | null = null;
  #isDue = false;
  #isStopped = false;

  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  changed(): void {
    if (this.#isStopped) return;
    if (this.#stopTimer) {
      this.#isDue = true;
      return;
    }
    this.#isDue = false;
    this.#stopTimer = this.#clock.after(ANNOUNCE_MS, () => {
      this.#stopTimer = null;
      if (this.#isDue) this.changed();
    });
    this.#tell();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer?.();
  }
}
