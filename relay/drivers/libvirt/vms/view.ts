// Virtual machines in the contract's terms: one in full (vmData), or as a line of a list (vmSummaryData). Pure: asks nothing.
import type * as z from "zod";
import type { vmData, vmSummaryData } from "../../../../protocol/operations/vm-view.ts";
import type { NicFacts } from "../domain/devices.ts";
import type { DomainFacts } from "../domain/facts.ts";
import { memoryMaxOf } from "../domain/settings.ts";
import { nicView } from "../nics/view.ts";
import type { VmState } from "../session.ts";
import type { LibvirtTable } from "../tables.ts";

export type VmSummary = z.infer<typeof vmSummaryData>;
export type VmData = z.infer<typeof vmData>;
export type DiskView = VmData["disks"][number];

/** What the views are made of (reader.ts). */
export interface ViewedVm {
  readonly facts: DomainFacts;
  /** null: nothing runs. */
  readonly running: DomainFacts | null;
  readonly state: VmState;
  /** As pendingNames says them (pending.ts). */
  readonly pending: readonly string[];
  readonly autostart: boolean;
  /** By MAC address in lower case. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
}

const ADDRESSES_MAX = 32;

/** The contract's bounds hold for what other tools made, too. */
const cut = (text: string, most: number): string => text.slice(0, most);

/** What is defined, and behind it what is plugged into the running machine alone. */
export function withPlugged<D extends { readonly [K in Key]: unknown }, Key extends string>(
  defined: readonly D[],
  running: readonly D[] | undefined,
  key: Key,
): D[] {
  const known = new Set(defined.map((device) => device[key]));
  return [...defined, ...(running ?? []).filter((device) => !known.has(device[key]))];
}

export const nicsOf = ({ facts, running }: Pick<ViewedVm, "facts" | "running">): NicFacts[] => withPlugged(facts.nics, running?.nics, "id");

export const disksOf = ({ facts, running }: Pick<ViewedVm, "facts" | "running">): DomainFacts["disks"][number][] =>
  // A disk whose bus changes at the next start has two targets until then; one with an overlay that only runs has two paths.
  withPlugged(
    facts.disks,
    running?.disks.filter(({ id }) => facts.disks.every((disk) => disk.id !== id)),
    "target",
  );

export function summaryOf(vm: ViewedVm): VmSummary {
  const { facts, state } = vm;
  const { metadata } = facts;
  return {
    id: facts.id,
    name: cut(facts.name, 256),
    state,
    description: cut(facts.description, 4_000),
    tags: metadata.tags.slice(0, 32).map((tag) => cut(tag, 63)),
    cpus: Math.max(1, facts.cpus),
    memory_bytes: facts.memoryBytes,
    os_family: metadata.osFamily,
    addresses: [...new Set(nicsOf(vm).flatMap((nic) => vm.addresses.get(nic.mac) ?? []))].slice(0, ADDRESSES_MAX),
    autostart: vm.autostart,
    deletion_protection: metadata.deletionProtection,
    needs_restart: vm.pending.length > 0,
  };
}

/** `disks` are shown apart: what lies on the host is asked for them. */
export function viewOf(vm: ViewedVm, disks: readonly DiskView[], table: LibvirtTable): VmData {
  const { facts, running } = vm;
  const { metadata } = facts;
  return {
    ...summaryOf(vm),
    cpu_topology: facts.topology === null ? null : { ...facts.topology },
    memory_min_bytes: metadata.memoryMinBytes,
    memory_max_bytes: memoryMaxOf(facts),
    memory_buffer_percent: null,
    memory_assigned_bytes: running?.memoryBytes ?? null,
    firmware: facts.firmware,
    secure_boot: facts.secureBoot,
    secure_boot_template: null,
    tpm: facts.tpm,
    nested: facts.nested,
    storage_class: metadata.storageClass,
    autostart_condition: "always",
    autostart_delay_ms: 0,
    stop_action: metadata.stopAction,
    boot_order: [...facts.bootOrder],
    disks: [...disks],
    nics: nicsOf(vm).map((nic) => nicView(nic, table, vm.addresses.get(nic.mac))),
    created_at: metadata.createdAt,
    pending: [...vm.pending],
  };
}
