// A virtual machine as it is typed into a form, and the specification that it makes. Fields that the hypervisor has no place for, and
// those of a section that is closed, are not in it. Pure.
import { isSupported } from "../../protocol/abilities.ts";
import type { Vm, VirtualResources } from "../vm/contract.ts";
import { diskSpec, newDisk, type DiskDraft } from "./vm-disk-draft.ts";
import { newNic, nicSpec, type NicDraft } from "./vm-nic-draft.ts";
import { bytesOf, given, numberOf, size, sizeOfBytes, textOrNone, wordsOf, type Size } from "./vm-values.ts";

export interface HardwareDraft {
  readonly description: string;
  readonly tags: string;
  readonly os_family: string;
  readonly cpus: string;
  readonly memory: Size;
  readonly isDynamic: boolean;
  readonly memoryMin: Size;
  readonly memoryMax: Size;
  readonly buffer: string;
  readonly firmware: "uefi" | "bios";
  readonly secureBoot: boolean;
  readonly template: string;
  readonly tpm: boolean;
  readonly nested: boolean;
  readonly hasTopology: boolean;
  readonly sockets: string;
  readonly cores: string;
  readonly threads: string;
  readonly bootOrder: string;
  readonly autostart: boolean;
  readonly condition: string;
  readonly delayS: string;
  readonly stopAction: string;
  readonly protection: boolean;
}

export interface VmDraft extends HardwareDraft {
  readonly name: string;
  readonly storage: string;
  readonly disks: readonly DiskDraft[];
  readonly nics: readonly NicDraft[];
  readonly iso: string;
  readonly userData: string;
  readonly start: boolean;
}

export type Has = (field: string) => boolean;
/** Whether the hypervisor has a place for a field, in this operation. */
export const hasOf =
  (virtual: VirtualResources, operation: string): Has =>
  (field) =>
    isSupported(virtual, field, operation);

const FRESH: HardwareDraft = {
  description: "",
  tags: "",
  os_family: "",
  cpus: "2",
  memory: size("2"),
  isDynamic: false,
  memoryMin: size("1"),
  memoryMax: size("4"),
  buffer: "",
  firmware: "uefi",
  secureBoot: false,
  template: "",
  tpm: false,
  nested: false,
  hasTopology: false,
  sockets: "1",
  cores: "2",
  threads: "1",
  bootOrder: "",
  autostart: false,
  condition: "",
  delayS: "",
  stopAction: "",
  protection: false,
};

/** A first draft out of what the host declares: the usual storage class and network, an image where there is one. */
export function freshDraft(virtual: VirtualResources): VmDraft {
  const storage = virtual.storage.find(({ name }) => name === "default") ?? virtual.storage[0];
  const network = virtual.networks.find(({ name }) => name === "default") ?? virtual.networks[0];
  return {
    ...FRESH,
    name: "",
    storage: storage?.name ?? "default",
    disks: [newDisk(virtual)],
    nics: network ? [newNic(network.name, virtual)] : [],
    iso: "",
    userData: "",
    start: true,
  };
}

export function hardwareOf(vm: Vm): HardwareDraft {
  const { cpu_topology: topology } = vm;
  return {
    description: vm.description,
    tags: vm.tags.join(" "),
    os_family: vm.os_family ?? "",
    cpus: String(vm.cpus),
    memory: sizeOfBytes(vm.memory_bytes),
    isDynamic: vm.memory_min_bytes !== null || vm.memory_max_bytes !== null,
    memoryMin: sizeOfBytes(vm.memory_min_bytes),
    memoryMax: sizeOfBytes(vm.memory_max_bytes),
    buffer: vm.memory_buffer_percent === null ? "" : String(vm.memory_buffer_percent),
    firmware: vm.firmware,
    secureBoot: vm.secure_boot,
    template: vm.secure_boot_template ?? "",
    tpm: vm.tpm,
    nested: vm.nested,
    hasTopology: topology !== null,
    sockets: String(topology?.sockets ?? 1),
    cores: String(topology?.cores ?? vm.cpus),
    threads: String(topology?.threads ?? 1),
    bootOrder: vm.boot_order.join(" "),
    autostart: vm.autostart,
    condition: vm.autostart_condition,
    delayS: vm.autostart_delay_ms === 0 ? "" : String(vm.autostart_delay_ms / 1_000),
    stopAction: vm.stop_action,
    protection: vm.deletion_protection,
  };
}

type Spec = Readonly<Record<string, unknown>>;

/** All of the hardware as it would be sent; a field of null: without it. */
function hardwareSpec(draft: HardwareDraft, has: Has): Record<string, unknown> {
  const isUefi = draft.firmware === "uefi";
  const order = wordsOf(draft.bootOrder);
  const delay = numberOf(draft.delayS) ?? 0;
  const all: Record<string, unknown> = {
    description: draft.description,
    tags: wordsOf(draft.tags),
    os_family: textOrNone(draft.os_family),
    cpus: numberOf(draft.cpus),
    memory_bytes: bytesOf(draft.memory),
    memory_min_bytes: draft.isDynamic ? (bytesOf(draft.memoryMin) ?? null) : null,
    memory_max_bytes: draft.isDynamic ? (bytesOf(draft.memoryMax) ?? null) : null,
    memory_buffer_percent: draft.isDynamic ? numberOf(draft.buffer) : undefined,
    cpu_topology: draft.hasTopology
      ? { sockets: numberOf(draft.sockets), cores: numberOf(draft.cores), threads: numberOf(draft.threads) }
      : null,
    secure_boot: isUefi ? draft.secureBoot : undefined,
    secure_boot_template: isUefi && draft.secureBoot ? textOrNone(draft.template) : undefined,
    tpm: isUefi ? draft.tpm : undefined,
    nested: draft.nested,
    boot_order: order,
    autostart: draft.autostart,
    autostart_condition: draft.autostart ? textOrNone(draft.condition) : undefined,
    autostart_delay_ms: !draft.autostart ? undefined : typeof delay === "number" ? delay * 1_000 : delay,
    stop_action: textOrNone(draft.stopAction),
    deletion_protection: draft.protection,
  };
  return given(Object.fromEntries(Object.entries(all).filter(([field]) => has(field))));
}

/** What `vm.create` takes. What stands at its usual value is left out. */
export function createSpec(draft: VmDraft, has: Has): Spec {
  const hardware = Object.entries(hardwareSpec(draft, has)).filter(
    ([field, value]) =>
      value !== null &&
      value !== false &&
      value !== "" &&
      !(Array.isArray(value) && value.length === 0) &&
      !(field === "autostart_delay_ms" && value === 0),
  );
  return {
    name: draft.name.trim(),
    firmware: draft.firmware,
    storage_class: draft.storage,
    ...Object.fromEntries(hardware),
    disks: draft.disks.map((disk) => diskSpec(disk, has)),
    nics: draft.nics.map((nic) => nicSpec(nic, has)),
    ...given({ iso: textOrNone(draft.iso) }),
    ...(draft.userData.trim() === "" ? {} : { seed: { user_data: draft.userData } }),
    start: draft.start,
  };
}

/** What `vm.update` takes: only what differs. What a section that was opened says already is no difference. */
export function patchSpec(before: HardwareDraft, after: HardwareDraft, has: Has): Spec {
  const was: Record<string, unknown> = { ...hardwareSpec({ ...before, autostart: after.autostart }, has), autostart: before.autostart };
  return Object.fromEntries(
    Object.entries(hardwareSpec(after, has)).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(was[field])),
  );
}
