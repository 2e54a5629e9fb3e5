// The virtual machines of all hosts, as Host objects tell them: one list without asking anyone. Nothing here goes to a host.
import type { InventoryItem } from "../../protocol/inventory.ts";
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import { machineCursor, machineRows, type MachineRow } from "../storage/machine-list.ts";
import type { FleetMachine, InventoryTold, MachineChange, Page } from "./contract.ts";
import type { HostRow } from "./hosts.ts";
import { isoOrNull, pageOf, type FleetStore } from "./store.ts";

/** Inside the write of a report. A change that comes again changes nothing. */
export function takeMachines(store: FleetStore, hostNumber: number, changes: readonly MachineChange[]): void {
  for (const { id, sort, item } of changes) {
    if (item === null) store.sql.exec("DELETE FROM machines WHERE host_number = ? AND id = ?", hostNumber, id);
    else store.sql.exec("INSERT OR REPLACE INTO machines (host_number, id, sort, item) VALUES (?, ?, ?, ?)", hostNumber, id, sort, item);
  }
}

type Teller = Pick<HostRow, "number" | "name" | "online" | "last_seen_at" | "inventory">;

function freshnessOf({ online, last_seen_at: seenAt, inventory }: Teller): Pick<FleetMachine, "as_of" | "stale"> {
  const told = inventory === null ? null : (JSON.parse(inventory) as InventoryTold);
  if (!told?.isCurrent) return { as_of: isoOrNull(told?.heldAtMs ?? null), stale: true };
  const isOnline = online === 1;
  return { as_of: isoOrNull(isOnline ? Date.now() : seenAt), stale: !isOnline };
}

/** By name; only of `hosts`, given by number. */
export function listMachines(store: FleetStore, query: VmListQuery, hosts: readonly number[]): Page<FleetMachine> {
  const page = pageOf<MachineRow>(machineRows(store.sql, "machines", query, hosts), query.limit, machineCursor);
  const numbers = [...new Set(page.items.map((row) => row.host_number))];
  const tellers = store.rows<Teller & Record<string, SqlStorageValue>>(
    "SELECT number, name, online, last_seen_at, inventory FROM hosts WHERE number IN (SELECT value FROM json_each(?))",
    JSON.stringify(numbers),
  );
  const byNumber = new Map(tellers.map((teller) => [teller.number, { host: teller.name, ...freshnessOf(teller) }]));
  const items = page.items.flatMap(({ host_number: number, item }) => {
    const of = byNumber.get(number);
    return of ? [{ ...(JSON.parse(item) as InventoryItem), ...of }] : [];
  });
  return { items, next_cursor: page.next_cursor };
}
