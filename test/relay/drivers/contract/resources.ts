// What the host declares, as it is told to the edge and as it is found.
import { expect, it } from "vitest";
import { virtualResourcesSchema } from "../../../../protocol/virtual-resources.ts";
import type { The } from "./contract.ts";

export function resourceCases(the: The): void {
  it("are listed as the catalogue has them, and are there", async () => {
    const contract = the();
    const { resources } = contract;
    expect(virtualResourcesSchema.parse(resources)).toEqual(resources);
    const [images, networks, storage] = await Promise.all([
      contract.done("image.list", {}),
      contract.done("network.list", {}),
      contract.done("storage.list", {}),
    ]);
    const pick = ({ name, description }: { name: string; description: string }) => ({ name, description });
    expect(images.items.map(({ kind, os_family, ...one }) => ({ ...pick(one), kind, os_family }))).toEqual(resources.images);
    expect(networks.items.map(({ vlan, vlan_supported, ...one }) => ({ ...pick(one), vlan, vlan_supported }))).toEqual(resources.networks);
    expect(storage.items.map(pick)).toEqual(resources.storage);
    const all = [...images.items, ...networks.items, ...storage.items];
    expect(all.filter(({ available }) => !available)).toEqual([]);
    for (const { capacity_bytes: capacity, available_bytes: free } of storage.items) expect(capacity).toBeGreaterThanOrEqual(free!);
    for (const { size_bytes: bytes } of images.items) expect(bytes).toBeGreaterThan(0);
  });
}
