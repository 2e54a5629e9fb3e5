// The tables of the Fleet's database, as migration steps. Times are milliseconds since the epoch, lists and shapes JSON text.
import { AUDIT_SCHEMA } from "../storage/audit.ts";
import { DUE_SCHEMA } from "../storage/due.ts";

export const FLEET_STEPS: readonly (readonly string[])[] = [
  [
    ...AUDIT_SCHEMA,
    ...DUE_SCHEMA,
    "CREATE INDEX audit_at ON audit (json_extract(record, '$.at'), seq)",
    // version: of the access snapshot. next_host: numbers are never used again.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta (name, value) VALUES ('version', 1), ('next_host', 1)",
    `CREATE TABLE hosts (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL COLLATE NOCASE UNIQUE, public_key TEXT NOT NULL,
      labels TEXT NOT NULL, note TEXT NOT NULL, created_at INTEGER NOT NULL,
      online INTEGER NOT NULL, last_seen_at INTEGER, relay_version TEXT, slots INTEGER NOT NULL, queue TEXT NOT NULL,
      relay_labels TEXT NOT NULL, catalogue TEXT, facts TEXT, revision INTEGER NOT NULL)`,
    // kind: enroll | sign-in. used_by: the public key that claimed an enrolment code; result: the host's number.
    `CREATE TABLE codes (
      hash TEXT PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL, expires_at INTEGER NOT NULL,
      used_at INTEGER, used_by TEXT, result INTEGER) WITHOUT ROWID`,
    `CREATE TABLE keys (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, prefix TEXT NOT NULL, created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL, expires_at INTEGER, imported INTEGER NOT NULL) WITHOUT ROWID`,
    "CREATE TABLE grants (id TEXT PRIMARY KEY, principal TEXT NOT NULL, scope TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX grants_principal ON grants (principal)",
    `CREATE TABLE sessions (
      hash TEXT PRIMARY KEY, principal TEXT NOT NULL, email TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID`,
    // The index of all jobs, and the parents (host number 0) that live here.
    `CREATE TABLE jobs (
      id TEXT PRIMARY KEY, host_number INTEGER NOT NULL, parent_id TEXT, operation TEXT NOT NULL, status TEXT NOT NULL,
      summary TEXT NOT NULL) WITHOUT ROWID`,
    "CREATE INDEX jobs_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL",
    // secrets: sealed; gone when the last step was taken by its host.
    `CREATE TABLE parents (
      id TEXT PRIMARY KEY, principal TEXT NOT NULL, request_id TEXT NOT NULL, input TEXT NOT NULL, pointers TEXT NOT NULL, secrets BLOB,
      queued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, cancel_requested_at INTEGER, ended_at INTEGER) WITHOUT ROWID`,
    // taken: its host has it. code: why it never got there.
    `CREATE TABLE steps (
      child_id TEXT PRIMARY KEY, parent_id TEXT NOT NULL, host_number INTEGER NOT NULL, host TEXT NOT NULL,
      taken INTEGER NOT NULL, attempts INTEGER NOT NULL, status TEXT NOT NULL, code TEXT) WITHOUT ROWID`,
    "CREATE INDEX steps_parent ON steps (parent_id)",
    // host_number 0: job_id is a parent's; else the request went to that one host, under the same key.
    `CREATE TABLE idempotency (
      principal TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, job_id TEXT, host_number INTEGER NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (principal, key)) WITHOUT ROWID`,
    // What Host objects handed on; the Fleet's own chain is in \`audit\`.
    `CREATE TABLE host_audit (
      object TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, principal TEXT NOT NULL, record TEXT NOT NULL,
      PRIMARY KEY (object, seq)) WITHOUT ROWID`,
    "CREATE INDEX host_audit_at ON host_audit (at, object, seq)",
  ],
  // host: its name when it was last told. Lists go by day and id.
  [
    `CREATE TABLE usage (
      id INTEGER PRIMARY KEY, day TEXT NOT NULL, host_number INTEGER NOT NULL, host TEXT NOT NULL, principal TEXT NOT NULL,
      surface TEXT NOT NULL, model TEXT NOT NULL, requests INTEGER NOT NULL, aborted INTEGER NOT NULL,
      input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, UNIQUE (day, host_number, principal, surface, model))`,
  ],
  // Virtual machines as the hosts told them. inventory: InventoryTold.
  [
    `CREATE TABLE machines (
      host_number INTEGER NOT NULL, id TEXT NOT NULL, sort TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (host_number, id)) WITHOUT ROWID`,
    "ALTER TABLE hosts ADD COLUMN inventory TEXT",
  ],
];
