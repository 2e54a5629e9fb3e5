// Places on the PCI buses of a running domain where a device can be plugged. Pure.
import type { XmlElement } from "../xml/tree.ts";

/** Slots of a conventional bus; the first is the bus's own. */
const CONVENTIONAL_SLOTS = 32;
const CHIPSET_SLOT = 1;

const hex = (text: string | null): number => Number(text ?? Number.NaN);

/** Slots in use, by bus. Functions of one device share one; addresses within a device's source are the host's. */
function slotsInUse(devices: readonly XmlElement[]): Map<number, ReadonlySet<number>> {
  const inUse = new Map<number, ReadonlySet<number>>();
  for (const device of devices) {
    const address = device.find("address");
    if (address?.attribute("type") !== "pci") continue;
    const bus = hex(address.attribute("bus"));
    inUse.set(bus, new Set(inUse.get(bus)).add(hex(address.attribute("slot"))));
  }
  return inUse;
}

/**
 * Has a device that can be plugged a place? `express`: it is at home on PCI Express, and goes to a port where the machine has that;
 * others need a conventional bus. A machine without PCI (s390x, some ARM) is said to have none.
 */
export function hasFreeSlot(root: XmlElement, express: boolean): boolean {
  const devices = root.find("devices")?.elements() ?? [];
  const inUse = slotsInUse(devices);
  const controllers = devices.filter((device) => device.name === "controller" && device.attribute("type") === "pci");
  const busesOf = (models: readonly string[]) =>
    controllers
      .filter((controller) => models.includes(controller.attribute("model") ?? ""))
      .map((controller) => Number(controller.attribute("index") ?? Number.NaN));
  if (express && busesOf(["pcie-root"]).length > 0)
    return busesOf(["pcie-root-port", "pcie-switch-downstream-port"]).some((bus) => !inUse.has(bus));
  // The chipset of the old PC is in a slot of its own, whether or not something of it is in the definition.
  const isPc = /^(pc$|pc-i440fx)/.test(root.find("os/type")?.attribute("machine") ?? "");
  if (isPc) inUse.set(0, new Set(inUse.get(0)).add(CHIPSET_SLOT));
  const conventional = busesOf(["pci-root", "pci-bridge", "pcie-to-pci-bridge"]);
  return conventional.some((bus) => (inUse.get(bus)?.size ?? 0) < CONVENTIONAL_SLOTS - 1);
}
