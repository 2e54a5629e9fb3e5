// Disks: disk.*. Each change is planned from what is there, then one verb of the agent.
import type { HandlerResult, JobContext, SpecOf } from "../../contract.ts";
import { changeResult, isPlan, madeOf, type Change } from "../../virtual/changes.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { findAll } from "../vms/create-plan.ts";
import { imageCopies, whileCopying } from "../growing.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { needStorage } from "../resources.ts";
import type { DataOf } from "../session.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { nameFor, needBus, needDisk, needOwn, sourceOf, type DiskData } from "./finding.ts";
import { diskSpec, settleDisk } from "./settle.ts";
import { diskChangingHandlers } from "./changing.ts";
import { needFreeFile, needNoSnapshots, needUnused } from "./use.ts";

async function create({ session }: Parts, spec: SpecOf<"disk.create">, context: JobContext): Promise<HandlerResult> {
  refuseUnsupported(spec);
  const { vm: id, ...wanted } = spec;
  if (id === undefined)
    for (const field of ["bus", "iops_max"] as const)
      if (spec[field] !== undefined)
        throw fieldFailure("VM_CONFIG_INVALID", `/${field}`, "is of a disk that a machine has; name one as vm");
  const found = await findAll(session, context);
  const vm = id === undefined ? null : await session.read(id, context);
  const settled = settleDisk(found, wanted, {
    name: vm ? nameFor(wanted.name, vm) : wanted.name!,
    storageClass: spec.storage_class ?? vm?.storage_class ?? "default",
    usualBus: "scsi",
    firmware: vm?.firmware ?? null,
    at: "",
    classAt: "/storage_class",
  });
  const { available_bytes: free } = needStorage(found, settled.storageClass, "/storage_class");
  if (free !== null && settled.takesBytes > free)
    throw fieldFailure("STORAGE_FULL", settled.sizeAt, `needs more than the ${free} bytes that are free`);
  if (vm) needBus(vm, settled.bus, "/bus");
  else needFreeFile(session.table, settled.storageClass, settled.name);
  const { name, sizeBytes, storageClass, bus } = settled;
  const { image, preallocate, iops_max } = spec;
  const changes = madeOf({
    vm: vm?.id,
    name,
    size_bytes: sizeBytes,
    storage_class: storageClass,
    format: "vhdx",
    image,
    preallocate,
    ...(vm ? { bus, iops_max } : {}),
  });
  const where = vm ? ` and attached to ${vm.name}` : "";
  if (isPlan(context)) return changeResult(context, { id: `new-${name}`, changes, message: `${name} would be made${where}.` });
  const make = () => session.change({ operation: "disk.create", spec: diskSpec(settled, vm?.id ?? null) }, context);
  const done = await whileCopying(session.table, await imageCopies(session.table, [settled], vm?.name ?? null), context, make);
  return changeResult(context, { id: needId(done.id), changes, message: `${name} is made${where}.` });
}

export function needId(id: string | undefined): string {
  if (id === undefined) throw new VmFailure("AGENT_PROTOCOL", "The host agent did not say what it made.");
  return id;
}

async function clone({ session }: Parts, spec: SpecOf<"disk.clone">, context: JobContext): Promise<HandlerResult> {
  const { vm, disk } = await sourceOf(session, spec, context);
  if (vm && vm.state !== "off" && vm.state !== "saved")
    throw fieldFailure("DISK_IN_USE", "/disk", `is written to by virtual machine ${vm.name}; stop it first`);
  needOwn(disk, "/disk");
  const target = spec.attach_to === undefined ? null : await session.read(spec.attach_to, context);
  if (target) {
    nameFor(spec.name, target);
    needBus(target, "scsi", "/attach_to");
  }
  const storageClass = spec.storage_class ?? disk.storage_class;
  if (storageClass !== null && !Object.hasOwn(session.table.storage, storageClass))
    throw fieldFailure("STORAGE_NOT_FOUND", "/storage_class", "is no storage class that the host declares");
  if (!target) needFreeFile(session.table, storageClass, spec.name);
  const changes = madeOf({
    name: spec.name,
    mode: spec.mode,
    storage_class: storageClass,
    format: "vhdx",
    size_bytes: disk.size_bytes ?? undefined,
    vm: target?.id,
  });
  if (isPlan(context))
    return changeResult(context, { id: `new-${spec.name}`, changes, message: `${disk.name} would be copied as ${spec.name}.` });
  context.progress(null, "copying");
  const copy = { storageClass, vm: target?.name ?? null, name: spec.name, bytes: disk.allocated_bytes };
  const make = () => session.change({ operation: "disk.clone", spec }, context);
  const done = await whileCopying(session.table, spec.mode === "full" ? [copy] : [], context, make);
  return changeResult(context, { id: needId(done.id), changes, message: `${disk.name} is copied as ${spec.name}.` });
}

