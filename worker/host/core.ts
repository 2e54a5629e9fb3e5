// What every part of a Host object stands on, built once for each instance. Holds no behaviour.
import type { AuditChain } from "../storage/audit.ts";
import type { DueTable } from "../storage/due.ts";
import type { Sealer } from "../storage/sealed.ts";
import type { Env } from "../env.ts";
import type { Changes } from "./changes.ts";
import type { Jobs } from "./jobs.ts";
import type { Logs } from "./logs.ts";
import type { Meta } from "./meta.ts";
import type { Wakers } from "./wakers.ts";

export interface Core {
  readonly ctx: DurableObjectState;
  readonly env: Env;
  readonly sql: SqlStorage;
  readonly meta: Meta;
  readonly due: DueTable;
  readonly audit: AuditChain;
  readonly sealer: Sealer;
  readonly changes: Changes;
  readonly jobs: Jobs;
  readonly logs: Logs;
  readonly wakers: Wakers;
}

/** Something the platform's log should have: a peer that misbehaves. Never a value that may be secret. */
export function warn(core: Core, message: string, facts: Record<string, string | number | null> = {}): void {
  console.warn(JSON.stringify({ level: "warn", host: core.meta.get("identity")?.number ?? null, message, ...facts }));
}
