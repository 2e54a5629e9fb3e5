// The index of all jobs: one row a job, from the reports of Host objects and from the parents that live here. Newest first.
import type { JobSummary, JobsQuery } from "../../protocol/api/shapes.ts";
import { firstIdAt } from "../../protocol/ids.ts";
import { hasEnded } from "../../protocol/job.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Page, Visibility } from "./contract.ts";
import type { FleetStore } from "./store.ts";
import { byNumber, sees, type Visible } from "./visible.ts";

interface IndexRow extends Record<string, SqlStorageValue> {
  id: string;
  host_number: number;
  operation: string;
  summary: string;
}

/** Rows looked at by one query for what a caller may see; a page may be short and still have a next one. */
const SCAN_ROWS = 10_000;

/** Inside a write. */
export function indexJob(store: FleetStore, hostNumber: number, job: JobSummary): void {
  store.sql.exec(
    "INSERT OR REPLACE INTO jobs (id, host_number, parent_id, operation, status, summary) VALUES (?, ?, ?, ?, ?, ?)",
    job.id,
    hostNumber,
    job.parent_id,
    job.operation,
    job.status,
    JSON.stringify(job),
  );
}

/** `hostNumber`: of the only host that is asked for; null: all that are visible, and parents whose hosts all are. */
export function listJobs(store: FleetStore, query: JobsQuery, hostNumber: number | null, visible: Visible): Page<JobSummary> {
  const known = byNumber(visible);
  const numbers = hostNumber === null ? [0, ...known.keys()] : [hostNumber];
  const items: JobSummary[] = [];
  let cursor = query.cursor ?? null;
  let scanned = 0;
  while (scanned < SCAN_ROWS) {
    const rows = scan(store, query, numbers, cursor, query.limit + 1);
    for (const row of rows) {
      if (items.length === query.limit) return { items, next_cursor: cursor };
      cursor = row.id;
      if (isVisible(store, row, known)) items.push(JSON.parse(row.summary) as JobSummary);
    }
    scanned += rows.length;
    if (rows.length <= query.limit) return { items, next_cursor: null };
  }
  return { items, next_cursor: cursor };
}

/** The unary plus keeps SQLite on the primary key, whose order is the list's, so that LIMIT ends the scan early. */
function scan(store: FleetStore, query: JobsQuery, numbers: readonly number[], cursor: string | null, limit: number): IndexRow[] {
  const parent = query.parent ?? null;
  return store.rows<IndexRow>(
    `SELECT id, host_number, operation, summary FROM jobs WHERE id < ? AND id >= ?
     AND +host_number IN (SELECT value FROM json_each(?))
     AND (? IS NULL OR operation = ?) AND (? IS NULL OR status = ?) ${parent === null ? "" : "AND parent_id = ?"}
     ORDER BY id DESC LIMIT ?`,
    cursor ?? "8",
    query.since === undefined ? "" : firstIdAt(Math.max(0, Date.parse(query.since))),
    JSON.stringify(numbers),
    query.operation ?? null,
    query.operation ?? null,
    query.status ?? null,
    query.status ?? null,
    ...(parent === null ? [limit] : [parent, limit]),
  );
}

function isVisible(store: FleetStore, row: IndexRow, known: ReadonlyMap<number, Visibility>): boolean {
  return row.host_number === 0 ? seesParent(store, row.id, row.operation, known) : sees(known.get(row.host_number), row.operation);
}

/** A parent is seen by who sees every host it went to and that is still there; at least one. */
export function seesParent(store: FleetStore, id: string, operation: string, known: ReadonlyMap<number, Visibility>): boolean {
  const steps = store.rows<{ host_number: number }>(
    "SELECT host_number FROM steps WHERE parent_id = ? AND host_number IN (SELECT number FROM hosts)",
    id,
  );
  return steps.length > 0 && steps.every((step) => sees(known.get(step.host_number), operation));
}

/** Deletes what is older than the retention and what exceeds the number of rows; parents with their steps. Inside a write. */
export function pruneJobs(store: FleetStore, nowMs: number): void {
  const oldest = firstIdAt(Math.max(0, nowMs - LIMITS.jobRetentionMs));
  const beyond = store.row<{ id: string }>("SELECT id FROM jobs ORDER BY id DESC LIMIT 1 OFFSET ?", LIMITS.indexedJobs)?.id ?? "";
  const before = beyond > oldest ? beyond : oldest;
  store.sql.exec("DELETE FROM jobs WHERE id < ?", before);
  store.sql.exec("DELETE FROM steps WHERE parent_id < ?", before);
  store.sql.exec("DELETE FROM parents WHERE id < ?", before);
}

/** A state that a report or an answer may put in place of another: an end is corrected only by an end. */
export const replaces = (now: JobSummary["status"], next: JobSummary["status"]): boolean => !hasEnded(now) || hasEnded(next);
