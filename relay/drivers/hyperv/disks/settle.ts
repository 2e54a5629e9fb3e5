// A new disk as it will be made: name, size, class and bus settled, and refused what can be known before. Changes nothing.
import type { NewDisk } from "../../../../protocol/operations/vm-devices.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { needImage, needStorage, type Found } from "../resources.ts";

export interface SettledDisk {
  readonly name: string;
  readonly storageClass: string;
  readonly sizeBytes: number;
  readonly bus: "scsi" | "ide";
  /** What it takes of its class at once. */
  readonly takesBytes: number;
  /** Pointer of what decides its size. */
  readonly sizeAt: string;
  readonly wanted: Omit<NewDisk, "boot">;
}

export interface DiskPlace {
  readonly name: string;
  readonly storageClass: string;
  readonly usualBus: "scsi" | "ide";
  /** null: for no machine. */
  readonly firmware: "bios" | "uefi" | null;
  /** Pointer of the disk in the specification; "" where it is the specification. */
  readonly at: string;
  /** Pointer of what names its class. */
  readonly classAt: string;
}

export function settleDisk(found: Found, disk: NewDisk, { name, storageClass, usualBus, firmware, at, classAt }: DiskPlace): SettledDisk {
  needStorage(found, storageClass, classAt);
  const image = disk.image === undefined ? null : needImage(found, disk.image, "disk", `${at}/image`);
  const least = image?.size_bytes ?? 0;
  const sizeBytes = disk.size_bytes ?? least;
  if (sizeBytes < least) throw fieldFailure("DISK_SHRINK_REFUSED", `${at}/size_bytes`, `is less than the ${least} bytes of the image`);
  const bus = (disk.bus ?? usualBus) as "scsi" | "ide";
  if (bus === "ide" && firmware === "uefi")
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", `${at}/bus`, "can only be scsi with firmware uefi");
  const sizeAt = disk.size_bytes === undefined ? `${at}/image` : `${at}/size_bytes`;
  return { name, storageClass, sizeBytes, bus, takesBytes: disk.preallocate ? sizeBytes : 0, sizeAt, wanted: disk };
}

/** The specification of disk.create for it. `vm`: a machine's id, or a reference to a step that makes it; null: none. */
export function diskSpec({ name, storageClass, sizeBytes, bus, wanted }: SettledDisk, vm: unknown): Record<string, unknown> {
  return {
    name,
    storage_class: storageClass,
    format: "vhdx",
    ...(sizeBytes > 0 ? { size_bytes: sizeBytes } : {}),
    ...(wanted.image === undefined ? {} : { image: wanted.image }),
    ...(wanted.preallocate === undefined ? {} : { preallocate: wanted.preallocate }),
    ...(vm === null ? {} : { vm, bus, ...(wanted.iops_max === undefined ? {} : { iops_max: wanted.iops_max }) }),
  };
}
