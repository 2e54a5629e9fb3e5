// What changed since the last report to the Fleet: a stamp for each change, and the ids of changed jobs. Sends nothing.

export class Changes {
  readonly #jobs = new Map<string, number>();
  readonly #floor: () => number;
  #last = 0;
  #host = 0;
  #onChange: () => void = () => {};

  /** `floor`: the newest stamp that was reported; asked once. */
  constructor(floor: () => number) {
    this.#floor = floor;
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Grows with every call, also when the clock goes back. */
  stamp(): number {
    if (this.#last === 0) this.#last = this.#floor();
    this.#last = Math.max(Date.now(), this.#last + 1);
    return this.#last;
  }

  raise(floor: number): void {
    this.#last = Math.max(this.#last, floor);
  }

  /** The stamp to write into the job's row, in the same turn. */
  job(id: string): number {
    const stamp = this.stamp();
    this.#jobs.set(id, stamp);
    this.#onChange();
    return stamp;
  }

  /** Presence, catalogue, facts, or an audit record alone. */
  host(): number {
    this.#host = this.stamp();
    this.#onChange();
    return this.#host;
  }

  /** A change found in the database by a new instance. */
  found(id: string, stamp: number): void {
    this.raise(stamp);
    this.#jobs.set(id, stamp);
  }

  /** Ids of at most `limit` changed jobs, oldest change first. */
  pending(limit: number): { ids: string[]; upTo: number; isAll: boolean } {
    const entries = [...this.#jobs].toSorted((a, b) => a[1] - b[1]);
    const some = entries.slice(0, limit);
    const isAll = some.length === entries.length;
    return { ids: some.map(([id]) => id), upTo: isAll ? this.#last : some.at(-1)![1], isAll };
  }

  get isEmpty(): boolean {
    return this.#jobs.size === 0 && this.#host === 0;
  }

  /** Everything up to `stamp` was taken. */
  taken(stamp: number): void {
    for (const [id, at] of this.#jobs) if (at <= stamp) this.#jobs.delete(id);
    if (this.#host <= stamp) this.#host = 0;
  }
}
