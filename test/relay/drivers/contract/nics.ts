// Network adapters.
import { expect, it } from "vitest";
import type { The } from "./contract.ts";

export function nicCases(the: The): void {
  it("come, change, are unplugged and go with a machine that is off", async () => {
    const contract = the();
    const [network, other] = contract.networks;
    const { id: vm } = await contract.make("c-nics", { nics: [{ network, name: "first" }] });
    const wanted = { network, name: "front", mac: "52:54:00:0C:00:05", bandwidth_max_bps: 80_000_000, mac_spoofing_guard: true };
    const { id: nic, changed } = await contract.done("nic.create", { vm, ...wanted });
    expect(changed.toSorted()).toEqual(Object.keys(wanted).toSorted());
    const [first, front] = (await contract.done("nic.list", { vm })).items;
    expect(front).toMatchObject({ ...wanted, id: nic, mac: wanted.mac.toLowerCase(), model: "paravirtual", connected: true, vlan: null });
    expect(await contract.done("nic.get", { vm, nic })).toEqual(front);
    await contract.refused("nic.create", { vm, network, name: "front" }, "VM_CONFIG_INVALID", "/name");
    await contract.refused("nic.update", { vm, nic, network: "nowhere" }, "NETWORK_NOT_FOUND", "/network");
    await contract.refused("nic.update", { vm, nic: first!.id, mac: wanted.mac }, "MAC_IN_USE", "/mac");
    await contract.refused("nic.get", { vm, nic: "nic-none" }, "NIC_NOT_FOUND", "/nic");
    if (!contract.has("nic.update/model"))
      await contract.refused("nic.update", { vm, nic, model: "legacy" }, "HYPERVISOR_UNSUPPORTED", "/model");
    // Where two networks have another VLAN each, that changes too.
    const vlanOf = (name: string) => contract.resources.networks.find((one) => one.name === name)!.vlan;
    const brought = vlanOf(network) === vlanOf(other) ? [] : ["vlan"];
    const wishes = { network: other, name: "back", bandwidth_max_bps: 0, mac_spoofing_guard: false, router_guard: true };
    expect((await contract.done("nic.update", { vm, nic, ...wishes })).changed.toSorted()).toEqual(
      [...Object.keys(wishes), ...brought].toSorted(),
    );
    expect((await contract.done("nic.update", { vm, nic, ...wishes })).changes).toEqual([]);
    expect(await contract.done("nic.get", { vm, nic })).toMatchObject({ ...wishes, id: nic, mac: wanted.mac.toLowerCase() });
    expect((await contract.done("nic.detach", { vm, nic })).changed).toContain("connected");
    expect((await contract.done("nic.detach", { vm, nic })).changes).toEqual([]);
    expect(await contract.done("nic.get", { vm, nic })).toMatchObject({ connected: false });
    expect((await contract.done("nic.attach", { vm, nic, network })).changed.toSorted()).toEqual(["connected", "network", ...brought]);
    expect((await contract.done("nic.attach", { vm, nic, network })).changes).toEqual([]);
    await contract.done("nic.delete", { vm, nic });
    const left = (await contract.done("nic.list", { vm })).items;
    expect(left.map(({ id }) => id)).toEqual([first!.id]);
  });

  it("have VLANs where the network can give them, and only there", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-vlans");
    const carries = contract.resources.networks.find(({ vlan_supported: can }) => can);
    const not = contract.resources.networks.find(({ vlan_supported: can }) => !can);
    if (not) await contract.refused("nic.create", { vm, network: not.name, vlan: 5 }, "NETWORK_VLAN_UNSUPPORTED", "/vlan");
    const { id: nic } = await contract.done("nic.create", { vm, network: carries!.name, vlan: 12 });
    expect(await contract.done("nic.get", { vm, nic })).toMatchObject({ vlan: 12, vlan_trunk: null });
    await contract.done("nic.update", { vm, nic, vlan_trunk: { native: 3, allowed: [3, 4] } });
    expect(await contract.done("nic.get", { vm, nic })).toMatchObject({ vlan: null, vlan_trunk: { native: 3, allowed: [3, 4] } });
  });
}
