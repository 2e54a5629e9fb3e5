// The schema of an object's database: an append-only list of steps, each a list of statements, run once each. Knows no table
// but its own. (workerd refuses PRAGMA user_version.)

/**
 * Brings the database to the newest step, in one transaction. A database that is ahead (an older Worker beside a newer
 * object during a deploy) is left as it is: steps only ever add.
 */
export function migrate(storage: DurableObjectStorage, steps: readonly (readonly string[])[]): void {
  const { sql } = storage;
  sql.exec("CREATE TABLE IF NOT EXISTS _migrations (step INTEGER PRIMARY KEY, at INTEGER NOT NULL)");
  const done = sql.exec<{ step: number }>("SELECT coalesce(max(step), 0) AS step FROM _migrations").one().step;
  if (done >= steps.length) return;
  storage.transactionSync(() => {
    for (const [index, statements] of steps.entries()) {
      if (index < done) continue;
      for (const statement of statements) sql.exec(statement);
      sql.exec("INSERT INTO _migrations (step, at) VALUES (?, ?)", index + 1, Date.now());
    }
  });
}
