// The contract of virtual machines: what is accepted, what is refused and at which pointer, locks, secrets, the subset.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { checkSpec, secretsOf, type OperationDefinition } from "../../protocol/operations/define.ts";
import { VM_OPERATIONS } from "../../protocol/operations/virtual-machines.ts";
import { VM_ERRORS } from "../../protocol/vm-errors.ts";

const GiB = 1024 ** 3;
const vm = "6695eb01-f6a4-8304-79aa-97f2502e193f";
const create = { name: "web01", cpus: 4, memory_bytes: 2 * GiB };
const all = Object.entries(VM_OPERATIONS) as unknown as [keyof typeof VM_OPERATIONS, OperationDefinition][];
const check = (name: keyof typeof VM_OPERATIONS, spec: unknown) =>
  checkSpec(VM_OPERATIONS[name] as unknown as OperationDefinition, spec, "");
const pointers = (name: keyof typeof VM_OPERATIONS, spec: unknown) => check(name, spec).errors.map((error) => error.pointer);

const CREATE_REFUSED: [object, string][] = [
  [{ memory_min_bytes: 3 * GiB }, "/memory_min_bytes"],
  [{ memory_max_bytes: GiB }, "/memory_max_bytes"],
  [{ memory_buffer_percent: 20 }, "/memory_buffer_percent"],
  [{ cpu_topology: { sockets: 1, cores: 3, threads: 1 } }, "/cpu_topology"],
  [{ firmware: "bios", secure_boot: true }, "/secure_boot"],
  [{ firmware: "bios", tpm: true }, "/tpm"],
  [{ secure_boot_template: "microsoft-windows" }, "/secure_boot_template"],
  [{ secure_boot: false, secure_boot_template: "microsoft-windows" }, "/secure_boot_template"],
  [{ autostart_condition: "always" }, "/autostart_condition"],
  [{ boot_order: ["cdrom", "cdrom"] }, "/boot_order"],
  [{ boot_order: ["disk0"] }, "/boot_order"],
  [{ disks: [{}] }, "/disks"],
  [
    {
      disks: [
        { size_bytes: GiB, boot: true },
        { size_bytes: GiB, boot: true },
      ],
    },
    "/disks",
  ],
  [{ disks: [{ size_bytes: GiB, boot: true }], boot_order: ["disk0"] }, "/boot_order"],
  [{ disks: [{ size_bytes: GiB, name: "disk1" }, { size_bytes: GiB }] }, "/disks"],
  [{ disks: [{ size_bytes: GiB, name: "nic0" }], nics: [{ network: "lan" }] }, "/disks"],
  [
    {
      nics: [
        { network: "a", mac: "52:54:00:00:00:0a" },
        { network: "b", mac: "52:54:00:00:00:0A" },
      ],
    },
    "/nics",
  ],
  [{ nics: [{ network: "a", vlan: 2, vlan_trunk: { allowed: [3] } }] }, "/nics"],
  [{ nics: [{ network: "a", bandwidth_min_bps: 10, bandwidth_max_bps: 5 }] }, "/nics"],
  [{ nics: [{ network: "a", mac: "53:54:00:00:00:01" }] }, "/nics/0/mac"],
  [{ nics: [{ network: "a", vlan: 4_095 }] }, "/nics/0/vlan"],
  [{ nics: [{}] }, "/nics/0/network"],
  [{ disks: [{ size_bytes: 1_000_000 }] }, "/disks/0/size_bytes"],
  [{ disks: [{ image: "../etc/passwd" }] }, "/disks/0/image"],
  [{ storage_class: "/etc" }, "/storage_class"],
  [{ name: "a/b" }, "/name"],
  [{ name: "" }, "/name"],
  [{ cpus: 0 }, "/cpus"],
  [{ memory_bytes: GiB + 1 }, "/memory_bytes"],
  [{ description: "a\0b" }, "/description"],
  [{ tags: ["Has Blank"] }, "/tags/0"],
  [{ generation: 2 }, "/generation"],
  [{ seed: { user_data: "" } }, "/seed/user_data"],
];

