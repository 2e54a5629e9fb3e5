// Files that are more than one machine's disk: images of the host in a class's folder, what copies stand on, floppies and kernels of
// machines that others made. None of them may be written to, deleted or taken by two.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskLock } from "../../../../protocol/operations/vm-fields.ts";
import { diskIdOf } from "../../../../relay/drivers/libvirt/domain/devices.ts";
import { driveBusOf } from "../../../../relay/drivers/libvirt/disks/places.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { imageInfo } from "./storage-host.ts";

const MiB = 2 ** 20;

describe.skipIf(libvirtdMissing !== null)("files that are more than one machine's disk", { timeout: 60_000 }, () => {
  let host: VmHost;
  const fileOf = (name: string) => join(host.disks, name);
  const idOf = (name: string) => diskIdOf(fileOf(name));
  const make = async (name: string, more: Record<string, unknown> = {}) => {
    const made = await host.done("vm.create", { name, cpus: 1, memory_bytes: 64 * MiB, firmware: "bios", ...more });
    return { vm: made.id, disk: made.disks[0] ?? "" };
  };
  const oneDisk = { disks: [{ size_bytes: 8 * MiB }] };
  beforeAll(async () => {
    host = await startVmHost({ table: (folder) => ({ images: { gold: { path: join(folder, "default/gold.raw") } } }) });
    writeFileSync(fileOf("gold.raw"), Buffer.alloc(MiB, 7));
  }, 60_000);
  afterAll(() => host?.stop());

  it("an image in a class's folder is copied and read, never written to, made larger or deleted", async () => {
    const { vm } = await make("reader");
    const disk = idOf("gold.raw");
    const refused = { status: "error", code: "DISK_IN_USE" };
    expect(await host.run("disk.attach", { vm, disk })).toMatchObject({ ...refused, data: { errors: [{ pointer: "/disk" }] } });
    expect(await host.run("disk.resize", { disk, size_bytes: 4 * MiB })).toMatchObject(refused);
    for (const plan of [true, false]) expect(await host.run("disk.delete", { disk }, { plan })).toMatchObject(refused);
    await host.done("disk.attach", { vm, disk, read_only: true });
    expect(await host.run("disk.update", { vm, disk, read_only: false })).toMatchObject({
      ...refused,
      data: { errors: [{ pointer: "/read_only" }] },
    });
    expect(await host.done("vm.delete", { vm, delete_disks: true })).toMatchObject({ deleted_disks: [], kept_disks: [disk] });
    expect(existsSync(fileOf("gold.raw"))).toBe(true);
    await host.done("disk.clone", { disk, mode: "full", name: "of-gold" });
  });

  it("a copy does not stand on the disk of a machine that starts with the host", async () => {
    const { vm, disk } = await make("auto", oneDisk);
    await host.done("vm.update", { vm, autostart: true });
    const spec = { vm, disk, mode: "linked", name: "standing" };
    expect(await host.run("disk.clone", spec, { plan: true })).toMatchObject({ code: "VM_STATE_INVALID" });
    expect(await host.run("disk.clone", spec)).toMatchObject({ code: "VM_STATE_INVALID" });
    expect(existsSync(fileOf("standing.qcow2"))).toBe(false);
    await host.done("disk.clone", { ...spec, mode: "full" });
  });

  it("what a copy stands on is not made writable", async () => {
    const { vm, disk } = await make("base", oneDisk);
    await host.done("disk.update", { vm, disk, read_only: true });
    await host.done("disk.clone", { vm, disk, mode: "linked", name: "child" });
    expect(await host.run("disk.update", { vm, disk, read_only: false })).toMatchObject({
      code: "DISK_HAS_CHILDREN",
      data: { errors: [{ pointer: "/read_only" }] },
    });
    await host.done("disk.delete", { disk: idOf("child.qcow2") });
    await host.done("disk.update", { vm, disk, read_only: false });
  });

  it("a disk that waits for a restart grows itself, and never the one that runs at its target", async () => {
    const { vm } = await make("grows", { ...oneDisk, start: true });
    const waits = await host.done("disk.create", { vm, size_bytes: 8 * MiB, bus: "sata" });
    // Another tool's: in what runs alone, at the very target.
    const [, target] = /<source file='[^']*grows-disk1[^']*'\/>\s*<target dev='(\w+)'/.exec(
      await host.virsh("dumpxml", "--inactive", "grows"),
    )!;
    await host.done("disk.create", { name: "other", size_bytes: 4 * MiB });
    const xml = join(host.daemon.folder, "other.xml");
    writeFileSync(
      xml,
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${fileOf("other.qcow2")}'/><target dev='${target}' bus='virtio'/></disk>`,
    );
    await host.virsh("attach-device", "grows", xml, "--live");
    await host.done("disk.resize", { vm, disk: waits.id, size_bytes: 16 * MiB });
    expect(imageInfo(fileOf("grows-disk1.qcow2"))).toMatchObject({ "virtual-size": 16 * MiB });
    expect(await host.virsh("domblkinfo", "grows", target!)).toContain(String(4 * MiB));
    await host.done("vm.stop", { vm });
  });

  it("a disk grows under no other machine that runs with it", async () => {
    const { vm, disk } = await make("runs", { ...oneDisk, start: true });
    const file = join(host.daemon.folder, "shares.xml");
    const other = (await host.virsh("dumpxml", "--inactive", "runs"))
      .replace(/<uuid>.*<\/uuid>/, "")
      .replace("<name>runs<", "<name>shares<");
    writeFileSync(file, other);
    await host.virsh("define", file);
    const shares = (await host.virsh("domuuid", "shares")).trim();
    expect(await host.run("disk.resize", { vm: shares, disk, size_bytes: 16 * MiB }, { plan: true })).toMatchObject({
      code: "DISK_IN_USE",
    });
    expect(await host.run("disk.update", { vm: shares, disk, size_bytes: 16 * MiB })).toMatchObject({ code: "DISK_IN_USE" });
    await host.done("disk.resize", { vm, disk, size_bytes: 16 * MiB });
    await host.done("vm.stop", { vm });
  });

  it("a protected machine's disks are not deleted, and go when it is protected no more", async () => {
    const { vm, disk } = await make("guarded", { ...oneDisk, deletion_protection: true });
    for (const plan of [true, false]) expect(await host.run("disk.delete", { vm, disk }, { plan })).toMatchObject({ code: "VM_PROTECTED" });
    expect((await host.done("disk.list", { vm })).items.map(({ id }) => id)).toEqual([disk]);
    expect(existsSync(fileOf("guarded-disk0.qcow2"))).toBe(true);
    await host.done("vm.update", { vm, deletion_protection: false });
    await host.done("disk.delete", { vm, disk });
    expect(existsSync(fileOf("guarded-disk0.qcow2"))).toBe(false);
  });

  it("the disk of a saved machine is not copied: its memory holds what belongs on it", async () => {
    const { vm, disk } = await make("sleeps", { ...oneDisk, start: true });
    await host.done("vm.save", { vm });
    for (const mode of ["full", "linked"])
      for (const plan of [true, false])
        expect(await host.run("disk.clone", { vm, disk, mode, name: "awake" }, { plan })).toMatchObject({ code: "VM_STATE_INVALID" });
    expect(existsSync(fileOf("awake.qcow2"))).toBe(false);
    await host.done("vm.start", { vm });
    await host.done("vm.stop", { vm });
    await host.done("disk.clone", { vm, disk, mode: "full", name: "awake" });
  });

  it("a disk that no machine has any more is kept for a snapshot that lies in it", async () => {
    const { vm, disk } = await make("past", oneDisk);
    await host.done("snapshot.create", { vm, name: "one" });
    await host.done("disk.detach", { vm, disk });
    for (const plan of [true, false]) expect(await host.run("disk.delete", { disk }, { plan })).toMatchObject({ code: "VM_HAS_SNAPSHOTS" });
    await host.done("snapshot.delete", { vm, snapshot: "one" });
    await host.done("disk.delete", { disk });
  });

  it("floppies and kernels of a machine that another tool made are in use", async () => {
    await make("old");
    for (const name of ["floppy.img", "kernel.raw"]) writeFileSync(fileOf(name), Buffer.alloc(1_474_560));
    const floppy = `<disk type='file' device='floppy'><driver name='qemu' type='raw'/><source file='${fileOf("floppy.img")}'/><target dev='fda' bus='fdc'/></disk>`;
    const xml = (await host.virsh("dumpxml", "old"))
      .replace("</devices>", `${floppy}</devices>`)
      .replace("</type>", `</type><kernel>${fileOf("kernel.raw")}</kernel>`);
    const file = join(host.daemon.folder, "old.xml");
    writeFileSync(file, xml);
    await host.virsh("define", file);
    for (const name of ["floppy.img", "kernel.raw"])
      expect(await host.run("disk.delete", { disk: idOf(name) })).toMatchObject({ code: "DISK_IN_USE" });
  });

  it("jobs on one disk are ordered by it, whatever machine they are for", () => {
    const locks = host.driver.locks!.bind(host.driver);
    expect(locks("disk.attach", { vm: "a", disk: "disk-1" })).toEqual([diskLock("disk-1")]);
    expect(locks("disk.delete", { vm: "b", disk: "disk-1" })).toEqual([diskLock("disk-1")]);
    expect(locks("vm.start", { vm: "a" })).toEqual([]);
  });
});

describe("drives", () => {
  it("are on a bus that the type of machine has", () => {
    const of = (machine: string) => driveBusOf(parseXml(`<domain><os><type machine='${machine}'>hvm</type></os></domain>`).root);
    expect(["pc-q35-7.2", "pc-i440fx-7.2", "virt-7.2", "virt"].map(of)).toEqual(["sata", "ide", "scsi", "scsi"]);
  });
});
