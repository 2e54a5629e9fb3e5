// A network adapter as an XML element of a domain, and its parts, each written in one place. Decides nothing: what a network can
// do is asked and refused elsewhere (networks.ts).
import type { NewNic } from "../../../../protocol/operations/vm-devices.ts";
import { aliasFor, BANDWIDTH_UNIT_BPS } from "../domain/devices.ts";
import type { LibvirtTable, NetworkTable } from "../tables.ts";
import { put } from "../xml/put.ts";
import { XmlElement } from "../xml/tree.ts";
import { filterNameOf, type Guards } from "./guards.ts";
import { fieldFailure } from "../../virtual/failure.ts";

/** An adapter whose name and address are settled. */
export type NamedNic = NewNic & { readonly name: string; readonly mac: string };

/** QEMU's name of a model. `legacy` is Hyper-V's emulated adapter: here the oldest that every guest knows. */
const MODELS: Readonly<Record<NonNullable<NewNic["model"]>, string>> = {
  paravirtual: "virtio",
  e1000e: "e1000e",
  e1000: "e1000",
  rtl8139: "rtl8139",
  legacy: "rtl8139",
};

export const modelOf = (model: NonNullable<NewNic["model"]> = "paravirtual"): string => MODELS[model];

/** The network of that name; `at`: where the adapter stands in the specification. Throws NETWORK_NOT_FOUND. */
export function networkOf(table: LibvirtTable, name: string, at = ""): NetworkTable {
  const network = Object.hasOwn(table.networks, name) ? table.networks[name] : undefined;
  if (!network) throw fieldFailure("NETWORK_NOT_FOUND", `${at}/network`, "is no network that the host declares");
  return network;
}

/** Type and source; Open vSwitch's port where the network is on it. */
export function putNetwork(element: XmlElement, network: NetworkTable): void {
  const kind = network.bridge === undefined ? (network.network === undefined ? "user" : "network") : "bridge";
  const source = network.bridge ?? network.network ?? null;
  element.setAttribute("type", kind);
  put(element, "source", source === null ? null : new XmlElement("source", [[kind, source]]));
  const isOpen = element.find("virtualport")?.attribute("type") === "openvswitch";
  if (network.openvswitch !== isOpen)
    put(element, "virtualport", network.openvswitch ? new XmlElement("virtualport", [["type", "openvswitch"]]) : null);
  // What libvirt chose for the old connection.
  put(element, "target", null);
}

export type Trunk = NonNullable<NewNic["vlan_trunk"]>;

export function putVlan(element: XmlElement, vlan: number | null, trunk: Trunk | null): void {
  if (vlan === null && trunk === null) return put(element, "vlan", null);
  const list = new XmlElement("vlan", trunk ? [["trunk", "yes"]] : []);
  const ids = trunk ? [...new Set([...(trunk.native === undefined ? [] : [trunk.native]), ...trunk.allowed])] : [vlan!];
  for (const id of ids) {
    const tag = list.append(new XmlElement("tag", [["id", String(id)]]));
    if (trunk?.native === id) tag.setAttribute("nativeMode", "untagged");
  }
  put(element, "vlan", list);
}

/** Bits a second, 0 for none. The most holds both ways; the least is a promise of what the guest receives. */
export function putBandwidth(element: XmlElement, minBps: number, maxBps: number): void {
  const unit = (bps: number) => String(Math.ceil(bps / BANDWIDTH_UNIT_BPS));
  const attributes = (...pairs: [string, number][]) =>
    pairs.flatMap(([name, bps]): [string, string][] => (bps > 0 ? [[name, unit(bps)]] : []));
  const bandwidth = new XmlElement("bandwidth");
  const inbound = attributes(["average", maxBps], ["floor", minBps]);
  if (inbound.length > 0) bandwidth.append(new XmlElement("inbound", inbound));
  if (maxBps > 0) bandwidth.append(new XmlElement("outbound", attributes(["average", maxBps])));
  put(element, "bandwidth", inbound.length > 0 ? bandwidth : null);
}

export function putGuards(element: XmlElement, guards: Guards): void {
  const filter = filterNameOf(guards);
  put(element, "filterref", filter === null ? null : new XmlElement("filterref", [["filter", filter]]));
}

export function putLink(element: XmlElement, isConnected: boolean): void {
  put(element, "link", isConnected ? null : new XmlElement("link", [["state", "down"]]));
}

/** A new adapter. Throws NETWORK_NOT_FOUND. */
export function nicElement(nic: NamedNic, table: LibvirtTable, id: string): XmlElement {
  const network = networkOf(table, nic.network);
  const element = new XmlElement("interface");
  putNetwork(element, network);
  element.append(new XmlElement("mac", [["address", nic.mac.toLowerCase()]]));
  element.append(new XmlElement("model", [["type", modelOf(nic.model)]]));
  putVlan(element, nic.vlan_trunk ? null : (nic.vlan ?? network.vlan ?? null), nic.vlan_trunk ?? null);
  putBandwidth(element, nic.bandwidth_min_bps ?? 0, nic.bandwidth_max_bps ?? 0);
  putGuards(element, { mac: nic.mac_spoofing_guard ?? false, dhcp: nic.dhcp_guard ?? false, router: nic.router_guard ?? false });
  putLink(element, nic.connected ?? true);
  element.append(new XmlElement("alias", [["name", aliasFor(id, nic.name)]]));
  return element;
}
