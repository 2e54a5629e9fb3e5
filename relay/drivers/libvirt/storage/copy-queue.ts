// Turns for copies of disks: so many at once for a host, the others in the order in which they came. A copy keeps its turn until
// its work truly ended, which may be long after its job was cancelled.
import { VmFailure } from "../../virtual/failure.ts";

interface Waiting {
  readonly told: (ahead: number) => void;
  readonly take: () => void;
}

export class CopyQueue {
  readonly #places: number;
  #running = 0;
  readonly #waiting: Waiting[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** Resolves with what ends the turn (once). `waits` is told how many are ahead, whenever that changes. Throws JOB_CANCELLED. */
  async enter(signal: AbortSignal, waits: (ahead: number) => void): Promise<() => void> {
    if (signal.aborted) throw new VmFailure("JOB_CANCELLED");
    if (this.#running >= this.#places) await this.#wait(signal, waits);
    else this.#running += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.shift();
      if (next) next.take();
      else this.#running -= 1;
      this.#tell();
    };
  }

  #wait(signal: AbortSignal, told: (ahead: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        this.#tell();
        reject(new VmFailure("JOB_CANCELLED"));
      };
      const entry: Waiting = {
        told,
        take: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(entry);
      told(this.#running + this.#waiting.length - 1);
    });
  }

  #tell(): void {
    for (const [index, { told }] of this.#waiting.entries()) told(this.#running + index);
  }
}
