// What makes a machine another one, changed in its definition: name, UUID, addresses, and whatever two machines would fight over.
// Everything else stays as it is written. Asks nothing; disks are clone's matter (copied-disks.ts).
import { aliasFor, readNics } from "../domain/devices.ts";
import { readMetadata, writeMetadata } from "../domain/metadata.ts";
import type { XmlElement } from "../xml/tree.ts";

export interface NewIdentity {
  readonly uuid: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** null: as it was. */
  readonly storageClass: string | null;
  readonly newMac: () => string;
  readonly newNicId: () => string;
}

function drop(parent: XmlElement | null, ...names: string[]): void {
  for (const name of names) for (const child of parent?.elements(name) ?? []) parent?.remove(child);
}

/** Libvirt makes new ones of those that are not said. */
function renameTop(root: XmlElement, { uuid, name }: NewIdentity): void {
  root.ensure("name").setText(name);
  root.ensure("uuid").setText(uuid);
  root.find("genid")?.replaceChildren([]);
  const entries = root.find("sysinfo/system")?.elements("entry") ?? [];
  // It must be the machine's own, or libvirt refuses the definition.
  for (const entry of entries) if (entry.attribute("name") === "uuid") entry.setText(uuid);
  // Those of the original are not the copy's: variables.ts gives it its own.
  const variables = root.find("os/nvram");
  if (variables?.attribute("template")) variables.replaceChildren([]);
  else drop(root.find("os"), "nvram");
}

function renameNic(nic: XmlElement, name: string, { newMac, newNicId }: NewIdentity): string {
  const id = newNicId();
  nic.ensure("mac").setAttribute("address", newMac());
  nic.ensure("alias").setAttribute("name", aliasFor(id, name));
  drop(nic, "target");
  nic.find("virtualport/parameters")?.setAttribute("interfaceid", null);
  return id;
}

/** Sockets, logs and ports that were named for the original: libvirt chooses places for a machine that names none. */
function freePlaces(devices: XmlElement): void {
  for (const device of devices.elements().filter(({ name }) => /^(serial|parallel|console|channel)$/.test(name))) {
    const type = device.attribute("type");
    drop(device, "log");
    if (type === "unix" && device.name === "channel") drop(device, "source");
    else if (type === "unix" || type === "file" || type === "pipe" || type === "tcp" || type === "udp") {
      drop(device, "source", "protocol");
      device.setAttribute("type", "pty");
    }
  }
  for (const screen of devices.elements("graphics")) {
    if (screen.attribute("port") !== null && screen.attribute("port") !== "-1")
      screen.setAttribute("port", "-1").setAttribute("autoport", "yes");
    screen.setAttribute("socket", null);
    for (const listen of screen.elements("listen")) if (listen.attribute("type") === "socket") listen.setAttribute("socket", null);
  }
}

/** Gives the ids of the adapters, in their order. */
export function asAnother(root: XmlElement, identity: NewIdentity): string[] {
  renameTop(root, identity);
  const devices = root.ensure("devices");
  freePlaces(devices);
  const names = new Map(readNics(root).map((nic) => [nic.mac, nic.name]));
  const nics = devices.elements("interface").map((nic) => {
    const mac = nic.find("mac")?.attribute("address")?.toLowerCase() ?? "";
    return renameNic(nic, names.get(mac) ?? "nic", identity);
  });
  const metadata = readMetadata(root);
  writeMetadata(root, { ...metadata, createdAt: identity.createdAt, storageClass: identity.storageClass ?? metadata.storageClass });
  return nics;
}
