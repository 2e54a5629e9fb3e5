// The virtual machines of the host as its relay tells them: rows are written only where they differ (each is billed), and handed
// on to the Fleet with the reports. Lists are answered from here; the host is never asked.
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import type { InventoryItem, InventoryMessage } from "../../protocol/inventory.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { vmIdSchema } from "../../protocol/operations/vm-fields.ts";
import type { MachineChange } from "../fleet/contract.ts";
import { machineCursor, machineRows, sortOf } from "../storage/machine-list.ts";
import type { MachineList } from "./contract.ts";
import { warn, type Core } from "./core.ts";
import type { Links } from "./links.ts";
import type { InventoryFacts } from "./meta.ts";

/** Statements for a migration step. `item` null: it is gone, and the Fleet does not know yet. changed: a stamp, see outbox.ts. */
export const MACHINE_SCHEMA = [
  "CREATE TABLE machines (id TEXT PRIMARY KEY, sort TEXT NOT NULL, changed INTEGER NOT NULL, item TEXT) WITHOUT ROWID",
] as const;

const LISTED = "(SELECT 0 AS host_number, sort, id, item FROM machines WHERE item IS NOT NULL)";
const UNTOLD: InventoryFacts = { generation: 0, seen: null, isLive: false, isCurrent: false, heldAtMs: null };
/** Those of the generation before stay until the new one is complete. */
const MOST_ROWS = 2 * LIMITS.inventory;

export class Machines {
  readonly #core: Core;
  readonly #links: Links;
  /** Rows, those of gone machines included, and the newest stamp. Undefined: not asked yet by this instance. */
  #counted: { rows: number; newest: number } | undefined;
  /** Rows that may be written at that moment. */
  #budget: { readonly rows: number; readonly atMs: number } = { rows: LIMITS.inventoryRowsAtOnce, atMs: Date.now() };

  constructor(core: Core, links: Links) {
    this.#core = core;
    this.#links = links;
  }

  /** A message of the relay; one of an older generation than the newest is ignored. Why the link must be closed, or null. */
  take(message: InventoryMessage): string | null {
    const before = this.#core.meta.get("inventory") ?? UNTOLD;
    if (message.generation < before.generation) {
      warn(this.#core, "an inventory of an older generation was ignored", { generation: message.generation });
      return null;
    }
    const isNew = message.generation > before.generation;
    const seen = isNew ? new Set<string>() : before.seen && new Set(before.seen);
    let changes = 0;
    let leftOut = 0;
    for (const item of message.changed) {
      const put = this.#put(item, seen);
      if (put === "written") changes += 1;
      else if (put === "left-out") leftOut += 1;
    }
    if (leftOut > 0) warn(this.#core, "virtual machines were left out: they cannot be listed, or are too many", { count: leftOut });
    for (const id of message.removed) {
      seen?.delete(id.toLowerCase());
      changes += this.#remove(id.toLowerCase()) ? 1 : 0;
    }
    if (message.complete && seen) changes += this.#removeAllBut(seen);
    const isEmptied = message.complete && !message.live && seen?.size === 0;
    const after = stateAfter(before, message, message.complete ? null : seen, isEmptied);
    const isOther = JSON.stringify(after) !== JSON.stringify(before);
    if (isOther) this.#core.meta.set("inventory", after);
    if (changes > 0 || isOther) this.#core.changes.host();
    return this.#mayWrite(changes) ? null : "too many changes of virtual machines";
  }

  /** False when what was written is more than what a relay may have written by now. */
  #mayWrite(rows: number): boolean {
    const { inventoryRowsAtOnce: most, inventoryRowsPerSecond: rate } = LIMITS;
    const now = Date.now();
    const left = Math.min(most, this.#budget.rows + (Math.max(0, now - this.#budget.atMs) / 1_000) * rate) - rows;
    this.#budget = { rows: Math.max(0, left), atMs: now };
    return left >= 0;
  }

  /** What was told holds no longer by itself: the link ended, or a new one begins. Its generations count anew: a clock may have been set. */
  lost(atMs: number | null): void {
    const { meta } = this.#core;
    const state = meta.get("inventory");
    if (!state || (!state.isCurrent && state.generation === 0)) return;
    meta.set("inventory", { ...state, generation: 0, isCurrent: false, heldAtMs: state.isCurrent ? atMs : state.heldAtMs });
  }

  list(query: VmListQuery): MachineList {
    const rows = machineRows(this.#core.sql, LISTED, query, [0]);
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items: items.map(({ item }) => JSON.parse(item) as InventoryItem),
      next_cursor: rows.length > query.limit && last ? machineCursor(last) : null,
      ...this.#freshness(),
    };
  }

  #freshness(): Pick<MachineList, "asOfMs" | "stale"> {
    const { meta } = this.#core;
    // First: a link that is found dead here changes what is known of the inventory.
    const isLinked = this.#links.current() !== null;
    const state = meta.get("inventory");
    const hasHypervisor = (meta.get("catalogue")?.value.virtual ?? null) !== null;
    if (!hasHypervisor || !state) return { asOfMs: null, stale: !isLinked || hasHypervisor };
    if (!state.isCurrent) return { asOfMs: state.heldAtMs, stale: true };
    return { asOfMs: isLinked ? Date.now() : (meta.get("link")?.seenAtMs ?? null), stale: !isLinked };
  }

  /** For the reports. */
  told(): { isCurrent: boolean; heldAtMs: number | null } | null {
    const state = this.#core.meta.get("inventory");
    return state && { isCurrent: state.isCurrent, heldAtMs: state.heldAtMs };
  }

  #put(item: InventoryItem, seen: Set<string> | null): "written" | "same" | "left-out" {
    const { sql } = this.#core;
    const id = item.id.toLowerCase();
    if (!vmIdSchema.safeParse(id).success || (seen && seen.size >= LIMITS.inventory && !seen.has(id))) return "left-out";
    seen?.add(id);
    const text = JSON.stringify({ ...item, id });
    const known = sql.exec<{ item: string | null }>("SELECT item FROM machines WHERE id = ?", id).toArray()[0];
    if (known?.item === text) return "same";
    const counted = this.#count();
    if (!known && counted.rows >= MOST_ROWS) return "left-out";
    if (!known) counted.rows += 1;
    sql.exec("INSERT OR REPLACE INTO machines (id, sort, changed, item) VALUES (?, ?, ?, ?)", id, sortOf(item), this.#stamp(), text);
    return "written";
  }

  #remove(id: string): boolean {
    const { sql } = this.#core;
    const isThere = sql.exec("SELECT 1 FROM machines WHERE id = ? AND item IS NOT NULL", id).toArray().length > 0;
    if (isThere) sql.exec("UPDATE machines SET item = NULL, changed = ? WHERE id = ?", this.#stamp(), id);
    return isThere;
  }

  #removeAllBut(seen: ReadonlySet<string>): number {
    const ids = this.#core.sql.exec<{ id: string }>("SELECT id FROM machines WHERE item IS NOT NULL").toArray();
    return ids.filter(({ id }) => !seen.has(id) && this.#remove(id)).length;
  }

  // ---- to the Fleet ----

  /** Grows, also when the clock went back since the rows were written. */
  #stamp(): number {
    const counted = this.#count();
    this.#core.changes.raise(Math.max(counted.newest, this.#sent));
    counted.newest = this.#core.changes.stamp();
    return counted.newest;
  }

