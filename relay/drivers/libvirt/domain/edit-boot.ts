// The boot order of a definition. An order by devices and one by kinds (<os><boot dev=…>) exclude one another: libvirt refuses both.
import type { XmlElement } from "../xml/tree.ts";
import { isSame } from "../../virtual/changes.ts";
import type { DomainFacts } from "./facts.ts";
import { numberOf } from "./units.ts";

/** Name of the device that an entry means, by its name or id; null: none of this machine. */
export function bootNameOf(entry: string, { disks, nics }: DomainFacts): string | null {
  const devices = [...disks, ...nics];
  const found =
    devices.find((device) => device.name === entry) ??
    devices.find((device) => device.id === entry) ??
    (entry === "cdrom" ? disks.find((disk) => disk.kind === "cdrom") : undefined);
  return found?.name ?? null;
}

const orderOf = (device: XmlElement): number => numberOf(device.find("boot")?.attribute("order")) ?? 0;

function setOrder(device: XmlElement, place: number): void {
  const boot = device.find("boot");
  if (place > 0) device.ensure("boot").setAttribute("order", String(place));
  else if (boot) device.remove(boot);
}

/** `order` has names. Devices that the contract does not know (a network card handed through) keep theirs, behind those named. */
export function editBootOrder(root: XmlElement, order: readonly string[], facts: DomainFacts): void {
  if (isSame(order, facts.bootOrder)) return;
  const os = root.find("os");
  for (const boot of os?.elements("boot") ?? []) os?.remove(boot);
  const names = new Map<string, string>([
    ...facts.disks.map((disk) => [`disk ${disk.target}`, disk.name] as const),
    ...facts.nics.map((nic) => [`interface ${nic.mac}`, nic.name] as const),
  ]);
  const nameOf = (device: XmlElement) => {
    const key = device.name === "disk" ? device.find("target")?.attribute("dev") : device.find("mac")?.attribute("address")?.toLowerCase();
    return names.get(`${device.name} ${key ?? ""}`);
  };
  const devices = root.find("devices")?.elements() ?? [];
  for (const device of devices) {
    const name = nameOf(device);
    if (name !== undefined) setOrder(device, order.indexOf(name) + 1);
  }
  const others = devices.filter((device) => nameOf(device) === undefined && orderOf(device) > 0);
  others.toSorted((a, b) => orderOf(a) - orderOf(b)).forEach((device, index) => setOrder(device, order.length + index + 1));
}
