// What stands in the way of a disk's change: who has it, what stands on it, snapshots. The agent looks itself before each change.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JobContext } from "../../contract.ts";
import { isPlan } from "../../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { diskUseSchema, type Ask, type Session, type VmData } from "../session.ts";
import type { HypervTable } from "../tables.ts";

/** Throws DISK_HAS_CHILDREN, and DISK_IN_USE when another machine than `vm` has the disk. Only a plan asks. */
export async function needUnused(session: Session, vm: string | null, disk: string, context: JobContext): Promise<void> {
  if (!isPlan(context)) return;
  const spec = vm === null ? { disk } : { vm, disk };
  const { users, children } = await session.askAs(diskUseSchema, { operation: "disk.use", spec }, context);
  if (children > 0) throw fieldFailure("DISK_HAS_CHILDREN", "/disk", "is one that other disks stand on");
  const other = users.find((id) => id !== vm);
  if (other !== undefined) throw fieldFailure("DISK_IN_USE", "/disk", `is that of virtual machine ${other}`);
}

/** Throws DISK_HAS_CHILDREN for a machine that a linked copy stands on. Only a plan asks. */
export async function needNoLinks(session: Session, vm: VmData, context: JobContext): Promise<void> {
  const disks = vm.disks.filter(({ kind }) => kind === "disk");
  if (!isPlan(context) || disks.length === 0) return;
  const questions = disks.map(({ id }) => ({ operation: "disk.use", spec: { vm: vm.id, disk: id } }) as const);
  const uses = await session.asks(questions, context);
  const at = uses.findIndex(({ children }) => children > 0);
  if (at >= 0) throw new VmFailure("DISK_HAS_CHILDREN", `Linked copies stand on ${disks[at]!.name} of this virtual machine.`);
}

/** A checkpoint holds the past of the machine's disks. Throws VM_HAS_SNAPSHOTS. */
export async function needNoSnapshots(session: Session, vm: VmData, pointer: string, ask: Ask): Promise<void> {
  const { items } = await session.ask("snapshot.list", { vm: vm.id }, ask);
  if (items.length > 0) throw fieldFailure("VM_HAS_SNAPSHOTS", pointer, "has snapshots that hold its disks; delete them first");
}

/** Of a disk that no machine has: its file is named after it. Throws DISK_EXISTS. */
export function needFreeFile({ storage }: HypervTable, storageClass: string | null, name: string): void {
  const place = storageClass !== null && Object.hasOwn(storage, storageClass) ? storage[storageClass] : undefined;
  if (place && existsSync(join(place.path, `${name}.vhdx`))) throw fieldFailure("DISK_EXISTS", "/name", "is the name of another disk");
}
