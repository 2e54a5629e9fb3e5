// vm.clone by the real agent on the fake Hyper-V: what the copy's disks hold, and that nothing is left of one that fails.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";

const GiB = 1024 ** 3;

describe.skipIf(PWSH === null)("vm.clone of the real agent", { timeout: 180_000 }, () => {
  let world: FakeWorld;
  let vm: string;
  type Book = { vms: { id: string; drives: { path: string; controller: string }[] }[]; faults?: object[] };
  const book = () => JSON.parse(readFileSync(join(world.folder, "world.json"), "utf8")) as Book;
  const drivesOf = (id: string) => book().vms.find((one) => one.id.toLowerCase() === id.toLowerCase())!.drives;
  /** What a guest wrote, those of its parents' files first. */
  const linesOf = (path: string): string[] => {
    const { data, parent } = JSON.parse(readFileSync(path, "utf8")) as { data: string[]; parent: string };
    return [...(parent === "" ? [] : linesOf(parent)), ...data];
  };
  const write = (text: string) => {
    const { path } = drivesOf(vm)[0]!;
    const disk = JSON.parse(readFileSync(path, "utf8")) as { data: string[] };
    writeFileSync(path, JSON.stringify({ ...disk, data: [...disk.data, text] }));
  };
  beforeAll(async () => {
    world = await startFakeWorld();
    const disks = [{ image: "debian", size_bytes: 2 * GiB }];
    vm = (await world.done("vm.create", { name: "web", cpus: 2, memory_bytes: GiB, firmware: "bios", disks })).id;
    await world.done("snapshot.create", { vm, name: "fresh" });
    write("after");
  }, 180_000);
  afterAll(() => world?.stop());

  it("copies the disks as they were at a snapshot, onto the same bus, with the original as it was", async () => {
    const { id, disks } = await world.done("vm.clone", { vm, name: "past", snapshot: "fresh" });
    expect(disks).toHaveLength(1);
    const [drive] = drivesOf(id);
    expect(linesOf(drive!.path)).toEqual(["a system"]);
    expect(drive!.controller).toBe(drivesOf(vm)[0]!.controller);
    expect(linesOf(drivesOf(vm)[0]!.path)).toEqual(["a system", "after"]);
    await world.done("vm.delete", { vm: id, delete_disks: true });
  });

  it("leaves nothing when the copy fails", async () => {
    const before = readdirSync(join(world.folder, "default"));
    writeFileSync(
      join(world.folder, "world.json"),
      JSON.stringify({ ...book(), faults: [{ cmdlet: "Add-VMHardDiskDrive", id: "OperationFailed", message: "nein" }] }),
    );
    expect(await world.run("vm.clone", { vm, name: "past", snapshot: "fresh" })).toMatchObject({ code: "HYPERVISOR_FAILED" });
    expect(readdirSync(join(world.folder, "default"))).toEqual(before);
    expect((await world.done("vm.list", {})).items.map(({ name }) => name)).toEqual(["web"]);
  });
});
