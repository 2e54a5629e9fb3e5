// Which adapter is meant, and what its networks are now. Changes nothing.
import { fieldFailure } from "../../virtual/failure.ts";
import { declaredItems, type Found } from "../resources.ts";
import type { Ask, HostFacts, Session, VmData } from "../session.ts";

export type NicData = VmData["nics"][number];

/** `host` null: no address was asked for. */
export async function readWithNetworks(
  session: Session,
  { vm: id, mac }: { readonly vm: string; readonly mac?: string | undefined },
  ask: Ask,
): Promise<{ readonly vm: VmData; readonly found: Found; readonly host: HostFacts | null }> {
  const both = [
    { operation: "vm.get", spec: { vm: id } },
    { operation: "network.list", spec: {} },
  ] as const;
  const [vm, networks, host = null] =
    mac === undefined ? await session.asks(both, ask) : await session.asks([...both, { operation: "hyperv.host", spec: {} }] as const, ask);
  return { vm, host, found: { images: [], storage: [], networks: declaredItems("network.list", session.table, networks) } };
}

export function needNic(vm: VmData, nic: string): NicData {
  const found = vm.nics.find(({ id }) => id === nic);
  if (!found) throw fieldFailure("NIC_NOT_FOUND", "/nic", "is no network adapter of this machine");
  return found;
}
