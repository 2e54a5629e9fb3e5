// A network adapter as it is typed into a form, and the specification that it makes. Pure.
import type { Nic, VirtualResources } from "../vm/contract.ts";
import type { Has } from "./vm-draft.ts";
import { given, numberOf, textOrNone } from "./vm-values.ts";

export interface NicDraft {
  readonly network: string;
  readonly name: string;
  readonly mac: string;
  readonly model: string;
  readonly vlan: string;
  readonly macGuard: boolean;
  /** What the hypervisor does without being asked. */
  readonly isGuarded: boolean;
  readonly dhcpGuard: boolean;
  readonly routerGuard: boolean;
  /** Megabits a second. */
  readonly minMbps: string;
  readonly maxMbps: string;
  readonly connected: boolean;
}

/** Hyper-V binds an adapter to its address unless it is told not to. */
const GUARDED: Readonly<Record<VirtualResources["hypervisor"], boolean>> = { libvirt: false, hyperv: true };

export const newNic = (network: string, { hypervisor }: Pick<VirtualResources, "hypervisor">): NicDraft => ({
  network,
  name: "",
  mac: "",
  model: "",
  vlan: "",
  macGuard: GUARDED[hypervisor],
  isGuarded: GUARDED[hypervisor],
  dhcpGuard: false,
  routerGuard: false,
  minMbps: "",
  maxMbps: "",
  connected: true,
});

const MEGA = 1_000_000;
const mega = (bps: number): string => (bps === 0 ? "" : String(bps / MEGA));

export const nicDraftOf = (nic: Nic): NicDraft => ({
  network: nic.network ?? "",
  name: nic.name,
  mac: nic.mac,
  model: nic.model,
  vlan: nic.vlan === null ? "" : String(nic.vlan),
  macGuard: nic.mac_spoofing_guard,
  isGuarded: nic.mac_spoofing_guard,
  dhcpGuard: nic.dhcp_guard,
  routerGuard: nic.router_guard,
  minMbps: mega(nic.bandwidth_min_bps),
  maxMbps: mega(nic.bandwidth_max_bps),
  connected: nic.connected,
});

function bandwidth(text: string): number | string | undefined {
  const typed = text.trim();
  return /^\d+(\.\d+)?$/.test(typed) ? Math.round(Number(typed) * MEGA) : textOrNone(typed);
}

function whole(draft: NicDraft, has: Has): Record<string, unknown> {
  const all: Record<string, unknown> = {
    network: textOrNone(draft.network),
    name: textOrNone(draft.name),
    mac: textOrNone(draft.mac),
    model: textOrNone(draft.model),
    vlan: numberOf(draft.vlan),
    mac_spoofing_guard: draft.macGuard,
    dhcp_guard: draft.dhcpGuard,
    router_guard: draft.routerGuard,
    bandwidth_min_bps: bandwidth(draft.minMbps),
    bandwidth_max_bps: bandwidth(draft.maxMbps),
    connected: draft.connected,
  };
  return given(Object.fromEntries(Object.entries(all).filter(([field]) => has(field))));
}

const USUAL: Readonly<Record<string, boolean>> = { dhcp_guard: false, router_guard: false, connected: true };

/** Of a new one: what stands at its usual value is left out. */
export function nicSpec(draft: NicDraft, has: Has): Readonly<Record<string, unknown>> {
  const usual = { ...USUAL, mac_spoofing_guard: draft.isGuarded };
  return Object.fromEntries(Object.entries(whole(draft, has)).filter(([field, value]) => usual[field as keyof typeof usual] !== value));
}

/** Of one that is there: only what differs. An emptied bandwidth is no limit. */
export function nicPatch(before: NicDraft, after: NicDraft, has: Has): Readonly<Record<string, unknown>> {
  const [was, is] = [whole(before, has), whole(after, has)];
  for (const field of ["bandwidth_min_bps", "bandwidth_max_bps"]) if (was[field] !== undefined && is[field] === undefined) is[field] = 0;
  return Object.fromEntries(Object.entries(is).filter(([field, value]) => value !== was[field]));
}
