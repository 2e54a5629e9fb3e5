// Snapshots: a tree, the way back, what goes with them. Machines with BIOS: UEFI's variables are not kept everywhere.
import { expect, it } from "vitest";
import { HOSTILE, MiB, type The } from "./contract.ts";

const MACHINE = { firmware: "bios", disks: [{ size_bytes: 8 * MiB }] } as const;

export function snapshotCases(the: The): void {
  it("are a tree that leads back, and hold what they need", async () => {
    const contract = the();
    const { id: vm, disks } = await contract.make("c-tree", MACHINE);
    expect(await contract.done("snapshot.create", { vm, name: "one", description: HOSTILE })).toMatchObject({
      id: "one",
      changed: ["snapshot"],
    });
    await contract.done("vm.update", { vm, cpus: 2, tags: ["after"], deletion_protection: true });
    await contract.done("snapshot.create", { vm, name: "two" });
    const kept = { memory: false, state: "off" };
    expect((await contract.done("snapshot.list", { vm })).items).toMatchObject([
      { ...kept, name: "one", parent: null, current: false, description: HOSTILE },
      { ...kept, name: "two", parent: "one", current: true, description: "" },
    ]);
    await contract.refused("snapshot.create", { vm, name: "one" }, "SNAPSHOT_EXISTS", "/name");
    await contract.refused("snapshot.create", { vm, name: "three", memory: true }, "VM_STATE_INVALID");
    await contract.refused("snapshot.revert", { vm, snapshot: "none" }, "SNAPSHOT_NOT_FOUND", "/snapshot");
    await contract.refused("disk.delete", { vm, disk: disks[0]! }, "VM_PROTECTED");
    const { state, changes } = await contract.done("snapshot.revert", { vm, snapshot: "one" });
    expect([state, changes]).toEqual(["off", [{ field: "snapshot", from: "two", to: "one", needs_restart: false }]]);
    // The machine is what it was; what the product knows of it is what it is now.
    const [back, { items }] = await Promise.all([contract.get(vm), contract.done("snapshot.list", { vm })]);
    expect(back).toMatchObject({ cpus: 1, tags: ["after"], deletion_protection: true, state: "off" });
    expect(items.map(({ name, parent, current }) => [name, parent, current])).toEqual([
      ["one", null, true],
      ["two", "one", false],
    ]);
    await contract.done("vm.update", { vm, deletion_protection: false });
    await contract.refused("vm.delete", { vm }, "VM_HAS_SNAPSHOTS");
    await contract.refused("disk.delete", { vm, disk: disks[0]! }, "VM_HAS_SNAPSHOTS");
    const gone = await contract.done("snapshot.delete", { vm, snapshot: "one", children: true });
    expect(gone.changes.map(({ from, to }) => [from, to])).toEqual([
      ["one", null],
      ["two", null],
    ]);
    expect((await contract.done("snapshot.list", { vm })).items).toEqual([]);
    expect(await contract.done("vm.delete", { vm, delete_disks: true })).toMatchObject({ deleted_disks: disks, kept_disks: [] });
  });

  it("of a machine that runs have its memory, and lead to where it runs", async () => {
    const contract = the();
    const { id: vm, disks } = await contract.make("c-memory", { ...MACHINE, start: true });
    await contract.done("snapshot.create", { vm, name: "live" });
    expect((await contract.done("snapshot.list", { vm })).items).toMatchObject([
      { name: "live", memory: true, state: "running", current: true },
    ]);
    await contract.done("vm.stop", { vm });
    const back = await contract.done("snapshot.revert", { vm, snapshot: "live" });
    expect([back.state, back.changes.find(({ field }) => field === "state")]).toMatchObject(["running", { from: "off", to: "running" }]);
    expect((await contract.get(vm)).state).toBe("running");
    expect(await contract.done("snapshot.revert", { vm, snapshot: "live", power: "off" })).toMatchObject({ state: "off" });
    expect((await contract.get(vm)).state).toBe("off");
    expect(await contract.done("vm.delete", { vm, delete_disks: true })).toMatchObject({ deleted_disks: disks });
  });
}
