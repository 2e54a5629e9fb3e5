// What an object must do later: one row a thing, and the object's only alarm at the earliest of them. Runs nothing itself.
// Rows and setAlarm are billed, so the alarm is set only to move it forward: one that fires early finds nothing and moves on.

/** Statements for a migration step. */
export const DUE_SCHEMA = [
  "CREATE TABLE due (kind TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
] as const;

export interface Due {
  readonly kind: string;
  readonly key: string;
}

export class DueTable {
  readonly #storage: DurableObjectStorage;
  /** What the platform holds; undefined: not asked yet by this instance. */
  #alarm: number | null | undefined;
  /** The earliest time set since the last {@link arm}. */
  #earliest: number | null = null;
  #isSpent = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Asks the platform for the alarm, so that {@link arm} is in the same write as the change. For the constructor's blockConcurrencyWhile. */
  async load(): Promise<void> {
    this.#alarm = await this.#storage.getAlarm();
  }

  /** `kind` and `key` together name one thing; setting it again moves it. */
  set(kind: string, key: string, atMs: number): void {
    this.#storage.sql.exec("INSERT OR REPLACE INTO due (kind, key, at) VALUES (?, ?, ?)", kind, key, Math.ceil(atMs));
    this.#earliest = Math.min(this.#earliest ?? Infinity, Math.ceil(atMs));
  }

  clear(kind: string, key: string): void {
    this.#storage.sql.exec("DELETE FROM due WHERE kind = ? AND key = ?", kind, key);
  }

  at(kind: string, key: string): number | null {
    return this.#storage.sql.exec<{ at: number }>("SELECT at FROM due WHERE kind = ? AND key = ?", kind, key).toArray()[0]?.at ?? null;
  }

  /** Removes and returns at most `limit` things whose time has come, earliest first. The caller acts before its next await, else it sets them again. */
  take(nowMs: number, limit = 1_000): Due[] {
    const rows = this.#storage.sql
      .exec<{ kind: string; key: string }>("SELECT kind, key FROM due WHERE at <= ? ORDER BY at LIMIT ?", nowMs, limit)
      .toArray();
    for (const { kind, key } of rows) this.clear(kind, key);
    return rows;
  }

  next(): number | null {
    return this.#storage.sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM due").one().at;
  }

  /** Call first in `alarm()`: the platform's alarm is spent, so the next {@link arm} looks at what remains. */
  fired(): void {
    this.#alarm = null;
    this.#isSpent = true;
  }

  /** Sets the alarm when something set since the last call comes before it. Cheap when not. */
  async arm(): Promise<void> {
    if (this.#earliest === null && !this.#isSpent) return;
    if (this.#alarm === undefined) await this.load();
    const earliest = this.#isSpent ? this.next() : this.#earliest;
    this.#earliest = null;
    this.#isSpent = false;
    if (earliest === null || (typeof this.#alarm === "number" && this.#alarm <= earliest)) return;
    this.#alarm = earliest;
    await this.#storage.setAlarm(earliest);
  }
}
