// Disks: made, read, grown, moved from machine to machine, copied, deleted.
import { expect, it } from "vitest";
import { MiB, type The } from "./contract.ts";

export function diskCases(the: The): void {
  it("come, grow, go and are deleted with a machine that is off", async () => {
    const contract = the();
    const [{ id: vm }, { id: other }] = await Promise.all([contract.make("c-disks"), contract.make("c-disks-other")]);
    const limits = contract.withSupported({ iops_max: 500 });
    const { id: disk, changed } = await contract.done("disk.create", { vm, size_bytes: 8 * MiB, name: "data", ...limits });
    expect(changed).toEqual(expect.arrayContaining(["name", "size_bytes", "storage_class", ...Object.keys(limits)]));
    const [class_] = contract.classes;
    expect(await contract.done("disk.get", { vm, disk })).toMatchObject({
      name: "data",
      vm,
      kind: "disk",
      size_bytes: 8 * MiB,
      storage_class: class_,
      ...limits,
    });
    await contract.refused("disk.create", { vm, size_bytes: 8 * MiB, name: "data" }, "DISK_EXISTS", "/name");
    await contract.refused("disk.resize", { vm, disk, size_bytes: 4 * MiB }, "DISK_SHRINK_REFUSED", "/size_bytes");
    await contract.refused("disk.delete", { disk }, "DISK_IN_USE");
    await contract.refused("disk.attach", { vm: other, disk }, "DISK_IN_USE", "/disk");
    await contract.refused("disk.resize", { vm: other, disk, size_bytes: 16 * MiB }, "DISK_NOT_FOUND", "/disk");
    const grown = { field: "size_bytes", from: 8 * MiB, to: 16 * MiB, needs_restart: false };
    expect((await contract.done("disk.resize", { vm, disk, size_bytes: 16 * MiB })).changes).toEqual([grown]);
    expect((await contract.done("disk.resize", { vm, disk, size_bytes: 16 * MiB })).changes).toEqual([]);
    const limited = contract.withSupported({ name: "better", iops_max: 0 });
    expect((await contract.done("disk.update", { vm, disk, ...limited })).changed.toSorted()).toEqual(Object.keys(limited).toSorted());
    expect(await contract.done("disk.get", { vm, disk })).toMatchObject({ ...limited, size_bytes: 16 * MiB });
    expect(await contract.done("disk.detach", { vm, disk })).toMatchObject({ id: disk, changed: ["vm"] });
    expect((await contract.done("disk.detach", { vm, disk })).changes).toEqual([]);
    expect(await contract.done("disk.get", { disk })).toMatchObject({ id: disk, vm: null, size_bytes: 16 * MiB });
    await contract.done("disk.attach", { vm: other, disk, name: "moved" });
    expect((await contract.get(other)).disks).toMatchObject([{ id: disk, name: "moved", vm: other }]);
    await contract.done("disk.delete", { vm: other, disk });
    expect((await contract.done("disk.list", { vm: other })).items).toEqual([]);
    await contract.refused("disk.get", { disk }, "DISK_NOT_FOUND");
  });

  it("of no machine are made from an image, copied, and kept while a copy stands on them", async () => {
    const contract = the();
    const bytes = await contract.imageBytes();
    const [, storage_class] = contract.classes;
    const { id: disk } = await contract.done("disk.create", {
      name: "c-loose",
      image: contract.image,
      size_bytes: 2 * bytes,
      storage_class,
    });
    await contract.refused("disk.create", { name: "c-loose", size_bytes: 8 * MiB, storage_class }, "DISK_EXISTS", "/name");
    const { id: linked } = await contract.done("disk.clone", { disk, name: "c-linked", mode: "linked" });
    const { items } = await contract.done("disk.list", { storage_class });
    const stem = (name: string) => name.replace(/\.[a-z0-9]+$/, "");
    expect(items.filter(({ id }) => [disk, linked].includes(id)).map((one) => [stem(one.name), one.vm, one.size_bytes])).toEqual(
      expect.arrayContaining([
        ["c-loose", null, 2 * bytes],
        ["c-linked", null, 2 * bytes],
      ]),
    );
    await contract.refused("disk.delete", { disk }, "DISK_HAS_CHILDREN");
    await contract.refused("disk.resize", { disk, size_bytes: 4 * bytes }, "DISK_HAS_CHILDREN");
    await contract.done("disk.delete", { disk: linked });
    await contract.done("disk.delete", { disk });
  });

  it("that lie outside the storage classes are shown and left alone", async () => {
    const contract = the();
    const { id: vm } = await contract.make("c-outside");
    await contract.host.attachOutside(vm);
    const [disk] = (await contract.get(vm)).disks;
    expect(disk).toMatchObject({ kind: "disk", vm, storage_class: null });
    await contract.refused("disk.delete", { vm, disk: disk!.id }, "STORAGE_OUTSIDE", "/disk");
    await contract.refused("disk.resize", { vm, disk: disk!.id, size_bytes: 64 * MiB }, "STORAGE_OUTSIDE", "/disk");
    await contract.refused("disk.clone", { vm, disk: disk!.id, name: "c-stolen" }, "STORAGE_OUTSIDE", "/disk");
    expect(await contract.done("vm.delete", { vm, delete_disks: true })).toMatchObject({ deleted_disks: [], kept_disks: [disk!.id] });
  });
}
