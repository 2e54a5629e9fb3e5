// What of a change of an adapter can be known to fail before anything is changed: names and addresses that are taken, what its
// network cannot give.
import { fieldFailure } from "../../virtual/failure.ts";
import type { FoundNic, NicFacts } from "../domain/devices.ts";
import type { ReadVm, Session } from "../session.ts";
import type { NicWishes } from "./changing.ts";
import { isForeign } from "./guards.ts";
import { claimMac, macsInUse } from "./macs.ts";
import { needFit, needUp } from "./networks.ts";
import { claimName } from "./new.ts";
import { networkNameOf, nicView } from "./view.ts";

/** An adapter that is to be changed. */
export interface Work {
  readonly session: Session;
  readonly vm: ReadVm;
  readonly id: string;
  readonly wishes: NicWishes;
  /** null: plugged into what runs alone. */
  readonly defined: FoundNic | null;
  /** null: nothing runs, or it has not got the adapter. */
  readonly running: FoundNic | null;
}

/** Refuses what can be known before: names and addresses that are taken, what the network cannot give. */
export async function refuse({ session, vm, id, wishes, defined, running }: Work): Promise<void> {
  const { nic } = (defined ?? running)!;
  const { facts } = vm;
  if (wishes.name !== undefined && wishes.name !== nic.name) {
    const others = [...facts.disks, ...facts.nics].filter((device) => device.id !== id);
    claimName(new Set(others.map((device) => device.name)), wishes.name, "/name");
  }
  if (wishes.mac !== undefined && wishes.mac.toLowerCase() !== nic.mac) {
    const taken = await macsInUse(session, facts.id);
    for (const other of [...facts.nics, ...(vm.running?.nics ?? [])]) if (other.id !== id) taken.add(other.mac);
    claimMac(taken, wishes.mac, "/mac");
  }
  refuseBandwidth(wishes, nic);
  await refuseNetwork(session, wishes, nic);
}

/** 0 is no limit. */
function refuseBandwidth(wishes: NicWishes, nic: NicFacts): void {
  const [min, max] = [wishes.bandwidth_min_bps ?? nic.minBps, wishes.bandwidth_max_bps ?? nic.maxBps];
  if (max === 0 || min <= max || (wishes.bandwidth_min_bps ?? wishes.bandwidth_max_bps) === undefined) return;
  const pointer = wishes.bandwidth_min_bps === undefined ? "/bandwidth_max_bps" : "/bandwidth_min_bps";
  throw fieldFailure("VM_CONFIG_INVALID", pointer, "must keep bandwidth_min_bps at most bandwidth_max_bps");
}

async function refuseNetwork(session: Session, wishes: NicWishes, nic: NicFacts): Promise<void> {
  const view = nicView(nic, session.table);
  const guards = (["mac_spoofing_guard", "dhcp_guard", "router_guard"] as const).filter(
    (field) => (wishes[field] ?? view[field]) !== view[field],
  );
  if (guards[0] && isForeign(nic.filter))
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", `/${guards[0]}`, `cannot be changed: ${nic.filter} of another tool filters this adapter`);
  const name = wishes.network ?? networkNameOf(nic, session.table);
  if (wishes.network !== undefined) await needUp(session, wishes.network);
  if (name === null) {
    const needs = (["vlan", "vlan_trunk"] as const).find((field) => wishes[field] !== undefined);
    if (needs) throw fieldFailure("NETWORK_VLAN_UNSUPPORTED", `/${needs}`, "needs a network that the host declares");
    return;
  }
  if (wishes.network === undefined) return needFit(session, name, wishes);
  // What it has and keeps must be had there too.
  const { vlan: _vlan, vlan_trunk: _trunk, ...kept } = view;
  await needFit(session, name, { ...kept, ...wishes });
}
