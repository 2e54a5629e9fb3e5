// What snapshots cannot be is refused with its code and its reason before anything is touched: by machine, by disk, by place.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const UUID = "22222222-2222-4333-8444-555555555555";
const image = (path: string, ...more: string[]) => execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", ...more, path, "1M"]);
const diskXml = (path: string, format = "qcow2", target = "vda", more = "") =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/><target dev='${target}' bus='virtio'/>${more}</disk>`;

describe.skipIf(libvirtdMissing !== null)("snapshots that cannot be", { timeout: 60_000 }, () => {
  let host: VmHost;
  let a: string;
  let b: string;

  beforeAll(async () => {
    host = await startVmHost();
    [a, b] = [join(host.disks, "a.qcow2"), join(host.disks, "b.qcow2")];
  }, 120_000);
  afterAll(() => host?.stop());
  afterEach(async () => {
    await host.virsh("destroy", "s").catch(() => undefined);
    await host.virsh("undefine", "s", "--snapshots-metadata", "--managed-save").catch(() => undefined);
  });

  /** A machine that stays in its firmware. */
  async function define(devices: string, os = "<os>", name = "s", uuid = UUID): Promise<void> {
    const file = join(host.daemon.folder, `${name}.xml`);
    writeFileSync(
      file,
      `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
