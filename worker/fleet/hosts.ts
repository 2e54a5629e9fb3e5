// The Fleet's list of hosts: rows, what admins change, and what Host objects report of themselves.
import type { Host } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Catalogue, HostFacts } from "../../protocol/link/control.ts";
import type { Actor, HostReport, Page, SnapshotHost } from "./contract.ts";
import { iso, isoOrNull, pageOf, type FleetStore } from "./store.ts";
import { hostObject } from "./objects.ts";

export interface HostRow extends Record<string, SqlStorageValue> {
  number: number;
  id: string;
  name: string;
  public_key: string;
  labels: string;
  note: string;
  created_at: number;
  online: number;
  last_seen_at: number | null;
  relay_version: string | null;
  slots: number;
  queue: string;
  relay_labels: string;
  catalogue: string | null;
  facts: string | null;
  inventory: string | null;
  revision: number;
}

const NO_QUEUE = { held: 0, queued: 0, delivered: 0, running: 0 };
/** Between attempts to tell a Host object that it was removed. */
const RETIRE_RETRY_MS = 10_000;

const parse = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

function toHost(row: HostRow): Host {
  return {
    id: row.id,
    name: row.name,
    online: row.online === 1,
    labels: JSON.parse(row.labels) as string[],
    relay_labels: JSON.parse(row.relay_labels) as string[],
    note: row.note,
    capabilities: parse<Catalogue>(row.catalogue),
    facts: parse<HostFacts>(row.facts),
    relay_version: row.relay_version,
    last_seen_at: isoOrNull(row.last_seen_at),
    created_at: iso(row.created_at),
    queue: JSON.parse(row.queue) as Host["queue"],
    slots: row.slots,
  };
}

export const hostRow = (store: FleetStore, number: number): HostRow | null =>
  store.row<HostRow>("SELECT * FROM hosts WHERE number = ?", number);

export function hostOf(store: FleetStore, number: number): Outcome<Host> {
  const row = hostRow(store, number);
  return row ? done(toHost(row)) : refused("HOST_NOT_FOUND");
}

/** By number, ascending; only `numbers`. */
export function listHosts(store: FleetStore, limit: number, cursor: string | null, numbers: readonly number[]): Page<Host> {
  const rows = store.rows<HostRow>(
    "SELECT * FROM hosts WHERE number > ? AND number IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?",
    Number(cursor ?? 0),
    JSON.stringify(numbers),
    limit + 1,
  );
  const page = pageOf(rows, limit, (row) => String(row.number));
  return { items: page.items.map(toHost), next_cursor: page.next_cursor };
}

/** What of a report the snapshot holds: a change of it makes a new version. */
function routing(online: number, catalogue: string | null): Pick<SnapshotHost, "online" | "lanes" | "terminals" | "consoles" | "services"> {
  const told = parse<Catalogue>(catalogue);
  return {
    online: online === 1,
    lanes: told?.lanes ?? 0,
    terminals: told?.terminals ?? false,
    consoles: told !== null && told.operations.includes("vm.console") && !told.virtual?.unsupported.includes("vm.console"),
    services: told?.services ?? [],
  };
}

export function snapshotHosts(store: FleetStore): SnapshotHost[] {
  return store
    .rows<Pick<HostRow, "number" | "id" | "name" | "labels" | "public_key" | "online" | "catalogue">>(
      "SELECT number, id, name, labels, public_key, online, catalogue FROM hosts",
    )
    .map((row) => ({
      number: row.number,
      id: row.id,
      name: row.name,
      labels: JSON.parse(row.labels) as string[],
      publicKey: row.public_key,
      ...routing(row.online, row.catalogue),
    }));
}

