// A new network adapter as it will be made, and refused what can be known before. Changes nothing.
import type { NewNic } from "../../../../protocol/operations/vm-devices.ts";
import { fieldFailure } from "../../virtual/failure.ts";
import { needNetwork, type Found } from "../resources.ts";

export type SettledNic = NewNic & { readonly name: string };

export function settleNic(
  found: Found,
  nic: SettledNic,
  { firmware, at }: { readonly firmware: "bios" | "uefi"; readonly at: string },
): SettledNic {
  needNetwork(found, nic.network, `${at}/network`);
  if (nic.model === "legacy" && firmware === "uefi")
    throw fieldFailure("HYPERVISOR_UNSUPPORTED", `${at}/model`, "can only be paravirtual with firmware uefi");
  return nic;
}
