// The journal's thread: SQLite with synchronous=FULL, and one transaction for everything that arrived while the last one
// was being committed. It blocks on a shared counter instead of an event loop, which is three times quicker to wake.
// Imports nothing of the product at run time: it is also started from its bundled text.
import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import type { JournalAnswer, JournalRequest, JournalRow, OpenRow, ThreadData } from "./journal-messages.ts";

const data = workerData as ThreadData;

const MIGRATIONS = [
  `create table meta (key text primary key, value text not null) without rowid;
   create table jobs (
     seq integer primary key, id text not null unique, payload_hash text not null, operation text not null,
     correlation_id text not null, claimed_at integer not null, end text, acknowledged integer not null default 0);
   create table tombstones (seq integer primary key, id text not null unique);`,
];

/** An acknowledged end longer than this loses its `data`: the edge has it, and twenty thousand of them would be gigabytes. */
const KEPT_END_CHARS = 16_384;
const PRUNE_EVERY = 500;
/** Ends in one transaction: two hundred of the largest would be more than this thread may hold. */
const BATCH_CHARS = 8 * 1024 * 1024;

function open(): DatabaseSync {
  const db = new DatabaseSync(data.file, { timeout: 1_000 });
  chmodSync(data.file, 0o600);
  // Exclusive: the system's own lock keeps a second relay out, whatever became of relay.lock.
  db.exec(
    "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -512; pragma journal_size_limit = 4194304",
  );
  const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
  if (version > MIGRATIONS.length) throw new Error(`the journal is of a newer version (${version}); update the relay`);
  for (let next = version; next < MIGRATIONS.length; next++)
    db.exec(`begin immediate; ${MIGRATIONS[next]} pragma user_version = ${next + 1}; commit`);
  db.prepare("insert into meta values ('id', ?) on conflict do nothing").run(randomBytes(16).toString("hex"));
  return db;
}

const db = open();
const sql = {
  find: db.prepare("select id, payload_hash, operation, correlation_id, end, acknowledged from jobs where id = ?"),
  insert: db.prepare("insert into jobs (id, payload_hash, operation, correlation_id, claimed_at, end) values (?, ?, ?, ?, ?, ?)"),
  // The first end stays: nothing that was reported may change.
  finish: db.prepare("update jobs set end = ? where id = ? and end is null"),
  acknowledge: db.prepare("update jobs set acknowledged = 1 where id = ? and end is not null"),
  slim: db.prepare("update jobs set end = json_remove(end, '$.result.data') where id = ? and length(end) > ?"),
  open: db.prepare("select id, end is not null as ended from jobs where acknowledged = 0 order by seq"),
  highWater: db.prepare("select coalesce(max(seq), 0) as n from jobs"),
  identity: db.prepare("select value from meta where key = 'id'"),
  prune: db.prepare("delete from jobs where acknowledged = 1 and seq <= (select max(seq) from jobs) - ?"),
  tombstone: db.prepare("insert into tombstones (id) select ?1 where not exists (select 1 from jobs where id = ?1) on conflict do nothing"),
  pruneTombstones: db.prepare("delete from tombstones where seq <= (select max(seq) from tombstones) - ?"),
  buried: db.prepare("delete from tombstones where id = ?"),
};
let acknowledgedSincePrune = 0;
let highWater = (sql.highWater.get() as { n: number }).n;

const rowOf = (id: string) => sql.find.get(id) as JournalRow | undefined;

function claim(request: Extract<JournalRequest, { type: "claim" }>): JournalAnswer {
  const known = rowOf(request.id);
  if (known) return { n: request.n, known, cancelled: false, highWater };
  const cancelled = sql.buried.run(request.id).changes > 0;
  const end = cancelled ? request.cancelledEnd : request.end;
  const { lastInsertRowid } = sql.insert.run(request.id, request.payloadHash, request.operation, request.correlationId, Date.now(), end);
  highWater = Number(lastInsertRowid);
  return { n: request.n, known: null, cancelled, highWater };
}

function acknowledge(id: string): void {
  if (sql.acknowledge.run(id).changes === 0) return;
  sql.slim.run(id, KEPT_END_CHARS);
  acknowledgedSincePrune += 1;
  if (acknowledgedSincePrune < PRUNE_EVERY) return;
  acknowledgedSincePrune = 0;
  sql.prune.run(data.keepAcknowledged);
}

function act(request: JournalRequest): JournalAnswer {
  switch (request.type) {
    case "claim":
      return claim(request);
    case "finish":
      sql.finish.run(request.end, request.id);
      break;
    case "tombstone":
      if (sql.tombstone.run(request.id).changes > 0) sql.pruneTombstones.run(data.keepTombstones);
      break;
    case "acknowledged":
      acknowledge(request.id);
      break;
    case "find":
      return { n: request.n, row: rowOf(request.id) ?? null };
    case "open":
      return { n: request.n, open: sql.open.all() as unknown as OpenRow[] };
    case "close":
      break;
  }
  return { n: request.n };
}

/** Fails when the transaction is gone already (SQLite ends it itself on some errors); then there is nothing to undo. */
function rollback(): void {
  try {
    db.exec("rollback");
  } catch {
    // Nothing was open.
  }
}

/** One transaction for all. A statement that fails undoes them all: each is told, none is half done. */
function commit(requests: readonly JournalRequest[]): JournalAnswer[] {
  const before = highWater;
  try {
    db.exec("begin immediate");
    const answers = requests.map((request) => act(request));
    if (data.commitDelayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.commitDelayMs);
    db.exec("commit");
    return answers;
  } catch (error) {
    rollback();
    highWater = before;
    const message = error instanceof Error ? error.message : String(error);
    return requests.map((request) => ({ n: request.n, error: message }));
  }
}

function drain(port: MessagePort): JournalRequest[] {
  const requests: JournalRequest[] = [];
  for (let chars = 0; chars < BATCH_CHARS;) {
    const next = receiveMessageOnPort(port);
    if (!next) break;
    const request = next.message as JournalRequest;
    if (request.type === "finish") chars += request.end.length;
    requests.push(request);
  }
  return requests;
}

function serve(port: MessagePort, wake: Int32Array): void {
  const { value } = sql.identity.get() as { value: string };
  port.postMessage([{ n: 0, identity: value, highWater }] satisfies JournalAnswer[]);
  for (;;) {
    const seen = Atomics.load(wake, 0);
    const requests = drain(port);
    if (requests.length > 0) port.postMessage(commit(requests));
    if (requests.some((request) => request.type === "close")) break;
    // There may be more than one batch takes.
    if (requests.length === 0) Atomics.wait(wake, 0, seen);
  }
  db.close();
  port.close();
}

serve(data.port, data.wake);
