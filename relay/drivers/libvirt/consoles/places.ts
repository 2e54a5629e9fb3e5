// Where a running domain's consoles are, by its XML: the serial port that libvirt can open, and the listener of its screen.
import type { XmlElement } from "../xml/tree.ts";

/** What domainOpenConsole takes: an alias, or null for the first console. */
export interface SerialPlace {
  readonly device: string | null;
}

export type ScreenPlace = { readonly path: string } | { readonly host: string; readonly port: number };

/** Kinds of character devices that libvirt opens. */
const OPENABLE = new Set(["pty", "unix"]);
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** A serial port before any other console: that is where firmware and boot loaders speak. null: there is none. */
export function serialIn(root: XmlElement): SerialPlace | null {
  const devices = root.find("devices");
  const openable = (name: string) => devices?.elements(name).find((device) => OPENABLE.has(device.attribute("type") ?? "")) ?? null;
  const found = openable("serial") ?? openable("console");
  return found && { device: found.find("alias")?.attribute("name") ?? null };
}

function listenerOf(graphics: XmlElement): ScreenPlace | null {
  const listens = graphics.elements("listen");
  const socket = listens.find((listen) => listen.attribute("type") === "socket")?.attribute("socket") ?? graphics.attribute("socket");
  if (socket) return { path: socket };
  const port = Number(graphics.attribute("port") ?? -1);
  const addresses = [graphics.attribute("listen"), ...listens.map((listen) => listen.attribute("address"))].filter((one) => one !== null);
  const isLocal = addresses.length > 0 && addresses.every((address) => LOOPBACK.has(address));
  return isLocal && port > 0 && port < 65_536 ? { host: addresses[0]!, port } : null;
}

/** The first VNC listener that this machine alone can reach; null: there is none. */
export function screenIn(root: XmlElement): ScreenPlace | null {
  const all = root.find("devices")?.elements("graphics") ?? [];
  for (const graphics of all) {
    const place = graphics.attribute("type") === "vnc" ? listenerOf(graphics) : null;
    if (place) return place;
  }
  return null;
}
