// Who used which model how much: totals by UTC day, as Host objects tell them. Newest day first.
import type { UsageItem } from "../../protocol/api/shapes.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Page, UsageQuery, UsageTotal } from "./contract.ts";
import { pageOf, type FleetStore } from "./store.ts";

const DAY_MS = 24 * 3600_000;
const CURSOR = /^(\d{4}-\d\d-\d\d)~(\d{1,15})$/;

type Row = UsageItem & { id: number } & Record<string, SqlStorageValue>;

export const isUsageCursor = (cursor: string): boolean => CURSOR.test(cursor);

/** Inside the write of a report. A total that comes again replaces itself. */
export function takeUsage(store: FleetStore, hostNumber: number, totals: readonly UsageTotal[]): void {
  if (totals.length === 0) return;
  const host = store.row<{ name: string }>("SELECT name FROM hosts WHERE number = ?", hostNumber)?.name ?? "";
  for (const total of totals)
    store.sql.exec(
      `INSERT INTO usage (day, host_number, host, principal, surface, model, requests, aborted, input_tokens, output_tokens)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (day, host_number, principal, surface, model) DO UPDATE SET host = excluded.host, requests = excluded.requests,
       aborted = excluded.aborted, input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens`,
      total.day,
      hostNumber,
      host,
      total.principal,
      total.surface,
      total.model,
      total.requests,
      total.aborted,
      total.input_tokens,
      total.output_tokens,
    );
}

/** `credentials`: only what was used with every one of these; null: everyone's. */
export function listUsage(store: FleetStore, query: UsageQuery, credentials: readonly string[] | null): Page<UsageItem> {
  const [, day = "9999-12-31", id = "0"] = CURSOR.exec(query.cursor ?? "") ?? [];
  const { principal = null, model = null, host = null } = query;
  const rows = store.rows<Row>(
    `SELECT id, day, principal, host, surface, model, requests, aborted, input_tokens, output_tokens FROM usage
     WHERE (day < ? OR (day = ? AND id > ?)) AND day >= ? AND day <= ?
     AND (? IS NULL OR principal = ?) AND (? IS NULL OR model = ?)
     AND (? IS NULL OR host = ? COLLATE NOCASE OR host_number = (SELECT number FROM hosts WHERE id = ?))
     AND NOT EXISTS (SELECT 1 FROM json_each(?) AS own WHERE instr('+' || principal || '+', '+' || own.value || '+') = 0)
     ORDER BY day DESC, id LIMIT ?`,
    day,
    day,
    Number(id),
    query.since ?? "",
    query.until ?? "9999-12-31",
    principal,
    principal,
    model,
    model,
    host,
    host,
    host,
    JSON.stringify(credentials ?? []),
    query.limit + 1,
  );
  const page = pageOf(rows, query.limit, (last) => `${last.day}~${last.id}`);
  return { items: page.items.map(({ id: _id, ...item }) => item), next_cursor: page.next_cursor };
}

/** Days that have had their time, and the oldest where there are too many rows. Inside a write. */
export function pruneUsage(store: FleetStore, nowMs: number): void {
  store.sql.exec("DELETE FROM usage WHERE day < ?", dayOf(nowMs - LIMITS.usageDays * DAY_MS));
  const beyond = store.row<{ day: string }>("SELECT day FROM usage ORDER BY day DESC LIMIT 1 OFFSET ?", LIMITS.usageRowsKept);
  if (beyond) store.sql.exec("DELETE FROM usage WHERE day <= ?", beyond.day);
}

/** When the oldest day will have had its time; null: there is none. */
export function usageExpiry(store: FleetStore): number | null {
  const { day } = store.row<{ day: string | null }>("SELECT min(day) AS day FROM usage")!;
  return day === null ? null : Date.parse(day) + (LIMITS.usageDays + 1) * DAY_MS;
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
