// What vm.create would make, settled to the last name, and everything refused that can be known before. Changes nothing.
import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ErrorCode } from "../../../../protocol/errors.ts";
import type { SpecOf } from "../../contract.ts";
import { bootOrderOf } from "../../virtual/boot-order.ts";
import { fieldFailure, pointed } from "../../virtual/failure.ts";
import { capabilitiesOf, type Capabilities } from "../capabilities.ts";
import { freeTarget, type DiskBus } from "../disks/element.ts";
import { macsInUse } from "../nics/macs.ts";
import { settleNic, type SettledNic } from "../nics/new.ts";
import type { Parts } from "../parts.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";
import type { NewVolume } from "../storage/contract.ts";
import { needCpus, needMemoryAtAll, needMemoryNow } from "./host-room.ts";
import { refuseUnsupported } from "./unsupported.ts";

export type CreateSpec = SpecOf<"vm.create">;
type NewDisk = CreateSpec["disks"][number];

export interface PlannedDisk {
  readonly name: string;
  readonly volume: NewVolume;
  readonly sizeBytes: number;
  readonly file: string;
  readonly bus: DiskBus;
  readonly target: string;
  readonly tuning: NewDisk;
}

export interface PlannedDrive {
  readonly name: string;
  readonly bus: DiskBus;
  readonly target: string;
}

export interface CreatePlan {
  readonly spec: CreateSpec;
  readonly uuid: string;
  readonly capabilities: Capabilities;
  readonly osFamily: "linux" | "windows" | "other" | null;
  readonly disks: readonly PlannedDisk[];
  readonly nics: readonly SettledNic[];
  /** With the image in it. */
  readonly drive: (PlannedDrive & { readonly path: string }) | null;
  readonly seed: (PlannedDrive & { readonly file: string }) | null;
  /** Names of devices in order. */
  readonly bootOrder: readonly string[];
}

/** Throws VM_EXISTS. */
export async function needFreeName({ client }: Session, name: string): Promise<void> {
  try {
    await client.call("domainLookupByName", { name });
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN")) return;
    throw error;
  }
  throw fieldFailure("VM_EXISTS", "/name", "is the name of another virtual machine of this host");
}

/** Throws HYPERVISOR_UNSUPPORTED, SECURE_BOOT_UNSUPPORTED, TPM_UNSUPPORTED. */
export function needFirmware(
  spec: Pick<CreateSpec, "firmware" | "secure_boot" | "tpm" | "nested">,
  capabilities: Pick<Capabilities, "arch" | "uefi" | "secureBoot" | "tpmModel" | "cpuModes">,
): void {
  if (spec.firmware === "bios" && capabilities.arch !== "x86_64")
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/firmware", `cannot be bios: there is none for ${capabilities.arch}`);
  if (spec.firmware === "uefi" && !capabilities.uefi)
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/firmware", "cannot be uefi: the host has no such firmware (OVMF)");
  if (spec.secure_boot && !capabilities.secureBoot)
    throw fieldFailure("SECURE_BOOT_UNSUPPORTED", "/secure_boot", "cannot be had: the host has no firmware for it");
  if (spec.tpm && capabilities.tpmModel === null) throw fieldFailure("TPM_UNSUPPORTED", "/tpm", "cannot be had: the host has no swtpm");
  const hasNested = capabilities.cpuModes.has("host-passthrough") || capabilities.cpuModes.has("maximum");
  if (spec.nested && !hasNested) throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/nested", "cannot be had on this host");
}

function busOf(disk: NewDisk, pointer: string, { arch }: Capabilities): DiskBus {
  const bus = disk.bus ?? "virtio";
  const isThere = bus !== "ide" && (bus !== "sata" || arch === "x86_64");
  if (!isThere)
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", pointer, `cannot be ${bus} on this kind of machine; take virtio, scsi or sata`);
  if (disk.read_only && bus === "sata")
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", pointer, "cannot be sata for a disk that is read only");
  return bus;
}

function volumeOf(spec: CreateSpec, disk: NewDisk, name: string, pointer: string): NewVolume {
  if (disk.format === "vhdx") throw fieldFailure("HYPERVISOR_UNSUPPORTED", `${pointer}/format`, "must be qcow2 or raw on KVM");
  return {
    storageClass: disk.storage_class ?? spec.storage_class,
    stem: `${spec.name}-${name}`,
    mayNumber: true,
    format: disk.format ?? "qcow2",
    sizeBytes: disk.size_bytes,
    preallocate: disk.preallocate,
    source: disk.image === undefined ? undefined : { mode: "full", image: disk.image },
  };
}

