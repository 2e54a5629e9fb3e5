// vm.create, vm.rename and vm.delete on a real libvirtd: what is made is what was asked for, what cannot be is refused before
// anything is touched, what is deleted leaves nothing.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

describe.skipIf(libvirtdMissing !== null)("virtual machines are made and deleted", { timeout: 60_000 }, () => {
  let host: VmHost;

  beforeAll(async () => {
    host = await startVmHost();
  }, 120_000);
  afterAll(() => host?.stop());
  afterEach(async () => {
    const { items } = await host.done("vm.list", {});
    for (const { id, deletion_protection } of items) {
      if (deletion_protection) await host.virsh("undefine", id);
      else await host.done("vm.delete", { vm: id, force: true, delete_disks: true });
    }
    // Pools are libvirt's own and stay.
    expect(await files()).toEqual([]);
  });
  const files = async () => readdirSync(host.disks).toSorted();
  const small = { name: "web", cpus: 1, memory_bytes: 64 * MiB, firmware: "bios" } as const;
  const refused = async (spec: Record<string, unknown>, plan = false) => {
    const result = await host.run("vm.create", { ...small, ...spec }, { plan });
    return [result.status, result.code, (result.data as { errors?: { pointer: string }[] } | undefined)?.errors?.[0]?.pointer];
  };

  it("makes what was asked for, and vm.get says the same", async () => {
    const spec = {
      ...small,
      cpus: 2,
      cpu_topology: { sockets: 1, cores: 2, threads: 1 },
      memory_min_bytes: 32 * MiB,
      memory_max_bytes: 128 * MiB,
      description: "a <test> & more",
      tags: ["a", "b:c"],
      os_family: "linux",
      autostart: true,
      disks: [
        { size_bytes: 8 * MiB },
        {
          size_bytes: 4 * MiB,
          name: "data",
          bus: "scsi",
          cache: "writeback",
          discard: false,
          iops_max: 100,
          bytes_per_second_max: 1_000_000,
        },
        { size_bytes: 2 * MiB, bus: "sata", format: "raw", storage_class: "second" },
      ],
      nics: [
        { network: "nat", mac: "52:54:00:AA:00:01", name: "front" },
        { network: "nat", model: "e1000e", connected: false },
      ],
      iso: "empty",
      boot_order: ["cdrom", "data", "front"],
    };
    const made = await host.done("vm.create", spec);
    const vm = await host.done("vm.get", { vm: made.id });
    const asked = Object.fromEntries(Object.entries(spec).filter(([name]) => !["disks", "nics", "iso"].includes(name)));
    const { firmware: _firmware, ...rest } = asked;
    expect(vm).toMatchObject({
      ...rest,
      firmware: "bios",
      state: "off",
      storage_class: "default",
      nested: false,
      pending: [],
      needs_restart: false,
    });
    expect(vm.disks.map(({ name, bus, size_bytes, format, storage_class }) => [name, bus, size_bytes, format, storage_class])).toEqual([
      ["disk0", "virtio", 8 * MiB, "qcow2", "default"],
      ["data", "scsi", 4 * MiB, "qcow2", "default"],
      ["disk2", "sata", 2 * MiB, "raw", "second"],
      ["cdrom", "sata", 64 * 1024, "raw", null],
    ]);
    expect(vm.disks[1]).toMatchObject({
      cache: "writeback",
      discard: false,
      iops_max: 100,
      bytes_per_second_max: 1_000_000,
      boot_index: 2,
    });
    expect(vm.disks[3]).toMatchObject({ kind: "cdrom", image: "empty", read_only: true, boot_index: 1 });
    expect(vm.nics.map(({ name, mac, model, connected, network }) => [name, mac.slice(0, 8), model, connected, network])).toEqual([
      ["front", "52:54:00", "paravirtual", true, "nat"],
      ["nic1", "52:54:00", "e1000e", false, "nat"],
    ]);
    expect(made).toMatchObject({ name: "web", disks: vm.disks.slice(0, 3).map(({ id }) => id), nics: vm.nics.map(({ id }) => id) });
    expect(Date.parse(vm.created_at!)).toBeGreaterThan(Date.now() - 60_000);
    const info = await host.virsh("dominfo", "web");
    expect(info).toMatch(/Autostart:\s+enable/);
    const xml = await host.virsh("dumpxml", "--inactive", "web");
    expect(xml).toContain("<graphics type='vnc'");
    expect(xml).not.toMatch(/<listen type='address'/);
    expect(await files()).toEqual(["web-data.qcow2", "web-disk0.qcow2"]);
  });

  it("says in a plan what it would make, and makes nothing", async () => {
    const spec = { ...small, disks: [{ size_bytes: 8 * MiB }], nics: [{ network: "nat" }], seed: { user_data: "#cloud-config\nhush" } };
    const traces = await host.traces();
    const planned = await host.done("vm.create", spec, { plan: true });
    expect(planned).toMatchObject({ planned: true, needs_restart: false });
    expect(planned.changes.find(({ field }) => field === "disks")?.to).toMatchObject([{ name: "disk0", file: "web-disk0.qcow2" }]);
    expect(planned.changes.find(({ field }) => field === "boot_order")?.to).toEqual(["disk0"]);
    expect(JSON.stringify(planned)).not.toContain("hush");
    expect(await host.traces()).toBe(traces);
  });

  it("starts it when that was asked for, with its screen on a socket alone", async () => {
    const made = await host.done("vm.create", { ...small, disks: [{ size_bytes: 8 * MiB }], nics: [{ network: "nat" }], start: true });
    const vm = await host.done("vm.get", { vm: made.id });
    expect([vm.state, vm.memory_assigned_bytes, vm.pending]).toEqual(["running", 64 * MiB, []]);
    expect((await host.virsh("domstate", "web")).trim()).toBe("running");
    expect(await host.virsh("domdisplay", "--all", "web")).toMatch(/vnc\+unix|vnc:\/\/.*\.sock|unix/);
    // Room for what is plugged in later.
    for (const letter of "stuvwxyz")
      await host.virsh("attach-disk", "web", join(host.daemon.folder, "empty.iso"), `vd${letter}`, "--live", "--mode", "shareable");
    expect((await host.done("vm.get", { vm: made.id })).disks.length).toBe(9);
  });

  it.each([
    ["more than fits", { disks: [{ size_bytes: 60 * 1024 * GiB, preallocate: true }] }, "STORAGE_FULL", "/disks/0/size_bytes"],
    ["a VLAN where there is none", { nics: [{ network: "nat", vlan: 5 }] }, "NETWORK_VLAN_UNSUPPORTED", "/nics/0/vlan"],
    ["a drive without a medium in the boot order", { boot_order: ["cdrom"] }, "VM_CONFIG_INVALID", "/boot_order/0"],
  ])("refuses %s before it touches anything, planned or not", async (_what, spec, code, pointer) => {
    const traces = await host.traces();
    expect(await refused(spec, true)).toEqual(["error", code, pointer]);
    expect(await refused(spec)).toEqual(["error", code, pointer]);
    expect(await host.traces()).toBe(traces);
  });

  it("makes a machine with UEFI, secure boot and a TPM, and takes all of it away", async () => {
    const made = await host.done("vm.create", {
      ...small,
      memory_bytes: 128 * MiB,
      firmware: "uefi",
      secure_boot: true,
      tpm: true,
      start: true,
    });
    expect(await host.done("vm.get", { vm: made.id })).toMatchObject({
      firmware: "uefi",
      secure_boot: true,
      tpm: true,
      state: "running",
      pending: [],
    });
    const variables = /<nvram[^>]*>([^<]+)</.exec(await host.virsh("dumpxml", "web"))![1]!;
    // Below the daemon's own /var/lib/libvirt.
    const inside = join(host.daemon.folder, "var", variables.replace("/var/lib/libvirt/", ""));
    expect(existsSync(inside)).toBe(true);
    await host.done("vm.delete", { vm: made.id, force: true });
    expect(existsSync(inside)).toBe(false);
    expect(readdirSync(join(host.daemon.folder, "var/swtpm"))).toEqual([]);
  });

  it("gives a plain UEFI machine firmware without secure boot", async () => {
    const made = await host.done("vm.create", { ...small, memory_bytes: 128 * MiB, firmware: "uefi", start: true });
    expect(await host.done("vm.get", { vm: made.id })).toMatchObject({ firmware: "uefi", secure_boot: false, pending: [] });
    expect(await host.virsh("dumpxml", "web")).toMatch(/<loader[^>]*>[^<]*OVMF_CODE(_4M)?\.fd</);
  });

  it("refuses to start what the host has no memory for now, and firmware and TPM that it has not", async () => {
    const all = Math.floor(totalmem() / (2 * MiB)) * 2 * MiB;
    expect(await refused({ memory_bytes: all, start: true }, true)).toEqual(["error", "HOST_MEMORY_SHORT", "/memory_bytes"]);
    const between = (client: LibvirtCalls): LibvirtCalls => ({
      openStream: (name, args, options) => client.openStream(name, args, options),
      async call(name, args, options) {
        const result = await client.call(name, args, options);
        if (name !== "connectGetDomainCapabilities") return result;
        const { xml } = result as { xml: string };
        return {
          ...result,
          xml: xml.replace("<tpm supported='yes'>", "<tpm supported='no'>").replace(/<enum name='secure'>.*?<\/enum>/s, ""),
        };
      },
    });
    const poor = await startVmHost({ daemon: host.daemon, between });
    const codeFor = async (spec: Record<string, unknown>) => (await poor.run("vm.create", { ...small, firmware: "uefi", ...spec })).code;
    expect([await codeFor({ tpm: true }), await codeFor({ secure_boot: true })]).toEqual(["TPM_UNSUPPORTED", "SECURE_BOOT_UNSUPPORTED"]);
    await poor.stop();
  });

  it("renames one that is off, and refuses what libvirt could not", async () => {
    const { id } = await host.done("vm.create", { ...small, firmware: "uefi", memory_bytes: 128 * MiB });
    const { id: other } = await host.done("vm.create", { ...small, name: "other", disks: [{ size_bytes: MiB }] });
    expect((await host.done("vm.rename", { vm: id, name: "web" })).changes).toEqual([]);
    expect(await host.run("vm.rename", { vm: id, name: "other" })).toMatchObject({ code: "VM_EXISTS" });
    expect((await host.done("vm.rename", { vm: id, name: "www" }, { plan: true })).changes).toMatchObject([{ from: "web", to: "www" }]);
    expect((await host.done("vm.get", { vm: id })).name).toBe("web");
    await host.done("vm.rename", { vm: id, name: "www" });
    expect((await host.virsh("domname", id)).trim()).toBe("www");
    await host.done("vm.start", { vm: id });
    expect(await host.run("vm.rename", { vm: id, name: "web" })).toMatchObject({ code: "VM_STATE_INVALID" });
    // The firmware's variables are each machine's own.
    await host.done("vm.create", { ...small, firmware: "uefi", memory_bytes: 128 * MiB, start: true });
    const variables = async (name: string) => /<nvram[^>]*>([^<]+)</.exec(await host.virsh("dumpxml", name))![1]!;
    expect(await variables("www")).not.toBe(await variables("web"));
    await host.virsh("snapshot-create-as", other, "s1");
    expect(await host.run("vm.rename", { vm: other, name: "another" })).toMatchObject({ code: "VM_HAS_SNAPSHOTS" });
  });

  it("deletes what may be deleted, and keeps the disks unless they go too", async () => {
    const disks = [{ size_bytes: 2 * MiB }];
    const seed = { user_data: "#cloud-config\n" };
    const { id } = await host.done("vm.create", { ...small, disks, seed, start: true, deletion_protection: true });
    expect(await host.run("vm.delete", { vm: id })).toMatchObject({ code: "VM_PROTECTED" });
    await host.virsh("destroy", id);
    await host.done("vm.update", { vm: id, deletion_protection: false });
    await host.virsh("start", id);
    expect(await host.run("vm.delete", { vm: id })).toMatchObject({ code: "VM_STATE_INVALID" });
    const planned = await host.done("vm.delete", { vm: id, force: true, delete_disks: true }, { plan: true });
    expect([planned.deleted_disks.length, planned.kept_disks]).toEqual([1, []]);
    expect((await files()).length).toBe(2);
    const deleted = await host.done("vm.delete", { vm: id, force: true });
    expect([deleted.deleted_disks, deleted.kept_disks.length]).toEqual([[], 1]);
    expect(await files()).toEqual(["web-disk0.qcow2"]);
    expect(await host.run("vm.delete", { vm: id })).toMatchObject({ code: "VM_NOT_FOUND" });
    // The next one of that name takes another file.
    const next = await host.done("vm.create", { ...small, disks });
    expect(await files()).toEqual(["web-disk0-1.qcow2", "web-disk0.qcow2"]);
    await host.done("vm.delete", { vm: next.id, delete_disks: true });
    const [left] = (await host.done("disk.list", { storage_class: "default" })).items;
    await host.done("disk.delete", { disk: left!.id });
  });

  it("keeps disks that lie elsewhere or that another machine has", async () => {
    const { id } = await host.done("vm.create", { ...small, disks: [{ size_bytes: 2 * MiB }, { size_bytes: 2 * MiB }] });
    const outside = join(host.daemon.folder, "outside.img");
    writeFileSync(outside, Buffer.alloc(MiB));
    await host.virsh("attach-disk", id, outside, "vdz", "--config");
    const { id: other } = await host.done("vm.create", { ...small, name: "other" });
    await host.virsh("attach-disk", other, join(host.disks, "web-disk1.qcow2"), "vdz", "--config", "--subdriver", "qcow2");
    const deleted = await host.done("vm.delete", { vm: id, delete_disks: true });
    expect([deleted.deleted_disks.length, deleted.kept_disks.length]).toEqual([1, 2]);
    expect([existsSync(outside), ...(await files())]).toEqual([true, "web-disk1.qcow2"]);
  });
});
