// Drives and their media: iso.attach, iso.eject.
import type { HandlerResult, JobContext, SpecOf } from "../contract.ts";
import { changeResult, isPlan, type Change } from "../virtual/changes.ts";
import { fieldFailure } from "../virtual/failure.ts";
import { needBus, type DiskData } from "./disks/finding.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { declaredItems, needImage } from "./resources.ts";
import { needState, type VmData } from "./session.ts";
import { changeOf } from "./vms/updating.ts";

const drivesOf = (vm: VmData): DiskData[] => vm.disks.filter(({ kind }) => kind === "cdrom");

/** An empty drive says neither a medium of ours nor a size. */
const isEmpty = ({ image, size_bytes: size }: DiskData): boolean => image === null && size === null;

function needDrive(vm: VmData, id: string): DiskData {
  const found = drivesOf(vm).find((drive) => drive.id === id);
  if (!found) throw fieldFailure("DISK_NOT_FOUND", "/drive", "is no drive of this machine");
  return found;
}

async function attach({ session }: Parts, spec: SpecOf<"iso.attach">, context: JobContext): Promise<HandlerResult> {
  const [vm, images] = await session.asks(
    [
      { operation: "vm.get", spec: { vm: spec.vm } },
      { operation: "image.list", spec: {} },
    ],
    context,
  );
  needImage({ images: declaredItems("image.list", session.table, images), networks: [], storage: [] }, spec.image, "iso", "/image");
  const drives = drivesOf(vm);
  // A drive with something else in it (a seed) is left alone: another is added.
  const found = spec.drive === undefined ? (drives.find(isEmpty) ?? drives.find(({ image }) => image !== null)) : needDrive(vm, spec.drive);
  if (found?.image === spec.image && !spec.boot_once)
    return changeResult(context, { id: found.id, changes: [], message: `The medium of ${found.name} is so already.` });
  if (spec.boot_once) needState(vm.state, ["off"], "it must be off to start from the drive the next time");
  if (!found) needBus(vm, vm.firmware === "bios" ? "ide" : "scsi", "/vm");
  const changes: Change[] = [
    ...(found ? [] : [changeOf({ field: "drive", from: null, to: drives.length === 0 ? "cdrom" : `cdrom${drives.length}` })]),
    ...(found?.image === spec.image ? [] : [changeOf({ field: "image", from: found?.image ?? null, to: spec.image })]),
    ...(spec.boot_once ? [changeOf({ field: "boot_once", from: false, to: true })] : []),
  ];
  const said = found
    ? `The medium of ${found.name} ${isPlan(context) ? "would be" : "is"} changed.`
    : `A drive with ${spec.image} ${isPlan(context) ? "would be" : "is"} added.`;
  if (isPlan(context)) return changeResult(context, { id: found?.id ?? "new-drive", changes, message: said });
  const step = { vm: vm.id, image: spec.image, boot_once: spec.boot_once, ...(found ? { drive: found.id } : { new_drive: true }) };
  const done = await session.change({ operation: "iso.attach", spec: step }, context);
  return changeResult(context, { id: found?.id ?? done.id ?? "cdrom", changes, message: said });
}

async function eject({ session }: Parts, spec: SpecOf<"iso.eject">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const drives = drivesOf(vm);
  const found =
    spec.drive === undefined
      ? (drives.find(({ image }) => image !== null) ?? drives.find((drive) => !isEmpty(drive)) ?? drives[0])
      : needDrive(vm, spec.drive);
  if (!found) throw fieldFailure("DISK_NOT_FOUND", "/drive", "is needed: the machine has no drive");
  if (isEmpty(found)) return changeResult(context, { id: found.id, changes: [], message: `${found.name} is empty already.` });
  const changes = [changeOf({ field: "image", from: found.image ?? "something that is no image of the host", to: null })];
  if (!isPlan(context)) await session.change({ operation: "iso.eject", spec: { vm: vm.id, drive: found.id, force: spec.force } }, context);
  return changeResult(context, {
    id: found.id,
    changes,
    message: `The medium of ${found.name} ${isPlan(context) ? "would be" : "is"} taken out.`,
  });
}

export const mediaHandlers = (parts: Parts): HandlersOf<"iso.attach" | "iso.eject"> => ({
  "iso.attach": (spec, context) => attach(parts, spec, context),
  "iso.eject": (spec, context) => eject(parts, spec, context),
});
