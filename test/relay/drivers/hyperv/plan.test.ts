// What the relay plans by itself: differences only, what a state does not allow, what can be refused before. A plan asks and changes nothing.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import type { Operations } from "../../../../relay/drivers/hyperv/session.ts";
import type { FakeScript } from "./fake-agent.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { changed, disk, nic, RESOURCES, summary, vm, VM } from "./views.ts";

let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost();
});
afterEach(() => host.stop());

const GiB = 1024 ** 3;
type View = Parameters<typeof vm>[0];
const answers = (view: View = {}, more: FakeScript["answers"] = {}): FakeScript => ({
  answers: {
    ...RESOURCES,
    "vm.get": { data: vm(view) },
    "vm.update": changed(VM),
    "nic.update": changed("nic-abc"),
    "disk.update": changed(disk().id),
    ...more,
  },
});
const READS = /^(\[)?(vm|disk|nic|snapshot|image|network|storage|hyperv)\.(get|list|host|use)/;
const PAST = {
  name: "s",
  parent: null,
  current: true,
  state: "running",
  memory: true,
  kind: "external",
  description: "",
  size_bytes: null,
};
const past = (...disks: string[]) => ({ "snapshot.list": { data: { items: [{ ...PAST, created_at: null, disks }] } } });

describe("vm.update", () => {
  it("sends what differs, and nothing where nothing does", async () => {
    await host.answer(answers());
    const data = await host.done("vm.update", { vm: VM, cpus: 2, tags: ["a"], description: "" });
    expect(data).toMatchObject({ changed: ["tags"], changes: [{ field: "tags", from: [], to: ["a"], needs_restart: false }] });
    expect((await host.jobs()).at(-1)!.job.resource_spec).toEqual({ vm: VM, tags: ["a"] });
    expect(await host.done("vm.update", { vm: VM, cpus: 2 })).toMatchObject({ changed: [] });
    expect(await host.asked()).toEqual(["[vm.get hyperv.host]"]);
  });

  it("does what goes while it runs and says what does not: partial", async () => {
    await host.answer(answers({ state: "running" }));
    const result = await host.run("vm.update", { vm: VM, cpus: 4, tags: ["a"], memory_bytes: 4 * GiB, secure_boot: true });
    expect(result).toMatchObject({ status: "partial", code: "VM_STATE_INVALID", data: { changed: ["memory_bytes", "tags"] } });
    expect(result.data!.not_changed.map(({ field }) => field)).toEqual(["cpus", "secure_boot"]);
    expect((await host.jobs()).at(-1)!.job.resource_spec).toEqual({ vm: VM, tags: ["a"], memory_bytes: 4 * GiB });
  });

  it("that nothing of goes now is an error, and the agent is not asked", async () => {
    await host.answer(answers({ state: "running" }));
    const result = await host.run("vm.update", { vm: VM, cpus: 4 });
    expect(result).toMatchObject({ status: "error", code: "VM_STATE_INVALID" });
    expect(result.message).toContain("it must be off to change cpus");
    expect(await host.asked()).toEqual(["[vm.get hyperv.host]"]);
  });

  it("takes over what the agent left", async () => {
    const left = [{ field: "tags", code: "VM_BUSY", message: "is being moved" }];
    await host.answer(
      answers({}, { "vm.update": { ...changed(VM, { not_changed: left }), status: "partial", code: "VM_BUSY", message: "half" } }),
    );
    expect(await host.run("vm.update", { vm: VM, cpus: 4, tags: ["a"] })).toMatchObject({
      status: "partial",
      code: "VM_BUSY",
      data: { changed: ["cpus"], not_changed: left },
    });
  });

  it.each<[string, View, object, boolean]>([
    ["dynamic memory widens while it runs: max", { memory_max_bytes: 4 * GiB, memory_min_bytes: GiB }, { memory_max_bytes: 8 * GiB }, true],
    ["and narrows only while it is off: max", { memory_max_bytes: 8 * GiB, memory_min_bytes: GiB }, { memory_max_bytes: 4 * GiB }, false],
    ["dynamic memory widens while it runs: min", { memory_max_bytes: 4 * GiB, memory_min_bytes: GiB }, { memory_min_bytes: GiB / 2 }, true],
    ["and narrows only while it is off: min", { memory_max_bytes: 4 * GiB, memory_min_bytes: GiB / 2 }, { memory_min_bytes: GiB }, false],
    ["static memory moves while it runs", {}, { memory_bytes: 4 * GiB }, true],
    ["dynamic memory's start does not", { memory_max_bytes: 8 * GiB, memory_min_bytes: GiB }, { memory_bytes: 3 * GiB }, false],
    ["it becomes dynamic only while it is off", {}, { memory_max_bytes: 8 * GiB }, false],
    ["or static", { memory_max_bytes: 8 * GiB, memory_min_bytes: GiB }, { memory_max_bytes: null, memory_min_bytes: null }, false],
  ])("%s", async (_name, view, wish, isAtOnce) => {
    await host.answer(answers({ ...view, state: "running" }));
    expect((await host.run("vm.update", { vm: VM, ...wish })).status).toBe(isAtOnce ? "success" : "error");
    await host.answer(answers({ ...view, state: "off" }));
    expect((await host.run("vm.update", { vm: VM, ...wish })).status).toBe("success");
  });

  it.each<[object, View, string]>([
    [{ tpm: true }, { firmware: "bios" }, "/tpm"],
    [{ secure_boot: true }, { firmware: "bios" }, "/secure_boot"],
    [{ secure_boot_template: "microsoft-uefi-ca" }, {}, "/secure_boot_template"],
    [{ memory_min_bytes: 4 * GiB }, {}, "/memory_min_bytes"],
    [{ memory_bytes: 512 * 1024 ** 2 }, { memory_min_bytes: GiB }, "/memory_bytes"],
    [{ memory_buffer_percent: 20 }, {}, "/memory_buffer_percent"],
    [{ autostart_delay_ms: 1_500 }, { autostart: true }, "/autostart_delay_ms"],
    [{ autostart_condition: "if-running" }, {}, "/autostart_condition"],
    [{ boot_order: ["disk0", "nic7"] }, {}, "/boot_order/1"],
  ])("refuses %j of %j at %s", async (wish, view, pointer) => {
    await host.answer(answers(view));
    const result = await host.run("vm.update", { vm: VM, ...wish });
    expect(result).toMatchObject({ status: "error", code: "VM_CONFIG_INVALID", data: { errors: [{ pointer }] } });
    for (const asked of await host.asked()) expect(asked).toMatch(READS);
  });

  it("takes ids for names in the boot order", async () => {
    await host.answer(answers());
    expect(await host.done("vm.update", { vm: VM, boot_order: ["nic-abc", disk().id] })).toMatchObject({
      changes: [{ field: "boot_order", from: ["disk0"], to: ["nic0", "disk0"] }],
    });
    // What was not named follows.
    await host.answer(answers({ boot_order: ["disk0", "nic0"] }));
    expect(await host.done("vm.update", { vm: VM, boot_order: [disk().id] })).toMatchObject({ changes: [] });
  });
});

describe("what Hyper-V has no place for", () => {
  const create = (more: object) => ({ name: "x", cpus: 1, memory_bytes: GiB, ...more });
  it.each<[Operations, object, string]>([
    ["vm.create", create({ cpus: 2, cpu_topology: { sockets: 1, cores: 2, threads: 1 } }), "/cpu_topology"],
    ["vm.create", create({ disks: [{ size_bytes: GiB, cache: "none" }] }), "/disks/0/cache"],
    ["vm.create", create({ disks: [{ size_bytes: GiB, format: "qcow2" }] }), "/disks/0/format"],
    ["vm.create", create({ disks: [{ size_bytes: GiB }, { size_bytes: GiB, bus: "virtio" }] }), "/disks/1/bus"],
    ["vm.create", create({ disks: [{ size_bytes: GiB, bus: "ide" }] }), "/disks/0/bus"],
    ["vm.create", create({ nics: [{ network: "lan", model: "e1000" }] }), "/nics/0/model"],
    ["vm.create", create({ nics: [{ network: "lan", model: "legacy" }] }), "/nics/0/model"],
    ["disk.create", { name: "d", size_bytes: GiB, discard: false }, "/discard"],
    ["disk.update", { vm: VM, disk: disk().id, bytes_per_second_max: 1_000 }, "/bytes_per_second_max"],
    ["nic.update", { vm: VM, nic: "nic-abc", model: "rtl8139" }, "/model"],
  ])("%s with %j is refused at %s", async (operation, spec, pointer) => {
    await host.answer(answers());
    expect(await host.run(operation, spec)).toMatchObject({ code: "HYPERVISOR_UNSUPPORTED", data: { errors: [{ pointer }] } });
  });

  it("is no wish where it is so anyway", async () => {
    await host.answer(answers());
    expect((await host.run("disk.update", { vm: VM, disk: disk().id, cache: "default", discard: true, read_only: false })).status).toBe(
      "success",
    );
  });

  it("is a console", async () => {
    await host.answer(answers());
    for (const console of ["screen", "serial"])
      expect(await host.run("vm.console", { vm: VM, console })).toMatchObject({ status: "error", code: "CONSOLE_UNSUPPORTED" });
  });

  it("is named in the catalogue", () => {
    expect(host.driver.resources!()).toMatchObject({
      hypervisor: "hyperv",
      storage: [{ name: "default" }, { name: "second" }],
      networks: [
        { name: "lan", vlan: null, vlan_supported: true },
        { name: "dmz", vlan: 30 },
      ],
      images: [
        { name: "debian", kind: "disk", os_family: "linux" },
        { name: "installer", kind: "iso" },
      ],
      unsupported: ["cpu_topology", "cache", "discard", "bytes_per_second_max", "read_only", "vm.console", "nic.update/model"],
      choices: expect.arrayContaining([{ field: "bus", firmware: "uefi", values: ["scsi"] }]),
    });
  });
});

describe("what can be refused before", () => {
  const create = (more: object) => ({ name: "x", cpus: 1, memory_bytes: GiB, ...more });
  const taken = { "vm.list": { data: { items: [summary({ name: "Web" })] } } };
  it.each<[Operations, object, View, FakeScript["answers"], string, string]>([
    ["vm.create", create({ name: "web" }), {}, taken, "VM_EXISTS", "/name"],
    ["vm.create", create({ storage_class: "third" }), {}, {}, "STORAGE_NOT_FOUND", "/storage_class"],
    ["vm.create", create({ disks: [{ size_bytes: GiB, storage_class: "third" }] }), {}, {}, "STORAGE_NOT_FOUND", "/disks/0/storage_class"],
    ["vm.create", create({ disks: [{ image: "debian", size_bytes: GiB }] }), {}, {}, "DISK_SHRINK_REFUSED", "/disks/0/size_bytes"],
    ["vm.create", create({ disks: [{ image: "installer" }] }), {}, {}, "IMAGE_NOT_FOUND", "/disks/0/image"],
    ["vm.create", create({ disks: [{ size_bytes: 60 * GiB, preallocate: true }] }), {}, {}, "STORAGE_FULL", "/disks/0/size_bytes"],
    ["vm.create", create({ nics: [{ network: "wan" }] }), {}, {}, "NETWORK_NOT_FOUND", "/nics/0/network"],
    ["vm.create", create({ iso: "debian" }), {}, {}, "IMAGE_NOT_FOUND", "/iso"],
    ["vm.create", create({ cpus: 17 }), {}, {}, "HOST_CPUS_SHORT", "/cpus"],
    ["vm.create", create({ memory_bytes: 65 * GiB }), {}, {}, "HOST_MEMORY_SHORT", "/memory_bytes"],
    [
      "vm.create",
      create({ nics: [{ network: "lan" }, { network: "lan", mac: "00:15:5D:00:00:01" }] }),
      {},
      {},
      "MAC_IN_USE",
      "/nics/1/mac",
    ],
    ["vm.update", { vm: VM, cpus: 17 }, {}, {}, "HOST_CPUS_SHORT", "/cpus"],
    ["vm.update", { vm: VM, memory_bytes: 65 * GiB }, {}, {}, "HOST_MEMORY_SHORT", "/memory_bytes"],
    ["nic.create", { vm: VM, network: "lan", mac: "00:15:5d:00:00:01" }, {}, {}, "MAC_IN_USE", "/mac"],
    ["vm.clone", { vm: VM, name: "x", mode: "linked" }, {}, past(disk().id), "VM_HAS_SNAPSHOTS", "/vm"],
    ["vm.clone", { vm: VM, name: "x", snapshot: "none" }, {}, past(disk().id), "SNAPSHOT_NOT_FOUND", "/snapshot"],
    ["vm.clone", { vm: VM, name: "x", snapshot: "s" }, {}, past(), "SNAPSHOT_UNSUPPORTED", "/snapshot"],
    ["vm.clone", { vm: VM, name: "x", snapshot: "s" }, {}, past("disk-other"), "SNAPSHOT_UNSUPPORTED", "/snapshot"],
    [
      "vm.rename",
      { vm: VM, name: "WEB2" },
      {},
      { "vm.list": { data: { items: [summary({ id: "0", name: "web2" })] } } },
      "VM_EXISTS",
      "/name",
    ],
    ["disk.resize", { vm: VM, disk: disk().id, size_bytes: GiB }, {}, {}, "DISK_SHRINK_REFUSED", "/size_bytes"],
    ["disk.resize", { vm: VM, disk: "disk-none", size_bytes: GiB }, {}, {}, "DISK_NOT_FOUND", "/disk"],
    ["disk.delete", { vm: VM, disk: disk().id }, { disks: [disk({ storage_class: null })] }, {}, "STORAGE_OUTSIDE", "/disk"],
    ["disk.clone", { vm: VM, disk: disk().id, name: "c" }, { state: "running" }, {}, "DISK_IN_USE", "/disk"],
    ["disk.create", { vm: VM, size_bytes: GiB, name: "nic0" }, {}, {}, "DISK_EXISTS", "/name"],
    ["nic.update", { vm: VM, nic: "nic-x", vlan: 5 }, {}, {}, "NIC_NOT_FOUND", "/nic"],
    [
      "nic.update",
      { vm: VM, nic: "nic-abc", mac: "00:15:5D:00:00:02" },
      { nics: [nic(), nic({ id: "n2", name: "nic1", mac: "00:15:5d:00:00:02" })] },
      { "hyperv.host": { data: { processors: 4, memory_bytes: 8 * GiB, macs: ["00:15:5d:00:00:01", "00:15:5d:00:00:02"] } } },
      "MAC_IN_USE",
      "/mac",
    ],
    [
      "nic.update",
      { vm: VM, nic: "nic-abc", bandwidth_max_bps: 10 },
      { nics: [nic({ bandwidth_min_bps: 20 })] },
      {},
      "VM_CONFIG_INVALID",
      "/bandwidth_max_bps",
    ],
    ["nic.attach", { vm: VM, nic: "nic-abc", network: "wan" }, {}, {}, "NETWORK_NOT_FOUND", "/network"],
    ["iso.attach", { vm: VM, image: "debian" }, {}, {}, "IMAGE_NOT_FOUND", "/image"],
    ["iso.eject", { vm: VM }, {}, {}, "DISK_NOT_FOUND", "/drive"],
    ["vm.import", { folder: "none" }, {}, {}, "DISK_NOT_FOUND", "/folder"],
    ["vm.import", { folder: "none", storage_class: "third" }, {}, {}, "STORAGE_NOT_FOUND", "/storage_class"],
    ["snapshot.revert", { vm: VM, snapshot: "none" }, {}, {}, "SNAPSHOT_NOT_FOUND", "/snapshot"],
    ["vm.delete", { vm: VM }, { state: "running" }, {}, "VM_STATE_INVALID", "/force"],
  ])("%s %j", async (operation, spec, view, more, code, pointer) => {
    await host.answer(answers(view, more));
    expect(await host.run(operation, spec)).toMatchObject({ status: "error", code, data: { errors: [{ pointer }] } });
    for (const asked of await host.asked()) expect(asked).toMatch(READS);
  });

  it.each<[Operations, object, View, string]>([
    ["vm.start", { vm: VM }, { state: "paused" }, "VM_STATE_INVALID"],
    ["vm.resume", { vm: VM }, {}, "VM_STATE_INVALID"],
    ["vm.save", { vm: VM }, {}, "VM_STATE_INVALID"],
    ["vm.delete", { vm: VM }, { deletion_protection: true }, "VM_PROTECTED"],
    ["vm.clone", { vm: VM, name: "c" }, { state: "running" }, "VM_STATE_INVALID"],
    ["vm.export", { vm: VM, folder: "f" }, { state: "saved" }, "VM_STATE_INVALID"],
    ["disk.detach", { vm: VM, disk: disk().id }, { state: "running", firmware: "bios", disks: [disk({ bus: "ide" })] }, "VM_STATE_INVALID"],
    ["nic.create", { vm: VM, network: "lan" }, { state: "running", firmware: "bios" }, "VM_STATE_INVALID"],
    ["snapshot.create", { vm: VM, name: "s", memory: true }, {}, "VM_STATE_INVALID"],
    ["vm.send-keys", { vm: VM, text: "a" }, {}, "VM_STATE_INVALID"],
    ["iso.attach", { vm: VM, image: "installer", boot_once: true }, { state: "running" }, "VM_STATE_INVALID"],
  ])("%s %j of %j: %s", async (operation, spec, view, code) => {
    await host.answer(answers(view));
    expect(await host.run(operation, spec)).toMatchObject({ status: "error", code });
    for (const asked of await host.asked()) expect(asked).toMatch(READS);
  });
});

describe("vm.clone of a snapshot", () => {
  it("says what it takes along and what it does not", async () => {
    await host.answer(answers({}, past(disk().id)));
    const result = await host.run("vm.clone", { vm: VM, name: "x", snapshot: "s" }, { plan: true });
    expect(result.message).toContain("would be copied as x, with its disks as at s, without its memory");
    expect(result.data).toMatchObject({ id: "00000000-0000-0000-0000-000000000000", changed: ["name", "disks/disk0"] });
    for (const asked of await host.asked()) expect(asked).toMatch(READS);
  });
});

describe("a plan", () => {
  const snapshot = {
    name: "s",
    parent: null,
    current: true,
    state: "off",
    memory: false,
    kind: "external",
    description: "",
    size_bytes: null,
    created_at: null,
  };
  const loose = { data: disk({ id: "disk-loose", name: "loose", vm: null }) };
  const SPECS: Partial<Record<Operations, [object, View?]>> = {
    "vm.create": [
      {
        name: "new",
        cpus: 1,
        memory_bytes: GiB,
        disks: [{ image: "debian" }],
        nics: [{ network: "lan" }],
        seed: { user_data: "x" },
        start: true,
      },
    ],
    "vm.update": [{ vm: VM, cpus: 4 }],
    "vm.rename": [{ vm: VM, name: "other" }],
    "vm.delete": [{ vm: VM, delete_disks: true }, { deletion_protection: false }],
    "vm.start": [{ vm: VM }],
    "vm.shutdown": [{ vm: VM }, { state: "running" }],
    "vm.stop": [{ vm: VM }, { state: "running" }],
    "vm.reboot": [{ vm: VM }, { state: "running" }],
    "vm.reset": [{ vm: VM }, { state: "running" }],
    "vm.suspend": [{ vm: VM }, { state: "running" }],
    "vm.resume": [{ vm: VM }, { state: "paused" }],
    "vm.save": [{ vm: VM }, { state: "running" }],
    "vm.clone": [{ vm: VM, name: "copy" }],
    "vm.export": [{ vm: VM, folder: "out" }],
    "vm.import": [{ folder: "out", name: "back" }],
    "disk.create": [{ vm: VM, size_bytes: GiB }],
    "disk.clone": [{ vm: VM, disk: disk().id, name: "copy" }],
    "disk.attach": [{ vm: VM, disk: "disk-loose" }],
    "disk.detach": [{ vm: VM, disk: disk().id }],
    "disk.resize": [{ vm: VM, disk: disk().id, size_bytes: 20 * GiB }],
    "disk.update": [{ vm: VM, disk: disk().id, iops_max: 100 }],
    "disk.delete": [{ disk: "disk-loose" }],
    "nic.create": [{ vm: VM, network: "dmz" }],
    "nic.attach": [{ vm: VM, nic: "nic-abc", network: "dmz" }],
    "nic.detach": [{ vm: VM, nic: "nic-abc" }],
    "nic.update": [{ vm: VM, nic: "nic-abc", vlan: 7 }],
    "nic.delete": [{ vm: VM, nic: "nic-abc" }],
    "snapshot.create": [{ vm: VM, name: "s2" }],
    "snapshot.revert": [{ vm: VM, snapshot: "s" }],
    "snapshot.delete": [{ vm: VM, snapshot: "s" }],
    "iso.attach": [{ vm: VM, image: "installer" }],
    "iso.eject": [{ vm: VM }, { disks: [disk({ id: "dvd-0-1", kind: "cdrom", name: "cdrom", image: "installer" })] }],
  };

  it("can be had of every operation that the contract says so of", () => {
    const plannable = Object.entries(VM_OPERATIONS).flatMap(([name, { plannable: can }]) => (can ? [name] : []));
    expect(Object.keys(SPECS).toSorted()).toEqual(plannable.toSorted());
  });

  it.each(Object.entries(SPECS))("of %s says changes and asks only questions", async (operation, [spec, view]) => {
    await host.answer(answers(view, { "snapshot.list": { data: { items: [snapshot] } }, "disk.get": loose }));
    if (operation === "vm.import") await mkdir(join(host.folder, "default/out"));
    const result = await host.run(operation as Operations, spec, { plan: true });
    expect(result).toMatchObject({ status: "success", data: { planned: true } });
    expect((result.data as { changes: unknown[] }).changes.length).toBeGreaterThan(0);
    const all = await host.jobs();
    for (const { job } of all) {
      const operations =
        job.operation === "batch" ? (job.resource_spec["steps"] as { operation: string }[]).map((step) => step.operation) : [job.operation];
      for (const name of operations) expect(name).toMatch(/\.(get|list|host|use)$/);
    }
  });
});
