// The product's Worker with every billed thing counted: requests and RPC calls to objects, incoming socket messages, alarms,
// rows read and written. Counts are read at /__counts. Only the benchmark builds it.
import worker, { FleetDO as Fleet, HostDO as Host } from "../../worker/index.ts";

export { LaneDO } from "../../worker/index.ts";

const counts = { requests: 0, object_requests: 0, messages: 0, alarms: 0, set_alarms: 0, rows_written: 0, rows_read: 0 };
const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];

function settle(): void {
  for (const cursor of cursors.splice(0)) {
    counts.rows_written += cursor.rowsWritten;
    counts.rows_read += cursor.rowsRead;
  }
}

function watch(ctx: DurableObjectState): void {
  const { sql } = ctx.storage;
  const exec = sql.exec.bind(sql);
  sql.exec = ((query: string, ...values: SqlStorageValue[]) => {
    const cursor = exec(query, ...values);
    cursors.push(cursor);
    if (cursors.length > 1_000) settle();
    return cursor;
  }) as typeof sql.exec;
  const setAlarm = ctx.storage.setAlarm.bind(ctx.storage);
  ctx.storage.setAlarm = (...args) => {
    counts.set_alarms += 1;
    return setAlarm(...args);
  };
}

const UNBILLED = new Set(["constructor", "webSocketClose", "webSocketError"]);

/** Counts each call of a public method; a hibernating socket's messages and alarms are counted apart. */
function counted<T extends object>(prototype: T): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = (prototype as Record<string, unknown>)[name];
    if (UNBILLED.has(name) || typeof method !== "function") continue;
    const kind = name === "webSocketMessage" ? "messages" : name === "alarm" ? "alarms" : "object_requests";
    Object.defineProperty(prototype, name, {
      value(this: unknown, ...args: unknown[]): unknown {
        counts[kind] += 1;
        return Reflect.apply(method, this, args);
      },
    });
  }
}
counted(Fleet.prototype);
counted(Host.prototype);

export class FleetDO extends Fleet {
  constructor(...args: ConstructorParameters<typeof Fleet>) {
    watch(args[0]);
    super(...args);
  }
}

export class HostDO extends Host {
  constructor(...args: ConstructorParameters<typeof Host>) {
    watch(args[0]);
    super(...args);
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/__counts") {
      settle();
      return Response.json(counts);
    }
    counts.requests += 1;
    return worker.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Parameters<NonNullable<typeof worker.fetch>>[1]>;
