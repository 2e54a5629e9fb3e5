// Copies: clones, whole and linked; machines that go out and come in again.
import { expect, it } from "vitest";
import { MiB, type The, type Vm } from "./contract.ts";

/** What a copy has of its original. */
const common = ({ description, tags, cpus, memory_bytes, memory_max_bytes, firmware, os_family }: Vm) => ({
  description,
  tags,
  cpus,
  memory_bytes,
  memory_max_bytes,
  firmware,
  os_family,
});
const sizes = ({ disks }: Vm) => disks.map(({ name, size_bytes: bytes }) => [name, bytes]);

export function copyCases(the: The): void {
  const original = (name: string, more = {}) => {
    const contract = the();
    const [network] = contract.networks;
    return contract.make(name, {
      description: "an original",
      tags: ["one"],
      memory_max_bytes: 128 * MiB,
      os_family: "linux",
      disks: [
        { size_bytes: 8 * MiB, name: "root" },
        { size_bytes: 16 * MiB, name: "data", storage_class: contract.classes[1] },
      ],
      nics: [{ network, name: "front", mac_spoofing_guard: true }],
      ...more,
    });
  };

  it("are whole machines of their own", async () => {
    const contract = the();
    const { id: vm } = await original("c-original", { start: true });
    await contract.refused("vm.clone", { vm, name: "c-full" }, "VM_STATE_INVALID");
    await contract.done("vm.stop", { vm });
    await contract.refused("vm.clone", { vm, name: "c-original" }, "VM_EXISTS", "/name");
    await contract.refused("vm.clone", { vm, name: "c-full", storage_class: "none" }, "STORAGE_NOT_FOUND", "/storage_class");
    const made = await contract.done("vm.clone", { vm, name: "c-full", storage_class: contract.classes[1] });
    const [old, copy] = await Promise.all([contract.get(vm), contract.get(made.id)]);
    expect(copy).toMatchObject({ ...common(old), id: made.id, name: "c-full", state: "off", autostart: false });
    expect(sizes(copy)).toEqual(sizes(old));
    expect(copy.disks.map(({ id }) => id)).toEqual(made.disks);
    expect(copy.disks.map(({ storage_class: name }) => name)).toEqual([contract.classes[1], contract.classes[1]]);
    expect(copy.nics).toMatchObject([{ id: made.nics[0], name: "front", network: old.nics[0]!.network, mac_spoofing_guard: true }]);
    expect(new Set([...copy.disks, ...old.disks].map(({ id }) => id)).size).toBe(4);
    expect(copy.nics[0]!.mac).not.toBe(old.nics[0]!.mac);
    expect(await contract.done("vm.delete", { vm: made.id, delete_disks: true })).toMatchObject({
      deleted_disks: made.disks,
      kept_disks: [],
    });
    expect(await contract.get(vm)).toEqual(old);
  });

  it("of a snapshot are what it holds, where the host can", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-past", { firmware: "bios", disks: [{ size_bytes: 8 * MiB }] });
    await contract.done("snapshot.create", { vm, name: "past" });
    const spec = { vm, name: "c-of-past", snapshot: "past" };
    await contract.refused("vm.clone", { ...spec, snapshot: "none" }, "SNAPSHOT_NOT_FOUND", "/snapshot");
    if (!contract.has("vm.clone/snapshot")) return contract.refused("vm.clone", spec, "HYPERVISOR_UNSUPPORTED", "/snapshot");
    const made = await contract.done("vm.clone", spec);
    const [copy, { items }] = await Promise.all([contract.get(made.id), contract.done("snapshot.list", { vm: made.id })]);
    expect(copy).toMatchObject({ name: "c-of-past", state: "off", disks: [{ id: made.disks[0], size_bytes: 8 * MiB }] });
    expect(items).toEqual([]);
    expect((await contract.done("snapshot.list", { vm })).items).toMatchObject([{ name: "past", current: true }]);
    expect(await contract.done("vm.delete", { vm: made.id, delete_disks: true })).toMatchObject({ deleted_disks: made.disks });
  });

  it("that are linked keep the disks that they stand on as they are", async () => {
    const contract = the();
    const { id: vm, disks } = await contract.make("c-base", { disks: [{ size_bytes: 8 * MiB }] });
    const linked = await contract.done("vm.clone", { vm, name: "c-child", mode: "linked" });
    expect((await contract.get(linked.id)).disks).toMatchObject([{ size_bytes: 8 * MiB }]);
    const disk = disks[0]!;
    await contract.refused("disk.delete", { vm, disk }, "DISK_HAS_CHILDREN");
    await contract.refused("disk.resize", { vm, disk, size_bytes: 16 * MiB }, "DISK_HAS_CHILDREN");
    await contract.refused("vm.start", { vm }, "DISK_HAS_CHILDREN");
    expect(await contract.done("vm.delete", { vm, delete_disks: true })).toMatchObject({ deleted_disks: [], kept_disks: disks });
    expect(await contract.done("vm.delete", { vm: linked.id, delete_disks: true })).toMatchObject({ deleted_disks: linked.disks });
  });

  it("go out and come in again, as others and as themselves", async () => {
    const contract = the();
    const [first, second] = contract.classes;
    // An address of its own: one that the host gives may come with the first start.
    const nics = [{ network: contract.networks[0], name: "front", mac: "52:54:00:0C:00:07" }];
    const { id: vm } = await original("c-out", { nics });
    const out = { storage_class: second, folder: "c-folder" };
    const { bytes } = await contract.done("vm.export", { vm, ...out });
    expect(bytes).toBeGreaterThan(0);
    await contract.refused("vm.export", { vm, ...out }, "DISK_EXISTS", "/folder");
    await contract.refused("vm.import", { ...out, folder: "c-none" }, "DISK_NOT_FOUND", "/folder");
    await contract.refused("vm.import", { ...out, name: "c-out" }, "VM_EXISTS", "/name");
    const made = await contract.done("vm.import", { ...out, name: "c-in", to_storage_class: first });
    const [old, back] = await Promise.all([contract.get(vm), contract.get(made.id)]);
    expect(back).toMatchObject({ ...common(old), name: "c-in", state: "off" });
    expect(sizes(back)).toEqual(sizes(old));
    expect(back.disks.map(({ id, storage_class: name }) => [id, name])).toEqual(made.disks.map((id) => [id, first]));
    expect(back.nics).toMatchObject([{ id: made.nics[0], name: "front", network: old.nics[0]!.network }]);
    expect([back.id === old.id, back.nics[0]!.mac === old.nics[0]!.mac]).toEqual([false, false]);
    const keep = { ...out, identity: "keep", to_storage_class: first };
    expect(await contract.run("vm.import", { ...keep, name: "c-again" })).toMatchObject({ status: "error", code: "VM_EXISTS" });
    await contract.done("vm.delete", { vm, delete_disks: true });
    expect(await contract.done("vm.import", keep)).toMatchObject({ id: vm, name: "c-out" });
    const same = await contract.get(vm);
    expect([same.name, same.nics[0]!.mac]).toEqual(["c-out", old.nics[0]!.mac]);
  });
}
