// Lists of virtual machines, alike in a Host object and in the Fleet: their order (by name, then id, then host), filter and cursor.
// Reads a table with the columns host_number, sort, id and item; writes nothing.
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import type { InventoryItem } from "../../protocol/inventory.ts";

/** What the order looks at of a name: with it a cursor stays within 200 characters. */
const SORT_CHARS = 24;
const CURSOR = /^([A-Za-z0-9_-]{0,140})\.([0-9a-fA-F-]{36})\.(\d{1,8})$/;

export interface MachineRow extends Record<string, SqlStorageValue> {
  host_number: number;
  sort: string;
  id: string;
  item: string;
}

interface Place {
  readonly sort: string;
  readonly id: string;
  readonly number: number;
}

const START: Place = { sort: "", id: "", number: -1 };

/** Column `sort` of a machine. */
export const sortOf = ({ name }: Pick<InventoryItem, "name">): string => Array.from(name.toLowerCase()).slice(0, SORT_CHARS).join("");

function placeIn(cursor: string): Place {
  const [, sort = "", id = "", number = "0"] = CURSOR.exec(cursor) ?? [];
  return { sort: Buffer.from(sort, "base64url").toString("utf8"), id, number: Number(number) };
}

export const isMachineCursor = (cursor: string): boolean => CURSOR.test(cursor);
export const machineCursor = ({ sort, id, host_number: number }: MachineRow): string =>
  `${Buffer.from(sort, "utf8").toString("base64url")}.${id}.${number}`;

/** One more row than the page has, where there is one. `from`: the table, or a query in parentheses. */
export function machineRows(sql: SqlStorage, from: string, query: VmListQuery, hosts: readonly number[]): MachineRow[] {
  const after = query.cursor === undefined ? START : placeIn(query.cursor);
  const { state = null, tag = null } = query;
  return sql
    .exec<MachineRow>(
      `SELECT host_number, sort, id, item FROM ${from}
       WHERE (sort, id, host_number) > (?, ?, ?) AND host_number IN (SELECT value FROM json_each(?))
       AND (? IS NULL OR json_extract(item, '$.state') = ?)
       AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(item, '$.tags') AS own WHERE own.value = ?))
       ORDER BY sort, id, host_number LIMIT ?`,
      after.sort,
      after.id,
      after.number,
      JSON.stringify(hosts),
      state,
      state,
      tag,
      tag,
      query.limit + 1,
    )
    .toArray();
}
