// vm.list and vm.get on a real libvirtd: machines of any tool, in every state, with what waits for a restart; a silent agent holds
// nothing up. virsh makes them and is the oracle.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { buildGuestDisk, guestSpec } from "../../../fixtures/guest-disk.ts";
import { BOOT_MS, GuestConsole } from "./guest-console.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient } from "./real-clients.ts";

const MiB = 1024 * 1024;

describe.skipIf(libvirtdMissing !== null)("virtual machines are read", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  /** Of which machine libvirt does not give the XML. */
  let unreadable: string | null = null;
  let web: string;
  let calls: string[] = [];

  const between = (client: LibvirtCalls): LibvirtCalls => ({
    call: (name, args, options) => {
      calls.push(name);
      if (name === "domainGetXmlDesc" && (args as { domain: { uuid: string } }).domain.uuid === unreadable)
        throw new LibvirtError("timeout", "no answer", { procedure: name });
      return client.call(name, args, options);
    },
    openStream: (name, args, options) => client.openStream(name, args, options),
  });

  beforeAll(async () => {
    host = await startVmHost({ between, table: () => ({ images: { guest: { path: buildGuestDisk() } } }) });
    const spec = {
      name: "web",
      cpus: 1,
      memory_bytes: 64 * MiB,
      firmware: "bios",
      tags: ["blue"],
      disks: [{ size_bytes: 4 * MiB }],
      nics: [{ network: "nat" }],
    };
    web = (await host.done("vm.create", { ...spec, start: true })).id;
    await host.done("vm.create", { ...spec, name: "db", tags: [], autostart: true, deletion_protection: true });
  }, 60_000);
  afterAll(() => host?.stop());

  const names = async (spec: Record<string, unknown>) => (await host.done("vm.list", spec)).items.map(({ name }) => name).toSorted();

  it("lists all, by state and by tag, as virsh does", async () => {
    const known = (await host.virsh("list", "--all", "--name")).split("\n").filter(Boolean).toSorted();
    expect(await names({})).toEqual(known);
    expect([await names({ state: "running" }), await names({ state: "off" }), await names({ tag: "blue" })]).toEqual([
      ["web"],
      ["db"],
      ["web"],
    ]);
    const db = (await host.done("vm.list", {})).items.find(({ name }) => name === "db");
    expect(db).toMatchObject({ autostart: true, deletion_protection: true, cpus: 1, memory_bytes: 64 * MiB, needs_restart: false });
  });

  it("lists the others when libvirt does not tell one", async () => {
    unreadable = web;
    const result = await host.run("vm.list", {});
    unreadable = null;
    expect([result.status, result.data?.items.map(({ name }) => name), result.message]).toEqual([
      "success",
      ["db"],
      "1 virtual machines; 1 could not be read",
    ]);
  });

  it("reads one that runs in one round trip, and asks QEMU nothing", async () => {
    await host.done("vm.get", { vm: web });
    calls = [];
    await host.done("vm.get", { vm: web.toUpperCase() });
    expect(calls.toSorted()).toEqual(["domainGetAutostart", "domainGetState", "domainGetXmlDesc", "domainGetXmlDesc"]);
  });

  it("sees at once what others change", async () => {
    await host.virsh("suspend", web);
    expect((await host.done("vm.get", { vm: web })).state).toBe("paused");
    await host.virsh("resume", web);
    await host.virsh("desc", web, "another");
    await host.virsh("autostart", web);
    expect(await host.done("vm.get", { vm: web })).toMatchObject({ state: "running", description: expect.any(String), autostart: true });
  });

  it("shows what waits for a restart, and what is plugged in for now", async () => {
    await host.virsh("setvcpus", web, "2", "--config", "--maximum");
    await host.virsh("setvcpus", web, "2", "--config");
    execFileSync("qemu-img", ["create", "-q", "-f", "raw", join(host.daemon.folder, "plugged.img"), "1M"]);
    await host.virsh("attach-disk", web, join(host.daemon.folder, "plugged.img"), "vdp", "--live");
    const vm = await host.done("vm.get", { vm: web });
    expect([vm.cpus, vm.needs_restart, vm.pending]).toEqual([2, true, ["cpus", "disks"]]);
    expect(vm.disks.map(({ name, size_bytes, storage_class }) => [name, size_bytes, storage_class])).toEqual([
      ["disk0", 4 * MiB, "default"],
      ["vdp", MiB, null],
    ]);
    await host.virsh("setvcpus", web, "1", "--config");
    await host.virsh("setvcpus", web, "1", "--config", "--maximum");
    expect((await host.done("vm.get", { vm: web })).pending).toEqual(["disks"]);
  });

  it("shows a disk's size as it is after a change", async () => {
    const [disk] = (await host.done("vm.get", { vm: web })).disks;
    await host.done("disk.resize", { vm: web, disk: disk!.id, size_bytes: 8 * MiB });
    expect((await host.done("vm.get", { vm: web })).disks[0]!.size_bytes).toBe(8 * MiB);
  });

  it("reads what another tool made", async () => {
    const xml = `<domain type='qemu'><name>foreign</name><uuid>22222222-2222-4333-8444-555555555555</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><interface type='user'><mac address='52:54:00:00:00:09'/></interface></devices></domain>`;
    writeFileSync(join(host.daemon.folder, "foreign.xml"), xml);
    await host.virsh("define", join(host.daemon.folder, "foreign.xml"));
    const vm = await host.done("vm.get", { vm: "22222222-2222-4333-8444-555555555555" });
    expect(vm).toMatchObject({ name: "foreign", state: "off", storage_class: null, created_at: null, disks: [], tags: [] });
    expect(vm.nics).toMatchObject([{ id: "mac-52:54:00:00:00:09", name: "nic0", network: "nat" }]);
  });

  it("shows addresses that the agent says, and forgets them when it falls silent", async () => {
    const { id } = await host.done("vm.create", guestSpec("guest"));
    const { client } = await connectedClient(host.daemon.uri);
    const shell = new GuestConsole(client, id);
    await shell.boot();
    await shell.shell("ifconfig eth0 10.9.8.7");
    const addresses = async () => (await host.done("vm.get", { vm: id })).addresses;
    await until("the address", async () => (await addresses()).includes("10.9.8.7"), BOOT_MS);
    expect((await host.done("vm.get", { vm: id })).nics[0]!.addresses).toContain("10.9.8.7");
    expect((await host.done("vm.list", {})).items.find((vm) => vm.id === id)?.addresses).toContain("10.9.8.7");
    await shell.shell("kill -STOP $(cat /run/qga.pid)");
    await until("no address", async () => (await addresses()).length === 0, BOOT_MS);
    shell.close();
    client.stop();
    await host.done("vm.delete", { vm: id, force: true, delete_disks: true });
  });
});
