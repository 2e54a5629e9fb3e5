// How a virtual machine's figures of now are shown to people. What the host does not know is a dash, never 0. Asks nothing.
import { fields, plain, size, table } from "../output.ts";
import type { Machine, Stats } from "./machines.ts";

const NONE = "-";
const perSecond = (bytes: number): string => `${size(bytes)}/s`;

type Named = readonly { readonly id: string; readonly name: string }[];

/** A row for each device; one that is not counted has dashes. */
function rowsOf<T extends { readonly id: string }>(devices: Named, counted: readonly T[] | null, cells: readonly ((one: T) => string)[]) {
  return devices.map(({ id, name }) => {
    const found = counted?.find((one) => one.id === id);
    return [name, ...cells.map((cell) => (found ? cell(found) : NONE))];
  });
}

function memoryOf({ memory_assigned_bytes: given, memory_used_bytes: used }: Stats): string {
  return used === null ? `${size(given)} given` : `${size(used)} of ${size(given)}`;
}

export function statsText(stats: Stats, { name, disks, nics }: Pick<Machine, "name" | "disks" | "nics">): string {
  const isRated = stats.sampled_ms > 0;
  const rate = (value: number) => (isRated ? perSecond(value) : NONE);
  const head = fields([
    ["name", name],
    ["state", stats.state],
    ["processors", stats.cpu_percent === null || !isRated ? NONE : `${Math.round(stats.cpu_percent)} %`],
    ["processor time", stats.cpu_time_ms === null ? NONE : `${(stats.cpu_time_ms / 1_000).toFixed(1)} s`],
    ["memory", memoryOf(stats)],
  ]);
  const ofDisks = rowsOf(
    disks.filter(({ kind }) => kind === "disk"),
    stats.disks,
    [(one) => rate(one.read_bps), (one) => rate(one.write_bps), (one) => size(one.read_bytes), (one) => size(one.written_bytes)],
  );
  const ofNics = rowsOf(nics, stats.nics, [
    (one) => rate(one.receive_bps),
    (one) => rate(one.send_bps),
    (one) => size(one.received_bytes),
    (one) => size(one.sent_bytes),
  ]);
  const parts = [
    ...(ofDisks.length > 0 ? [`Disks\n${table(["NAME", "READS", "WRITES", "READ", "WRITTEN"], ofDisks)}`] : []),
    ...(ofNics.length > 0 ? [`Network adapters\n${table(["NAME", "IN", "OUT", "RECEIVED", "SENT"], ofNics)}`] : []),
  ];
  return plain([head, ...parts].join("\n\n"));
}
