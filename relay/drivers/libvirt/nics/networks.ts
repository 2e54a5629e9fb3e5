// Declared networks as they are on the host now: whether one is up, and what it can do for an adapter. Changes nothing.
import { readFile } from "node:fs/promises";
import type { ErrorCode } from "../../../../protocol/errors.ts";
import { fieldFailure, VmFailure } from "../../virtual/failure.ts";
import { BANDWIDTH_UNIT_BPS } from "../domain/devices.ts";
import { numberOf } from "../domain/units.ts";
import { LibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";
import type { NetworkTable } from "../tables.ts";
import { parseXml } from "../xml/parse.ts";
import type { XmlElement } from "../xml/tree.ts";
import { networkOf, type Trunk } from "./element.ts";
import { hasFilters } from "./guards.ts";

/** IFF_UP of <net/if.h>. */
const UP = 1;

async function isBridgeUp(bridge: string): Promise<boolean> {
  const flags = await readFile(`/sys/class/net/${bridge}/flags`, "utf8").catch(() => "0");
  return (Number(flags.trim()) & UP) === UP;
}

/** libvirt's own network of that name; null: it has none, or does not run. */
async function runningNetwork(session: Session, name: string): Promise<XmlElement | null> {
  try {
    const { network } = await session.client.call("networkLookupByName", { name });
    if (!(await session.client.call("networkIsActive", { network })).active) return null;
    return parseXml((await session.client.call("networkGetXmlDesc", { network, flags: 0 })).xml).root;
  } catch (error) {
    if (error instanceof LibvirtError && error.condition === "daemon") return null;
    throw error;
  }
}

export async function isNetworkUp(session: Session, { bridge, network }: NetworkTable): Promise<boolean> {
  if (bridge !== undefined) return isBridgeUp(bridge);
  return network === undefined || (await runningNetwork(session, network)) !== null;
}

/** What of an adapter depends on its network. Absent: not asked for. */
export interface Wishes {
  readonly vlan?: number | undefined;
  readonly vlan_trunk?: Trunk | undefined;
  readonly mac_spoofing_guard?: boolean | undefined;
  readonly dhcp_guard?: boolean | undefined;
  readonly router_guard?: boolean | undefined;
  readonly bandwidth_min_bps?: number | undefined;
  readonly bandwidth_max_bps?: number | undefined;
}

type Refusal = readonly [field: keyof Wishes, code: ErrorCode, message: string];

function vlanRefusals(wishes: Wishes, network: NetworkTable): Refusal[] {
  if (network.openvswitch) return [];
  const fields = (["vlan", "vlan_trunk"] as const).filter((field) => wishes[field] !== undefined);
  return fields.map((field) => [field, "NETWORK_VLAN_UNSUPPORTED", "needs a network on Open vSwitch"]);
}

async function guardRefusals(session: Session, wishes: Wishes, network: NetworkTable): Promise<Refusal[]> {
  const fields = (["mac_spoofing_guard", "dhcp_guard", "router_guard"] as const).filter((field) => wishes[field] === true);
  if (fields.length === 0) return [];
  const refuse = (message: string) => fields.map((field): Refusal => [field, "HYPERVISOR_UNSUPPORTED", message]);
  if (network.user) return refuse("needs a network on a bridge");
  if (network.openvswitch) return refuse("cannot be had on Open vSwitch");
  return (await hasFilters(session)) ? [] : refuse("needs libvirt's network filters, which this host has not");
}

async function bandwidthRefusals(session: Session, wishes: Wishes, network: NetworkTable): Promise<Refusal[]> {
  const fields = (["bandwidth_min_bps", "bandwidth_max_bps"] as const).filter((field) => (wishes[field] ?? 0) > 0);
  if (fields.length > 0 && network.user) return fields.map((field) => [field, "HYPERVISOR_UNSUPPORTED", "needs a network on a bridge"]);
  const odd = fields.filter((field) => wishes[field]! % BANDWIDTH_UNIT_BPS !== 0);
  if (odd.length > 0) return odd.map((field) => [field, "VM_CONFIG_INVALID", `must be a multiple of ${BANDWIDTH_UNIT_BPS} on KVM`]);
  if (!fields.includes("bandwidth_min_bps")) return [];
  // A promise needs a network that knows how much it has to give.
  const running = network.network === undefined ? null : await runningNetwork(session, network.network);
  const hasTotal = numberOf(running?.find("bandwidth/inbound")?.attribute("average")) !== null;
  return hasTotal ? [] : [["bandwidth_min_bps", "HYPERVISOR_UNSUPPORTED", "needs a network of libvirt that has a bandwidth of its own"]];
}

/**
 * Refuses what the network cannot give an adapter; `at` is where the adapter stands in the specification (`/nics/0` or empty).
 * Throws NETWORK_NOT_FOUND, NETWORK_VLAN_UNSUPPORTED, HYPERVISOR_UNSUPPORTED, VM_CONFIG_INVALID.
 */
export async function needFit(session: Session, name: string, wishes: Wishes, at = ""): Promise<void> {
  const network = networkOf(session.table, name, at);
  const refusals = [
    ...vlanRefusals(wishes, network),
    ...(await guardRefusals(session, wishes, network)),
    ...(await bandwidthRefusals(session, wishes, network)),
  ];
  const [field, code, message] = refusals[0] ?? [];
  if (field) throw fieldFailure(code!, `${at}/${field}`, message!);
}

/** Throws NETWORK_UNAVAILABLE unless the network is up. */
export async function needUp(session: Session, name: string, at = ""): Promise<void> {
  if (await isNetworkUp(session, networkOf(session.table, name, at))) return;
  throw new VmFailure("NETWORK_UNAVAILABLE", `The network "${name}" is not up on the host.`, [
    { pointer: `${at}/network`, message: "is not up on the host" },
  ]);
}