${os}<type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${devices}</devices></domain>`,
    );
    await host.virsh("define", file);
  }
  const fresh = (...paths: string[]) => {
    for (const path of paths) {
      rmSync(path, { force: true });
      image(path);
    }
  };
  const snapshots = async () => (await host.virsh("snapshot-list", "s", "--name")).split("\n").filter(Boolean);
  const create = (more: object = {}) => host.run("snapshot.create", { vm: UUID, name: "one", ...more });

  /** Refused planned and in earnest, and nothing of it is there. */
  async function refuses(more: object, code: string, reason: RegExp): Promise<void> {
    const before = await snapshots();
    for (const plan of [true, false]) {
      const result = await host.run("snapshot.create", { vm: UUID, name: "one", ...more }, { plan });
      expect(result).toMatchObject({ status: "error", code, message: expect.stringMatching(reason) as string });
    }
    expect(await snapshots()).toEqual(before);
  }

  it("of disks that another machine runs on, which libvirt would forget and leave in the disk", async () => {
    fresh(a);
    const child = join(host.disks, "child.qcow2");
    rmSync(child, { force: true });
    await define(diskXml(a));
    expect(await create()).toMatchObject({ status: "success" });
    image(child, "-b", a, "-F", "qcow2");
    await define(diskXml(child), "<os>", "stands", "33333333-2222-4333-8444-555555555555");
    await host.virsh("start", "stands");
    const spec = { vm: UUID, snapshot: "one" };
    for (const plan of [true, false]) expect(await host.run("snapshot.delete", spec, { plan })).toMatchObject({ code: "DISK_IN_USE" });
    expect(await create({ name: "two" })).toMatchObject({ code: "DISK_IN_USE" });
    await host.virsh("destroy", "stands");
    await host.virsh("undefine", "stands");
    await host.done("snapshot.delete", spec);
    expect(execFileSync("qemu-img", ["snapshot", "-l", a], { encoding: "utf8" })).not.toContain("one");
    rmSync(child);
  });

  it("of UEFI machines, off and running", async () => {
    fresh(a);
    await define(diskXml(a), "<os firmware='efi'>");
    await refuses({}, "SNAPSHOT_UNSUPPORTED", /UEFI.*libvirt 9\.\d+\.\d+.*10\.10/);
    await host.virsh("start", "s");
    await refuses({}, "SNAPSHOT_UNSUPPORTED", /UEFI/);
    await host.virsh("destroy", "s");
    await host.virsh("undefine", "s", "--nvram");
  });

  it("on disks that are not qcow2, or none at all", async () => {
    fresh(a);
    writeFileSync(join(host.disks, "r.img"), Buffer.alloc(1 << 20));
    await define(diskXml(a) + diskXml(join(host.disks, "r.img"), "raw", "vdb"));
    await refuses({}, "SNAPSHOT_UNSUPPORTED", /vdb is raw/);
    await host.virsh("start", "s");
    await refuses({}, "SNAPSHOT_UNSUPPORTED", /vdb is raw/);
    await host.virsh("destroy", "s");
    await define(diskXml(join(host.disks, "r.img"), "raw", "vda", "<readonly/>"));
    await refuses({}, "SNAPSHOT_UNSUPPORTED", /no disk/);
  });

  it("on disks outside the storage classes", async () => {
    const outside = join(host.daemon.folder, "outside.qcow2");
    fresh(outside);
    await define(diskXml(outside));
    await refuses({}, "STORAGE_OUTSIDE", /outside/);
    await host.virsh("snapshot-create-as", "s", "theirs");
    for (const operation of ["snapshot.revert", "snapshot.delete"] as const)
      expect(await host.run(operation, { vm: UUID, snapshot: "theirs" })).toMatchObject({ code: "STORAGE_OUTSIDE" });
    expect(await snapshots()).toEqual(["theirs"]);
  });

  it("without the memory of a machine that runs, with that of one that is off, or of one that is saved", async () => {
    fresh(a);
    await define(diskXml(a));
    await refuses({ memory: true }, "VM_STATE_INVALID", /off and has no memory/);
    await host.virsh("start", "s");
    await refuses({ memory: false }, "SNAPSHOT_UNSUPPORTED", /together with its memory/);
    await refuses({ memory: false, quiesce: true }, "SNAPSHOT_UNSUPPORTED", /together with its memory/);
    await host.virsh("managedsave", "s");
    await refuses({}, "VM_STATE_INVALID", /saved/);
  });

  it("by a name that QEMU takes for another snapshot", async () => {
    fresh(a);
    await define(diskXml(a));
    await refuses({ name: "2" }, "VM_CONFIG_INVALID", /name must not be a number/);
    // Left by a machine that had the disk before.
    execFileSync("qemu-img", ["snapshot", "-c", "one", a]);
    await refuses({}, "SNAPSHOT_EXISTS", /vda holds a snapshot one/);
    await host.virsh("snapshot-create-as", "s", "one");
    await host.virsh("snapshot-create-as", "s", "1");
    for (const snapshot of ["one", "1"])
      expect(await host.run("snapshot.revert", { vm: UUID, snapshot })).toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
  });

  it("gone back to whose disk is gone, is another file, or lost it: the other disk stays as it is", async () => {
    fresh(a, b);
    await define(diskXml(a) + diskXml(b, "qcow2", "vdb"));
    await create();
    const before = readFileSync(a);
    const refused = async (reason: RegExp) => {
      const result = await host.run("snapshot.revert", { vm: UUID, snapshot: "one" });
      expect(result).toMatchObject({ code: "SNAPSHOT_UNSUPPORTED", message: expect.stringMatching(reason) as string });
      expect(readFileSync(a).equals(before)).toBe(true);
    };
    renameSync(b, `${b}.away`);
    await refused(/vdb .*not there/);
    image(b);
    await refused(/vdb does not hold/);
    execFileSync("qemu-img", ["snapshot", "-c", "other", b]);
    await refused(/vdb does not hold/);
    renameSync(`${b}.away`, b);
    expect(await host.run("snapshot.revert", { vm: UUID, snapshot: "one" })).toMatchObject({ status: "success" });
    // What is gone does not keep a snapshot from being deleted.
    rmSync(b);
    await host.done("snapshot.delete", { vm: UUID, snapshot: "one" });
    expect(await snapshots()).toEqual([]);
  });

  it("gone back to under another disk or another machine", async () => {
    fresh(a);
    await define(diskXml(a));
    await create();
    image(join(host.disks, "over.qcow2"), "-F", "qcow2", "-b", a);
    const revert = () => host.run("snapshot.revert", { vm: UUID, snapshot: "one" });
    expect(await revert()).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    rmSync(join(host.disks, "over.qcow2"));
    await define(diskXml(a), "<os>", "other", "33333333-2222-4333-8444-555555555555");
    expect(await revert()).toMatchObject({ code: "DISK_IN_USE" });
    await host.virsh("undefine", "other");
    expect(await revert()).toMatchObject({ status: "success" });
  });

  it("deleted of a machine that runs without their disk", async () => {
    fresh(a, b);
    await define(diskXml(a));
    await create();
    await define(diskXml(b));
    await host.virsh("start", "s");
    expect(await host.run("snapshot.delete", { vm: UUID, snapshot: "one" })).toMatchObject({ code: "VM_STATE_INVALID" });
    await host.virsh("destroy", "s");
    await host.done("snapshot.delete", { vm: UUID, snapshot: "one" });
    expect(execFileSync("qemu-img", ["snapshot", "-l", a], { encoding: "utf8" })).toBe("");
  });

  it("of another tool's that lie in files of their own: listed and left alone", async () => {
    fresh(a);
    await define(diskXml(a));
    await host.virsh("snapshot-create-as", "s", "beside", "--disk-only");
    expect((await host.done("snapshot.list", { vm: UUID })).items).toMatchObject([{ name: "beside", kind: "external", memory: false }]);
    for (const operation of ["snapshot.revert", "snapshot.delete"] as const)
      expect(await host.run(operation, { vm: UUID, snapshot: "beside" })).toMatchObject({ code: "SNAPSHOT_UNSUPPORTED" });
    expect(await snapshots()).toEqual(["beside"]);
    expect(existsSync(join(host.disks, "a.beside"))).toBe(true);
  });
});
