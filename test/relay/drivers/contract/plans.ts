// Plans: each says what would change and changes nothing. That a plan refuses what the change would refuse is part of each refusal.
import { expect, it } from "vitest";
import { MiB, type Operations, type Spec, type The } from "./contract.ts";

export function planCases(the: The): void {
  it("say what would change, and change nothing", async () => {
    const contract = the();
    const [network, other] = contract.networks;
    const [storage_class] = contract.classes;
    const spec = { firmware: "bios", disks: [{ size_bytes: 8 * MiB }], nics: [{ network }], iso: contract.iso };
    const { id: vm, disks, nics } = await contract.make("c-planned", spec);
    const [disk, nic] = [disks[0]!, nics[0]!];
    const look = async () => {
      const [machine, { items: volumes }, { items: snapshots }, { items: all }] = await Promise.all([
        contract.get(vm),
        contract.done("disk.list", { storage_class }),
        contract.done("snapshot.list", { vm }),
        contract.done("vm.list", {}),
      ]);
      const own = (name: string) => name.includes("c-planned") || name.includes("c-plan-");
      return {
        machine,
        snapshots,
        names: [...all, ...volumes]
          .map(({ name }) => name)
          .filter(own)
          .toSorted(),
      };
    };
    const plans: readonly (readonly [Operations, Spec])[] = [
      ["vm.create", { ...spec, name: "c-plan-new", cpus: 1, memory_bytes: 64 * MiB, seed: { user_data: "x" }, start: true }],
      ["vm.update", { vm, cpus: 2, tags: ["a"], autostart: true }],
      ["vm.delete", { vm, delete_disks: true }],
      ["vm.start", { vm }],
      ["vm.clone", { vm, name: "c-plan-copy" }],
      ["vm.export", { vm, folder: "c-plan-folder" }],
      ["disk.create", { vm, size_bytes: 8 * MiB }],
      ["disk.resize", { vm, disk, size_bytes: 16 * MiB }],
      ["disk.delete", { vm, disk }],
      ["nic.update", { vm, nic, network: other }],
      ["nic.delete", { vm, nic }],
      ["snapshot.create", { vm, name: "never" }],
    ];
    const before = await look();
    for (const [operation, wanted] of plans) {
      const { changes } = await contract.planned(operation, wanted).then((data) => data as { changes: unknown[] });
      expect([operation, changes.length > 0]).toEqual([operation, true]);
    }
    expect(await look()).toEqual(before);
  });
}
