// vm.export and vm.import: a machine goes out and comes in again with what its disks held; a folder from outside that is not what an
// export writes is refused before anything is made, and leads to no other file of the host.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 2 ** 20;
const qemuImg = (...args: string[]) => execFileSync("qemu-img", args, { encoding: "utf8" });

describe.skipIf(libvirtdMissing !== null)("machines that go out and come in", { timeout: 60_000 }, () => {
  let host: VmHost;
  let vm: string;
  let out: string;
  let second: string;

  beforeAll(async () => {
    host = await startVmHost();
    second = join(host.daemon.folder, "second");
    out = join(second, "out");
    const made = await host.done("vm.create", {
      name: "web",
      description: "a < b",
      tags: ["one"],
      cpus: 1,
      memory_bytes: 64 * MiB,
      memory_max_bytes: 128 * MiB,
      firmware: "bios",
      disks: [
        { name: "root", size_bytes: 4 * MiB, iops_max: 100 },
        { name: "data", size_bytes: 2 * MiB, format: "raw", bus: "scsi", boot: true },
      ],
      nics: [{ network: "nat", name: "lan" }],
      iso: "empty",
    });
    vm = made.id;
    for (const [disk, format] of [
      ["web-root.qcow2", "qcow2"],
      ["web-data.raw", "raw"],
    ] as const)
      execFileSync("qemu-io", ["-f", format, "-c", "write -P 0x5a 65536 65536", join(host.disks, disk)], { stdio: "ignore" });
  }, 60_000);
  afterAll(() => host?.stop());

  const exported = (more: object = {}, options = {}) =>
    host.run("vm.export", { vm, storage_class: "second", folder: "out", ...more }, options);
  const imported = (more: object = {}, options = {}) =>
    host.run("vm.import", { storage_class: "second", folder: "out", name: "back", ...more }, options);
  const gone = async (name: string) => {
    await host.virsh("undefine", name);
    for (const folder of [host.disks, second])
      for (const file of readdirSync(folder).filter((one) => one.startsWith(`${name}-`)))
        await host.virsh("vol-delete", join(folder, file));
  };

  it("are exported as planned", async () => {
    const before = await host.traces();
    expect(await exported({}, { plan: true })).toMatchObject({ status: "success", data: { planned: true, changed: ["folder"], bytes: 0 } });
    expect(await host.traces()).toBe(before);
    const told: string[] = [];
    const result = await exported({}, { progress: (_percent: number | null, what: string) => told.push(what) });
    expect(result).toMatchObject({ status: "success", data: { folder: "out", id: vm } });
    expect(told).toEqual(expect.arrayContaining(["root: copying", "data: copying"]));
    expect(readdirSync(out).toSorted()).toEqual(["data.qcow2", "manifest.json", "root.qcow2"]);
    const bytes = readdirSync(out).reduce((sum, file) => sum + statSync(join(out, file)).blocks * 512, 0);
    expect(result.data?.bytes).toBeGreaterThan(0);
    expect(Math.abs((result.data?.bytes ?? 0) - bytes)).toBeLessThan(8_192);
    expect(qemuImg("compare", join(out, "data.qcow2"), "-F", "raw", join(host.disks, "web-data.raw"))).toContain("identical");
    // No pool is left on the folder.
    const pools = (await host.virsh("pool-list", "--all", "--name")).split("\n").map((name) => name.trim());
    expect(pools.filter((name) => name.startsWith("farhand-folder"))).toEqual([]);
  });

  it("are not exported over anything, or where they run", async () => {
    expect(await exported()).toMatchObject({ code: "DISK_EXISTS", data: { errors: [{ pointer: "/folder" }] } });
    symlinkSync("/nowhere", join(second, "link"));
    expect(await exported({ folder: "link" })).toMatchObject({ code: "DISK_EXISTS" });
    rmSync(join(second, "link"));
    expect(await exported({ storage_class: "none", folder: "x" })).toMatchObject({ code: "STORAGE_NOT_FOUND" });
    await host.virsh("start", "web");
    expect(await exported({ folder: "x" })).toMatchObject({ code: "VM_STATE_INVALID" });
    await host.virsh("destroy", "web");
  });

  it("come in as planned, as others", async () => {
    const before = await host.traces();
    const planned = await imported({}, { plan: true });
    expect(planned).toMatchObject({
      status: "success",
      data: { planned: true, changed: ["name", "disks/root", "disks/data", "nics/lan"] },
    });
    expect(await host.traces()).toBe(before);
    const result = await imported({ to_storage_class: "default" });
    expect(result).toMatchObject({ status: "success", data: { name: "back" } });
    const [old, back] = [await host.done("vm.get", { vm }), await host.done("vm.get", { vm: result.data!.id })];
    expect(back.disks.filter(({ kind }) => kind === "disk").map(({ id }) => id)).toEqual(result.data!.disks);
    expect(back.nics.map(({ id }) => id)).toEqual(result.data!.nics);
    const same = ({ description, tags, cpus, memory_bytes, memory_max_bytes, firmware }: typeof old) => ({
      description,
      tags,
      cpus,
      memory_bytes,
      memory_max_bytes,
      firmware,
    });
    expect(same(back)).toEqual(same(old));
    expect(back.boot_order).toEqual(old.boot_order.filter((name) => name !== "cdrom"));
    expect(
      back.disks.map(({ name, bus, iops_max, size_bytes, storage_class }) => [name, bus, iops_max, size_bytes, storage_class]),
    ).toEqual([
      ["root", "virtio", 100, 4 * MiB, "default"],
      ["data", "scsi", 0, 2 * MiB, "default"],
    ]);
    expect(back.id).not.toBe(old.id);
    expect(back.nics[0]!.mac).not.toBe(old.nics[0]!.mac);
    expect(qemuImg("compare", join(host.disks, "back-root.qcow2"), join(host.disks, "web-root.qcow2"))).toContain("identical");
    await gone("back");
    expect(await host.traces()).toBe(before);
  });

  it("come in as themselves where they are not there", async () => {
    expect(await imported({ identity: "keep" })).toMatchObject({ code: "VM_EXISTS", data: { errors: [{ pointer: "/identity" }] } });
    expect(await imported({ name: undefined })).toMatchObject({ code: "VM_EXISTS", data: { errors: [{ pointer: "/name" }] } });
    const old = await host.done("vm.get", { vm });
    const xml = await host.virsh("dumpxml", "--inactive", "web");
    await host.virsh("undefine", "web");
    const back = await imported({ name: undefined, identity: "keep", to_storage_class: "second" });
    expect(back).toMatchObject({ status: "success", data: { id: vm, name: "web" } });
    expect((await host.done("vm.get", { vm })).nics[0]!.mac).toBe(old.nics[0]!.mac);
    await host.virsh("undefine", "web");
    for (const file of ["web-root.qcow2", "web-data.qcow2"]) rmSync(join(second, file));
    writeFileSync(join(host.daemon.folder, "web.xml"), xml);
    await host.virsh("define", join(host.daemon.folder, "web.xml"));
  });

  describe("from a folder that is not what an export writes", () => {
    const bad = () => join(second, "bad");
    const root = () => join(bad(), "root.qcow2");
    const secret = () => join(host.daemon.folder, "secret.raw");
    beforeEach(() => {
      rmSync(bad(), { recursive: true, force: true });
      cpSync(out, bad(), { recursive: true });
      writeFileSync(secret(), Buffer.alloc(4 * MiB, "secret"));
    });

    interface Edited {
      kind: string;
      version: number;
      disks: { name: string; file: string; format: string; size_bytes: number }[];
      vm: Record<string, unknown> & { disks: Record<string, unknown>[]; nics: Record<string, unknown>[] };
      [more: string]: unknown;
    }
    const edit = (change: (manifest: Edited) => void) => {
      const path = join(bad(), "manifest.json");
      const manifest = JSON.parse(readFileSync(path, "utf8")) as Edited;
      change(manifest);
      writeFileSync(path, JSON.stringify(manifest));
    };

    const CASES: readonly (readonly [string, string, () => void])[] = [
      ["has no manifest", "VM_CONFIG_INVALID", () => rmSync(join(bad(), "manifest.json"))],
      [
        "has a manifest that is a link",
        "VM_CONFIG_INVALID",
        () => {
          renameSync(join(bad(), "manifest.json"), join(host.daemon.folder, "m.json"));
          symlinkSync(join(host.daemon.folder, "m.json"), join(bad(), "manifest.json"));
        },
      ],
      ["has a manifest that is no JSON", "VM_CONFIG_INVALID", () => writeFileSync(join(bad(), "manifest.json"), "{")],
      ["has an endless manifest", "VM_CONFIG_INVALID", () => truncateSync(join(bad(), "manifest.json"), 2 ** 30)],
      ["is of another version", "VM_CONFIG_INVALID", () => edit((manifest) => (manifest.version = 2))],
      ["says more than is known", "VM_CONFIG_INVALID", () => edit((manifest) => (manifest["emulator"] = "/bin/sh"))],
      ["says more of its machine than is known", "VM_CONFIG_INVALID", () => edit(({ vm: spec }) => (spec["commandline"] = "-drive x"))],
      ["names a file by a path", "VM_CONFIG_INVALID", () => edit(({ disks }) => (disks[0]!.file = "../secret.qcow2"))],
      ["names a file twice", "VM_CONFIG_INVALID", () => edit(({ disks }) => (disks[0]!.file = disks[1]!.file))],
      ["names a file that is not there", "VM_CONFIG_INVALID", () => rmSync(root())],
      ["says less disks than its machine has", "VM_CONFIG_INVALID", () => edit(({ disks }) => disks.pop())],
      ["names an image of the host", "VM_CONFIG_INVALID", () => edit(({ vm: spec }) => (spec.disks[0]!["image"] = "empty"))],
      ["says another size", "VM_CONFIG_INVALID", () => edit(({ disks }) => (disks[0]!.size_bytes += 512))],
      [
        "has a disk that is a link",
        "VM_CONFIG_INVALID",
        () => {
          renameSync(root(), join(host.daemon.folder, "r.qcow2"));
          symlinkSync(join(host.daemon.folder, "r.qcow2"), root());
        },
      ],
      ["has a disk that is not qcow2", "VM_CONFIG_INVALID", () => cpSync(secret(), root())],
      [
        "has a disk on another file",
        "VM_CONFIG_INVALID",
        () => {
          rmSync(root());
          qemuImg("create", "-q", "-f", "qcow2", "-F", "raw", "-b", secret(), root());
        },
      ],
      [
        "has a disk whose data is another file",
        "VM_CONFIG_INVALID",
        () => {
          rmSync(root());
          qemuImg("create", "-q", "-f", "qcow2", "-o", `data_file=${secret()},data_file_raw=on`, root(), "4M");
        },
      ],
      ["has an address that is taken", "MAC_IN_USE", () => edit((manifest) => (manifest["id"] = "99999999-2222-4333-8444-555555555555"))],
      ["is on a network that is not here", "NETWORK_NOT_FOUND", () => edit(({ vm: spec }) => (spec.nics[0]!["network"] = "elsewhere"))],
      [
        "is a link",
        "DISK_NOT_FOUND",
        () => {
          renameSync(bad(), join(host.daemon.folder, "away"));
          symlinkSync(join(host.daemon.folder, "away"), bad());
        },
      ],
      [
        "is a file",
        "DISK_NOT_FOUND",
        () => {
          rmSync(bad(), { recursive: true });
          writeFileSync(bad(), "");
        },
      ],
      ["is not there", "DISK_NOT_FOUND", () => rmSync(bad(), { recursive: true })],
    ];

    it.each(CASES)("that %s: %s", async (_what, code, spoil) => {
      spoil();
      const before = await host.traces();
      for (const plan of [true, false]) {
        const result = await imported({ folder: "bad", identity: code === "MAC_IN_USE" ? "keep" : "new" }, { plan });
        expect(result).toMatchObject({ status: "error", code, data: { errors: [{ pointer: "/folder" }] } });
        expect(result.message).not.toContain("secret");
      }
      expect(await host.traces()).toBe(before);
      rmSync(join(host.daemon.folder, "away"), { recursive: true, force: true });
    });
  });

  it("touch nothing outside", () => {
    expect(existsSync(join(host.daemon.folder, "secret.raw"))).toBe(true);
    mkdirSync(join(host.daemon.folder, "away"), { recursive: true });
    expect(readdirSync(join(host.daemon.folder, "away"))).toEqual([]);
  });
});
