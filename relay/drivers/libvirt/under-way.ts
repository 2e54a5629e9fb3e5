// Counts the work that goes on, so that what it stands on is closed after the last of it. Closes nothing itself.

export class UnderWay {
  #count = 0;
  #onIdle: (() => void) | null = null;

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#onIdle?.();
    }
  }

  /** Calls `act` now when nothing goes on, and each time that nothing does from then on. */
  whenIdle(act: () => void): void {
    this.#onIdle = act;
    if (this.#count === 0) act();
  }
}
