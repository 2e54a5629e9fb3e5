// What the screens of virtual machines are given: shapes of the interface, its paths, and which operation is of which risk.
// Asks nothing.
import type { z } from "zod";
import type { vmFleetListSchema } from "../../protocol/api/vm-routes.ts";
import type { Host } from "../../protocol/api/shapes.ts";
import { isSupported } from "../../protocol/abilities.ts";
import type { VirtualResources } from "../../protocol/virtual-resources.ts";
import type { snapshotList } from "../../protocol/operations/snapshot.ts";
import type { changedData } from "../../protocol/operations/vm-fields.ts";
import type { vmData, vmStatsData } from "../../protocol/operations/vm-view.ts";
import { segment } from "../api/client.ts";
import { mayRun, type Me } from "../api/session.ts";

export type VmItem = z.infer<typeof vmFleetListSchema>["items"][number];
export type Vm = z.infer<typeof vmData>;
export type VmState = Vm["state"];
export type Disk = Vm["disks"][number];
export type Nic = Vm["nics"][number];
export type Snapshot = z.infer<typeof snapshotList.data>["items"][number];
export type VmStats = z.infer<typeof vmStatsData>;
export type Changed = z.infer<typeof changedData>;
export type { VirtualResources };

export const STATES: readonly VmState[] = ["running", "off", "paused", "saved", "starting", "stopping", "crashed", "unknown"];

export const hostPath = (host: string): string => `/api/v1/hosts/${segment(host)}`;
export const vmPath = (host: string, vm: string): string => `${hostPath(host)}/vms/${segment(vm)}`;

/** Operations that lose what cannot be had again (protocol/operations); every other one of these screens changes or reads. */
const DESTRUCTIVE: ReadonlySet<string> = new Set([
  "vm.stop",
  "vm.reset",
  "vm.delete",
  "disk.delete",
  "nic.delete",
  "snapshot.revert",
  "snapshot.delete",
]);
const READS: ReadonlySet<string> = new Set(["vm.list", "vm.get", "vm.stats", "vm.screenshot", "disk.list", "snapshot.list"]);

export const virtualOf = (host: Host): VirtualResources | null => host.capabilities?.virtual ?? null;

/** Whether the host's hypervisor has a place for this operation. */
export function hasPlaceFor(host: Host, operation: string): boolean {
  const virtual = virtualOf(host);
  return virtual === null || isSupported(virtual, operation);
}

/** Whether the caller may ask this of the host, and the host offers it. Without the host, nobody knows: the edge decides. */
export function mayAsk(me: Me, host: Host | null, name: string): boolean {
  if (!host) return true;
  const risk = DESTRUCTIVE.has(name) ? "destructive" : READS.has(name) ? "read" : "change";
  return mayRun(me, host, { name, risk }) && (host.capabilities?.operations.includes(name) ?? false) && hasPlaceFor(host, name);
}

export const HYPERVISORS: Readonly<Record<VirtualResources["hypervisor"], string>> = { libvirt: "KVM", hyperv: "Hyper-V" };

/**
 * Milliseconds between two looks at a machine. Hyper-V's agent is a process for each question, which takes a processor of the host a
 * second: pages that are only looked at must not keep it busy.
 */
export function paceOf(host: Host | null): { readonly machineMs: number; readonly figuresMs: number; readonly screenMs: number } {
  const isSlow = host !== null && virtualOf(host)?.hypervisor === "hyperv";
  return isSlow ? { machineMs: 15_000, figuresMs: 10_000, screenMs: 10_000 } : { machineMs: 3_000, figuresMs: 2_000, screenMs: 5_000 };
}
