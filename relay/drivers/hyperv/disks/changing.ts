// disk.resize, disk.update: larger, otherwise limited, called or attached; only what differs is sent.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, type Change, type NotChanged } from "../../virtual/changes.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { sentenceOf } from "../../virtual/sentence.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { VmData } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { changeOf, leftOf } from "../vms/updating.ts";
import { nameFor, needBus, needDisk, needOwn, sourceOf, type DiskData } from "./finding.ts";
import { needUnused } from "./use.ts";

function needGrowth(disk: DiskData, sizeBytes: number): void {
  needOwn(disk, "/disk");
  if (sizeBytes < (disk.size_bytes ?? 0))
    throw fieldFailure("DISK_SHRINK_REFUSED", "/size_bytes", `is less than the ${disk.size_bytes} bytes that it has`);
}

async function resize({ session }: Parts, spec: SpecOf<"disk.resize">, context: JobContext): Promise<HandlerResult> {
  const { vm, disk } = await sourceOf(session, spec, context);
  needGrowth(disk, spec.size_bytes);
  const { id, name, size_bytes: from } = disk;
  if (from === spec.size_bytes) return changeResult(context, { id, changes: [], message: `${name} has that size already.` });
  if (vm) needBus(vm, disk.bus, "/disk");
  await needUnused(session, vm?.id ?? null, id, context);
  const changes = [changeOf({ field: "size_bytes", from, to: spec.size_bytes })];
  if (!isPlan(context)) {
    const step = { ...(vm ? { vm: vm.id } : {}), disk: id, size_bytes: spec.size_bytes };
    await session.change({ operation: "disk.resize", spec: step }, context);
  }
  const said = isPlan(context) ? "would grow" : "has grown";
  return changeResult(context, { id, changes, message: `${name} ${said} to ${spec.size_bytes} bytes.` });
}

const FIELDS = ["bus", "name", "size_bytes", "iops_max"] as const;
type Field = (typeof FIELDS)[number];

/** Why the machine does not take that now; null: it does. */
function hindered(vm: VmData, disk: DiskData, field: Field): string | null {
  if (vm.state === "off" || field === "name") return null;
  if (field === "bus") return `The virtual machine is ${vm.state}; it must be off to attach the disk to another bus.`;
  const takes = ["running", "paused"].includes(vm.state) && (field === "iops_max" || disk.bus === "scsi");
  return takes ? null : `The virtual machine is ${vm.state}; it must be off to change ${field} of this disk.`;
}

/** Like what it is already is no wish, though Hyper-V could not be asked for it. */
function withoutSame(spec: SpecOf<"disk.update">, disk: DiskData): Record<string, unknown> {
  const { vm: _vm, disk: _disk, ...wishes } = spec;
  return Object.fromEntries(Object.entries(wishes).filter(([field, to]) => disk[field as keyof DiskData] !== to));
}

async function update({ session }: Parts, spec: SpecOf<"disk.update">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const disk = needDisk(vm, spec.disk);
  if (disk.kind === "cdrom") throw fieldFailure("VM_CONFIG_INVALID", "/disk", "is a drive");
  const wishes = withoutSame(spec, disk);
  refuseUnsupported(wishes);
  if (wishes["name"] !== undefined) nameFor(spec.name, vm);
  if (wishes["bus"] === "ide" && vm.firmware === "uefi")
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/bus", "can only be scsi with firmware uefi");
  if (wishes["size_bytes"] !== undefined) needGrowth(disk, spec.size_bytes!);
  const differing = FIELDS.filter((field) => wishes[field] !== undefined);
  const left = differing.flatMap((field): NotChanged[] => {
    const message = hindered(vm, disk, field);
    return message === null ? [] : [{ field, code: "VM_STATE_INVALID", message }];
  });
  const fields = differing.filter((field) => !left.some((one) => one.field === field));
  const changes = fields.map((field) => changeOf({ field, from: disk[field], to: wishes[field] }));
  const answer = (done: readonly Change[], notChanged: readonly NotChanged[]) =>
    changeResult(context, { id: disk.id, changes: done, notChanged, message: sentenceOf(done, isPlan(context)) });
  if (fields.includes("size_bytes")) await needUnused(session, vm.id, disk.id, context);
  if (isPlan(context) || fields.length === 0) return answer(changes, left);
  const step = { vm: vm.id, disk: disk.id, ...Object.fromEntries(fields.map((field) => [field, wishes[field]])) };
  const more = leftOf(await session.change({ operation: "disk.update", spec: step }, context));
  return answer(
    changes.filter(({ field }) => !more.some((one) => one.field === field)),
    [...left, ...more],
  );
}

export const diskChangingHandlers = (parts: Parts): HandlersOf<"disk.resize" | "disk.update"> => ({
  "disk.resize": (spec, context) => resize(parts, spec, context),
  "disk.update": (spec, context) => update(parts, spec, context),
});
