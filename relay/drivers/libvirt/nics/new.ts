// New adapters from what was asked for: names, ids and addresses settled, everything that can be known refused before anything is
// made. For vm.create, clones and nic.create.
import { randomBytes } from "node:crypto";
import type { NewNic } from "../../../../protocol/operations/vm-devices.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import type { Session } from "../session.ts";
import type { XmlElement } from "../xml/tree.ts";
import { nicElement, type NamedNic } from "./element.ts";
import { ensureFilter, type Guards } from "./guards.ts";
import { claimMac, mintMac } from "./macs.ts";
import { needFit, needUp } from "./networks.ts";

export interface SettledNic {
  readonly id: string;
  readonly nic: NamedNic;
  readonly element: XmlElement;
}

/** What is taken already; each new adapter takes its own. */
export interface Taken {
  /** Of all devices of the machine. */
  readonly names: Set<string>;
  /** Of all adapters of the host (macs.ts). */
  readonly macs: Set<string>;
}

export const newNicId = (): string => `nic-${randomBytes(8).toString("hex")}`;

/** `nic0`, `nic1` … : the first that is free. */
function freeName(names: ReadonlySet<string>): string {
  let index = 0;
  while (names.has(`nic${index}`)) index += 1;
  return `nic${index}`;
}

/** The name that was asked for, or a free one; taken from then on. */
export function claimName(names: Set<string>, wanted: string | undefined, pointer: string): string {
  if (wanted !== undefined && (names.has(wanted) || wanted === "cdrom"))
    throw fieldFailure("VM_CONFIG_INVALID", pointer, "is the name of another device of this machine");
  const name = wanted ?? freeName(names);
  names.add(name);
  return name;
}

/** `at`: where the adapter stands in the specification, such as `/nics/0`; empty at its root. Asks and refuses; makes nothing. */
export async function settleNic(session: Session, wanted: NewNic, taken: Taken, at = ""): Promise<SettledNic> {
  await needFit(session, wanted.network, wanted, at);
  await needUp(session, wanted.network, at);
  const name = claimName(taken.names, wanted.name, `${at}/name`);
  const mac = wanted.mac === undefined ? mintMac(taken.macs) : claimMac(taken.macs, wanted.mac, `${at}/mac`);
  const nic: NamedNic = { ...wanted, name, mac };
  const id = newNicId();
  return { id, nic, element: nicElement(nic, session.table, id) };
}

export const guardsIn = (nic: Pick<NewNic, "mac_spoofing_guard" | "dhcp_guard" | "router_guard">): Guards => ({
  mac: nic.mac_spoofing_guard ?? false,
  dhcp: nic.dhcp_guard ?? false,
  router: nic.router_guard ?? false,
});

/** Makes the filters that these adapters name: right before the machine or adapter is defined, never in a plan. */
export async function ensureFilters(session: Session, nics: readonly SettledNic[]): Promise<void> {
  for (const { nic } of nics) await ensureFilter(session, guardsIn(nic));
}
