// A disk and a drive as XML elements of a domain, and their parts, each written in one place. Decides nothing and asks nothing.
import { aliasFor } from "../domain/devices.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { put } from "../xml/put.ts";
import { XmlElement } from "../xml/tree.ts";

export type DiskBus = "virtio" | "scsi" | "sata" | "ide";

/** `diskTuning` of the contract. Absent: QEMU's own way. */
export interface DiskTuning {
  readonly cache?: "default" | "none" | "writeback" | "writethrough" | undefined;
  readonly discard?: boolean | undefined;
  readonly iops_max?: number | undefined;
  readonly bytes_per_second_max?: number | undefined;
  readonly read_only?: boolean | undefined;
}

export interface PlacedDisk {
  /** Of a disk diskIdOf(path); of a drive ours. */
  readonly id: string;
  readonly name: string;
  readonly kind: "disk" | "cdrom";
  /** null: an empty drive. */
  readonly path: string | null;
  /** Said to QEMU, so that nothing is opened by what its contents say. */
  readonly format: string;
  readonly bus: DiskBus;
  /** `vda`. */
  readonly target: string;
  readonly tuning?: DiskTuning | undefined;
  /** From 1. */
  readonly bootOrder?: number | undefined;
}

const PREFIXES: Readonly<Record<DiskBus, string>> = { virtio: "vd", scsi: "sd", sata: "sd", ide: "hd" };
/** More than QEMU has places for. */
const TARGETS_MAX = 1_000;

/** a … z, aa … */
const letters = (index: number): string =>
  (index < 26 ? "" : letters(Math.floor(index / 26) - 1)) + String.fromCodePoint(97 + (index % 26));

/** The first target of a bus that is not taken; it is now. */
export function freeTarget(bus: DiskBus, taken: Set<string>): string {
  for (let index = 0; index < TARGETS_MAX; index += 1) {
    const target = PREFIXES[bus] + letters(index);
    if (taken.has(target)) continue;
    taken.add(target);
    return target;
  }
  throw new VmFailure("DISK_SLOT_TAKEN");
}

export function putTarget(disk: XmlElement, target: string, bus: string): void {
  const element = disk.ensure("target");
  // An address is one on the old bus; libvirt finds another.
  if (element.attribute("bus") !== bus) put(disk, "address", null);
  element.setAttribute("dev", target).setAttribute("bus", bus);
}

export function putName(disk: XmlElement, id: string, name: string): void {
  disk.ensure("alias").setAttribute("name", aliasFor(id, name));
}

/** What of a limit stands in the way of another: libvirt takes a total or one for each direction. */
const LIMITS = { iops_max: "iops_sec", bytes_per_second_max: "bytes_sec" } as const;

export function putTuning(disk: XmlElement, tuning: DiskTuning): void {
  const driver = disk.ensure("driver");
  if (tuning.cache !== undefined) driver.setAttribute("cache", tuning.cache === "default" ? null : tuning.cache);
  if (tuning.discard !== undefined) driver.setAttribute("discard", tuning.discard ? "unmap" : null);
  if (tuning.read_only !== undefined) put(disk, "readonly", tuning.read_only ? new XmlElement("readonly") : null);
  for (const field of ["iops_max", "bytes_per_second_max"] as const) {
    const limit = tuning[field];
    if (limit === undefined) continue;
    const tune = disk.ensure("iotune");
    for (const child of tune.elements().filter(({ name }) => name.includes(LIMITS[field]))) tune.remove(child);
    if (limit > 0) tune.ensure(`total_${LIMITS[field]}`).setText(String(limit));
    if (tune.elements().length === 0) put(disk, "iotune", null);
  }
}

/** null: nothing in it. */
export function putMedium(drive: XmlElement, path: string | null): void {
  drive.setAttribute("type", "file");
  drive.ensure("driver").setAttribute("name", "qemu").setAttribute("type", "raw");
  put(drive, "source", path === null ? null : new XmlElement("source", [["file", path]]));
  put(drive, "backingStore", null);
  drive.find("target")?.setAttribute("tray", null);
}

/** A new disk or drive. A disk's serial number is its id, so that a guest finds it by that. */
export function diskElement(disk: PlacedDisk): XmlElement {
  const { id, name, kind, path, format, bus, target, tuning = {}, bootOrder } = disk;
  const element = new XmlElement("disk", [
    ["type", "file"],
    ["device", kind],
  ]);
  element.append(new XmlElement("driver", Object.entries({ name: "qemu", type: format })));
  if (path !== null) element.append(new XmlElement("source", [["file", path]]));
  putTarget(element, target, bus);
  if (kind === "disk") element.append(new XmlElement("serial").setText(id.replace(/^disk-/, "")));
  putTuning(element, tuning);
  if (kind === "cdrom") element.ensure("readonly");
  if (bootOrder !== undefined) element.append(new XmlElement("boot", [["order", String(bootOrder)]]));
  putName(element, id, name);
  return element;
}

/** virtio-scsi: what guests of today know. libvirt would choose a controller of the last century. */
export const scsiController = (): XmlElement =>
  new XmlElement("controller", [
    ["type", "scsi"],
    ["index", "0"],
    ["model", "virtio-scsi"],
  ]);
