// Network adapters of a machine in the contract's terms (nicData). Pure.
import type * as z from "zod";
import type { nicData } from "../../../../protocol/operations/vm-devices.ts";
import type { NicFacts } from "../domain/devices.ts";
import type { LibvirtTable } from "../tables.ts";
import { guardsOf } from "./guards.ts";

export type NicView = z.infer<typeof nicData>;

const MODELS: Readonly<Record<string, string>> = {
  virtio: "paravirtual",
  "virtio-transitional": "paravirtual",
  "virtio-non-transitional": "paravirtual",
};

/** The declared network that an adapter is on; of two that lead to the same place the one with the adapter's VLAN. */
export function networkNameOf(nic: NicFacts, table: LibvirtTable): string | null {
  const same = Object.entries(table.networks).filter(([, network]) => {
    if (nic.kind === "bridge") return network.bridge === nic.source;
    if (nic.kind === "network") return network.network === nic.source;
    return nic.kind === "user" && network.user === true;
  });
  return (same.find(([, network]) => (network.vlan ?? null) === nic.vlan) ?? same[0])?.[0] ?? null;
}

/** `addresses`: as far as they are known. */
export function nicView(nic: NicFacts, table: LibvirtTable, addresses: readonly string[] = []): NicView {
  const guards = guardsOf(nic.filter);
  return {
    id: nic.id,
    name: nic.name,
    network: networkNameOf(nic, table),
    mac: nic.mac,
    model: MODELS[nic.model] ?? nic.model,
    vlan: nic.vlan,
    vlan_trunk: nic.trunk === null ? null : { native: nic.trunk.native, allowed: [...nic.trunk.allowed] },
    mac_spoofing_guard: guards.mac,
    dhcp_guard: guards.dhcp,
    router_guard: guards.router,
    bandwidth_min_bps: nic.minBps,
    bandwidth_max_bps: nic.maxBps,
    connected: nic.connected,
    addresses: [...addresses],
    boot_index: nic.bootIndex,
  };
}
