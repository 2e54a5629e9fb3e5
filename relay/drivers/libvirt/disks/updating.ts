// disk.resize, disk.update: larger while it runs; limits at once; bus, name and how it is opened when the machine was off once.
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { fieldFailure, pointed, VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import { readDisks, type DiskFacts } from "../domain/devices.ts";
import { answered, undoing } from "../answered.ts";
import type { CallOptions } from "../rpc/calls.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import type { SpecOf } from "../../contract.ts";
import { isActive, type ReadVm } from "../session.ts";
import type { Volume } from "../storage/contract.ts";
import { isLost } from "../storage/removing.ts";
import type { XmlElement } from "../xml/tree.ts";
import { needDefinition } from "../vms/updating/apply.ts";
import { freeTarget, putName, putTarget, putTuning, scsiController } from "./element.ts";
import { changeable, looseVolume, needDisk, needWritable } from "./finding.ts";
import { checkBus, deviceNames, diskIn, hasScsi, targetsOf } from "./places.ts";
import { LIVE } from "./plugging.ts";

/** VIR_DOMAIN_BLOCK_RESIZE_BYTES: the size is not in KiB. */
const RESIZE_BYTES = 1;

type UpdateSpec = SpecOf<"disk.update">;

/** A disk that is to grow; null: it has that size already. */
interface Growth {
  readonly volume: Volume;
  readonly from: number;
  readonly to: number;
}

/** A disk that a machine runs with, by the target by which what runs knows it: its definition may have another by now, or not have it. */
interface RunningDisk {
  readonly domain: DomainRef;
  readonly target: string;
}

function runningDisk({ domain, running }: ReadVm, disk: string): RunningDisk | null {
  const found = running?.disks.find(({ id }) => id === disk);
  return found ? { domain, target: found.target } : null;
}

/** Throws DISK_SHRINK_REFUSED, DISK_HAS_CHILDREN, or DISK_IN_USE where another machine runs with it. */
async function planGrowth({ storage }: Parts, volume: Volume, sizeBytes: number, runs: RunningDisk | null): Promise<Growth | null> {
  const format = await pointed({ DISK_SHRINK_REFUSED: "/size_bytes" }, () => storage.mayResize(volume, sizeBytes));
  const { sizeBytes: from } = await storage.info(volume, format);
  if (from === sizeBytes) return null;
  const other = (await storage.holders(volume.path)).find(({ isRunning, vm }) => isRunning && vm !== runs?.domain.uuid);
  if (other) throw fieldFailure("DISK_IN_USE", "/disk", `is in use by virtual machine ${other.vm}, which runs; stop it first`);
  return { volume, from, to: sizeBytes };
}

/** By QEMU where it runs with the disk; under a machine that does, nobody else may. */
async function grow(
  { session, storage }: Parts,
  { volume, to }: Growth,
  runs: RunningDisk | null,
  { signal }: Pick<JobContext, "signal">,
): Promise<void> {
  if (!runs) return storage.resize(volume, to);
  const args = { domain: runs.domain, disk: runs.target, size: to, flags: RESIZE_BYTES };
  await answered(signal, (options) => session.client.call("domainBlockResize", args, options));
}

const growthChanges = (growth: Growth | null): Change[] =>
  growth ? [{ field: "size_bytes", from: growth.from, to: growth.to, needs_restart: false }] : [];

async function resize(
  parts: Parts,
  { vm, disk, size_bytes: sizeBytes }: SpecOf<"disk.resize">,
  context: JobContext,
): Promise<HandlerResult> {
  const read = vm === undefined ? null : await changeable(parts, vm);
  const found = read && needDisk(read, disk);
  const volume = found ? await parts.storage.require(found.source) : await looseVolume(parts, disk);
  const runs = read && runningDisk(read, disk);
  const growth = await planGrowth(parts, volume, sizeBytes, runs);
  const said = growth ? `${isPlan(context) ? "would grow" : "has grown"} to ${sizeBytes} bytes` : "has that size already";
  if (growth && !isPlan(context)) await grow(parts, growth, runs, context);
  return changeResult(context, { id: disk, changes: growthChanges(growth), message: `${volume.file} ${said}.` });
}

const LIMITS = ["iops_max", "bytes_per_second_max"] as const;
const FIELDS = ["bus", "name", "cache", "discard", "read_only", ...LIMITS] as const;
type Field = (typeof FIELDS)[number];

const valueOf = (disk: DiskFacts, field: Field): unknown =>
  ({
    bus: disk.bus,
    name: disk.name,
    cache: disk.cache,
    discard: disk.discard,
    read_only: disk.readOnly,
    iops_max: disk.iopsMax,
    bytes_per_second_max: disk.bytesPerSecondMax,
  })[field];

const isLimit = (field: string): field is (typeof LIMITS)[number] => (LIMITS as readonly string[]).includes(field);

/** Refuses what this machine cannot have; makes the changes in the tree of its definition. */
function edit(read: ReadVm, element: XmlElement, disk: DiskFacts, spec: UpdateSpec): void {
  if (spec.name !== undefined && spec.name !== disk.name) {
    if (deviceNames(read).has(spec.name)) throw fieldFailure("DISK_EXISTS", "/name", "is the name of another device of the machine");
    putName(element, disk.id, spec.name);
  }
  checkBus(read.defined, spec.bus ?? disk.bus, spec.read_only ?? disk.readOnly);
  if (spec.bus !== undefined && spec.bus !== disk.bus) {
    putTarget(element, freeTarget(spec.bus, targetsOf(read)), spec.bus);
    if (spec.bus === "scsi" && !hasScsi(read.defined)) read.defined.ensure("devices").append(scsiController());
  }
  putTuning(element, spec);
}

/** Of a disk whose definition says these limits. */
async function putLimits(
  { session }: Parts,
  { domain }: ReadVm,
  target: string,
  limits: readonly (readonly [(typeof LIMITS)[number], number])[],
  options: CallOptions,
): Promise<void> {
  const names = { iops_max: "total_iops_sec", bytes_per_second_max: "total_bytes_sec" } as const;
  const parameters = limits.map(([field, value]) => ({ field: names[field], kind: "ullong" as const, value }));
  await session.client.call("domainSetBlockIoTune", { domain, disk: target, parameters, flags: LIVE }, options);
}

async function limitLive(
  parts: Parts,
  read: ReadVm,
  disk: DiskFacts,
  changes: readonly Change[],
  { signal }: Pick<JobContext, "signal">,
  undo: Undo,
): Promise<void> {
  const fields = changes.flatMap(({ field }) => (isLimit(field) ? [field] : []));
  const runs = read.running?.disks.find(({ id }) => id === disk.id);
  if (!runs || fields.length === 0) return;
  const of = (side: "from" | "to") =>
    changes.flatMap((change) => (isLimit(change.field) ? [[change.field, Number(change[side])] as const] : []));
  const back = undoing(signal);
  undo.push("the new limits of the running disk", () => putLimits(parts, read, runs.target, of("from"), back()));
  await answered(signal, (options) => putLimits(parts, read, runs.target, of("to"), options));
}

/** The definition as it is edited, and back when a later step fails. */
async function define({ session }: Parts, read: ReadVm, before: string, undo: Undo): Promise<void> {
  let isDone = false;
  const flags = 0;
  undo.push("the machine's changed definition", async () => {
    if (isDone) await session.client.call("domainDefineXmlFlags", { xml: before, flags });
  });
  try {
    await session.client.call("domainDefineXmlFlags", { xml: read.defined.toString(), flags });
    isDone = true;
  } catch (error) {
    isDone = isLost(error);
    throw error;
  }
}

async function update(parts: Parts, spec: UpdateSpec, context: JobContext): Promise<HandlerResult> {
  const read = await changeable(parts, spec.vm);
  if (isActive(read.state)) await needDefinition(parts.session, read.domain);
  const disk = needDisk(read, spec.disk);
  const element = diskIn(read.defined, disk.target);
  if (!element || !read.facts.disks.some(({ id }) => id === disk.id))
    throw new VmFailure("VM_STATE_INVALID", "The disk is in the running machine alone; it is gone when that is off.");
  const before = read.defined.toString();
  edit(read, element, disk, spec);
  const after = readDisks(read.defined).find(({ id }) => id === disk.id)!;
  if (disk.readOnly && !after.readOnly) await needWritable(parts, await parts.storage.require(disk.source), "/read_only");
  const runs = runningDisk(read, disk.id);
  const growth =
    spec.size_bytes === undefined ? null : await planGrowth(parts, await parts.storage.require(disk.source), spec.size_bytes, runs);
  const changes: Change[] = FIELDS.filter((field) => valueOf(disk, field) !== valueOf(after, field)).map((field) => ({
    field,
    from: valueOf(disk, field),
    to: valueOf(after, field),
    needs_restart: isActive(read.state) && !isLimit(field),
  }));
  const all = [...changes, ...growthChanges(growth)];
  if (isPlan(context)) return changeResult(context, { id: disk.id, changes: all, message: `${disk.name} would be changed.` });
  await asWhole(context, async (undo) => {
    if (changes.length > 0) await define(parts, read, before, undo);
    await limitLive(parts, read, disk, changes, context, undo);
    if (growth) await grow(parts, growth, runs, context);
  });
  return changeResult(context, {
    id: disk.id,
    changes: all,
    message: all.length > 0 ? `${disk.name} is changed.` : `${disk.name} is so already.`,
  });
}

export const diskUpdatingHandlers = (parts: Parts): HandlersOf<"disk.resize" | "disk.update"> => ({
  "disk.resize": (spec, context) => resize(parts, spec, context),
  "disk.update": (spec, context) => update(parts, spec, context),
});
