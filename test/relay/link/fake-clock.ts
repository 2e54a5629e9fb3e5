// Time that a test moves. Both clocks go together unless one is set; timers fire in order while time is moved.
import type { Clock } from "../../../relay/jobs/clock.ts";

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export class FakeClock implements Clock {
  #wall = 1_800_000_000_000;
  #monotonic = 0;
  readonly #timers = new Set<Timer>();

  wall(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#monotonic + ms, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time, and lets sockets and files catch up after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#move(Math.max(0, next.at - this.#monotonic));
      next.act();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.#move(end - this.#monotonic);
  }

  /** The machine slept: on Linux only the wall clock goes on, and no timer fires. */
  sleep(ms: number): void {
    this.#wall += ms;
  }

  #move(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }
}
