// Who waits for a job to move on: waiting submits and event streams. Carries no data: the woken read the database.
export class Wakers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Calls `wake` at every change of the job until the returned function is called. */
  add(id: string, wake: () => void): () => void {
    const set = this.#waiting.get(id) ?? new Set();
    set.add(wake);
    this.#waiting.set(id, set);
    return () => {
      set.delete(wake);
      if (set.size === 0 && this.#waiting.get(id) === set) this.#waiting.delete(id);
    };
  }

  wake(id: string): void {
    const set = this.#waiting.get(id);
    if (set) for (const wake of set) wake();
  }

  /** Resolves when `isDone` answers true after a wake, or after `ms`. */
  async until(id: string, ms: number, isDone: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        remove();
        resolve();
      };
      const remove = this.add(id, () => {
        if (isDone()) finish();
      });
      const timer = setTimeout(finish, ms);
    });
  }
}
