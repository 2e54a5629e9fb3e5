// The tables of a Host object, as append-only migration steps. Every row written is billed, so there is no index beside the
// keys: lists go by id, and what is still open is found from a mark in `meta` (jobs.ts).
import { AUDIT_SCHEMA } from "../storage/audit.ts";
import { DUE_SCHEMA } from "../storage/due.ts";
import { MACHINE_SCHEMA } from "./machines.ts";
import { TICKET_SCHEMA } from "./tickets.ts";

/**
 * jobs: `payload` is the job request without its secrets; `pointers` says where they were. Small columns come first: SQLite reads
 * no further than it must. `offset`, `next_seq` and the stream offsets may lag behind the newest row of `logs`, which carries them too.
 * logs: one row for each incoming batch; `last` is the number of its last event, `channel_end` the channel's offset after it.
 * sealed: the secrets of a job that has not ended.
 */
export const HOST_STEPS: readonly (readonly string[])[] = [
  [
    ...DUE_SCHEMA,
    ...AUDIT_SCHEMA,
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    `CREATE TABLE jobs (
      id TEXT PRIMARY KEY, changed INTEGER NOT NULL, status TEXT NOT NULL, operation TEXT NOT NULL, parent_id TEXT,
      correlation_id TEXT NOT NULL, requested_by TEXT NOT NULL,
      queued_at INTEGER NOT NULL, delivered_at INTEGER, started_at INTEGER, ended_at INTEGER, expires_at INTEGER NOT NULL, cancel_at INTEGER,
      channel INTEGER NOT NULL, offset INTEGER NOT NULL DEFAULT 0, stdout INTEGER NOT NULL DEFAULT 0, stderr INTEGER NOT NULL DEFAULT 0,
      next_seq INTEGER NOT NULL, shown INTEGER NOT NULL, result_seq INTEGER, code TEXT, kept INTEGER NOT NULL DEFAULT 0,
      salt TEXT NOT NULL, hash TEXT NOT NULL, pointers TEXT, payload TEXT NOT NULL, result TEXT
    ) WITHOUT ROWID`,
    `CREATE TABLE logs (
      job_id TEXT NOT NULL, last INTEGER NOT NULL, records INTEGER NOT NULL, is_head INTEGER NOT NULL, bytes INTEGER NOT NULL,
      channel INTEGER NOT NULL, channel_end INTEGER NOT NULL, shift INTEGER NOT NULL,
      stdout_start INTEGER NOT NULL, stdout_end INTEGER NOT NULL, stderr_start INTEGER NOT NULL, stderr_end INTEGER NOT NULL,
      payload BLOB NOT NULL, PRIMARY KEY (job_id, last)
    ) WITHOUT ROWID`,
    "CREATE TABLE sealed (job_id TEXT PRIMARY KEY, blob BLOB NOT NULL) WITHOUT ROWID",
    `CREATE TABLE idempotency (
      scope TEXT PRIMARY KEY, job_id TEXT NOT NULL, salt TEXT NOT NULL, request_hash TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  ],
  // Totals of a UTC day; gone when a later day has begun and the Fleet has them. changed: a stamp, see outbox.ts.
  [
    `CREATE TABLE usage (
      day TEXT NOT NULL, principal TEXT NOT NULL, surface TEXT NOT NULL, model TEXT NOT NULL, changed INTEGER NOT NULL,
      requests INTEGER NOT NULL, aborted INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
      PRIMARY KEY (day, principal, surface, model)
    ) WITHOUT ROWID`,
  ],
  // Of terminals alone; what a ticket opens has since become one column.
  [
    `CREATE TABLE tickets (
      hash TEXT PRIMARY KEY, principal TEXT NOT NULL, terminal TEXT, mode TEXT NOT NULL, columns INTEGER NOT NULL, rows INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) WITHOUT ROWID`,
  ],
  [...MACHINE_SCHEMA],
  ["DROP TABLE tickets", ...TICKET_SCHEMA],
];
