// Network adapters on a real libvirtd: added, changed and taken away while the machine runs and while it is off; guards, VLAN and
// bandwidth where they can be had, and refused where not. virsh is the oracle.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { startVmHost, type VmHost } from "./host.ts";

const uuidOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
/** Of this process alone: bridges are the whole machine's. */
const own = `fh${(process.pid % 100_000).toString(36)}`;
const pointerOf = ({ data }: { readonly data?: unknown }) => (data as { errors?: { pointer: string }[] } | undefined)?.errors?.[0]?.pointer;
let count = 100;

const domainXml = (id: string, devices: string, os = "") => `<domain type='qemu'><name>vm-${id.slice(-4)}</name><uuid>${id}</uuid>
<memory unit='MiB'>${os === "" ? 32 : 192}</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type>${os}</os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type='pci' model='pcie-root'/>
${"<controller type='pci' model='pcie-root-port'/>".repeat(6)}
${devices}<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel></devices></domain>`;

describe.skipIf(libvirtdMissing !== null)("nic.*", { timeout: 60_000 }, () => {
  let host: VmHost;
  beforeAll(async () => {
    host = await startVmHost({
      table: () => ({
        networks: {
          nat: { user: true, description: "QEMU's own" },
          lan: { network: "lan" },
          other: { network: "other", addressing: { dhcp: false, network: "10.1.0.0/24", gateway: "10.1.0.1" } },
          bridge: { bridge: `${own}o` },
          gone: { bridge: "fh-no-such" },
          stopped: { network: "no-such" },
          open: { bridge: `${own}v`, openvswitch: true, vlan: 7 },
        },
      }),
    });
    for (const [name, bridge] of [
      ["lan", `${own}l`],
      ["other", `${own}o`],
      // A bridge of the kernel stands in for one of Open vSwitch: nothing is plugged into it here.
      ["third", `${own}v`],
    ]) {
      const file = join(host.daemon.folder, `${name}.xml`);
      writeFileSync(file, `<network><name>${name}</name><bridge name='${bridge}'/></network>`);
      await host.virsh("net-create", file);
    }
  }, 60_000);
  afterAll(async () => {
    const names = (await host?.virsh("list", "--name"))?.split("\n").filter(Boolean) ?? [];
    for (const name of names) await host.virsh("destroy", name);
    for (const name of ["lan", "other", "third"]) await host?.virsh("net-destroy", name).catch(() => undefined);
    await host?.stop();
  });

  async function define(devices = "", start = false): Promise<string> {
    const id = uuidOf((count += 1));
    const file = join(host.daemon.folder, `${id}.xml`);
    writeFileSync(file, domainXml(id, devices));
    await host.virsh("define", file);
    if (start) await host.virsh("start", id);
    return id;
  }
  const nicXml = (mac: string, source = "<source network='lan'/>", type = "network") =>
    `<interface type='${type}'><mac address='${mac}'/>${source}<model type='virtio'/></interface>`;
  const tree = async (id: string, ...flags: string[]) => parseXml(await host.virsh("dumpxml", id, ...flags)).root;
  const interfaces = async (id: string, ...flags: string[]) => (await tree(id, ...flags)).find("devices")!.elements("interface");

  it("network.list says what is declared and whether it is up", async () => {
    const { items } = await host.done("network.list", {});
    expect(items.map(({ name, kind, available, vlan, vlan_supported }) => [name, kind, available, vlan, vlan_supported])).toEqual([
      ["nat", "user", true, null, false],
      ["lan", "nat", true, null, false],
      ["other", "nat", true, null, false],
      ["bridge", "bridge", true, null, false],
      ["gone", "bridge", false, null, false],
      ["stopped", "nat", false, null, false],
      ["open", "bridge", true, 7, true],
    ]);
    expect(items[0]!.description).toBe("QEMU's own");
    expect(items[2]!.addressing).toEqual({ dhcp: false, network: "10.1.0.0/24", gateway: "10.1.0.1", dns: [], search_domain: null });
  });

  it("nic.create on a machine that is off writes all of it, and the plan nothing", async () => {
    const vm = await define();
    const wanted = {
      network: "lan",
      name: "front",
      mac: "52:54:00:AB:00:01",
      model: "e1000e",
      connected: false,
      bandwidth_max_bps: 8_000_000,
      mac_spoofing_guard: true,
      dhcp_guard: true,
      router_guard: true,
    };
    const before = await host.virsh("dumpxml", vm);
    expect(await host.done("nic.create", { vm, ...wanted }, { plan: true })).toMatchObject({ planned: true, needs_restart: false });
    expect(await host.virsh("dumpxml", vm)).toBe(before);
    expect(await host.virsh("nwfilter-list")).not.toContain("farhand-guard");
    const { id, changed } = await host.done("nic.create", { vm, ...wanted });
    expect(changed.toSorted()).toEqual(Object.keys(wanted).toSorted());
    const listed = await host.done("nic.list", { vm });
    expect(listed.items).toMatchObject([{ ...wanted, id, mac: "52:54:00:ab:00:01", vlan: null, bandwidth_min_bps: 0, addresses: [] }]);
    expect(await host.done("nic.get", { vm, nic: id })).toEqual(listed.items[0]);
    expect(await host.virsh("domiflist", vm)).toMatch(/network\s+lan\s+e1000e\s+52:54:00:ab:00:01/);
    // Kilobytes, of a thousand, a second: 8 Mbit/s are 1,000.
    const tune = await host.virsh("domiftune", vm, "52:54:00:ab:00:01", "--config");
    expect(tune).toMatch(/inbound.average: 1000\n[^]*outbound.average: 1000\n/);
    expect(await host.virsh("domif-getlink", vm, "52:54:00:ab:00:01", "--config")).toContain("down");
    expect(await host.virsh("nwfilter-dumpxml", "farhand-guard-mac-dhcp-router")).toMatch(
      /srcmacaddr='\$MAC'[^]*srcportstart='67'[^]*'547'[^]*'134'/,
    );
    // The next one has a name and an address of its own.
    await host.done("nic.create", { vm, network: "nat" });
    const [, second] = (await host.done("nic.list", { vm })).items;
    expect(second).toMatchObject({ name: "nic0", network: "nat", model: "paravirtual", connected: true });
    expect(second!.mac).toMatch(/^52:54:00:/);
  });

  it.each([
    [{ network: "nat", mac_spoofing_guard: true }, "HYPERVISOR_UNSUPPORTED", "/mac_spoofing_guard"],
    [{ network: "open", dhcp_guard: true }, "HYPERVISOR_UNSUPPORTED", "/dhcp_guard"],
    [{ network: "nat", bandwidth_max_bps: 8_000 }, "HYPERVISOR_UNSUPPORTED", "/bandwidth_max_bps"],
    [{ network: "lan", bandwidth_max_bps: 12_345 }, "VM_CONFIG_INVALID", "/bandwidth_max_bps"],
    [{ network: "lan", bandwidth_min_bps: 8_000 }, "HYPERVISOR_UNSUPPORTED", "/bandwidth_min_bps"],
    [{ network: "lan", vlan: 5 }, "NETWORK_VLAN_UNSUPPORTED", "/vlan"],
    [{ network: "bridge", vlan_trunk: { allowed: [5] } }, "NETWORK_VLAN_UNSUPPORTED", "/vlan_trunk"],
    [{ network: "gone" }, "NETWORK_UNAVAILABLE", "/network"],
    [{ network: "stopped" }, "NETWORK_UNAVAILABLE", "/network"],
    [{ network: "lan", name: "vda" }, "VM_CONFIG_INVALID", "/name"],
    [{ network: "lan", mac: "52:54:00:AB:99:99" }, "MAC_IN_USE", "/mac"],
  ])("nic.create refuses %j, planned and not", async (wanted, code, pointer) => {
    if (code === "MAC_IN_USE") await define(nicXml("52:54:00:ab:99:99"));
    const vm = await define(`<disk type='file' device='disk'><source file='${host.disks}/x'/><target dev='vda' bus='virtio'/></disk>`);
    const before = await host.virsh("dumpxml", vm);
    for (const plan of [true, false]) {
      const result = await host.run("nic.create", { vm, ...wanted }, { plan });
      expect([result.code, pointerOf(result)]).toEqual([code, pointer]);
    }
    expect(await host.virsh("dumpxml", vm)).toBe(before);
  });

  it("VLANs go to Open vSwitch: the network's own, another, a trunk", async () => {
    const vm = await define();
    const { id: usual } = await host.done("nic.create", { vm, network: "open" });
    const { id: trunk } = await host.done("nic.create", { vm, network: "open", vlan_trunk: { native: 3, allowed: [3, 4] } });
    const get = (nic: string) => host.done("nic.get", { vm, nic });
    expect(await get(usual)).toMatchObject({ network: "open", vlan: 7, vlan_trunk: null });
    expect(await get(trunk)).toMatchObject({ vlan: null, vlan_trunk: { native: 3, allowed: [3, 4] } });
    const xml = (await interfaces(vm)).map((element) => element.toString());
    expect(xml[0]).toMatch(/<vlan>\s*<tag id=["']7["']\/>\s*<\/vlan>[^]*<virtualport type=["']openvswitch["']>/);
    expect(xml[1]).toMatch(/<vlan trunk=["']yes["']>\s*<tag id=["']3["'] nativeMode=["']untagged["']\/>\s*<tag id=["']4["']\/>/);
    await host.done("nic.update", { vm, nic: trunk, vlan: 9 });
    expect(await get(trunk)).toMatchObject({ vlan: 9, vlan_trunk: null });
    // Elsewhere it has none.
    await host.done("nic.attach", { vm, nic: usual, network: "lan" });
    expect(await get(usual)).toMatchObject({ network: "lan", vlan: null });
    expect((await interfaces(vm))[0]!.find("virtualport")).toBeNull();
  });

  it("a running machine takes cable, network and guards at once", async () => {
    const vm = await define(nicXml("52:54:00:ab:01:01"), true);
    const nic = "mac-52:54:00:ab:01:01";
    const link = async (...flags: string[]) => (await host.virsh("domif-getlink", vm, "52:54:00:ab:01:01", ...flags)).trim();
    const detached = await host.done("nic.detach", { vm, nic });
    expect(detached.changes).toEqual([{ field: "connected", from: true, to: false, needs_restart: false }]);
    expect([await link(), await link("--config")].map((text) => /down/.test(text))).toEqual([true, true]);
    expect(await host.done("nic.detach", { vm, nic })).toMatchObject({ changes: [] });
    const plan = await host.done("nic.attach", { vm, nic, network: "bridge" }, { plan: true });
    const attached = await host.done("nic.attach", { vm, nic, network: "bridge" });
    expect(attached.changes).toEqual(plan.changes);
    expect(attached).toMatchObject({ needs_restart: false, changed: ["network", "connected"] });
    expect(await link()).toMatch(/up/);
    expect((await interfaces(vm))[0]!.find("source")!.attribute("bridge")).toBe(`${own}o`);
    expect(execFileSync("ip", ["-o", "link", "show", "master", `${own}o`], { encoding: "utf8" })).toMatch(/vnet\d+/);
    expect(await host.done("nic.update", { vm, nic, mac_spoofing_guard: true })).toMatchObject({ needs_restart: false });
    const device = (await interfaces(vm))[0]!.find("target")!.attribute("dev")!;
    expect(execFileSync("ebtables", ["-t", "nat", "-L", `libvirt-I-${device}`], { encoding: "utf8" })).toContain(
      "-s ! 52:54:00:ab:01:01 -j DROP",
    );
    expect(await host.done("vm.get", { vm })).toMatchObject({ needs_restart: false });
    await host.done("nic.update", { vm, nic, mac_spoofing_guard: false });
    expect((await interfaces(vm))[0]!.find("filterref")).toBeNull();
  });

  it("what makes it another card waits, and it stays the same adapter", async () => {
    const vm = await define(nicXml("52:54:00:ab:02:01"), true);
    const nic = "mac-52:54:00:ab:02:01";
    const changed = await host.done("nic.update", {
      vm,
      nic,
      name: "back",
      mac: "52:54:00:ab:02:02",
      model: "e1000e",
      network: "nat",
      connected: false,
    });
    const waits = Object.fromEntries(changed.changes.map(({ field, needs_restart }) => [field, needs_restart]));
    expect(waits).toEqual({ network: true, mac: true, name: true, model: true, connected: false });
    const got = { id: nic, name: "back", mac: "52:54:00:ab:02:02", model: "e1000e", network: "nat", connected: false };
    expect(await host.done("nic.get", { vm, nic })).toMatchObject(got);
    expect((await host.done("nic.list", { vm })).items.length).toBe(1);
    expect(await host.done("vm.get", { vm })).toMatchObject({ needs_restart: true, pending: ["nics"] });
    await host.virsh("destroy", vm);
    await host.virsh("start", vm);
    expect(await host.done("vm.get", { vm })).toMatchObject({ needs_restart: false, nics: [got] });
    expect(await host.done("nic.update", { vm, nic, name: "back", model: "e1000e" })).toMatchObject({ changes: [] });
  });

  it.each([
    ["nic.update", { mac: "52:54:00:ab:98:98" }, "MAC_IN_USE", "/mac"],
    ["nic.update", { name: "nic1" }, "VM_CONFIG_INVALID", "/name"],
    ["nic.update", { router_guard: true, network: "nat" }, "HYPERVISOR_UNSUPPORTED", "/router_guard"],
    ["nic.update", { dhcp_guard: true }, "HYPERVISOR_UNSUPPORTED", "/dhcp_guard"],
    ["nic.update", { vlan: 3 }, "NETWORK_VLAN_UNSUPPORTED", "/vlan"],
    ["nic.attach", { network: "gone" }, "NETWORK_UNAVAILABLE", "/network"],
  ] as const)("%s refuses %j and changes nothing", async (operation, wanted, code, pointer) => {
    // A filter of another tool says more than guards: it is never replaced.
    const filter = "<filterref filter='another-tool'/>";
    const first = nicXml("52:54:00:ab:03:01").replace("</interface>", `${filter}</interface>`);
    const vm = await define(first + nicXml("52:54:00:ab:98:98"));
    const before = await host.virsh("dumpxml", vm);
    const result = await host.run(operation, { vm, nic: "mac-52:54:00:ab:03:01", ...wanted });
    expect([result.code, pointerOf(result)]).toEqual([code, pointer]);
    expect(await host.virsh("dumpxml", vm)).toBe(before);
    await host.virsh("undefine", vm);
  });

  it("one that is not there is not found", async () => {
    const vm = await define();
    for (const operation of ["nic.get", "nic.detach", "nic.delete"] as const)
      expect(await host.run(operation, { vm, nic: "mac-none" })).toMatchObject({ code: "NIC_NOT_FOUND" });
  });

  it("is plugged into and out of a guest that runs", { timeout: 180_000 }, async () => {
    const vm = uuidOf((count += 1));
    const guest = buildGuest();
    const os = `<kernel>${guest.kernel}</kernel><initrd>${guest.initramfs}</initrd><cmdline>console=ttyS0 quiet mitigations=off nokaslr audit=0</cmdline>`;
    writeFileSync(join(host.daemon.folder, "guest.xml"), domainXml(vm, "", os));
    await host.virsh("define", join(host.daemon.folder, "guest.xml"));
    await host.virsh("start", vm);
    await until(
      "the agent",
      () =>
        host.virsh("qemu-agent-command", vm, '{"execute":"guest-ping"}').then(
          () => true,
          () => false,
        ),
      120_000,
    );
    const created = await host.done("nic.create", { vm, network: "lan", mac: "52:54:00:ab:04:01", mac_spoofing_guard: true });
    expect(created).toMatchObject({ needs_restart: false });
    for (const flags of [[], ["--inactive"]]) expect((await interfaces(vm, ...flags)).length).toBe(1);
    const seen = async () =>
      (await host.virsh("qemu-agent-command", vm, '{"execute":"guest-network-get-interfaces"}')).includes("52:54:00:ab:04:01");
    await until("the guest's new card", seen, 60_000);
    expect(await host.done("nic.delete", { vm, nic: created.id }, { plan: true })).toMatchObject({ planned: true });
    expect((await interfaces(vm)).length).toBe(1);
    expect(await host.done("nic.delete", { vm, nic: created.id })).toMatchObject({
      needs_restart: false,
      changes: [{ field: "nic", to: null }],
    });
    for (const flags of [[], ["--inactive"]]) expect((await interfaces(vm, ...flags)).length).toBe(0);
    expect(await seen()).toBe(false);
    // A card of conventional PCI has no place on this machine while it runs.
    expect(await host.done("nic.create", { vm, network: "lan", model: "rtl8139" })).toMatchObject({ needs_restart: true });
    expect([(await interfaces(vm)).length, (await interfaces(vm, "--inactive")).length]).toEqual([0, 1]);
    expect(await host.done("vm.get", { vm })).toMatchObject({ pending: ["nics"] });
  });

  it("a guest that does not let a card go keeps it until the machine is off", { timeout: 60_000 }, async () => {
    // Its firmware obeys no button.
    const vm = await define(nicXml("52:54:00:ab:05:01"), true);
    const result = await host.done("nic.delete", { vm, nic: "mac-52:54:00:ab:05:01" });
    expect(result).toMatchObject({ needs_restart: true });
    expect((await interfaces(vm, "--inactive")).length).toBe(0);
    expect((await interfaces(vm)).length).toBe(1);
  });
});
