// Disks of machines on a real libvirtd: virsh and qemu-img say what became of them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { imageInfo } from "./storage-host.ts";

const MiB = 1024 * 1024;
const UUID = { off: "11111111-1111-4111-8111-111111111111", on: "22222222-2222-4222-8222-222222222222" } as const;

/** A machine that stays in its firmware, with four root ports to spare. */
const domainXml = (name: string, uuid: string, devices = "") => `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='pci' model='pcie-root'/>${"<controller type='pci' model='pcie-root-port'/>".repeat(10)}
<controller type='scsi' index='0' model='virtio-scsi'/>${devices}
<serial type='pty'/><video><model type='vga'/></video></devices></domain>`;

const pointerOf = (data: unknown) => (data as { errors?: { pointer: string }[] } | undefined)?.errors?.[0]?.pointer;

describe.skipIf(libvirtdMissing !== null)("disks", () => {
  let host: VmHost;
  const define = async (xml: string, start: boolean) => {
    const file = join(host.daemon.folder, "domain.xml");
    writeFileSync(file, xml);
    await host.virsh("define", file);
    if (start) await host.virsh("start", /<name>(.*)<\/name>/.exec(xml)![1]!);
  };
  const disksOf = async (vm: string) => (await host.done("disk.list", { vm })).items;
  const blocks = async (name: string, ...more: string[]) =>
    (await host.virsh("domblklist", name, ...more))
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([target]) => target);
  beforeAll(async () => {
    host = await startVmHost({
      table: (folder) => {
        mkdirSync(join(folder, "images"));
        execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(folder, "images/gold.qcow2"), "8M"]);
        writeFileSync(join(folder, "images/one.iso"), Buffer.alloc(64 * 1024));
        return { images: { gold: { path: join(folder, "images/gold.qcow2") }, one: { path: join(folder, "images/one.iso") } } };
      },
    });
    await define(domainXml("off", UUID.off), false);
    await define(domainXml("on", UUID.on), true);
  });
  afterAll(() => host?.stop());

  it("makes a disk and attaches it, to a machine that is off and to one that runs", async () => {
    for (const vm of [UUID.off, UUID.on]) {
      const made = await host.done("disk.create", { vm, size_bytes: 16 * MiB, cache: "none", discard: true, iops_max: 500 });
      expect(made).toMatchObject({ planned: false, needs_restart: false });
      const [disk] = await disksOf(vm);
      expect(disk).toMatchObject({
        id: made.id,
        name: "disk0",
        vm,
        size_bytes: 16 * MiB,
        format: "qcow2",
        storage_class: "default",
        bus: "virtio",
        cache: "none",
        discard: true,
        iops_max: 500,
      });
    }
    expect(await blocks("on")).toEqual([["vda", join(host.disks, "on-disk0.qcow2")]]);
    expect(await blocks("on", "--inactive")).toEqual([["vda", join(host.disks, "on-disk0.qcow2")]]);
    expect(await blocks("off")).toEqual([["vda", join(host.disks, "off-disk0.qcow2")]]);
    expect(await host.virsh("blkdeviotune", "on", "vda")).toMatch(/total_iops_sec *: 500/);
  });

  it("grows a disk while the machine runs: the machine and the volume both see it", async () => {
    const [disk] = await disksOf(UUID.on);
    const grown = await host.done("disk.resize", { vm: UUID.on, disk: disk!.id, size_bytes: 32 * MiB });
    expect(grown).toMatchObject({ changes: [{ field: "size_bytes", from: 16 * MiB, to: 32 * MiB }], needs_restart: false });
    expect(await host.virsh("domblkinfo", "on", "vda")).toMatch(/Capacity:\s+33554432/);
    expect(imageInfo(join(host.disks, "on-disk0.qcow2"))).toMatchObject({ "virtual-size": 32 * MiB });
    expect((await host.done("disk.resize", { vm: UUID.on, disk: disk!.id, size_bytes: 32 * MiB })).changes).toEqual([]);
    expect(await host.run("disk.resize", { vm: UUID.on, disk: disk!.id, size_bytes: 16 * MiB })).toMatchObject({
      code: "DISK_SHRINK_REFUSED",
    });
  });

  it("plugs a disk on SCSI in and out while the machine runs, and keeps its file", async () => {
    const made = await host.done("disk.create", { vm: UUID.on, size_bytes: 8 * MiB, name: "data", bus: "scsi", format: "raw" });
    expect((await blocks("on")).map(([target]) => target)).toEqual(["vda", "sda"]);
    expect(await host.done("disk.detach", { vm: UUID.on, disk: made.id })).toMatchObject({ changed: ["vm"], needs_restart: false });
    expect((await blocks("on")).map(([target]) => target)).toEqual(["vda"]);
    expect((await blocks("on", "--inactive")).map(([target]) => target)).toEqual(["vda"]);
    expect(await host.done("disk.get", { disk: made.id })).toMatchObject({ vm: null, format: "raw", size_bytes: 8 * MiB });
    expect((await host.done("disk.detach", { vm: UUID.on, disk: made.id })).changes).toEqual([]);
    await host.done("disk.attach", { vm: UUID.off, disk: made.id, bus: "scsi", name: "data" });
    expect(await host.run("disk.attach", { vm: UUID.on, disk: made.id })).toMatchObject({ code: "DISK_IN_USE" });
    expect(await host.run("disk.delete", { disk: made.id })).toMatchObject({ code: "DISK_IN_USE" });
    await host.done("disk.delete", { vm: UUID.off, disk: made.id });
    expect(existsSync(join(host.disks, "on-data.raw"))).toBe(false);
    expect((await blocks("off")).map(([target]) => target)).toEqual(["vda"]);
  });

  it("changes a disk: limits at once, the rest when the machine was off", async () => {
    const { id } = await host.done("disk.create", { vm: UUID.on, size_bytes: 8 * MiB, name: "tuned" });
    const spec = {
      vm: UUID.on,
      disk: id,
      iops_max: 100,
      bytes_per_second_max: 5_000_000,
      cache: "writethrough",
      bus: "scsi",
      name: "better",
      size_bytes: 16 * MiB,
    };
    const plan = await host.done("disk.update", spec, { plan: true });
    expect(await host.virsh("blkdeviotune", "on", "vdb")).toMatch(/total_iops_sec *: 0/);
    const done = await host.done("disk.update", spec);
    expect({ ...plan, planned: false }).toEqual(done);
    expect(done.changes.map(({ field, needs_restart: needs }) => [field, needs])).toEqual([
      ["bus", true],
      ["name", true],
      ["cache", true],
      ["iops_max", false],
      ["bytes_per_second_max", false],
      ["size_bytes", false],
    ]);
    expect(await host.virsh("blkdeviotune", "on", "vdb")).toMatch(/total_bytes_sec: 5000000[^]*total_iops_sec : 100/);
    expect(await host.virsh("blkdeviotune", "on", "sda", "--config")).toMatch(/total_iops_sec : 100/);
    expect(await host.virsh("domblkinfo", "on", "vdb")).toMatch(/Capacity:\s+16777216/);
    const xml = await host.virsh("dumpxml", "on", "--inactive");
    expect(xml).toMatch(/cache='writethrough'/);
    expect(xml).toMatch(/<target dev='sda' bus='scsi'\/>/);
    expect((await host.done("disk.update", spec)).changes).toEqual([]);
    expect(await host.run("disk.update", { ...spec, name: "disk0" })).toMatchObject({
      code: "DISK_EXISTS",
      data: { errors: [{ pointer: "/name" }] },
    });
    expect(await host.run("disk.update", { vm: UUID.on, disk: id, bus: "ide" })).toMatchObject({ code: "HYPERVISOR_UNSUPPORTED" });
    await host.virsh("destroy", "on");
    await host.virsh("start", "on");
    expect((await blocks("on")).map(([target]) => target)).toEqual(["vda", "sda"]);
    expect(await host.done("disk.update", { vm: UUID.on, disk: id, iops_max: 0 })).toMatchObject({
      changed: ["iops_max"],
      needs_restart: false,
    });
    expect(await host.virsh("blkdeviotune", "on", "sda")).toMatch(/total_bytes_sec: 5000000[^]*total_iops_sec : 0/);
    await host.done("disk.delete", { vm: UUID.on, disk: id });
    expect((await blocks("on")).map(([target]) => target)).toEqual(["vda"]);
  });

  it("takes out a disk that runs on another bus than it is defined on", async () => {
    const { id } = await host.done("disk.create", { vm: UUID.on, size_bytes: 8 * MiB, name: "moving", bus: "scsi" });
    await host.done("disk.update", { vm: UUID.on, disk: id, bus: "virtio" });
    expect((await blocks("on")).length).toBe(2);
    expect((await disksOf(UUID.on)).map(({ name }) => name)).toEqual(["disk0", "moving"]);
    expect((await blocks("on", "--inactive")).map(([target]) => target)).not.toEqual((await blocks("on")).map(([target]) => target));
    await host.done("disk.delete", { vm: UUID.on, disk: id });
    expect((await blocks("on")).map(([target]) => target)).toEqual(["vda"]);
    expect((await blocks("on", "--inactive")).map(([target]) => target)).toEqual(["vda"]);
    expect(existsSync(join(host.disks, "on-moving.qcow2"))).toBe(false);
  });

  it("keeps what runs on a bus that lets nothing go until the machine is off", async () => {
    const made = await host.done("disk.create", { vm: UUID.on, size_bytes: 8 * MiB, name: "fixed", bus: "sata" });
    expect(made.needs_restart).toBe(true);
    await host.virsh("destroy", "on");
    await host.virsh("start", "on");
    expect(await host.run("disk.delete", { vm: UUID.on, disk: made.id })).toMatchObject({ code: "VM_STATE_INVALID" });
    expect(await host.done("disk.detach", { vm: UUID.on, disk: made.id })).toMatchObject({ changed: ["vm"], needs_restart: true });
    expect([(await blocks("on")).length, (await blocks("on", "--inactive")).length]).toEqual([2, 1]);
    expect(await host.run("disk.delete", { disk: made.id })).toMatchObject({ code: "DISK_IN_USE" });
    await host.virsh("destroy", "on");
    await host.done("disk.delete", { disk: made.id });
    await host.virsh("start", "on");
  });

  it("copies a disk that nobody writes to, and attaches the copy", async () => {
    const [source] = await disksOf(UUID.off);
    const [running] = await disksOf(UUID.on);
    expect(await host.run("disk.clone", { vm: UUID.on, disk: running!.id, name: "c" })).toMatchObject({ code: "DISK_IN_USE" });
    expect(await host.run("disk.clone", { disk: source!.id, name: "c" })).toMatchObject({ code: "DISK_IN_USE" });
    const copy = await host.done("disk.clone", {
      vm: UUID.off,
      disk: source!.id,
      name: "copy",
      storage_class: "second",
      attach_to: UUID.on,
    });
    expect(imageInfo(join(host.daemon.folder, "second/on-copy.qcow2"))).toMatchObject({ "virtual-size": 16 * MiB });
    expect((await disksOf(UUID.on)).map(({ name }) => name)).toEqual(["disk0", "copy"]);
    const linked = await host.done("disk.clone", { vm: UUID.off, disk: source!.id, name: "linked", mode: "linked" });
    expect(imageInfo(join(host.disks, "linked.qcow2"))).toMatchObject({ "backing-filename-format": "qcow2" });
    expect(await host.run("disk.delete", { vm: UUID.off, disk: source!.id })).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    expect(await host.run("disk.resize", { vm: UUID.off, disk: source!.id, size_bytes: 64 * MiB })).toMatchObject({
      code: "DISK_HAS_CHILDREN",
    });
    expect((await blocks("off")).length).toBe(1);
    await host.done("disk.delete", { disk: linked.id });
    await host.virsh("destroy", "on");
    await host.done("disk.delete", { vm: UUID.on, disk: copy.id });
    await host.virsh("start", "on");
  });

  it("plans a change, refuses what it would refuse, and changes nothing", async () => {
    const [disk] = await disksOf(UUID.off);
    const before = [await host.traces(), await host.virsh("dumpxml", "off"), await host.virsh("dumpxml", "on")];
    const plans: [Parameters<VmHost["run"]>[0], unknown, object][] = [
      ["disk.create", { vm: UUID.on, size_bytes: MiB }, { needs_restart: false }],
      ["disk.create", { vm: UUID.on, size_bytes: MiB, bus: "sata" }, { needs_restart: true }],
      ["disk.create", { name: "loose", image: "gold" }, { planned: true }],
      ["disk.clone", { vm: UUID.off, disk: disk!.id, name: "c" }, { planned: true }],
      ["disk.detach", { vm: UUID.off, disk: disk!.id }, { needs_restart: false }],
      ["disk.resize", { vm: UUID.off, disk: disk!.id, size_bytes: 64 * MiB }, { changed: ["size_bytes"] }],
      ["disk.delete", { vm: UUID.off, disk: disk!.id }, { planned: true }],
      ["iso.attach", { vm: UUID.on, image: "one" }, { needs_restart: true }],
    ];
    for (const [operation, spec, expected] of plans)
      expect([operation, await host.done(operation, spec, { plan: true })]).toMatchObject([operation, expected]);
    const refused: [Parameters<VmHost["run"]>[0], unknown, string, string?][] = [
      ["disk.create", { vm: UUID.on, size_bytes: MiB, bus: "sata", read_only: true }, "HYPERVISOR_UNSUPPORTED", "/read_only"],
      ["disk.create", { vm: UUID.on, size_bytes: MiB, image: "gold" }, "DISK_SHRINK_REFUSED", "/size_bytes"],
      ["disk.create", { name: "x", size_bytes: MiB, cache: "none" }, "VM_CONFIG_INVALID", "/cache"],
      ["disk.create", { vm: UUID.on, size_bytes: 2 ** 45, preallocate: true }, "STORAGE_FULL", "/size_bytes"],
      ["disk.attach", { vm: UUID.on, disk: disk!.id }, "DISK_IN_USE", "/disk"],
      ["disk.attach", { vm: UUID.on, disk: "disk-none" }, "DISK_NOT_FOUND", "/disk"],
      ["disk.detach", { vm: UUID.on, disk: "disk-none" }, "DISK_NOT_FOUND", "/disk"],
      ["iso.attach", { vm: UUID.on, image: "gold" }, "IMAGE_NOT_FOUND", "/image"],
      ["iso.attach", { vm: UUID.on, image: "one", boot_once: true }, "HYPERVISOR_UNSUPPORTED", "/boot_once"],
    ];
    for (const [operation, spec, code, pointer] of refused)
      for (const plan of [true, false]) {
        const result = await host.run(operation, spec, { plan });
        expect([operation, spec, result.code, pointerOf(result.data)]).toEqual([operation, spec, code, pointer]);
      }
    expect([await host.traces(), await host.virsh("dumpxml", "off"), await host.virsh("dumpxml", "on")]).toEqual(before);
  });

  it("leaves what lies outside the storage classes as it is", async () => {
    const path = join(host.daemon.folder, "images/own.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", path, "4M"]);
    await host.virsh("attach-disk", "off", path, "vdz", "--subdriver", "qcow2", "--config");
    const disk = (await disksOf(UUID.off)).find(({ name }) => name === "vdz")!;
    expect(disk).toMatchObject({ storage_class: null, size_bytes: 4 * MiB });
    for (const operation of ["disk.delete", "disk.resize", "disk.clone"] as const) {
      const more = { "disk.delete": {}, "disk.resize": { size_bytes: 8 * MiB }, "disk.clone": { name: "c" } }[operation];
      expect(await host.run(operation, { vm: UUID.off, disk: disk.id, ...more })).toMatchObject({ code: "STORAGE_OUTSIDE" });
    }
    await host.done("disk.detach", { vm: UUID.off, disk: disk.id });
    expect(imageInfo(path)).toMatchObject({ "virtual-size": 4 * MiB });
  });

  it("says that there is no slot for another device, and makes nothing", async () => {
    const name = "full";
    const uuid = "44444444-4444-4444-8444-444444444444";
    await define(domainXml(name, uuid).replaceAll("<controller type='pci' model='pcie-root-port'/>", ""), true);
    const made: string[] = [];
    let last = await host.run("disk.create", { vm: uuid, size_bytes: MiB });
    for (; last.status === "success" && made.length < 20; last = await host.run("disk.create", { vm: uuid, size_bytes: MiB }))
      made.push(last.data!.id);
    expect([last.code, (await blocks(name)).length]).toEqual(["DISK_SLOT_TAKEN", made.length]);
    expect(existsSync(join(host.disks, `full-disk${made.length}.qcow2`))).toBe(false);
    await host.virsh("destroy", name);
    await host.done("disk.create", { vm: uuid, size_bytes: MiB });
    await host.virsh("start", name);
    expect((await blocks(name)).length).toBe(made.length + 1);
    await host.virsh("destroy", name);
  });

  it("lists the volumes of a class with the machine that has each", async () => {
    const items = (await host.done("disk.list", { storage_class: "default" })).items;
    const [disk] = await disksOf(UUID.on);
    expect(items.find(({ id }) => id === disk!.id)).toMatchObject({
      vm: UUID.on,
      name: "on-disk0.qcow2",
      storage_class: "default",
      size_bytes: 32 * MiB,
    });
    expect((await host.done("disk.list", { storage_class: "second" })).items).toEqual([]);
  });
});
