// The disks of a copy: which of the original's are copied and how, and their places in the copy's definition.
import { aliasFor, diskIdOf, type DiskFacts } from "../domain/devices.ts";
import { VmFailure } from "../../virtual/failure.ts";
import type { Undo } from "../../virtual/undo.ts";
import type { Ask, ReadVm } from "../session.ts";
import type { NewVolume, Storage, Volume } from "../storage/contract.ts";
import { XmlElement } from "../xml/tree.ts";

export interface DiskCopy {
  readonly disk: DiskFacts;
  readonly wanted: NewVolume;
}

/** What is said of a new file: the format, and the chain below when libvirt was told one. */
function place(element: XmlElement, { id, name, path, format }: { id: string; name: string; path: string; format: string }): void {
  for (const child of [element.find("backingStore"), element.find("mirror")]) if (child) element.remove(child);
  const source = element.find("source");
  const now = new XmlElement("source", [["file", path]]);
  if (source) element.insertAfter(source, now);
  if (source) element.remove(source);
  element.setAttribute("type", "file");
  element.ensure("driver").setAttribute("name", "qemu").setAttribute("type", format);
  element.ensure("alias").setAttribute("name", aliasFor(id, name));
}

const elementOf = (root: XmlElement, target: string): XmlElement | undefined =>
  root
    .find("devices")
    ?.elements("disk")
    .find((disk) => disk.find("target")?.attribute("dev") === target);

/** What the machine writes to that is no disk of a storage class cannot be copied: throws STORAGE_OUTSIDE. */
export async function planDisks(
  storage: Storage,
  { facts, defined }: ReadVm,
  how: { readonly stem: string; readonly mode: "full" | "linked"; readonly storageClass: string | undefined },
): Promise<DiskCopy[]> {
  const known = new Set(facts.disks.map(({ target }) => target));
  for (const disk of defined.find("devices")?.elements("disk") ?? []) {
    const target = disk.find("target")?.attribute("dev") ?? "";
    if (!known.has(target) && disk.find("source") && !disk.find("readonly"))
      throw new VmFailure("HYPERVISOR_UNSUPPORTED", `The device ${target} is no disk that could be copied.`);
  }
  const disks = facts.disks.filter(({ kind }) => kind === "disk");
  return Promise.all(
    disks.map(async (disk) => {
      const volume = await storage.require(disk.source);
      const wanted = await copyOf(storage, volume, { ...how, name: disk.name });
      await storage.plan(wanted);
      return { disk, wanted };
    }),
  );
}

async function copyOf(
  storage: Storage,
  volume: Volume,
  { stem, name, mode, storageClass }: { stem: string; name: string; mode: "full" | "linked"; storageClass: string | undefined },
): Promise<NewVolume> {
  const format = mode === "full" && (await storage.trustedFormat(volume)) === "raw" ? "raw" : "qcow2";
  return {
    storageClass: storageClass ?? volume.storageClass,
    stem: `${stem}-${name}`.replaceAll(/[^A-Za-z0-9._-]/g, "-"),
    mayNumber: true,
    format,
    source: { mode, volume },
  };
}

/** Drives keep what the host declares or others put in; what lies in a storage class was made for the original alone, as its seed. */
export async function emptyDrives(storage: Storage, root: XmlElement, disks: readonly DiskFacts[]): Promise<string[]> {
  const emptied: string[] = [];
  for (const drive of disks.filter(({ kind }) => kind === "cdrom")) {
    const element = elementOf(root, drive.target)!;
    const isOwn = (await storage.locate(drive.source)) !== null && (await storage.imageAt(drive.source)) === null;
    const source = element.find("source");
    if (!isOwn || !source) continue;
    element.remove(source);
    element.setAttribute("type", "file");
    emptied.push(drive.name);
  }
  return emptied;
}

/** Progress of one of several copies as that of the whole. */
export const shareOf = (ask: Ask, name: string, index: number, count: number): Ask => ({
  request: ask.request,
  signal: ask.signal,
  log: (level, message) => ask.log(level, message),
  progress: (percent, message) =>
    ask.progress(percent === null ? null : Math.floor((100 * index + percent) / count), `${name}: ${message}`),
});

/** Makes the copies one after the other, each with its share of the progress; gives the ids of the new disks. */
export async function copyDisks(storage: Storage, root: XmlElement, copies: readonly DiskCopy[], ask: Ask, undo: Undo): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, { disk, wanted }] of copies.entries()) {
    const share = shareOf(ask, disk.name, index, copies.length);
    share.progress(0, "copying");
    const { path } = await storage.create(wanted, share, undo);
    const id = diskIdOf(path);
    place(elementOf(root, disk.target)!, { id, name: disk.name, path, format: wanted.format });
    ids.push(id);
  }
  return ids;
}
