// Changes of one adapter of a definition or of what runs: its settings put into the element, and which of them a running machine
// takes at once. Asks libvirt nothing and applies nothing.
import type { SpecOf } from "../../contract.ts";
import { isSame } from "../../virtual/changes.ts";
import { aliasFor, type NicFacts } from "../domain/devices.ts";
import type { LibvirtTable } from "../tables.ts";
import type { XmlElement } from "../xml/tree.ts";
import { XmlElement as Element } from "../xml/tree.ts";
import { modelOf, networkOf, putBandwidth, putGuards, putLink, putNetwork, putVlan } from "./element.ts";
import { nicView, type NicView } from "./view.ts";

/** Fields of nic.update; absent: as it is. */
export type NicWishes = Omit<SpecOf<"nic.update">, "vm" | "nic">;
export type NicField = keyof NicWishes;

const FIELDS = [
  "network",
  "mac",
  "name",
  "model",
  "vlan",
  "vlan_trunk",
  "mac_spoofing_guard",
  "dhcp_guard",
  "router_guard",
  "bandwidth_min_bps",
  "bandwidth_max_bps",
  "connected",
] as const satisfies readonly NicField[];

/** What a running machine never takes: its guest sees the card. An alias is fixed while its device is there. */
const AT_RESTART: ReadonlySet<NicField> = new Set(["mac", "name", "model"]);

/** Fields in which two readings of an adapter differ. */
export function differing(one: NicFacts, other: NicFacts, table: LibvirtTable): NicField[] {
  const [a, b] = [nicView(one, table), nicView(other, table)];
  const fields = FIELDS.filter((field) => !isSame(a[field], b[field]));
  // Two declared networks may lead to one place, and one that is not declared has no name.
  const isElsewhere = one.kind !== other.kind || one.source !== other.source;
  return isElsewhere && !fields.includes("network") ? ["network", ...fields] : fields;
}

export const valueOf = (nic: NicFacts, field: NicField, table: LibvirtTable): unknown => nicView(nic, table)[field as keyof NicView];

/** Libvirt moves a plugged card between bridges; between kinds of connection it would have to be another card. */
export function takesAtOnce(field: NicField, running: NicFacts, after: NicFacts, table: LibvirtTable): boolean {
  if (AT_RESTART.has(field)) return false;
  if (field !== "network") return true;
  const isOpen = (nic: NicFacts) => Object.values(table.networks).some(({ bridge, openvswitch }) => openvswitch && bridge === nic.source);
  const isBridged = ({ kind }: NicFacts) => kind === "bridge" || kind === "network";
  return isBridged(running) && isBridged(after) && isOpen(running) === isOpen(after);
}

/** VLAN of an adapter: what was asked for, or that of the network it comes to. */
function applyVlan(element: XmlElement, wishes: NicWishes, table: LibvirtTable): void {
  const usual = wishes.network === undefined ? null : (networkOf(table, wishes.network).vlan ?? null);
  const trunk = wishes.vlan_trunk ?? null;
  putVlan(element, trunk ? null : (wishes.vlan ?? usual), trunk);
}

/** Puts the wishes into the element; what is so already is left as it is written. `now`: what the element says. */
export function applyWishes(element: XmlElement, wishes: NicWishes, now: NicFacts, table: LibvirtTable): void {
  const view = nicView(now, table);
  if (wishes.network !== undefined && !isThere(now, wishes.network, table)) putNetwork(element, networkOf(table, wishes.network));
  const moves = wishes.network !== undefined && wishes.network !== view.network;
  if (moves || wishes.vlan_trunk !== undefined || (wishes.vlan !== undefined && wishes.vlan !== now.vlan))
    applyVlan(element, wishes, table);
  const min = wishes.bandwidth_min_bps ?? now.minBps;
  const max = wishes.bandwidth_max_bps ?? now.maxBps;
  if (min !== now.minBps || max !== now.maxBps) putBandwidth(element, min, max);
  const guards = {
    mac: wishes.mac_spoofing_guard ?? view.mac_spoofing_guard,
    dhcp: wishes.dhcp_guard ?? view.dhcp_guard,
    router: wishes.router_guard ?? view.router_guard,
  };
  const had = { mac: view.mac_spoofing_guard, dhcp: view.dhcp_guard, router: view.router_guard };
  if (!isSame(guards, had)) putGuards(element, guards);
  if (wishes.connected !== undefined && wishes.connected !== now.connected) putLink(element, wishes.connected);
  applyCard(element, wishes, now, table);
}

/** What makes the card itself. */
function applyCard(element: XmlElement, wishes: NicWishes, now: NicFacts, table: LibvirtTable): void {
  if (wishes.mac !== undefined) element.ensure("mac").setAttribute("address", wishes.mac.toLowerCase());
  if (wishes.model !== undefined && modelOf(wishes.model) !== now.model && nicView(now, table).model !== wishes.model)
    element.ensure("model").setAttribute("type", modelOf(wishes.model));
  // An id by address is kept in the alias, or a new address would make another adapter of it.
  const needsAlias = wishes.name !== undefined || (wishes.mac !== undefined && wishes.mac.toLowerCase() !== now.mac);
  if (!needsAlias) return;
  const alias = element.find("alias") ?? element.append(new Element("alias"));
  alias.setAttribute("name", aliasFor(now.id, wishes.name ?? now.name));
}

export function isThere(nic: NicFacts, name: string, table: LibvirtTable): boolean {
  const { bridge, network, user } = networkOf(table, name);
  if (user) return nic.kind === "user";
  return bridge === undefined ? nic.kind === "network" && nic.source === network : nic.kind === "bridge" && nic.source === bridge;
}
