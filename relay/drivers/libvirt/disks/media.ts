// Drives and their media: iso.attach, iso.eject. A medium changes while the machine runs; a drive is added while it is off.
import { stat } from "node:fs/promises";
import type { HandlerResult, JobContext } from "../../contract.ts";
import { changeResult, isPlan, type Change } from "../../virtual/changes.ts";
import { fieldFailure, pointed, VmFailure } from "../../virtual/failure.ts";
import { asWhole, type Undo } from "../../virtual/undo.ts";
import type { DiskFacts } from "../domain/devices.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { answered, undoing } from "../answered.ts";
import type { CallOptions } from "../rpc/calls.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import { isActive, type ReadVm } from "../session.ts";
import { diskElement, freeTarget, putMedium } from "./element.ts";
import { changeable } from "./finding.ts";
import { diskIn, driveBusOf, nameFor, targetsOf } from "./places.ts";
import { CONFIG, LIVE, planPlug, plug } from "./plugging.ts";

/** VIR_DOMAIN_DEVICE_MODIFY_FORCE: opens a drive that the guest has locked. */
const FORCE = 4;

function needDrive({ facts }: ReadVm, id: string): DiskFacts {
  const drive = facts.disks.find((disk) => disk.id === id && disk.kind === "cdrom");
  if (!drive) throw fieldFailure("DISK_NOT_FOUND", "/drive", "is no drive of this machine");
  return drive;
}

/** Without a name: an empty one, else one with an image of the host in it; a drive with something else (a seed) is left alone until there is no other. */
async function driveFor({ storage }: Parts, vm: ReadVm, id: string | undefined): Promise<DiskFacts | null> {
  if (id !== undefined) return needDrive(vm, id);
  const drives = vm.facts.disks.filter(({ kind }) => kind === "cdrom");
  const empty = drives.find(({ source }) => source === null);
  if (empty) return empty;
  for (const drive of drives) if (await storage.imageAt(drive.source)) return drive;
  return null;
}

async function mediumOf({ storage }: Parts, name: string): Promise<string> {
  const { path } = await pointed({ IMAGE_NOT_FOUND: "/image" }, async () => storage.image(name, "iso"));
  const isFile = await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (!isFile) throw fieldFailure("STORAGE_UNAVAILABLE", "/image", "is declared, and its file cannot be found");
  return path;
}

/** In what runs first, where a guest may hold on to its drive; then in the definition. */
async function change(
  { session }: Parts,
  vm: ReadVm,
  drive: DiskFacts,
  path: string | null,
  force: boolean,
  { signal }: Pick<JobContext, "signal">,
  undo: Undo,
): Promise<void> {
  const back = undoing(signal);
  const put = async (place: number, medium: string | null, flags: number, options: CallOptions) => {
    const root = await session.xml(vm.domain, place === LIVE ? "running" : "defined");
    const element = diskIn(root, drive.target);
    if (!element) return;
    putMedium(element, medium);
    await session.client.call("domainUpdateDeviceFlags", { domain: vm.domain, xml: element.toString(), flags: place | flags }, options);
  };
  const places = isActive(vm.state) && vm.running?.disks.some(({ target }) => target === drive.target) ? [LIVE, CONFIG] : [CONFIG];
  for (const place of places) {
    const before = (place === LIVE ? vm.running : vm.facts)?.disks.find(({ target }) => target === drive.target)?.source ?? null;
    if (before === path) continue;
    undo.push("the changed medium", () => put(place, before, place === LIVE ? FORCE : 0, back()));
    try {
      await answered(signal, (options) => put(place, path, place === LIVE && force ? FORCE : 0, options));
    } catch (error) {
      // The drive is there and so is the medium: what is left is a tray that the guest holds.
      if (place === LIVE && !force && isLibvirtError(error, "OPERATION_FAILED"))
        throw new VmFailure("VM_BUSY", "The guest has locked the drive; eject it in the guest, or with force.", undefined, {
          cause: error,
        });
      throw error;
    }
  }
}

async function insert(
  parts: Parts,
  vm: ReadVm,
  drive: DiskFacts,
  medium: Change,
  path: string | null,
  force: boolean,
  context: JobContext,
): Promise<HandlerResult> {
  const runs = vm.running?.disks.find(({ target }) => target === drive.target);
  const isThere = drive.source === path && (!runs || runs.source === path);
  const changes = isThere ? [] : [{ ...medium, needs_restart: isActive(vm.state) && !runs }];
  const said = isThere ? "is so already" : isPlan(context) ? "would be changed" : "is changed";
  if (!isThere && !isPlan(context)) await asWhole(context, (undo) => change(parts, vm, drive, path, force, context, undo));
  return changeResult(context, { id: drive.id, changes, message: `The medium of ${drive.name} ${said}.` });
}

async function addDrive({ session }: Parts, vm: ReadVm, image: string, path: string, context: JobContext): Promise<HandlerResult> {
  const bus = driveBusOf(vm.defined);
  const how = await planPlug(session, vm, bus);
  const name = nameFor(undefined, "cdrom", vm);
  const target = freeTarget(bus, targetsOf(vm));
  const id = `drive-${target}`;
  const changes = [
    { field: "drive", from: null, to: name, needs_restart: how.needsRestart },
    { field: "image", from: null, to: image, needs_restart: how.needsRestart },
  ];
  const element = diskElement({ id, name, kind: "cdrom", path, format: "raw", bus, target });
  if (!isPlan(context)) await asWhole(context, (undo) => plug(session, vm, element, how, context, undo));
  return changeResult(context, { id, changes, message: `A drive ${name} with ${image} ${isPlan(context) ? "would be" : "is"} added.` });
}

export const mediaHandlers = (parts: Parts): HandlersOf<"iso.attach" | "iso.eject"> => ({
  async "iso.attach"({ vm, image, drive, boot_once: bootOnce }, context) {
    if (bootOnce)
      throw fieldFailure(
        "HYPERVISOR_UNSUPPORTED",
        "/boot_once",
        "cannot be had: libvirt keeps no order for one start; change boot_order with vm.update",
      );
    const read = await changeable(parts, vm);
    const path = await mediumOf(parts, image);
    const found = await driveFor(parts, read, drive);
    if (!found) return addDrive(parts, read, image, path, context);
    const before = await parts.storage.imageAt(found.source);
    return insert(parts, read, found, { field: "image", from: before, to: image, needs_restart: false }, path, false, context);
  },

  async "iso.eject"({ vm, drive, force }, context) {
    const read = await changeable(parts, vm);
    const drives = read.facts.disks.filter(({ kind }) => kind === "cdrom");
    const full = drives.filter(({ source }) => source !== null);
    const images = await Promise.all(full.map(({ source }) => parts.storage.imageAt(source)));
    const usual = full[images.findIndex((image) => image !== null)] ?? full[0] ?? drives[0];
    const found = drive === undefined ? usual : needDrive(read, drive);
    if (!found) throw fieldFailure("DISK_NOT_FOUND", "/drive", "is needed: the machine has no drive");
    const before = (await parts.storage.imageAt(found.source)) ?? (found.source === null ? null : "something that is no image of the host");
    return insert(parts, read, found, { field: "image", from: before, to: null, needs_restart: false }, null, force, context);
  },
});
