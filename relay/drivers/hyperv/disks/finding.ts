// Which disk is meant, what it is called, and whether its machine takes changes of it now. Changes nothing.
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { needState, type Ask, type Session, type VmData } from "../session.ts";

export type DiskData = VmData["disks"][number];

/** Throws DISK_NOT_FOUND. */
export function needDisk(vm: VmData, disk: string): DiskData {
  const found = vm.disks.find(({ id }) => id === disk);
  if (!found) throw fieldFailure("DISK_NOT_FOUND", "/disk", "is no disk of this machine");
  return found;
}

/** A disk of the machine that is named, or one that none has. Throws DISK_NOT_FOUND, DISK_IN_USE, VM_CONFIG_INVALID for a drive. */
export async function sourceOf(
  session: Session,
  spec: { readonly vm?: string | undefined; readonly disk: string },
  ask: Ask,
): Promise<{ readonly vm: VmData | null; readonly disk: DiskData }> {
  if (spec.vm === undefined) {
    const disk = await session.ask("disk.get", { disk: spec.disk }, ask);
    if (disk.vm !== null) throw new VmFailure("DISK_IN_USE", `Virtual machine ${disk.vm} has the disk; name it as vm.`);
    return { vm: null, disk };
  }
  const vm = await session.read(spec.vm, ask);
  const disk = needDisk(vm, spec.disk);
  if (disk.kind === "cdrom") throw fieldFailure("VM_CONFIG_INVALID", "/disk", "is a drive");
  return { vm, disk };
}

/** Throws STORAGE_OUTSIDE. */
export function needOwn(disk: DiskData, pointer: string): void {
  if (disk.storage_class === null) throw fieldFailure("STORAGE_OUTSIDE", pointer, "lies in no storage class that the host declares");
}

/** SCSI changes while the machine runs, IDE only while it is off. */
export function needBus(vm: VmData, bus: string, pointer: string): void {
  if (bus === "ide" && vm.firmware === "uefi") throw fieldFailure("HYPERVISOR_UNSUPPORTED", pointer, "can only be scsi with firmware uefi");
  if (bus === "ide") needState(vm.state, ["off"], "it must be off, for IDE changes only then");
  else needState(vm.state, ["off", "running", "paused"], "its disks change while it is running, paused or off");
}

/** The name that was asked for, or the first free one. Throws DISK_EXISTS. */
export function nameFor(wanted: string | undefined, vm: VmData, kind: "disk" | "cdrom" | "nic" = "disk"): string {
  const names = new Set([...vm.disks, ...vm.nics].map(({ name }) => name));
  if (wanted === undefined) {
    let number = 0;
    while (names.has(`${kind}${number}`)) number += 1;
    return `${kind}${number}`;
  }
  if (names.has(wanted))
    throw fieldFailure(kind === "nic" ? "VM_CONFIG_INVALID" : "DISK_EXISTS", "/name", "is the name of another device of the machine");
  return wanted;
}