async function attach({ session }: Parts, spec: SpecOf<"disk.attach">, context: JobContext): Promise<HandlerResult> {
  refuseUnsupported(spec);
  const vm = await session.read(spec.vm, context);
  const there = vm.disks.find(({ id }) => id === spec.disk);
  if (there) return changeResult(context, { id: spec.disk, changes: [], message: `${vm.name} has the disk already, as ${there.name}.` });
  const disk = await session.ask("disk.get", { disk: spec.disk }, context);
  if (disk.vm !== null) throw fieldFailure("DISK_IN_USE", "/disk", `is that of virtual machine ${disk.vm}`);
  needOwn(disk, "/disk");
  const bus = spec.bus ?? "scsi";
  needBus(vm, bus, "/bus");
  const name = nameFor(spec.name, vm);
  const changes = madeOf({ vm: vm.id, name, bus, iops_max: spec.iops_max });
  const outcome = {
    id: spec.disk,
    changes,
    message: `${disk.name} ${isPlan(context) ? "would be" : "is"} attached to ${vm.name} as ${name}.`,
  };
  await needUnused(session, null, disk.id, context);
  if (isPlan(context)) return changeResult(context, outcome);
  const { iops_max } = spec;
  const step = { vm: vm.id, disk: spec.disk, bus, name, ...(iops_max === undefined ? {} : { iops_max }) };
  await session.change({ operation: "disk.attach", spec: step }, context);
  return changeResult(context, outcome);
}

async function detach({ session }: Parts, spec: SpecOf<"disk.detach">, context: JobContext): Promise<HandlerResult> {
  const vm = await session.read(spec.vm, context);
  const found = vm.disks.find(({ id, kind }) => id === spec.disk && kind === "disk");
  if (!found) {
    const disk = await session.ask("disk.get", { disk: spec.disk }, context);
    return changeResult(context, { id: spec.disk, changes: [], message: `${vm.name} does not have ${disk.name}.` });
  }
  needBus(vm, found.bus, "/disk");
  const changes: Change[] = [{ field: "vm", from: vm.id, to: null, needs_restart: false }];
  if (!isPlan(context)) await session.change({ operation: "disk.detach", spec: { vm: vm.id, disk: found.id } }, context);
  return changeResult(context, {
    id: spec.disk,
    changes,
    message: `${found.name} ${isPlan(context) ? "would be" : "is"} taken from ${vm.name}.`,
  });
}

async function remove({ session }: Parts, spec: SpecOf<"disk.delete">, context: JobContext): Promise<HandlerResult> {
  const { vm, disk } = await sourceOf(session, spec, context);
  needOwn(disk, "/disk");
  if (vm?.deletion_protection)
    throw new VmFailure("VM_PROTECTED", "The virtual machine is protected against deletion, and its disks with it.");
  if (vm) needBus(vm, disk.bus, "/disk");
  if (vm) await needNoSnapshots(session, vm, "/vm", context);
  await needUnused(session, vm?.id ?? null, disk.id, context);
  const changes: Change[] = [{ field: "disk", from: disk.name, to: null, needs_restart: false }];
  if (!isPlan(context)) await session.change({ operation: "disk.delete", spec: { ...(vm ? { vm: vm.id } : {}), disk: disk.id } }, context);
  const said = isPlan(context) ? "would be" : "is";
  return changeResult(context, { id: disk.id, changes, message: `${disk.name} of storage class ${disk.storage_class} ${said} deleted.` });
}

type DiskOperations =
  | "disk.list"
  | "disk.get"
  | "disk.create"
  | "disk.clone"
  | "disk.attach"
  | "disk.detach"
  | "disk.resize"
  | "disk.update"
  | "disk.delete";

export const diskHandlers = (parts: Parts): HandlersOf<DiskOperations> => ({
  async "disk.list"(spec, context) {
    if (spec.storage_class !== undefined && !Object.hasOwn(parts.session.table.storage, spec.storage_class))
      throw fieldFailure("STORAGE_NOT_FOUND", "/storage_class", "is no storage class that the host declares");
    const data: DataOf<"disk.list"> = await parts.session.ask("disk.list", spec, context);
    return { status: "success", message: `${data.items.length} disks`, data };
  },
  async "disk.get"(spec, context) {
    const data: DiskData =
      spec.vm === undefined
        ? await parts.session.ask("disk.get", spec, context)
        : needDisk(await parts.session.read(spec.vm, context), spec.disk);
    return { status: "success", message: data.name, data };
  },
  "disk.create": (spec, context) => create(parts, spec, context),
  "disk.clone": (spec, context) => clone(parts, spec, context),
  "disk.attach": (spec, context) => attach(parts, spec, context),
  "disk.detach": (spec, context) => detach(parts, spec, context),
  "disk.delete": (spec, context) => remove(parts, spec, context),
  ...diskChangingHandlers(parts),
});
