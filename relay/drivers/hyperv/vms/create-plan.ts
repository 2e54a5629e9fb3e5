// What vm.create would make, settled to the last name, and everything refused that can be known before. Changes nothing.
import type { SpecOf } from "../../contract.ts";
import { bootOrderOf } from "../../virtual/boot-order.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { settleDisk, type SettledDisk } from "../disks/settle.ts";
import { settleNic, type SettledNic } from "../nics/settle.ts";
import { needFileName } from "../file-names.ts";
import { declaredItems, needImage, needStorage, type Found } from "../resources.ts";
import type { AnswersTo, Ask, HostFacts, Session, VmSummary } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { needFreeMacs, needRoom } from "./host-room.ts";

export type CreateSpec = SpecOf<"vm.create">;

export interface CreatePlan {
  readonly spec: CreateSpec;
  readonly osFamily: "linux" | "windows" | "other" | null;
  /** null: without secure boot. */
  readonly template: string | null;
  readonly disks: readonly SettledDisk[];
  readonly nics: readonly SettledNic[];
  /** Names of devices in order. */
  readonly bootOrder: readonly string[];
  /** Ids of the machines that there were. */
  readonly before: ReadonlySet<string>;
}

const ALL = [
  { operation: "vm.list", spec: {} },
  { operation: "image.list", spec: {} },
  { operation: "network.list", spec: {} },
  { operation: "storage.list", spec: {} },
] as const;
type All = Found & { readonly vms: readonly VmSummary[] };

function allOf({ table }: Session, [vms, images, networks, storage]: readonly [...AnswersTo<typeof ALL>, ...unknown[]]): All {
  return {
    vms: vms.items,
    images: declaredItems("image.list", table, images),
    networks: declaredItems("network.list", table, networks),
    storage: declaredItems("storage.list", table, storage),
  };
}

/** Machines and resources, in one run of the agent. */
export const findAll = async (session: Session, ask: Ask): Promise<All> => allOf(session, await session.asks(ALL, ask));

/** The same, and what the host has for a new machine. */
async function findAllAndHost(session: Session, ask: Ask): Promise<All & { readonly host: HostFacts }> {
  const found = await session.asks([...ALL, { operation: "hyperv.host", spec: {} }] as const, ask);
  return { ...allOf(session, found), host: found[4] };
}

/** Throws VM_EXISTS, SPEC_INVALID. Windows knows no case. */
export function needFreeName(vms: readonly VmSummary[], name: string, except: string | null = null, pointer = "/name"): void {
  needFileName(name, pointer);
  if (vms.some((vm) => vm.id !== except && vm.name.toLowerCase() === name.toLowerCase()))
    throw fieldFailure("VM_EXISTS", pointer, "is the name of another virtual machine of this host");
}

function familyOf(spec: CreateSpec, { images }: Found): CreatePlan["osFamily"] {
  const used = spec.disks.flatMap(({ image }) => images.find(({ name }) => name === image)?.os_family ?? []);
  return spec.os_family ?? used[0] ?? null;
}

/** Without the right one the firmware refuses the guest's loader. */
function templateOf(spec: CreateSpec, family: CreatePlan["osFamily"]): string | null {
  if (!spec.secure_boot) return null;
  return spec.secure_boot_template ?? (family === "linux" || family === "other" ? "microsoft-uefi-ca" : "microsoft-windows");
}

export async function planCreate(session: Session, spec: CreateSpec, ask: Ask): Promise<CreatePlan> {
  refuseUnsupported(spec);
  const found = await findAllAndHost(session, ask);
  needRoom(found.host, spec);
  needFreeName(found.vms, spec.name);
  needStorage(found, spec.storage_class, "/storage_class");
  if (spec.iso !== undefined) needImage(found, spec.iso, "iso", "/iso");
  if (spec.boot_order?.includes("cdrom") && spec.iso === undefined)
    throw fieldFailure("VM_CONFIG_INVALID", `/boot_order/${spec.boot_order.indexOf("cdrom")}`, "names the drive, which needs iso");
  const bootDisk = Math.max(
    0,
    spec.disks.findIndex((disk) => disk.boot),
  );
  const disks = spec.disks.map((disk, index) =>
    settleDisk(found, disk, {
      name: disk.name ?? `disk${index}`,
      storageClass: disk.storage_class ?? spec.storage_class,
      // Generation 1 starts from IDE alone.
      usualBus: spec.firmware === "bios" && index === bootDisk ? "ide" : "scsi",
      firmware: spec.firmware,
      at: `/disks/${index}`,
      classAt: disk.storage_class === undefined ? "/storage_class" : `/disks/${index}/storage_class`,
    }),
  );
  needSpace(disks, found);
  const nics = spec.nics.map((nic, index) =>
    settleNic(found, { ...nic, name: nic.name ?? `nic${index}` }, { firmware: spec.firmware, at: `/nics/${index}` }),
  );
  needFreeMacs(
    found.host,
    nics.map(({ mac }) => mac),
    (index) => `/nics/${index}/mac`,
  );
  const family = familyOf(spec, found);
  const named = disks.map(({ name }, index) => ({ name, boot: spec.disks[index]!.boot ?? false }));
  return {
    spec,
    osFamily: family,
    template: templateOf(spec, family),
    disks,
    nics,
    bootOrder: bootOrderOf(spec, named),
    before: new Set(found.vms.map(({ id }) => id)),
  };
}

/** What all disks together take of one class now. */
function needSpace(disks: readonly SettledDisk[], { storage }: Found): void {
  for (const { name, available_bytes: free } of storage) {
    let left = free ?? Number.POSITIVE_INFINITY;
    for (const disk of disks.filter(({ storageClass }) => storageClass === name)) {
      left -= disk.takesBytes;
      if (left < 0) throw fieldFailure("STORAGE_FULL", disk.sizeAt, `needs more than the ${free} bytes that ${name} has free`);
    }
  }
}
