// Where in a machine a disk can go: targets, names, buses that its machine type has. Reads trees; asks and changes nothing.
import { fieldFailure } from "../../virtual/failure.ts";
import type { DomainFacts } from "../domain/facts.ts";
import type { ReadVm } from "../session.ts";
import type { XmlElement } from "../xml/tree.ts";

type Devices = Pick<DomainFacts, "disks" | "nics">;
type Both = { readonly facts: Devices; readonly running: Devices | null };

/** Of the definition and of what runs. */
export const targetsOf = ({ facts, running }: Both): Set<string> =>
  new Set([...facts.disks, ...(running?.disks ?? [])].map(({ target }) => target));

/** Names of all devices of a machine. */
export const deviceNames = ({ facts, running }: Both): Set<string> =>
  new Set([facts, running].flatMap((some) => (some ? [...some.disks, ...some.nics].map(({ name }) => name) : [])));

/** The wished name, or the first that is free (`disk0`). Throws DISK_EXISTS where the wished one is taken. */
export function nameFor(wished: string | undefined, stem: "disk" | "cdrom", both: Both): string {
  const taken = deviceNames(both);
  if (wished === undefined) {
    let number = 0;
    while (taken.has(`${stem}${number}`)) number += 1;
    return `${stem}${number}`;
  }
  if (taken.has(wished)) throw fieldFailure("DISK_EXISTS", "/name", "is the name of another device of the machine");
  return wished;
}

/** Name of a file for a disk of a machine, without its ending: machines of other tools may be called anything. */
export function stemFor(vmName: string, diskName: string): string {
  const plain = vmName.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return `${plain.slice(0, 100) || "vm"}-${diskName}`;
}

const machineOf = (root: XmlElement): string => root.find("os/type")?.attribute("machine") ?? "";
const isQ35 = (root: XmlElement): boolean => /q35/.test(machineOf(root));
/** Of ARM and RISC-V. */
const isVirt = (root: XmlElement): boolean => /^virt\b/.test(machineOf(root));

/** Of drives: what every machine of that type has. */
export function driveBusOf(root: XmlElement): "sata" | "scsi" | "ide" {
  if (isVirt(root)) return "scsi";
  return isQ35(root) ? "sata" : "ide";
}

/** Disks of these come and go while the machine runs; of the others only while it is off. */
export const isPluggable = (bus: string): boolean => bus === "virtio" || bus === "scsi";

/** Refuses what the machine type or QEMU has no place for. */
export function checkBus(root: XmlElement, bus: string, isReadOnly: boolean): void {
  if (bus === "ide" && (isQ35(root) || isVirt(root)))
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/bus", `ide is not had by machines of type ${machineOf(root)}`);
  if (isReadOnly && !isPluggable(bus)) throw fieldFailure("HYPERVISOR_UNSUPPORTED", "/read_only", "needs the bus virtio or scsi");
}

export const hasScsi = (root: XmlElement): boolean =>
  (root.find("devices")?.elements("controller") ?? []).some((controller) => controller.attribute("type") === "scsi");

/** The element of a disk within a domain. */
export const diskIn = (root: XmlElement, target: string): XmlElement | null =>
  (root.find("devices")?.elements("disk") ?? []).find((disk) => disk.find("target")?.attribute("dev") === target) ?? null;

/** In which disks are changed at all: what is saved holds its disks in its saved state. */
export const CHANGEABLE: readonly ReadVm["state"][] = ["running", "paused", "off", "crashed"];