async function planDisk(
  { storage }: Parts,
  spec: CreateSpec,
  index: number,
  capabilities: Capabilities,
  targets: Set<string>,
): Promise<PlannedDisk> {
  const tuning = spec.disks[index]!;
  const at = `/disks/${index}`;
  const name = tuning.name ?? `disk${index}`;
  const bus = busOf(tuning, `${at}/bus`, capabilities);
  const volume = volumeOf(spec, tuning, name, at);
  const storageClass = tuning.storage_class === undefined ? "/storage_class" : `${at}/storage_class`;
  const pointers: Partial<Record<ErrorCode, string>> = {
    STORAGE_NOT_FOUND: storageClass,
    STORAGE_UNAVAILABLE: storageClass,
    STORAGE_FULL: tuning.size_bytes === undefined ? storageClass : `${at}/size_bytes`,
    DISK_SHRINK_REFUSED: `${at}/size_bytes`,
    IMAGE_NOT_FOUND: `${at}/image`,
    DISK_EXISTS: tuning.name === undefined ? "/name" : `${at}/name`,
  };
  const planned = await pointed(pointers, () => storage.plan(volume));
  return { name, volume, ...planned, bus, target: freeTarget(bus, targets), tuning };
}

/** The image's path. Throws IMAGE_NOT_FOUND. */
async function isoPath({ storage }: Parts, name: string): Promise<string> {
  const { path } = await pointed({ IMAGE_NOT_FOUND: "/iso" }, async () => storage.image(name, "iso"));
  const isGone = await stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
  if (isGone) throw fieldFailure("IMAGE_NOT_FOUND", "/iso", "is declared, but its file is not there");
  return path;
}

function familyOf(spec: CreateSpec, { storage }: Parts): CreatePlan["osFamily"] {
  const images = spec.disks.flatMap(({ image }) => image ?? []);
  return spec.os_family ?? images.map((name) => storage.image(name, "disk").osFamily).find((family) => family !== null) ?? null;
}

/** Installers bring the driver of AHCI; kernels made for clouds, which read seeds, have that of virtio SCSI alone. */
const installerBus = ({ arch }: Capabilities): DiskBus => (arch === "x86_64" ? "sata" : "scsi");

const driveOn = (bus: DiskBus, name: string, targets: Set<string>): PlannedDrive => ({ name, bus, target: freeTarget(bus, targets) });

/** Throws HOST_CPUS_SHORT, HOST_MEMORY_SHORT. */
async function needRoom(session: Session, spec: CreateSpec, { maxCpus }: Capabilities): Promise<void> {
  await needCpus(session, spec.cpus, maxCpus);
  const most = spec.memory_max_bytes ?? spec.memory_bytes;
  needMemoryAtAll(most, spec.memory_max_bytes === undefined ? "/memory_bytes" : "/memory_max_bytes");
  if (spec.start) needMemoryNow(spec.memory_bytes, "/memory_bytes");
}

/** `names`: of the machine's other devices; each adapter takes its own. */
async function planNics(session: Session, { nics }: CreateSpec, names: Set<string>): Promise<SettledNic[]> {
  const taken = { names, macs: nics.length > 0 ? await macsInUse(session) : new Set<string>() };
  const settled: SettledNic[] = [];
  for (const [index, nic] of nics.entries())
    settled.push(await settleNic(session, { ...nic, name: nic.name ?? `nic${index}` }, taken, `/nics/${index}`));
  return settled;
}

export async function planCreate(parts: Parts, spec: CreateSpec): Promise<CreatePlan> {
  const { session, storage } = parts;
  refuseUnsupported(spec);
  const capabilities = await capabilitiesOf(session);
  needFirmware(spec, capabilities);
  await needRoom(session, spec, capabilities);
  await needFreeName(session, spec.name);
  const where = { STORAGE_NOT_FOUND: "/storage_class", STORAGE_UNAVAILABLE: "/storage_class" };
  await pointed(where, () => storage.space(spec.storage_class));
  const targets = new Set<string>();
  const disks: PlannedDisk[] = [];
  for (const index of spec.disks.keys()) disks.push(await planDisk(parts, spec, index, capabilities, targets));
  if (spec.boot_order?.includes("cdrom") && spec.iso === undefined)
    throw fieldFailure("VM_CONFIG_INVALID", `/boot_order/${spec.boot_order.indexOf("cdrom")}`, "names the drive, which needs iso");
  const names = new Set(disks.map(({ name }) => name));
  const nics = await planNics(session, spec, names);
  const path = spec.iso === undefined ? null : await isoPath(parts, spec.iso);
  const drive = path === null ? null : { ...driveOn(installerBus(capabilities), "cdrom", targets), path };
  const uuid = randomUUID();
  const osFamily = familyOf(spec, parts);
  const seedBus = osFamily === "windows" ? installerBus(capabilities) : "scsi";
  const file = `${spec.name}-seed-${uuid.slice(0, 8)}.iso`;
  const seed = spec.seed === undefined ? null : { ...driveOn(seedBus, names.has("seed") ? "seed-drive" : "seed", targets), file };
  const bootOrder = bootOrderOf(
    spec,
    disks.map(({ name, tuning }) => ({ name, boot: tuning.boot ?? false })),
  );
  return { spec, uuid, capabilities, osFamily, disks, nics, drive, seed, bootOrder };
}
