// vm.clone on real guests: copies that boot and hold what the original held, with names and addresses of their own; originals that
// are protected; many copies at once. virsh and the guests are the oracle.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { BOOT_MS, GuestConsole } from "./guest-console.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient, guestDomainXml } from "./real-clients.ts";

const UUID = "11111111-2222-4333-8444-555555555555";
const MAC = "52:54:00:aa:bb:cc";
const info = (path: string) =>
  JSON.parse(execFileSync("qemu-img", ["info", "-U", "--output=json", path], { encoding: "utf8" })) as Record<string, unknown>;

describe.skipIf(libvirtdMissing !== null)("copies of machines", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  let client: LibvirtClient;

  beforeAll(async () => {
    host = await startVmHost();
    ({ client } = await connectedClient(host.daemon.uri));
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(host.disks, "a.qcow2"), "64M"]);
    writeFileSync(join(host.disks, "seed.iso"), writeIso("cidata", [], new Date()));
    const file = join(host.daemon.folder, "g1.xml");
    const nic = `<interface type='user'><mac address='${MAC}'/><model type='virtio'/></interface>`;
    const xml = guestDomainXml("g1", buildGuest(), host.disks).replace("</name>", `</name><uuid>${UUID}</uuid>`);
    writeFileSync(file, xml.replace("<serial", `${nic}<serial`));
    await host.virsh("define", file);
    const guest = new GuestConsole(client, UUID);
    await guest.boot();
    await guest.shell("echo original > /dev/vda; sync");
    guest.close();
    await host.virsh("destroy", "g1");
  }, BOOT_MS + 60_000);
  afterAll(async () => {
    client?.stop();
    await host?.stop();
  });

  const clone = (name: string, more: object = {}) => host.done("vm.clone", { vm: UUID, name, ...more });
  const refused = (more: object) => host.run("vm.clone", { vm: UUID, name: "copy", ...more });
  const definition = (name: string) => host.virsh("dumpxml", "--inactive", name);

  it("are planned without being made", async () => {
    const before = await host.traces();
    const plan = await host.done("vm.clone", { vm: UUID, name: "copy" }, { plan: true });
    expect(plan).toMatchObject({ planned: true, name: "copy", changed: ["name", "disks/vda"] });
    expect(await host.traces()).toBe(before);
  });

  it("are not linked to one that starts with the host", async () => {
    await host.virsh("autostart", "g1");
    expect(await refused({ mode: "linked" })).toMatchObject({ code: "VM_STATE_INVALID" });
    await host.virsh("autostart", "g1", "--disable");
  });

  it("in full are machines of their own that hold what the original held", async () => {
    const told: string[] = [];
    const made = await host.done(
      "vm.clone",
      { vm: UUID, name: "full", storage_class: "second", start: true },
      { progress: (_percent, what) => told.push(what) },
    );
    expect(told.some((what) => what.startsWith("vda: "))).toBe(true);
    expect((await host.virsh("domuuid", "full")).trim()).toBe(made.id);
    expect((await host.virsh("domstate", "full")).trim()).toBe("running");
    const guest = new GuestConsole(client, made.id);
    await guest.open();
    expect(await guest.disk("/dev/vda", 8)).toContain("original");
    await guest.shell("echo changed! > /dev/vda; sync");
    guest.close();
    await host.virsh("destroy", "full");
    const xml = await definition("full");
    expect(xml).not.toContain(MAC);
    expect(xml).not.toContain(UUID);
    expect(xml).not.toContain("seed.iso");
    expect(xml).toMatch(/created_at=['"]20/);
    expect(xml).toMatch(/storage_class=['"]second/);
    const disk = join(host.daemon.folder, "second", "full-vda.qcow2");
    expect(xml).toContain(disk);
    expect(info(disk)).not.toHaveProperty("backing-filename");
    expect((await host.done("vm.get", { vm: made.id })).disks.find(({ kind }) => kind === "disk")?.id).toBe(made.disks[0]);
    expect((await host.done("vm.get", { vm: made.id })).nics.map(({ id }) => id)).toEqual(made.nics);
    // The original is as it was.
    const original = new GuestConsole(client, UUID);
    await original.boot();
    expect(await original.disk("/dev/vda", 8)).toContain("original");
    original.close();
    expect(await refused({})).toMatchObject({ code: "VM_STATE_INVALID" });
    await host.virsh("destroy", "g1");
  });

  it("that are linked stand on the original's disks, which are protected from then on", async () => {
    const made = await clone("linked", { mode: "linked", start: true });
    const path = join(host.disks, "linked-vda.qcow2");
    expect(info(path)).toMatchObject({ "backing-filename": join(host.disks, "a.qcow2"), "backing-filename-format": "qcow2" });
    const guest = new GuestConsole(client, made.id);
    await guest.open();
    expect(await guest.disk("/dev/vda", 8)).toContain("original");
    guest.close();
    expect(await host.run("vm.start", { vm: UUID })).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    expect(await host.run("vm.start", { vm: UUID }, { plan: true })).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    expect((await host.virsh("domstate", "g1")).trim()).toBe("shut off");
    expect(await host.run("vm.update", { vm: UUID, autostart: true })).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    await host.virsh("destroy", "linked");
    await host.virsh("undefine", "linked");
    expect(await host.run("vm.start", { vm: UUID })).toMatchObject({ code: "DISK_HAS_CHILDREN" });
    execFileSync("rm", [path]);
    await host.done("vm.start", { vm: UUID });
    await host.virsh("destroy", "g1");
  });

  it("of UEFI machines get variables of their own", async () => {
    const file = join(host.daemon.folder, "u.xml");
    execFileSync("qemu-img", ["create", "-q", "-f", "raw", join(host.disks, "u.raw"), "1M"]);
    mkdirSync(join(host.daemon.folder, "nvram"), { recursive: true });
    const nvram = join(host.daemon.folder, "nvram", "u.fd");
    writeFileSync(
      file,
      `<domain type='qemu'><name>u</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><genid>aaaaaaaa-2222-4333-8444-555555555555</genid>
<os><type arch='x86_64' machine='q35'>hvm</type><loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>
<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>${nvram}</nvram></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${host.disks}/u.raw'/><target dev='vda' bus='virtio'/><alias name='ua-x_root'/></disk>
<channel type='unix'><source mode='bind' path='${host.daemon.folder}/u.sock'/><target type='virtio' name='a.b.0'/></channel>
<serial type='file'><source path='${host.daemon.folder}/u.log'/></serial>
<graphics type='vnc' socket='${host.daemon.folder}/u.vnc'/></devices></domain>`,
    );
    await host.virsh("define", file);
    await host.virsh("start", "u");
    await host.virsh("destroy", "u");
    // What a firmware has remembered: a mark in the room that is left.
    const remembered = readFileSync(nvram);
    remembered.write("remembered", remembered.length - 16);
    writeFileSync(nvram, remembered);
    const vm = (await host.virsh("domuuid", "u")).trim();
    const made = await host.done("vm.clone", { vm, name: "u2", start: true });
    const xml = await definition("u2");
    const own = /<nvram[^>]*>([^<]+)</.exec(xml)![1]!;
    expect(own).toMatch(new RegExp(`^${host.disks}/u2-[0-9a-f]{8}_VARS\\.fd$`));
    expect(readFileSync(own).includes("remembered")).toBe(true);
    const variables = (await host.done("disk.list", { storage_class: "default" })).items.find(({ name }) => name.endsWith("_VARS.fd"));
    expect(variables?.vm).toBe(made.id);
    expect(await host.run("disk.delete", { disk: variables!.id })).toMatchObject({ code: "DISK_IN_USE" });
    for (const own of [nvram, "u.sock", "u.log", "u.vnc", "aaaaaaaa-2222", "u.raw"]) expect(xml).not.toContain(own);
    expect(info(join(host.disks, "u2-root.raw"))).toMatchObject({ format: "raw" });
    expect(await host.done("vm.get", { vm: made.id })).toMatchObject({ state: "running", disks: [{ name: "root", format: "raw" }] });
    await host.done("vm.delete", { vm: made.id, delete_disks: true, force: true });
    expect(readdirSync(host.disks).filter((name) => name.startsWith("u2"))).toEqual([]);
  });

  it("of UEFI machines whose variables lie where libvirt puts them keep them, out and in again too", async () => {
    const { id: vm } = await host.done("vm.create", { name: "v", cpus: 1, memory_bytes: 64 * 2 ** 20, disks: [{ size_bytes: 2 ** 20 }] });
    const fresh = await host.done("vm.clone", { vm, name: "v0" });
    expect(await definition("v0")).not.toContain("nvram");
    await host.done("vm.delete", { vm: fresh.id, delete_disks: true });
    await host.virsh("start", "v");
    await host.virsh("destroy", "v");
    const nvram = join(host.daemon.folder, "var/qemu/nvram/v_VARS.fd");
    const remembered = readFileSync(nvram);
    remembered.write("remembered", remembered.length - 16);
    writeFileSync(nvram, remembered);
    const [one, two] = await Promise.all(["v1", "v2"].map((name) => host.done("vm.clone", { vm, name, start: true })));
    await host.done("vm.export", { vm, folder: "v" });
    const back = await host.done("vm.import", { folder: "v", name: "v3", to_storage_class: "second" });
    for (const name of ["v1", "v2", "v3"]) {
      const path = /<nvram[^>]*>([^<]+)</.exec(await definition(name))![1]!;
      expect(readFileSync(path).includes("remembered")).toBe(true);
    }
    await host.done("vm.start", { vm: back.id });
    for (const made of [one!, two!, back]) await host.done("vm.delete", { vm: made.id, delete_disks: true, force: true });
    writeFileSync(join(host.disks, "v", "variables.fd"), remembered.subarray(1));
    expect(await host.run("vm.import", { folder: "v", name: "v3" })).toMatchObject({
      code: "VM_CONFIG_INVALID",
      data: { errors: [{ pointer: "/folder" }] },
    });
    expect((await host.virsh("pool-list", "--all", "--name")).includes("farhand-folder")).toBe(false);
  });

  it("twenty at once are made, starve no look, and let nothing change the original", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const copying = { isOver: false };
    const all = Promise.all(names.map((name) => clone(name))).finally(() => (copying.isOver = true));
    const changes: (string | undefined)[] = [];
    let looks = 0;
    while (!copying.isOver) {
      const result = await host.run("vm.start", { vm: UUID });
      if (!copying.isOver) changes.push(result.code);
      expect(await host.done("vm.get", { vm: UUID })).toMatchObject({ state: "off" });
      looks += 1;
    }
    const made = await all;
    expect(looks).toBeGreaterThan(1);
    expect([...new Set(changes)]).toEqual(["VM_BUSY"]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(20);
    const macs = await Promise.all(names.map(async (name) => (await definition(name)).match(/<mac address='([^']+)'/)?.[1]));
    expect(new Set([...macs, MAC]).size).toBe(21);
    expect((await host.virsh("list", "--all", "--name")).split("\n").filter((name) => name.startsWith("many-")).length).toBe(20);
  });
});
