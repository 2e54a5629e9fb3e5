// vm.delete: the machine, what libvirt keeps for it, its seed, and its disks when that was asked for.
import { basename } from "node:path";
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, type NotChanged } from "../../virtual/changes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import type { DiskFacts } from "../domain/devices.ts";
import type { Parts } from "../parts.ts";
import { explainLibvirt, isActive, type ReadVm, type Session } from "../session.ts";
import type { Volume } from "../storage/contract.ts";
import { isSeed } from "./creating.ts";
import { removeDomain } from "./removing.ts";
import { disksOf } from "./view.ts";

interface Doomed {
  readonly disk: DiskFacts;
  readonly volume: Volume;
}

/** A disk that others use or stand on, or that lies elsewhere, is kept. */
async function mayGo({ storage }: Parts, uuid: string, disk: DiskFacts): Promise<Doomed | null> {
  const volume = await storage.locate(disk.source);
  if (volume === null) return null;
  try {
    await storage.mayDelete(volume, uuid);
    return { disk, volume };
  } catch (error) {
    if (error instanceof VmFailure && (error.code === "DISK_IN_USE" || error.code === "DISK_HAS_CHILDREN")) return null;
    throw error;
  }
}

async function needNoSnapshots({ client }: Session, { domain }: ReadVm): Promise<void> {
  const { snapshots } = await client.call("domainListAllSnapshots", { domain, need: true, flags: 0 });
  if (snapshots.length > 0)
    throw new VmFailure("VM_HAS_SNAPSHOTS", `The virtual machine has ${snapshots.length} snapshots; delete them, or the disks with it.`, [
      { pointer: "/delete_disks", message: "must be true, or the snapshots deleted first" },
    ]);
}

async function check({ session }: Parts, vm: ReadVm, spec: SpecOf<"vm.delete">): Promise<void> {
  if (vm.facts.metadata.deletionProtection) throw new VmFailure("VM_PROTECTED");
  if (isActive(vm.state) && !spec.force)
    throw new VmFailure("VM_STATE_INVALID", `The virtual machine is ${vm.state}; it must be off, or force be true.`, [
      { pointer: "/force", message: "must be true for one that runs" },
    ]);
  if (!spec.delete_disks) await needNoSnapshots(session, vm);
}

/** What could not be deleted any more, now that the machine is gone. */
async function deleteDisks({ storage }: Parts, doomed: readonly Doomed[], context: JobContext): Promise<Map<string, NotChanged>> {
  const left = new Map<string, NotChanged>();
  for (const { disk, volume } of doomed) {
    try {
      await storage.delete(volume);
    } catch (error) {
      const failure = error instanceof VmFailure ? error : explainLibvirt(error);
      if (!failure) throw error;
      context.log("error", `${volume.file} could not be deleted: ${failure.message}`);
      left.set(disk.id, { field: "disks", code: failure.code, message: `${disk.name} (${volume.file}): ${failure.message}` });
    }
  }
  return left;
}

/** Asked for and not deleted: others use them or stand on them, or they lie outside the storage classes. */
function sparedOf(disks: readonly DiskFacts[], doomed: readonly Doomed[]): string {
  const spared = disks.filter(({ id }) => !doomed.some(({ disk }) => disk.id === id));
  if (spared.length === 0) return "";
  return `; kept, as in use elsewhere or outside the storage classes: ${spared.map(({ name, source }) => (source ? basename(source) : name)).join(", ")}`;
}

const namesOf = (disks: readonly DiskFacts[]): string[] => disks.map((disk) => disk.name);

export async function deleteVm(parts: Parts, spec: SpecOf<"vm.delete">, context: JobContext): Promise<HandlerResult> {
  const vm = await parts.session.read(spec.vm);
  await check(parts, vm, spec);
  const { id, name } = vm.facts;
  const all = disksOf(vm);
  const disks = all.filter(({ kind }) => kind === "disk");
  const wanted = [...(spec.delete_disks ? disks : []), ...all.filter(isSeed)];
  const doomed = (await Promise.all(wanted.map((disk) => mayGo(parts, id, disk)))).filter((one) => one !== null);
  const isPlanned = isPlan(context);
  if (!isPlanned) await removeDomain(parts.session, id);
  const left = isPlanned ? new Map<string, NotChanged>() : await deleteDisks(parts, doomed, context);
  const deleted = new Set(doomed.map(({ disk }) => disk.id).filter((disk) => !left.has(disk)));
  const ids = disks.map((disk) => disk.id);
  const isKept = ({ id: disk }: DiskFacts) => !deleted.has(disk);
  const kept = ids.filter((disk) => !deleted.has(disk));
  const changes = [
    { field: "name", from: name, to: null, needs_restart: false },
    ...(isActive(vm.state) ? [{ field: "state", from: vm.state, to: "off", needs_restart: false }] : []),
    ...(kept.length < ids.length
      ? [{ field: "disks", from: namesOf(disks), to: namesOf(disks.filter(isKept)), needs_restart: false }]
      : []),
  ];
  return changeResult(context, {
    id,
    changes,
    notChanged: [...left.values()],
    message: `${name} ${isPlanned ? "would be" : "was"} deleted${spec.delete_disks ? sparedOf(disks, doomed) : ""}`,
    more: { deleted_disks: ids.filter((disk) => deleted.has(disk)), kept_disks: kept },
  });
}
