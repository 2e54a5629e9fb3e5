// Which disk is meant: one of a machine by its id, or a volume that no machine has; and the machine in a state in which its disks
// may change. Changes nothing.
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { diskIdOf, type DiskFacts } from "../domain/devices.ts";
import type { Parts } from "../parts.ts";
import type { ReadVm } from "../session.ts";
import type { Volume } from "../storage/contract.ts";
import { CHANGEABLE } from "./places.ts";

/** Throws VM_NOT_FOUND, VM_STATE_INVALID. */
export async function changeable({ session }: Pick<Parts, "session">, vm: string): Promise<ReadVm> {
  const read = await session.read(vm);
  session.need(read.state, CHANGEABLE, "its disks change while it is running, paused or off");
  return read;
}

/** As it is defined, or else as it runs. Null: the machine has no such disk. */
export const diskOf = ({ facts, running }: ReadVm, disk: string): DiskFacts | null =>
  facts.disks.find(({ id }) => id === disk) ?? running?.disks.find(({ id }) => id === disk) ?? null;

/** Throws DISK_NOT_FOUND. */
export function needDisk(vm: ReadVm, disk: string): DiskFacts {
  const found = diskOf(vm, disk);
  if (!found) throw fieldFailure("DISK_NOT_FOUND", "/disk", "is no disk of this machine");
  if (found.kind === "cdrom") throw fieldFailure("VM_CONFIG_INVALID", "/disk", "is a drive");
  return found;
}

/** A volume that no machine has. Throws DISK_NOT_FOUND, DISK_IN_USE. */
export async function looseVolume({ storage }: Pick<Parts, "storage">, disk: string): Promise<Volume> {
  const volume = await storage.find(disk);
  const holder = (await storage.holders(volume.path)).find(({ isBase }) => !isBase);
  if (holder) throw new VmFailure("DISK_IN_USE", `Virtual machine ${holder.vm} has the disk; name it as vm.`);
  return volume;
}

/** Before a machine may write to it. Throws DISK_HAS_CHILDREN, or DISK_IN_USE for an image that the host declares. */
export async function needWritable({ storage }: Pick<Parts, "storage">, volume: Volume, pointer: string): Promise<void> {
  const image = await storage.imageAt(volume.path);
  if (image !== null)
    throw fieldFailure("DISK_IN_USE", pointer, `is the image ${image} of the host; it can be attached with read_only alone`);
  const [child] = await storage.children(volume);
  if (child) throw fieldFailure("DISK_HAS_CHILDREN", pointer, `is what ${child.file} stands on; it can be attached with read_only alone`);
}

/** Of a disk that a machine may or may not have. */
export const idOf = (volume: Volume): string => diskIdOf(volume.path);