/** The row of a host by that name: the same one with the new key when there is one, else a new one. Call inside a write. */
export function enrolHost(store: FleetStore, actor: Actor, name: string, labels: string[], publicKey: string): Outcome<HostRow> {
  const known = store.row<HostRow>("SELECT * FROM hosts WHERE name = ?", name);
  if (known) {
    store.sql.exec("UPDATE hosts SET public_key = ? WHERE number = ?", publicKey, known.number);
    store.audit(actor, { action: "host.rekey", subject: known.id, host: known.name });
    store.bump();
    return done({ ...known, public_key: publicKey });
  }
  if (store.count("hosts") >= LIMITS.hosts) return refused("LIMIT_REACHED");
  const number = store.takeHostNumber();
  store.sql.exec(
    `INSERT INTO hosts (number, id, name, public_key, labels, note, created_at, online, slots, queue, relay_labels, revision)
     VALUES (?, ?, ?, ?, ?, '', ?, 0, 0, ?, '[]', 0)`,
    number,
    store.newId(),
    name,
    publicKey,
    JSON.stringify(labels),
    Date.now(),
    JSON.stringify(NO_QUEUE),
  );
  const row = hostRow(store, number)!;
  store.audit(actor, { action: "host.enroll", subject: row.id, host: name, detail: { number, labels } });
  store.bump();
  return done(row);
}

export async function updateHost(
  store: FleetStore,
  actor: Actor,
  number: number,
  change: { labels?: string[] | undefined; note?: string | undefined },
): Promise<Outcome<Host>> {
  return store.write(() => {
    const row = hostRow(store, number);
    if (!row) return refused("HOST_NOT_FOUND");
    const labels = change.labels ?? (JSON.parse(row.labels) as string[]);
    store.sql.exec("UPDATE hosts SET labels = ?, note = ? WHERE number = ?", JSON.stringify(labels), change.note ?? row.note, number);
    store.audit(actor, { action: "host.update", subject: row.id, host: row.name, detail: { ...change } });
    if (change.labels) store.bump();
    return hostOf(store, number);
  });
}

/** The row goes at once; the Host object is told by the due table until it has heard. */
export async function deleteHost(store: FleetStore, actor: Actor, number: number): Promise<Outcome<null>> {
  const outcome = await store.write(() => {
    const row = hostRow(store, number);
    if (!row) return refused("HOST_NOT_FOUND");
    store.sql.exec("DELETE FROM hosts WHERE number = ?", number);
    store.sql.exec("DELETE FROM machines WHERE host_number = ?", number);
    store.audit(actor, { action: "host.delete", subject: row.id, host: row.name, detail: { number } });
    store.due.set("retire", `${number} ${actor.principal}`, Date.now() + RETIRE_RETRY_MS);
    store.bump();
    return done(null);
  });
  if (outcome.ok) await retireHost(store, `${number} ${actor.principal}`, actor.requestId);
  return outcome;
}

/** `key`: number, space, principal. Sets itself due again when the object does not answer. */
export async function retireHost(store: FleetStore, key: string, requestId: string): Promise<void> {
  const [number, ...principal] = key.split(" ");
  try {
    await hostObject(store.env, Number(number)).retire({ principal: principal.join(" "), requestId });
    await store.write(() => store.due.clear("retire", key));
  } catch {
    await store.write(() => store.due.set("retire", key, Date.now() + RETIRE_RETRY_MS));
  }
}

/** Presence of a report, inside its write. False: the report is older than what is known, or the host is not there any more. */
export function takePresence(store: FleetStore, report: HostReport): boolean {
  const row = hostRow(store, report.hostNumber);
  if (!row) return false;
  if (report.revision <= row.revision) return false;
  const { presence } = report;
  const online = presence.online ? 1 : 0;
  const catalogue = presence.catalogue === undefined ? row.catalogue : presence.catalogue && JSON.stringify(presence.catalogue);
  if (JSON.stringify(routing(online, catalogue)) !== JSON.stringify(routing(row.online, row.catalogue))) store.bump();
  store.sql.exec(
    `UPDATE hosts SET online = ?, last_seen_at = ?, relay_version = ?, slots = ?, queue = ?, relay_labels = ?, catalogue = ?, facts = ?,
     inventory = ?, revision = ? WHERE number = ?`,
    online,
    presence.lastSeenAtMs,
    presence.relayVersion,
    presence.slots,
    JSON.stringify(presence.queue),
    JSON.stringify(presence.relayLabels),
    catalogue,
    presence.facts === undefined ? row.facts : presence.facts && JSON.stringify(presence.facts),
    report.inventory ? JSON.stringify(report.inventory) : row.inventory,
    report.revision,
    report.hostNumber,
  );
  return true;
}
