// Whether a snapshot can be gone back to or deleted: its disks must be where they were, hold it, and be nobody else's. libvirt
// looks at one disk after the other while it acts, and leaves those before as it made them.
import { lstat } from "node:fs/promises";
import { VmFailure } from "../../virtual/failure.ts";
import { refuseWhenBase } from "../copies/bases.ts";
import { isActive, type ReadVm, type Session } from "../session.ts";
import type { Storage, Volume } from "../storage/contract.ts";
import type { ReadSnapshot } from "./view.ts";
import { disksOf, refuseLocked, unsupported } from "./refusals.ts";
import { snapshotsIn } from "./table.ts";

const isGone = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );

/** Throws unless every part of it lies in the machine's own images. */
function refuseForeign(snapshot: ReadSnapshot): void {
  if (snapshot.kind !== "internal")
    throw unsupported(`The snapshot ${snapshot.name} lies in files of its own, which another tool made; that tool can go on with it.`);
  if (!snapshot.domain) throw unsupported(`The snapshot ${snapshot.name} does not say what the machine was then.`);
}

async function refuseLost(session: Session, storage: Storage, snapshot: ReadSnapshot): Promise<Volume[]> {
  const volumes: Volume[] = [];
  for (const { target, path } of disksOf(snapshot.domain!, snapshot.targets)) {
    if (path !== null && (await isGone(path)))
      throw unsupported(`The disk ${target} of the snapshot ${snapshot.name} is not there any more.`);
    const volume = await storage.require(path);
    const same =
      (await snapshotsIn(session, storage, volume))?.filter(({ id, name }) => name === snapshot.name || id === snapshot.name) ?? [];
    if (!same.some(({ name }) => name === snapshot.name))
      throw unsupported(`The disk ${target} does not hold the snapshot ${snapshot.name} any more.`);
    if (same.length > 1)
      throw unsupported(`The disk ${target} holds several snapshots that QEMU knows as ${snapshot.name}, and would take any.`);
    volumes.push(volume);
  }
  return volumes;
}

/** Throws SNAPSHOT_UNSUPPORTED, STORAGE_OUTSIDE, DISK_HAS_CHILDREN or DISK_IN_USE. */
export async function refuseReverting(session: Session, storage: Storage, vm: ReadVm, snapshot: ReadSnapshot): Promise<void> {
  refuseForeign(snapshot);
  const volumes = await refuseLost(session, storage, snapshot);
  await refuseWhenBase(storage, volumes);
  for (const volume of volumes) {
    const others = (await storage.usersOf(volume.path)).filter((uuid) => uuid.toLowerCase() !== vm.facts.id);
    if (others.length > 0)
      throw new VmFailure("DISK_IN_USE", `Another machine has the disk ${volume.file} that the snapshot would change.`);
  }
}

/** Throws SNAPSHOT_UNSUPPORTED, STORAGE_OUTSIDE, DISK_IN_USE or VM_STATE_INVALID. A disk that is gone does not stand in the way. */
export async function refuseDeleting(storage: Storage, vm: ReadVm, snapshots: readonly ReadSnapshot[]): Promise<void> {
  const attached = new Set(vm.running?.disks.map((disk) => `${disk.target} ${disk.source ?? ""}`));
  for (const snapshot of snapshots) {
    refuseForeign(snapshot);
    for (const { target, path } of disksOf(snapshot.domain!, snapshot.targets)) {
      if (path === null || !(await isGone(path))) await refuseLocked(storage, vm, await storage.require(path));
      if (isActive(vm.state) && !attached.has(`${target} ${path ?? ""}`))
        throw new VmFailure(
          "VM_STATE_INVALID",
          `The machine runs without the disk ${target} that the snapshot ${snapshot.name} has; stop the machine to delete it.`,
        );
    }
  }
}

/** The snapshot of that name, and all. Throws SNAPSHOT_NOT_FOUND. */
export function pick(all: readonly ReadSnapshot[], name: string): ReadSnapshot {
  const found = all.find((snapshot) => snapshot.name === name);
  if (!found) throw new VmFailure("SNAPSHOT_NOT_FOUND", `The virtual machine has no snapshot ${name}.`);
  return found;
}
