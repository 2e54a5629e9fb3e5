// Disks and network adapters of a domain, read from its XML. Reads what any tool wrote; what is not a disk or an adapter that
// the contract knows is left out here and kept in the XML.
import { createHash } from "node:crypto";
import type { XmlElement } from "../xml/tree.ts";
import { numberOf } from "./units.ts";

/** Aliases that a user gives begin so, and libvirt keeps them: the place for an id and a name of ours. */
const ALIAS_PREFIX = "ua-";

/** The alias of a device with that name: `ua-<id>_<name>`. Libvirt takes letters, digits, dashes and underscores, so an id by address goes without colons. */
export const aliasFor = (id: string, name: string): string => `${ALIAS_PREFIX}${id.replaceAll(":", "")}_${name}`;

/** The id of an adapter that another tool made; it stays when the address becomes another, since the alias then has it. */
const idByMac = (mac: string): string => `mac-${mac}`;
const withColons = (id: string): string => (/^mac-[0-9a-f]{12}$/.test(id) ? idByMac((id.slice(4).match(/../g) ?? []).join(":")) : id);

/** Opaque id of what lies at a path: the same whether a machine has it or not, for as long as it lies there. */
export const diskIdOf = (path: string): string => `disk-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`;

export interface DiskFacts {
  /** Of a disk at a path {@link diskIdOf}; of anything else ours, or made of what libvirt keeps unique (`dev-sda`). */
  readonly id: string;
  /** Ours, or the target. */
  readonly name: string;
  /** `vda`: libvirt's key of a disk within a domain. */
  readonly target: string;
  readonly kind: "disk" | "cdrom";
  readonly bus: string;
  /** Path, or `pool/volume`; null: an empty drive, or something on a network. */
  readonly source: string | null;
  readonly format: string | null;
  readonly bootIndex: number | null;
  readonly cache: string;
  readonly discard: boolean;
  readonly iopsMax: number;
  readonly bytesPerSecondMax: number;
  readonly readOnly: boolean;
  readonly serial: string | null;
}

export interface NicFacts {
  /** Ours, or made of the address. */
  readonly id: string;
  /** Ours, or by its place: `nic0`. */
  readonly name: string;
  readonly mac: string;
  readonly kind: "bridge" | "network" | "user" | "other";
  /** Name of the bridge or of libvirt's network. */
  readonly source: string | null;
  readonly model: string;
  readonly vlan: number | null;
  readonly trunk: { readonly native: number | null; readonly allowed: readonly number[] } | null;
  readonly filter: string | null;
  /** Bits per second of what the guest receives; 0: none said. */
  readonly minBps: number;
  readonly maxBps: number;
  readonly connected: boolean;
  readonly bootIndex: number | null;
}

/** Id and name of the alias; another tool's alias is an id alone. */
function aliasOf(device: XmlElement): { readonly id: string | null; readonly name: string | null } {
  const alias = device.find("alias")?.attribute("name");
  if (!alias?.startsWith(ALIAS_PREFIX)) return { id: null, name: null };
  const own = alias.slice(ALIAS_PREFIX.length);
  const at = own.indexOf("_");
  return at < 0 ? { id: own, name: null } : { id: own.slice(0, at), name: own.slice(at + 1) };
}

const bootIndexOf = (device: XmlElement): number | null => numberOf(device.find("boot")?.attribute("order"));

function sourceOf(disk: XmlElement): string | null {
  const source = disk.find("source");
  if (!source) return null;
  if (disk.attribute("type") === "volume") return `${source.attribute("pool") ?? ""}/${source.attribute("volume") ?? ""}`;
  return source.attribute("file") ?? source.attribute("dev") ?? source.attribute("dir");
}

