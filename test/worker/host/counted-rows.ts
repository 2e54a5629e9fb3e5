// The rows that a Host object writes, counted where they are billed: at its SQL.

/** A state whose SQL counts the rows that are written through it. */
export function counted(state: DurableObjectState): { state: DurableObjectState; written: () => number } {
  const cursors: { rowsWritten: number }[] = [];
  const { sql } = state.storage;
  const exec = (query: string, ...values: SqlStorageValue[]) => {
    const cursor = sql.exec(query, ...values);
    cursors.push(cursor);
    return cursor;
  };
  const fakeSql = { exec } as unknown as SqlStorage;
  const storage = new Proxy(state.storage, {
    get: (target, key) => {
      if (key === "sql") return fakeSql;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const proxy = new Proxy(state, {
    get: (target, key) => {
      if (key === "storage") return storage;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { state: proxy, written: () => cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0) };
}