const REFUSED: [keyof typeof VM_OPERATIONS, object, string][] = [
  ["vm.update", { vm }, ""],
  ["vm.update", { vm, name: "x" }, "/name"],
  ["vm.update", { vm: "web01", cpus: 1 }, "/vm"],
  ["vm.update", { vm, memory_min_bytes: 2 * GiB, memory_max_bytes: GiB }, "/memory_min_bytes"],
  ["vm.update", { vm, cpus: 3, cpu_topology: { sockets: 2, cores: 1, threads: 1 } }, "/cpu_topology"],
  ["vm.update", { vm, firmware: "bios" }, "/firmware"],
  ["vm.rename", { vm, name: "-" }, "/name"],
  ["vm.clone", { vm, name: "b", mode: "linked", snapshot: "s" }, "/snapshot"],
  ["vm.export", { vm, folder: ".." }, "/folder"],
  ["vm.import", { folder: "a/b" }, "/folder"],
  ["vm.send-keys", { vm }, ""],
  ["vm.send-keys", { vm, text: "a", chords: [["a"]] }, ""],
  ["vm.send-keys", { vm, chords: [["ctrl", "power"]] }, "/chords/0/1"],
  ["vm.send-keys", { vm, text: "ü" }, "/text"],
  ["disk.create", { vm, name: "data" }, "/size_bytes"],
  ["disk.create", { size_bytes: GiB }, "/name"],
  ["disk.attach", { vm, disk: "../x" }, "/disk"],
  ["disk.update", { vm, disk: "d" }, ""],
  ["nic.create", { vm, network: "lan", vlan: 1, vlan_trunk: { allowed: [2] } }, "/vlan_trunk"],
  ["nic.update", { vm, nic: "n" }, ""],
  ["nic.update", { vm, nic: "n", bandwidth_min_bps: 9, bandwidth_max_bps: 1 }, "/bandwidth_min_bps"],
  ["snapshot.create", { vm, name: "s", quiesce: true }, "/quiesce"],
  ["snapshot.create", { vm, name: "a b" }, "/name"],
  ["iso.attach", { vm, image: "/etc/passwd" }, "/image"],
];

describe("the registry's part", () => {
  it.each(all)("%s is named after its key, says what it does, has bounds and a JSON Schema", (name, operation) => {
    expect(operation.name).toBe(name);
    expect(operation.summary.length).toBeGreaterThan(10);
    expect(operation.timeoutMs.default).toBeLessThanOrEqual(operation.timeoutMs.max);
    expect([operation.risk === "read", operation.plannable]).not.toEqual([true, true]);
    if (operation.risk === "read") expect([operation.idempotent, operation.timeoutMs.max <= 30_000]).toEqual([true, true]);
    expect(z.toJSONSchema(operation.spec, { io: "input" })).toHaveProperty("type", "object");
    expect(z.toJSONSchema(operation.data)).toHaveProperty("type", "object");
  });

  it("has what the two hypervisors have in common", () => {
    const nouns = Object.groupBy(all, ([name]) => name.split(".")[0]!);
    expect(Object.fromEntries(Object.entries(nouns).map(([noun, found]) => [noun, found?.length]))).toEqual({
      vm: 21,
      disk: 9,
      nic: 7,
      snapshot: 4,
      iso: 2,
      image: 1,
      network: 1,
      storage: 1,
    });
  });

  it("can plan every change but what is typed or opened, and locks what it changes", () => {
    const changes = all.filter(([, operation]) => operation.risk !== "read");
    expect(changes.filter(([, operation]) => !operation.plannable).map(([name]) => name)).toEqual(["vm.console", "vm.send-keys"]);
    for (const [name, operation] of changes) {
      if (!operation.plannable) continue;
      const spec = { vm, disk: "d", nic: "n", name: "a", storage_class: "s", folder: "f", snapshot: "x", image: "i", nics: [] };
      expect(operation.locks(spec).length, name).toBeGreaterThan(0);
    }
  });

  it("gives one machine one lock, however its id is written", () => {
    const locks = (id: string) => VM_OPERATIONS["vm.update"].locks({ vm: id });
    expect(locks(vm)).toEqual(locks(vm.toUpperCase()));
    expect(VM_OPERATIONS["disk.resize"].locks({ vm, disk: "d1", size_bytes: 0 })).toContain(`vm:${vm}`);
  });
});

