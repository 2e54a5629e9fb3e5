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

/** Lines of one host in a while: a relay that misbehaves causes no more. */
const BURST = 100;
const WHILE_MS = 60_000;
const bursts = new WeakMap<Core, { readonly fromMs: number; lines: number }>();

/** Something the platform's log should have: a peer that misbehaves. Never a value that may be secret. */
export function warn(core: Core, message: string, facts: Record<string, string | number | null> = {}): void {
  const now = Date.now();
  let burst = bursts.get(core);
  if (!burst || Math.abs(now - burst.fromMs) >= WHILE_MS) bursts.set(core, (burst = { fromMs: now, lines: 0 }));
  burst.lines += 1;
  if (burst.lines > BURST) return;
  console.warn(JSON.stringify({ level: "warn", host: core.meta.get("identity")?.number ?? null, message, ...facts }));
}
