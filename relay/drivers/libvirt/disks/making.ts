// disk.create, disk.clone, disk.attach: a volume, new or there already, and its way into a machine.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, madeOf, type Change } from "../../virtual/changes.ts";
import { fieldFailure, pointed, VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { refuseAutostart } from "../copies/bases.ts";
import { diskIdOf } from "../domain/devices.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { ReadVm } from "../session.ts";
import type { Holder, NewVolume, Volume } from "../storage/contract.ts";
import { diskElement, freeTarget, type DiskBus, type DiskTuning } from "./element.ts";
import { changeable, diskOf, looseVolume, needDisk, needWritable } from "./finding.ts";
import { checkBus, nameFor, stemFor, targetsOf } from "./places.ts";
import { planPlug, plug, type Plug } from "./plugging.ts";

interface Wish extends DiskTuning {
  readonly bus?: DiskBus | undefined;
  readonly name?: string | undefined;
}

/** How a disk will be attached: everything that can be refused was. */
interface Attachment {
  readonly vm: ReadVm;
  readonly name: string;
  readonly bus: DiskBus;
  readonly plug: Plug;
  readonly tuning: DiskTuning;
}

const TUNING = ["cache", "discard", "iops_max", "bytes_per_second_max", "read_only"] as const;

async function planAttachment({ session }: Parts, vm: ReadVm, wish: Wish): Promise<Attachment> {
  const bus = wish.bus ?? "virtio";
  checkBus(vm.defined, bus, wish.read_only ?? false);
  return { vm, bus, name: nameFor(wish.name, "disk", vm), plug: await planPlug(session, vm, bus), tuning: wish };
}

async function attach(
  { session }: Parts,
  { vm, bus, name, plug: how, tuning }: Attachment,
  path: string,
  format: string,
  ask: Pick<JobContext, "signal">,
  undo: Undo,
): Promise<void> {
  const target = freeTarget(bus, targetsOf(vm));
  const element = diskElement({ id: diskIdOf(path), name, kind: "disk", path, format, bus, target, tuning });
  await plug(session, vm, element, how, ask, undo);
}

const tuningOf = (wish: DiskTuning): Record<string, unknown> => Object.fromEntries(TUNING.map((field) => [field, wish[field]]));

const attachmentChanges = ({ vm, name, bus, plug, tuning }: Attachment): Change[] =>
  madeOf({ vm: vm.facts.id, name, bus, ...tuningOf(tuning) }, plug.needsRestart);

const SPACE = { STORAGE_NOT_FOUND: "/storage_class", STORAGE_UNAVAILABLE: "/storage_class", STORAGE_FULL: "/size_bytes" } as const;
const POINTERS = { ...SPACE, DISK_SHRINK_REFUSED: "/size_bytes", IMAGE_NOT_FOUND: "/image", DISK_EXISTS: "/name" } as const;

interface Making {
  readonly wanted: NewVolume;
  /** Fields of the specification that the volume is made by. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly attachment: Attachment | null;
}

async function make(parts: Parts, { wanted, fields, attachment }: Making, context: JobContext): Promise<HandlerResult> {
  const { storage } = parts;
  const planned = await pointed(POINTERS, () => storage.plan(wanted));
  const changes = [...madeOf({ ...fields, size_bytes: planned.sizeBytes }, false), ...(attachment ? attachmentChanges(attachment) : [])];
  const where = attachment ? ` and attached to ${attachment.vm.facts.name} as ${attachment.name}` : "";
  if (isPlan(context))
    return changeResult(context, { id: diskIdOf(planned.path), changes, message: `${planned.file} would be made${where}.` });
  return asWhole(context, async (undo) => {
    const volume = await pointed(POINTERS, () => storage.create(wanted, context, undo));
    if (context.signal.aborted) throw new VmFailure("JOB_CANCELLED");
    if (attachment) await attach(parts, attachment, volume.path, wanted.format, context, undo);
    return changeResult(context, { id: diskIdOf(volume.path), changes, message: `${volume.file} is made${where}.` });
  });
}

function needKvmFormat(format: "qcow2" | "raw" | "vhdx" | undefined): "qcow2" | "raw" {
  if (format === "vhdx") throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/format", "must be qcow2 or raw on KVM");
  return format ?? "qcow2";
}

const writersOf = async ({ storage }: Parts, volume: Volume): Promise<readonly Holder[]> =>
  (await storage.holders(volume.path)).filter(({ isReadOnly }) => !isReadOnly);

/**
 * What a running machine writes to is never the same for as long as a copy takes; of a saved one the memory holds what belongs on
 * the disk. Throws DISK_IN_USE, VM_STATE_INVALID.
 */
async function needQuiet(parts: Parts, volume: Volume): Promise<void> {
  const writers = await writersOf(parts, volume);
  const running = writers.find(({ isRunning }) => isRunning);
  if (running) throw fieldFailure("DISK_IN_USE", "/disk", `is written to by virtual machine ${running.vm}; stop it first`);
  for (const vm of new Set(writers.map((writer) => writer.vm)))
    if ((await parts.session.state(await parts.session.find(vm))) === "saved")
      throw new VmFailure("VM_STATE_INVALID", `Virtual machine ${vm} is saved; it must be off for its disk to be copied.`);
}

/** A machine that writes to it would start with the host, behind our back, and change what the copy stands on. */
async function needNoAutostart(parts: Parts, volume: Volume): Promise<void> {
  const vms = new Set((await writersOf(parts, volume)).map(({ vm }) => vm));
  for (const vm of vms) await refuseAutostart(parts.session, await parts.session.read(vm));
}

async function sourceOf(parts: Parts, vm: string | undefined, disk: string): Promise<Volume> {
  if (vm === undefined) return looseVolume(parts, disk);
  return parts.storage.require(needDisk(await parts.session.read(vm), disk).source);
}

export const diskMakingHandlers = (parts: Parts): HandlersOf<"disk.create" | "disk.clone" | "disk.attach"> => ({
  async "disk.create"(spec, context) {
    const format = needKvmFormat(spec.format);
    const vm = spec.vm === undefined ? null : await changeable(parts, spec.vm);
    for (const field of ["bus", ...TUNING] as const)
      if (!vm && spec[field] !== undefined)
        throw fieldFailure("VM_CONFIG_INVALID", `/${field}`, "is of a disk that a machine has; name one as vm");
    const attachment = vm && (await planAttachment(parts, vm, spec));
    const storageClass = spec.storage_class ?? vm?.facts.metadata.storageClass ?? "default";
    const wanted: NewVolume = {
      storageClass,
      stem: vm ? stemFor(vm.facts.name, attachment!.name) : spec.name!,
      mayNumber: vm !== null,
      format,
      sizeBytes: spec.size_bytes,
      preallocate: spec.preallocate,
      source: spec.image === undefined ? undefined : { mode: "full", image: spec.image },
    };
    const fields = {
      name: vm ? undefined : spec.name,
      storage_class: storageClass,
      format,
      image: spec.image,
      preallocate: spec.preallocate,
    };
    return make(parts, { wanted, fields, attachment }, context);
  },

  async "disk.clone"(spec, context) {
    const { storage } = parts;
    const volume = await sourceOf(parts, spec.vm, spec.disk);
    await needQuiet(parts, volume);
    if (spec.mode === "linked") await needNoAutostart(parts, volume);
    const original = await storage.trustedFormat(volume);
    const vm = spec.attach_to === undefined ? null : await changeable(parts, spec.attach_to);
    const attachment = vm && (await planAttachment(parts, vm, { name: spec.name }));
    const wanted: NewVolume = {
      storageClass: spec.storage_class ?? volume.storageClass,
      stem: vm ? stemFor(vm.facts.name, spec.name) : spec.name,
      mayNumber: vm !== null,
      format: spec.mode === "full" && original === "raw" ? "raw" : "qcow2",
      source: { mode: spec.mode, volume },
    };
    const fields = { name: vm ? undefined : spec.name, storage_class: wanted.storageClass, format: wanted.format, mode: spec.mode };
    return make(parts, { wanted, fields, attachment }, context);
  },

  async "disk.attach"(spec, context) {
    const { storage } = parts;
    const vm = await changeable(parts, spec.vm);
    const there = diskOf(vm, spec.disk);
    if (there && vm.facts.disks.includes(there))
      return changeResult(context, { id: spec.disk, changes: [], message: `${vm.facts.name} has the disk already, as ${there.name}.` });
    const volume = await looseVolume(parts, spec.disk);
    const format = await storage.trustedFormat(volume);
    if (!spec.read_only) await needWritable(parts, volume, "/disk");
    const attachment = await planAttachment(parts, vm, spec);
    const changes = attachmentChanges(attachment);
    const message = `${volume.file} ${isPlan(context) ? "would be" : "is"} attached to ${vm.facts.name} as ${attachment.name}.`;
    const outcome = { id: diskIdOf(volume.path), changes, message };
    if (!isPlan(context)) await asWhole(context, (undo) => attach(parts, attachment, volume.path, format, context, undo));
    return changeResult(context, outcome);
  },
});
