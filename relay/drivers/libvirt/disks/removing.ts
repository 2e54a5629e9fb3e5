// disk.detach, disk.delete: a disk's way out of a machine, and its end.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { asWhole } from "../../virtual/undo.ts";
import type { DiskFacts } from "../domain/devices.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { ReadVm } from "../session.ts";
import { disksOf } from "../snapshots/refusals.ts";
import { snapshotsIn } from "../snapshots/table.ts";
import { listSnapshots } from "../snapshots/view.ts";
import type { Volume } from "../storage/contract.ts";
import { changeable, diskOf, looseVolume, needDisk } from "./finding.ts";
import { planUnplug, unplug } from "./plugging.ts";

async function detach({ session, storage }: Parts, vm: string, disk: string, context: JobContext): Promise<HandlerResult> {
  const read = await changeable({ session }, vm);
  const found = diskOf(read, disk);
  if (!found) {
    const volume = await storage.find(disk);
    return changeResult(context, { id: disk, changes: [], message: `${read.facts.name} does not have ${volume.file}.` });
  }
  const how = await planUnplug(session, read, found.id);
  const outcome = (said: string) => ({
    id: disk,
    changes: [{ field: "vm", from: read.facts.id, to: null, needs_restart: how.needsRestart }],
    message: `${found.name} ${said} taken from ${read.facts.name}.`,
  });
  if (isPlan(context)) return changeResult(context, outcome("would be"));
  // It runs with the disk until it is off, and its definition has it no more.
  if (!how.live && !how.config) return changeResult(context, { ...outcome("is"), changes: [] });
  await asWhole(context, (undo) => unplug(session, read, how, context, undo));
  return changeResult(context, outcome("is"));
}

/** A snapshot holds the disk's past, or needs it to be reverted to. */
async function needNoSnapshots({ session }: Parts, { domain }: ReadVm): Promise<void> {
  const { snapshots } = await session.client.call("domainListAllSnapshots", { domain, need: true, flags: 0 });
  if (snapshots.length > 0)
    throw new VmFailure("VM_HAS_SNAPSHOTS", "The virtual machine has snapshots that hold the disk; delete them first.");
}

/** The same of a disk that no machine has now: one that had it may go back to a snapshot that lies in it. */
async function needNoPast({ session, storage }: Parts, volume: Volume): Promise<void> {
  if (((await snapshotsIn(session, storage, volume))?.length ?? 0) === 0) return;
  for (const domain of await session.all())
    for (const snapshot of await listSnapshots(session, domain))
      if (snapshot.domain && disksOf(snapshot.domain, snapshot.targets).some(({ path }) => path === volume.path))
        throw new VmFailure("VM_HAS_SNAPSHOTS", `The snapshot ${snapshot.name} of ${domain.name} lies in the disk; delete it first.`);
}

const deletion = (id: string, { file, storageClass }: Volume, said: string) => ({
  id,
  changes: [{ field: "disk", from: file, to: null, needs_restart: false }],
  message: `${file} of storage class ${storageClass} ${said} deleted.`,
});

async function deleteOf(parts: Parts, vm: ReadVm, found: DiskFacts, context: JobContext): Promise<HandlerResult> {
  const { session, storage } = parts;
  if (vm.facts.metadata.deletionProtection)
    throw new VmFailure("VM_PROTECTED", "The virtual machine is protected against deletion, and its disks with it.");
  const volume = await storage.require(found.source);
  await needNoSnapshots(parts, vm);
  await storage.mayDelete(volume, vm.facts.id);
  const how = await planUnplug(session, vm, found.id);
  if (how.needsRestart)
    throw new VmFailure("VM_STATE_INVALID", `The machine runs with the disk, and a disk on ${found.bus} leaves it only while it is off.`);
  if (isPlan(context)) return changeResult(context, deletion(found.id, volume, "would be"));
  await asWhole(context, async (undo) => {
    await unplug(session, vm, how, context, undo);
    await storage.delete(volume);
  });
  return changeResult(context, deletion(found.id, volume, "is"));
}

export const diskRemovingHandlers = (parts: Parts): HandlersOf<"disk.detach" | "disk.delete"> => ({
  "disk.detach": ({ vm, disk }, context) => detach(parts, vm, disk, context),

  async "disk.delete"({ vm, disk }, context) {
    if (vm !== undefined) {
      const read = await changeable(parts, vm);
      return deleteOf(parts, read, needDisk(read, disk), context);
    }
    const volume = await looseVolume(parts, disk);
    await parts.storage.mayDelete(volume);
    await needNoPast(parts, volume);
    if (isPlan(context)) return changeResult(context, deletion(disk, volume, "would be"));
    await parts.storage.delete(volume);
    return changeResult(context, deletion(disk, volume, "is"));
  },
});