function diskOf(disk: XmlElement): DiskFacts | null {
  const device = disk.attribute("device") ?? "disk";
  const target = disk.find("target")?.attribute("dev");
  if (!target || (device !== "disk" && device !== "cdrom")) return null;
  const driver = disk.find("driver");
  const limit = (name: string) => numberOf(disk.find(`iotune/${name}`)?.text) ?? 0;
  const alias = aliasOf(disk);
  const source = sourceOf(disk);
  return {
    id: device === "disk" && source !== null ? diskIdOf(source) : (alias.id ?? `dev-${target}`),
    name: alias.name ?? target,
    target,
    kind: device,
    bus: disk.find("target")?.attribute("bus") ?? "unknown",
    source,
    format: driver?.attribute("type") ?? null,
    bootIndex: bootIndexOf(disk),
    cache: driver?.attribute("cache") ?? "default",
    discard: driver?.attribute("discard") === "unmap",
    iopsMax: limit("total_iops_sec"),
    bytesPerSecondMax: limit("total_bytes_sec"),
    readOnly: disk.find("readonly") !== null,
    serial: disk.find("serial")?.text ?? null,
  };
}

const KINDS: Readonly<Record<string, NicFacts["kind"]>> = { bridge: "bridge", network: "network", user: "user" };
/** libvirt counts bandwidth in kilobytes (of 1,000) a second. */
export const BANDWIDTH_UNIT_BPS = 8_000;

function vlanOf(nic: XmlElement): Pick<NicFacts, "vlan" | "trunk"> {
  const tags = nic.find("vlan")?.elements("tag") ?? [];
  const ids = tags.flatMap((tag) => numberOf(tag.attribute("id")) ?? []);
  if (nic.find("vlan")?.attribute("trunk") !== "yes" && ids.length <= 1) return { vlan: ids[0] ?? null, trunk: null };
  const native = tags.find((tag) => tag.attribute("nativeMode") !== null);
  return { vlan: null, trunk: { native: numberOf(native?.attribute("id")), allowed: ids } };
}

/** `index`: its place among the adapters of its domain. null: it has no address. */
export function readNic(nic: XmlElement, index: number): NicFacts | null {
  const mac = nic.find("mac")?.attribute("address")?.toLowerCase();
  if (!mac) return null;
  const source = nic.find("source");
  const inbound = nic.find("bandwidth/inbound");
  const alias = aliasOf(nic);
  return {
    id: alias.id === null ? idByMac(mac) : withColons(alias.id),
    name: alias.name ?? `nic${index}`,
    mac,
    kind: KINDS[nic.attribute("type") ?? ""] ?? "other",
    // Of a running machine on a network of libvirt both are said: the bridge is libvirt's business then.
    source: source?.attribute(nic.attribute("type") === "network" ? "network" : "bridge") ?? null,
    model: nic.find("model")?.attribute("type") ?? "unknown",
    ...vlanOf(nic),
    filter: nic.find("filterref")?.attribute("filter") ?? null,
    minBps: (numberOf(inbound?.attribute("floor")) ?? 0) * BANDWIDTH_UNIT_BPS,
    maxBps: (numberOf(inbound?.attribute("average")) ?? 0) * BANDWIDTH_UNIT_BPS,
    connected: nic.find("link")?.attribute("state") !== "down",
    bootIndex: bootIndexOf(nic),
  };
}

export function readDisks(root: XmlElement): DiskFacts[] {
  return (root.find("devices")?.elements("disk") ?? []).flatMap((disk) => diskOf(disk) ?? []);
}

export function readNics(root: XmlElement): NicFacts[] {
  return (root.find("devices")?.elements("interface") ?? []).flatMap((nic, index) => readNic(nic, index) ?? []);
}

export interface FoundNic {
  readonly element: XmlElement;
  /** Its place among the adapters. */
  readonly index: number;
  readonly nic: NicFacts;
}

/** null: there is none of that id. */
export function findNic(root: XmlElement, id: string): FoundNic | null {
  for (const [index, element] of (root.find("devices")?.elements("interface") ?? []).entries()) {
    const nic = readNic(element, index);
    if (nic?.id === id) return { element, index, nic };
  }
  return null;
}
