// How virtual machines and what belongs to them are shown to people. Asks nothing.
import type * as z from "zod";
import type { vmFleetListSchema } from "../../protocol/api/vm-routes.ts";
import { isSupported } from "../../protocol/abilities.ts";
import type { VirtualResources } from "../../protocol/virtual-resources.ts";
import { ago, fields, plain, size, table } from "../output.ts";
import type { DataOf, Disk, Machine, Nic, Snapshot } from "./machines.ts";

type InFleet = z.infer<typeof vmFleetListSchema>["items"][number];
export type Freshness = Pick<InFleet, "as_of" | "stale">;
/** In a host's own list, freshness is told once, beside the items. */
export type Listed = Omit<InFleet, keyof Freshness> & Partial<Freshness>;

const sizeOrNone = (bytes: number | null): string => (bytes === null ? "-" : size(bytes));
const yes = (value: boolean): string => (value ? "yes" : "no");

function stateOf(one: Listed, ofList: Partial<Freshness>): string {
  const { stale = ofList.stale, as_of: at = ofList.as_of } = one;
  return stale === true ? `${one.state} (${ago(at ?? null)})` : one.state;
}

export const machineTable = (items: readonly Listed[], ofList: Partial<Freshness>): string =>
  table(
    ["HOST", "NAME", "STATE", "CPUS", "MEMORY", "ADDRESSES", "ID"],
    items.map((one) => [
      one.host,
      one.name,
      stateOf(one, ofList),
      String(one.cpus),
      size(one.memory_bytes),
      one.addresses.join(","),
      one.id,
    ]),
  );

export const diskTable = (items: readonly Disk[]): string =>
  table(
    ["NAME", "KIND", "SIZE", "TAKES", "FORMAT", "BUS", "STORAGE", "IMAGE", "ID"],
    items.map((one) => [
      one.name,
      one.kind,
      sizeOrNone(one.size_bytes),
      sizeOrNone(one.allocated_bytes),
      one.format ?? "-",
      one.bus,
      one.storage_class ?? "(not declared)",
      one.image ?? "-",
      one.id,
    ]),
  );

export const nicTable = (items: readonly Nic[]): string =>
  table(
    ["NAME", "NETWORK", "MAC", "MODEL", "VLAN", "CABLE", "ADDRESSES", "ID"],
    items.map((one) => [
      one.name,
      one.network ?? "(not declared)",
      one.mac,
      one.model,
      one.vlan === null ? "-" : String(one.vlan),
      one.connected ? "in" : "out",
      one.addresses.join(",") || "-",
      one.id,
    ]),
  );

export const snapshotTable = (items: readonly Snapshot[]): string =>
  table(
    ["NAME", "PARENT", "STATE", "MADE", "DESCRIPTION"],
    items.map((one) => [
      one.current ? `${one.name} *` : one.name,
      one.parent ?? "-",
      one.state,
      one.created_at === null ? "-" : ago(one.created_at),
      one.description,
    ]),
  );

export const imageTable = ({ items }: DataOf<"image.list">): string =>
  table(
    ["NAME", "KIND", "SIZE", "THERE", "DESCRIPTION"],
    items.map((one) => [one.name, one.kind, sizeOrNone(one.size_bytes), yes(one.available), one.description]),
  );

export const networkTable = ({ items }: DataOf<"network.list">): string =>
  table(
    ["NAME", "KIND", "VLAN", "VLANS OF ADAPTERS", "UP", "DESCRIPTION"],
    items.map((one) => [
      one.name,
      one.kind,
      one.vlan === null ? "-" : String(one.vlan),
      yes(one.vlan_supported),
      yes(one.available),
      one.description,
    ]),
  );

export const storageTable = ({ items }: DataOf<"storage.list">): string =>
  table(
    ["NAME", "FREE", "OF", "THERE", "FORMATS", "DESCRIPTION"],
    items.map((one) => [
      one.name,
      sizeOrNone(one.available_bytes),
      sizeOrNone(one.capacity_bytes),
      yes(one.available),
      one.formats.join(","),
      one.description,
    ]),
  );

/** Whether the machine's hypervisor has a place for a field. */
type Has = (field: string) => boolean;

function memoryOf(machine: Machine, has: Has): string {
  const { memory_bytes: start, memory_min_bytes: least, memory_max_bytes: most, memory_assigned_bytes: now } = machine;
  const reserve =
    has("memory_buffer_percent") && machine.memory_buffer_percent !== null ? `, ${machine.memory_buffer_percent} % in reserve` : "";
  const dynamic = least === null && most === null ? "" : `, dynamic ${sizeOrNone(least)} to ${sizeOrNone(most)}${reserve}`;
  return `${size(start)}${dynamic}${now === null || now === start ? "" : `, ${size(now)} now`}`;
}

function firmwareOf({ firmware, secure_boot: isSecure, secure_boot_template: template, tpm }: Machine, has: Has): string {
  const keys = has("secure_boot_template") && template !== null ? ` (${template})` : "";
  return [firmware, isSecure ? `secure boot${keys}` : "", tpm ? "TPM" : ""].filter(Boolean).join(", ");
}

function autostartOf({ autostart, autostart_condition: condition, autostart_delay_ms: delayMs }: Machine, has: Has): string {
  if (!autostart) return "no";
  const words = [
    "yes",
    has("autostart_condition") && condition === "if-running" ? "if it ran before" : "",
    has("autostart_delay_ms") && delayMs > 0 ? `after ${delayMs / 1_000} s` : "",
  ];
  return words.filter(Boolean).join(", ");
}

/** `virtual` of its host; null: not known, and then nothing is said that only some hypervisors have. */
export function machineText(machine: Machine, virtual: VirtualResources | null): string {
  const has: Has = (field) => virtual !== null && isSupported(virtual, field, "vm.update");
  const head = fields([
    ["name", machine.name],
    ["id", machine.id],
    ["state", machine.state],
    ["description", machine.description],
    ["tags", machine.tags.join(", ")],
    ["processors", machine.cpus],
    ["memory", memoryOf(machine, has)],
    ["firmware", firmwareOf(machine, has)],
    ["system", machine.os_family],
    ["addresses", machine.addresses.join(", ")],
    ["boots from", machine.boot_order.join(", ")],
    ["autostart", autostartOf(machine, has)],
    ["host stops", has("stop_action") ? machine.stop_action : null],
    ["protected", machine.deletion_protection ? "against deletion" : null],
    ["made", machine.created_at],
    ["after a restart", machine.pending.join(", ")],
  ]);
  const parts = [
    machine.disks.length > 0 ? `Disks\n${diskTable(machine.disks)}` : "No disks",
    machine.nics.length > 0 ? `Network adapters\n${nicTable(machine.nics)}` : "No network adapters",
  ];
  return plain([head, ...parts].join("\n\n"));
}
