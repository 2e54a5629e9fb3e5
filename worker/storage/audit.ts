// An append-only chain of audit records, one for each object: each record carries the hash of the one before. Synchronous,
// so that a record is in the same write as the change it tells of. Records hold no secret: callers give none.
import { createHash } from "node:crypto";
import type { AuditRecord } from "../../protocol/api/shapes.ts";

/** Statements for a migration step. The head outlives the records that were handed on. */
export const AUDIT_SCHEMA = [
  "CREATE TABLE audit (seq INTEGER PRIMARY KEY, record TEXT NOT NULL)",
  "CREATE TABLE audit_head (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL)",
] as const;

/** The hash before the first record. */
export const AUDIT_GENESIS = "0".repeat(64);

/** What a caller tells; the chain adds the rest. `atMs` defaults to now. */
export interface AuditEntry {
  readonly principal: string;
  readonly action: string;
  readonly subject: string;
  readonly host: string | null;
  readonly outcome: string;
  readonly requestId: string;
  readonly detail?: Record<string, unknown>;
  readonly atMs?: number;
}

type Unhashed = Omit<AuditRecord, "hash">;

/** Lower-case hex SHA-256 over the JSON array of these fields in this order; `prev_hash` first. */
function hashOf(r: Unhashed): string {
  const fields = [r.prev_hash, r.object, r.seq, r.at, r.principal, r.action, r.subject, r.host, r.outcome, r.request_id, r.detail];
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

/**
 * Index of the first record that breaks the chain, or null. `records` are of one object, ascending and without holes; the
 * first is believed unless `before` says what came before it.
 */
export function verify(records: readonly AuditRecord[], before?: { seq: number; hash: string }): number | null {
  let previous = before;
  for (const [index, record] of records.entries()) {
    if (record.hash !== hashOf(record)) return index;
    if (previous && (record.seq !== previous.seq + 1 || record.prev_hash !== previous.hash)) return index;
    previous = record;
  }
  return null;
}

export class AuditChain {
  readonly #sql: SqlStorage;
  #head: { seq: number; hash: string } | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The last record's number and hash; 0 and {@link AUDIT_GENESIS} for an empty chain. */
  head(): { seq: number; hash: string } {
    if (this.#head) return this.#head;
    const last = this.#sql.exec<{ record: string }>("SELECT record FROM audit ORDER BY seq DESC LIMIT 1").toArray()[0];
    const kept = this.#sql.exec<{ seq: number; hash: string }>("SELECT seq, hash FROM audit_head").toArray()[0];
    this.#head = last ? (JSON.parse(last.record) as AuditRecord) : (kept ?? { seq: 0, hash: AUDIT_GENESIS });
    return this.#head;
  }

  /** Forgets what memory knows of the head. Call when a transaction that appended was rolled back. */
  reload(): void {
    this.#head = null;
  }

  /** `object`: "fleet" or the host's id. */
  append(object: string, entry: AuditEntry): AuditRecord {
    const head = this.head();
    const unhashed: Unhashed = {
      object,
      seq: head.seq + 1,
      at: new Date(entry.atMs ?? Date.now()).toISOString(),
      principal: entry.principal,
      action: entry.action,
      subject: entry.subject,
      host: entry.host,
      outcome: entry.outcome,
      request_id: entry.requestId,
      detail: entry.detail ?? {},
      prev_hash: head.hash,
    };
    const record: AuditRecord = { ...unhashed, hash: hashOf(unhashed) };
    this.#sql.exec("INSERT INTO audit (seq, record) VALUES (?, ?)", record.seq, JSON.stringify(record));
    this.#head = { seq: record.seq, hash: record.hash };
    return record;
  }

  /** The oldest records after `after`, ascending. */
  list(limit: number, after = 0): AuditRecord[] {
    return this.#sql
      .exec<{ record: string }>("SELECT record FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
      .toArray()
      .map((row) => JSON.parse(row.record) as AuditRecord);
  }

  /** Deletes records up to `seq` that another object took; the chain goes on from the head. */
  forget(seq: number): void {
    const head = this.head();
    this.#sql.exec("INSERT OR REPLACE INTO audit_head (only_row, seq, hash) VALUES (1, ?, ?)", head.seq, head.hash);
    this.#sql.exec("DELETE FROM audit WHERE seq <= ?", seq);
  }
}