describe("vm.create", () => {
  it("takes little and fills in the rest", () => {
    expect(check("vm.create", create).spec).toMatchObject({
      firmware: "uefi",
      storage_class: "default",
      disks: [],
      nics: [],
      start: false,
    });
  });

  it("takes all there is", () => {
    const spec = {
      ...create,
      description: "Front end\n🚀",
      tags: ["env:prod", "web"],
      cpu_topology: { sockets: 1, cores: 2, threads: 2 },
      memory_min_bytes: GiB,
      memory_max_bytes: 4 * GiB,
      memory_buffer_percent: 20,
      firmware: "uefi",
      secure_boot: true,
      secure_boot_template: "microsoft-uefi-ca",
      tpm: true,
      os_family: "linux",
      storage_class: "fast",
      autostart: true,
      autostart_condition: "if-running",
      autostart_delay_ms: 5_000,
      stop_action: "save",
      boot_order: ["root", "nic0", "cdrom"],
      deletion_protection: true,
      disks: [
        { name: "root", image: "debian-12", size_bytes: 20 * GiB, bus: "virtio", format: "qcow2" },
        { size_bytes: 10 * GiB, discard: true },
      ],
      nics: [
        { network: "lan", mac: "52:54:00:00:00:01", vlan: 12 },
        { network: "trunk", vlan_trunk: { native: 1, allowed: [1, 2] }, dhcp_guard: true },
      ],
      iso: "installer",
      seed: { user_data: "#cloud-config\n", meta_data: "instance-id: a\n" },
      start: true,
    };
    expect(check("vm.create", spec).errors).toEqual([]);
    expect(secretsOf(VM_OPERATIONS["vm.create"] as unknown as OperationDefinition, spec)).toEqual(["/seed/user_data", "/seed/meta_data"]);
    expect(secretsOf(VM_OPERATIONS["vm.send-keys"] as unknown as OperationDefinition, { vm, text: "hunter2\n" })).toEqual(["/text"]);
  });

  it.each(CREATE_REFUSED)("refuses %j at %s", (part, pointer) => {
    const found = pointers("vm.create", { ...create, ...part });
    expect(found).toContain(pointer);
    expect(new Set(found).size).toBe(1);
  });

  it("takes no limit for no bandwidth limit", () => {
    expect(pointers("vm.create", { ...create, nics: [{ network: "a", bandwidth_min_bps: 10, bandwidth_max_bps: 0 }] })).toEqual([]);
  });
});

describe("changes", () => {
  it.each(REFUSED)("%s refuses %j at '%s'", (name, spec, pointer) => {
    expect(pointers(name, spec)).toEqual([pointer]);
  });

  it.each([
    ["vm.update", { vm, memory_max_bytes: null, cpu_topology: null, description: "" }],
    ["vm.update", { vm, cpus: 3 }],
    ["vm.delete", { vm }],
    ["vm.shutdown", { vm, wait_ms: 0, force: true }],
    ["vm.send-keys", { vm, chords: [["ctrl", "alt", "delete"], ["enter"]] }],
    ["disk.create", { name: "loose", size_bytes: GiB }],
    ["nic.update", { vm, nic: "n:1", connected: false }],
    ["snapshot.create", { vm, name: "s", quiesce: true, memory: false }],
  ] as [keyof typeof VM_OPERATIONS, object][])("%s takes %j", (name, spec) => {
    expect(check(name, spec).errors).toEqual([]);
  });

  it("are refused by each rule there is, at least once above", () => {
    const examples = [...CREATE_REFUSED.map(([part]) => ["vm.create", { ...create, ...part }] as const), ...REFUSED];
    const broken = examples.flatMap(([name, spec]) => {
      const operation = VM_OPERATIONS[name] as unknown as OperationDefinition;
      const parsed = operation.spec.safeParse(spec);
      return parsed.success ? operation.rules.filter((rule) => !rule.holds(parsed.data)).map((rule) => rule.name) : [];
    });
    const named = all.flatMap(([, operation]) => operation.rules.map((rule) => rule.name));
    expect([...new Set(named)].filter((name) => !broken.includes(name))).toEqual([]);
  });
});

describe("codes", () => {
  it.each(Object.entries(VM_ERRORS))("%s has a status, a cause and a remedy", (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect([entry.message, entry.remedy]).toEqual([expect.stringMatching(/^[A-Z].*\.$/s), expect.stringMatching(/^[A-Z`].*\.$/s)]);
  });
});