  #count(): { rows: number; newest: number } {
    this.#counted ??= this.#core.sql
      .exec<{ rows: number; newest: number }>("SELECT count(*) AS rows, coalesce(max(changed), 0) AS newest FROM machines")
      .one();
    return this.#counted;
  }

  get #sent(): number {
    return this.#core.meta.get("inventory-sent") ?? 0;
  }

  /** Changes that the Fleet has not got, oldest first; `upTo` is for {@link sent}. */
  pending(limit: number): { changes: MachineChange[]; upTo: number } {
    if (this.isSent) return { changes: [], upTo: 0 };
    const rows = this.#core.sql
      .exec<{ id: string; sort: string; changed: number; item: string | null }>(
        "SELECT id, sort, changed, item FROM machines WHERE changed > ? ORDER BY changed LIMIT ?",
        this.#sent,
        limit,
      )
      .toArray();
    const changes = rows.map(({ id, sort, item }) => ({ id, sort, item }));
    return { changes, upTo: rows.at(-1)?.changed ?? this.#count().newest };
  }

  /** The Fleet has every change up to this stamp. */
  sent(upTo: number): void {
    if (upTo <= this.#sent) return;
    this.#core.meta.set("inventory-sent", upTo);
    this.#core.sql.exec("DELETE FROM machines WHERE item IS NULL AND changed <= ?", upTo);
    if (this.#counted) this.#counted = { ...this.#counted, rows: this.#rows() };
  }

  #rows(): number {
    return this.#core.sql.exec<{ n: number }>("SELECT count(*) AS n FROM machines").one().n;
  }

  get isSent(): boolean {
    return this.#count().newest <= this.#sent;
  }
}

/** `seen` null: everything was told. `isEmptied`: the host has no hypervisor any more, so nothing that was told ever held. */
function stateAfter(before: InventoryFacts, message: InventoryMessage, seen: Set<string> | null, isEmptied: boolean): InventoryFacts {
  const isCurrent = seen === null && message.live;
  const held = before.isCurrent ? Date.now() : before.heldAtMs;
  return {
    generation: message.generation,
    seen: seen && [...seen],
    isLive: message.live,
    isCurrent,
    heldAtMs: isCurrent || isEmptied ? null : held,
  };
}
