// Everyone's audit records in one list: the Fleet's own chain, and what Host objects handed on. Newest first.
import type { AuditRecord } from "../../protocol/api/shapes.ts";
import type { Page } from "./contract.ts";
import { pageOf, type FleetStore } from "./store.ts";

interface Query {
  object?: string | undefined;
  principal?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}
type Row = { record: string };

/** Inside the write of a report. A record that was handed on twice is kept once. */
export function takeAudit(store: FleetStore, records: readonly AuditRecord[]): void {
  for (const record of records)
    store.sql.exec(
      "INSERT OR IGNORE INTO host_audit (object, seq, at, principal, record) VALUES (?, ?, ?, ?, ?)",
      record.object,
      record.seq,
      record.at,
      record.principal,
      JSON.stringify(record),
    );
}

const CURSOR = /^(\d{4}-\d\d-\d\dT[\d:.]{12}Z)~([A-Za-z0-9]{1,64})~(\d{1,15})$/;

export const isAuditCursor = (cursor: string): boolean => CURSOR.test(cursor);

/** The order of the list, and its cursor: time, then object, then number. */
const isBefore = (a: AuditRecord, b: AuditRecord) =>
  a.at === b.at ? (a.object === b.object ? a.seq < b.seq : a.object < b.object) : a.at < b.at;

export function listAudit(store: FleetStore, query: Query): Page<AuditRecord> {
  const [, at = "9999", object = "", seq = "0"] = CURSOR.exec(query.cursor ?? "") ?? [];
  const { principal = null, limit } = query;
  const own = query.object === undefined || query.object === "fleet" ? ownRecords(store, at, object, Number(seq), principal, limit) : [];
  const theirs = query.object === "fleet" ? [] : handedOn(store, at, object, Number(seq), principal, query.object ?? null, limit);
  const merged = [...own, ...theirs].map((row) => JSON.parse(row.record) as AuditRecord).sort((a, b) => (isBefore(a, b) ? 1 : -1));
  return pageOf(merged, limit, (last) => `${last.at}~${last.object}~${last.seq}`);
}

function ownRecords(store: FleetStore, at: string, object: string, seq: number, principal: string | null, limit: number): Row[] {
  return store.rows<Row>(
    `SELECT record FROM audit WHERE (json_extract(record, '$.at'), 'fleet', seq) < (?, ?, ?)
     AND (? IS NULL OR json_extract(record, '$.principal') = ?) ORDER BY json_extract(record, '$.at') DESC, seq DESC LIMIT ?`,
    at,
    object,
    seq,
    principal,
    principal,
    limit + 1,
  );
}

function handedOn(
  store: FleetStore,
  at: string,
  object: string,
  seq: number,
  principal: string | null,
  only: string | null,
  limit: number,
): Row[] {
  return store.rows<Row>(
    `SELECT record FROM host_audit WHERE (at, object, seq) < (?, ?, ?) AND (? IS NULL OR principal = ?) AND (? IS NULL OR object = ?)
     ORDER BY at DESC, object DESC, seq DESC LIMIT ?`,
    at,
    object,
    seq,
    principal,
    principal,
    only,
    only,
    limit + 1,
  );
}
