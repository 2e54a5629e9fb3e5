// Two readings in the contract's terms (vmStatsData): what was counted, and how fast. Pure; same for each
// hypervisor.
import type * as z from "zod";
import type { vmStatsData } from "../../../../protocol/operations/vm-view.ts";
import type { VmState } from "../power.ts";
import type { Counters } from "./history.ts";

export type StatsData = z.infer<typeof vmStatsData>;

const byId = <T extends { readonly id: string }>(items: readonly T[] | null | undefined) => new Map(items?.map((item) => [item.id, item]));

const nullable = <T, R>(items: readonly T[] | null, of: (item: T) => R): R[] | null => (items === null ? null : items.map(of));

/** `before` null: the first reading, whose rates are 0. A counter that went back (a device plugged anew) counts from 0. */
export function statsOf(uuid: string, state: VmState, now: Counters, before: Counters | null): StatsData {
  const ms = before ? now.atMs - before.atMs : 0;
  const rate = (value: number, old: number | undefined) =>
    before && ms > 0 && old !== undefined ? (Math.max(0, value - old) * 1_000) / ms : 0;
  const [oldDisks, oldNics] = [byId(before?.disks), byId(before?.nics)];
  return {
    id: uuid,
    state,
    sampled_ms: ms,
    // More than all of it: QEMU's own work is counted beside that of the processors, and clocks differ.
    cpu_percent: now.cpuMs === null || before?.cpuMs === null ? null : Math.min(100, rate(now.cpuMs, before?.cpuMs) / (10 * now.cpus)),
    cpu_time_ms: now.cpuMs,
    memory_assigned_bytes: now.run === null ? 0 : now.memoryBytes,
    memory_used_bytes: now.run === null ? null : now.memoryUsedBytes,
    disks: nullable(now.disks, (disk) => {
      const old = oldDisks.get(disk.id);
      return {
        id: disk.id,
        read_bytes: disk.readBytes,
        written_bytes: disk.writtenBytes,
        read_bps: rate(disk.readBytes, old?.readBytes),
        write_bps: rate(disk.writtenBytes, old?.writtenBytes),
        read_iops: rate(disk.reads, old?.reads),
        write_iops: rate(disk.writes, old?.writes),
      };
    }),
    nics: nullable(now.nics, (nic) => {
      const old = oldNics.get(nic.id);
      return {
        id: nic.id,
        received_bytes: nic.receivedBytes,
        sent_bytes: nic.sentBytes,
        receive_bps: rate(nic.receivedBytes, old?.receivedBytes),
        send_bps: rate(nic.sentBytes, old?.sentBytes),
      };
    }),
  };
}

export const statsSentence = ({ state, cpu_percent: percent }: StatsData): string =>
  percent === null ? state : `${state}, ${Math.round(percent)} % of its processors`;
