// One life of a machine through relay, real agent and real PowerShell 7, on the fake Hyper-V, with what Hyper-V alone has: TPM and
// secure-boot templates, drives for media and seed, dynamic memory, VLAN trunks, checkpoints with differencing disks.
// What every hypervisor does is tested by the suite of test/relay/drivers/contract. A process of PowerShell costs about a second.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";

const GiB = 1024 ** 3;

describe.skipIf(PWSH === null)("a machine on the fake Hyper-V", { timeout: 120_000 }, () => {
  let world: FakeWorld;
  let id: string;
  beforeAll(async () => {
    world = await startFakeWorld();
  });
  afterAll(() => world?.stop());

  const get = () => world.done("vm.get", { vm: id });
  const files = (name: string) => readdirSync(join(world.folder, name), { recursive: true }).map(String);

  it("is made with TPM, disks in two classes, drives for medium and seed, and runs", async () => {
    const spec = {
      name: "web",
      cpus: 2,
      memory_bytes: GiB,
      secure_boot: true,
      tpm: true,
      disks: [
        { image: "debian", size_bytes: 2 * GiB },
        { size_bytes: GiB, name: "data", storage_class: "second" },
      ],
      nics: [{ network: "dmz", bandwidth_max_bps: 100_000_000 }],
      iso: "installer",
      seed: { user_data: "#cloud-config\n" },
      start: true,
    };
    const made = await world.done("vm.create", spec);
    id = made.id;
    const vm = await get();
    expect(vm).toMatchObject({
      state: "running",
      firmware: "uefi",
      secure_boot: true,
      secure_boot_template: "microsoft-uefi-ca",
      tpm: true,
    });
    const disks = vm.disks.filter(({ kind }) => kind === "disk");
    expect(disks.map(({ id: disk, name, bus, format, storage_class: place }) => [disk, name, bus, format, place])).toEqual([
      [made.disks[0], "disk0", "scsi", "vhdx", "default"],
      [made.disks[1], "data", "scsi", "vhdx", "second"],
    ]);
    expect(vm.nics).toMatchObject([{ id: made.nics[0], network: "dmz", vlan: 30, bandwidth_max_bps: 100_000_000, connected: true }]);
    expect(vm.boot_order.slice(0, 3)).toEqual(["disk0", "data", "cdrom"]);
    expect(vm.disks.filter(({ kind }) => kind === "cdrom").map(({ image }) => image)).toEqual(["installer", null]);
    expect(files("default")).toContain(`seed-${id}.iso`);
  });

  it("leaves nothing when a later part cannot be made", async () => {
    const nics = [{ network: "lan", mac: (await get()).nics[0]!.mac }];
    const result = await world.run("vm.create", { name: "broken", cpus: 1, memory_bytes: GiB, disks: [{ size_bytes: GiB }], nics });
    expect(result).toMatchObject({ status: "error", code: "MAC_IN_USE", data: { errors: [{ pointer: "/nics/0/mac" }] } });
    expect(world.state().vms.map(({ name }) => name)).toEqual(["web"]);
    expect(files("default").filter((name) => name.includes("broken"))).toEqual([]);
  });

  it("takes what its state allows, and says what not", async () => {
    const some = await world.run("vm.update", { vm: id, memory_max_bytes: 2 * GiB, tags: ["b"] });
    expect(some).toMatchObject({ status: "partial", data: { changed: ["tags"], not_changed: [{ field: "memory_max_bytes" }] } });
    await world.done("vm.stop", { vm: id });
    const wishes = {
      cpus: 4,
      memory_min_bytes: GiB / 2,
      memory_max_bytes: 2 * GiB,
      memory_buffer_percent: 30,
      autostart: true,
      autostart_condition: "if-running",
      autostart_delay_ms: 5_000,
      stop_action: "save",
    };
    await world.done("vm.update", { vm: id, ...wishes, boot_order: ["nic0", "disk0"] });
    const nic = (await get()).nics[0]!.id;
    await world.done("nic.update", { vm: id, nic, vlan_trunk: { native: 5, allowed: [7] }, mac_spoofing_guard: false });
    const vm = await get();
    expect(vm).toMatchObject({
      ...wishes,
      tags: ["b"],
      nics: [{ vlan: null, vlan_trunk: { native: 5, allowed: [7] }, mac_spoofing_guard: false }],
    });
    expect(vm.boot_order.slice(0, 2)).toEqual(["nic0", "disk0"]);
    // Asked for again it changes nothing.
    expect(await world.done("vm.update", { vm: id, ...wishes, boot_order: ["nic0", "disk0"] })).toMatchObject({ changes: [] });
  });

  it("stands on differencing disks until its checkpoint goes", async () => {
    await world.done("snapshot.create", { vm: id, name: "before" });
    expect(files("default").filter((name) => name.endsWith(".avhdx"))).toHaveLength(1);
    expect(await world.run("disk.delete", { vm: id, disk: (await get()).disks[0]!.id })).toMatchObject({ code: "VM_HAS_SNAPSHOTS" });
    await world.done("snapshot.delete", { vm: id, snapshot: "before" });
    expect([...files("default"), ...files("second")].filter((name) => name.endsWith(".avhdx"))).toEqual([]);
  });

  it("is copied with its TPM, without its address", async () => {
    const { id: copy, disks } = await world.done("vm.clone", { vm: id, name: "copy" });
    const [vm, original] = [await world.done("vm.get", { vm: copy }), await get()];
    expect(vm).toMatchObject({ name: "copy", state: "off", cpus: 4, secure_boot: true, tpm: true, tags: ["b"], autostart: false });
    expect(vm.nics[0]!.mac).not.toBe(original.nics[0]!.mac);
    expect(await world.done("vm.delete", { vm: copy, delete_disks: true })).toMatchObject({ deleted_disks: disks, kept_disks: [] });
    expect((await get()).disks.length).toBe(original.disks.length);
  });

  it("goes with its disks and its seed, and nothing is left", async () => {
    expect((await world.done("vm.delete", { vm: id, delete_disks: true })).deleted_disks.length).toBe(2);
    expect(world.state().vms).toEqual([]);
    expect([...files("default"), ...files("second")].filter((name) => /vhdx|seed/.test(name))).toEqual([]);
  });
});
