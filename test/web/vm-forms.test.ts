// What is typed into the forms of virtual machines, as the specification that it makes; and the other pure parts of their pages.
import { describe, expect, it } from "vitest";
import { createSpec, freshDraft, hardwareOf, hasOf, patchSpec } from "../../web/forms/vm-draft.ts";
import { newNic, nicPatch, nicSpec } from "../../web/forms/vm-nic-draft.ts";
import { guideFrom } from "../../web/forms/vm-guide.ts";
import { bytesOf, numberOf, size, sizeOfBytes } from "../../web/forms/vm-values.ts";
import { vmCreate, vmUpdate } from "../../protocol/operations/vm.ts";
import { checkSpec } from "../../protocol/operations/define.ts";
import { matches } from "../../web/screens/vm-filters.tsx";
import { branchesOf } from "../../web/vm/snapshot-tree.ts";
import { endIn } from "../../web/vm/console-socket.ts";
import type { Snapshot, Vm, VirtualResources, VmItem } from "../../web/vm/contract.ts";
import { keysymOf, needsShift, typedBetween } from "../../web/vm/screen-keys.ts";
import * as z from "zod";

const GIB = 1024 ** 3;
const VIRTUAL: VirtualResources = {
  hypervisor: "libvirt",
  storage: [{ name: "default", description: "" }],
  networks: [{ name: "lan", description: "", vlan: null, vlan_supported: true }],
  images: [{ name: "debian", description: "", kind: "disk", os_family: "linux" }],
  unsupported: ["memory_buffer_percent", "stop_action"],
  choices: [],
};
const has = hasOf(VIRTUAL, "vm.create");
const draft = freshDraft(VIRTUAL);
const isValid = (spec: unknown) => checkSpec(vmCreate, spec, "").errors;

describe("the form of a new machine", () => {
  it("makes a valid specification of what is usual, and says nothing else", () => {
    const spec = createSpec({ ...draft, name: "web1" }, has);
    expect(spec).toEqual({
      name: "web1",
      firmware: "uefi",
      storage_class: "default",
      cpus: 2,
      memory_bytes: 2 * GIB,
      disks: [{ image: "debian" }],
      nics: [{ network: "lan" }],
      start: true,
    });
    expect(isValid(spec)).toEqual([]);
  });

  it("leaves out sections that are closed and fields that the hypervisor lacks", () => {
    const filled = { ...draft, name: "a", stopAction: "save", buffer: "20", secureBoot: true, tpm: true, delayS: "" } as const;
    expect(createSpec({ ...filled, firmware: "bios" }, has)).not.toHaveProperty("secure_boot");
    expect(createSpec({ ...filled, firmware: "bios" }, has)).not.toHaveProperty("tpm");
    const spec = createSpec({ ...filled, isDynamic: true }, has);
    expect(spec).toMatchObject({ secure_boot: true, tpm: true, memory_min_bytes: GIB, memory_max_bytes: 4 * GIB });
    expect(spec).not.toHaveProperty("stop_action");
    expect(spec).not.toHaveProperty("memory_buffer_percent");
    expect(isValid(spec)).toEqual([]);
  });

  it("sends what is no number as it was typed: the server says what it wanted", () => {
    const spec = createSpec({ ...draft, name: "a", cpus: "many", memory: size("two") }, has);
    expect(isValid(spec).map(({ pointer }) => pointer)).toEqual(["/cpus", "/memory_bytes"]);
  });
});

const MACHINE = {
  ...createSpec({ ...draft, name: "web1" }, has),
  description: "",
  tags: ["a"],
  os_family: null,
  cpu_topology: { sockets: 1, cores: 2, threads: 1 },
  memory_min_bytes: GIB,
  memory_max_bytes: null,
  memory_buffer_percent: null,
  secure_boot: false,
  secure_boot_template: null,
  tpm: false,
  nested: false,
  autostart: false,
  autostart_condition: "always",
  autostart_delay_ms: 0,
  stop_action: "shutdown",
  boot_order: ["disk0"],
  deletion_protection: false,
} as unknown as Vm;

describe("the form of a machine that is there", () => {
  const before = hardwareOf(MACHINE);
  const changed = (part: Partial<typeof before>) => {
    const spec = patchSpec(before, { ...before, ...part }, has);
    if (Object.keys(spec).length > 0)
      expect(checkSpec(vmUpdate, { vm: "0b7c2f7e-3a55-4c0e-9d1a-0a4d2f8c1b01", ...spec }, "").errors).toEqual([]);
    return spec;
  };

  it("sends only what differs", () => {
    expect(changed({})).toEqual({});
    expect(changed({ cpus: "4", cores: "4" })).toEqual({ cpus: 4, cpu_topology: { sockets: 1, cores: 4, threads: 1 } });
    expect(changed({ tags: "a, b" })).toEqual({ tags: ["a", "b"] });
    expect(changed({ bootOrder: "" })).toEqual({ boot_order: [] });
  });

  it("says a delay in milliseconds, and with its start alone", () => {
    expect(changed({ autostart: true })).toEqual({ autostart: true });
    expect(changed({ autostart: true, delayS: "30" })).toEqual({ autostart: true, autostart_delay_ms: 30_000 });
    const started = { ...before, autostart: true, delayS: "30" };
    const from = (part: Partial<typeof before>) => patchSpec(started, { ...started, ...part }, has);
    expect(from({ autostart: false })).toEqual({ autostart: false });
    expect(from({ delayS: "" })).toEqual({ autostart_delay_ms: 0 });
    expect(from({ delayS: "soon" })).toEqual({ autostart_delay_ms: "soon" });
  });

  it("takes back what was set by saying null", () => {
    expect(changed({ isDynamic: false })).toEqual({ memory_min_bytes: null });
    expect(changed({ hasTopology: false })).toEqual({ cpu_topology: null });
  });
});

describe("an adapter", () => {
  it("leaves out what is usual, and sends only what differs", () => {
    expect(nicSpec({ ...newNic("lan", VIRTUAL), vlan: "12", maxMbps: "2.5" }, has)).toEqual({
      network: "lan",
      vlan: 12,
      bandwidth_max_bps: 2_500_000,
    });
    const before = { ...newNic("lan", VIRTUAL), maxMbps: "100" };
    expect(nicPatch(before, { ...before, connected: false, maxMbps: "" }, has)).toEqual({ connected: false, bandwidth_max_bps: 0 });
  });
});

describe("an adapter on Hyper-V", () => {
  it("is bound to its address unless it is said otherwise, as the form shows", () => {
    const fresh = newNic("lan", { hypervisor: "hyperv" });
    expect([fresh.macGuard, nicSpec(fresh, has)]).toEqual([true, { network: "lan" }]);
    expect(nicSpec({ ...fresh, macGuard: false }, has)).toEqual({ network: "lan", mac_spoofing_guard: false });
    expect(nicSpec({ ...newNic("lan", VIRTUAL), macGuard: true }, has)).toEqual({ network: "lan", mac_spoofing_guard: true });
  });
});

describe("sizes", () => {
  it.each([
    ["1", "GiB", GIB],
    ["0.5", "GiB", GIB / 2],
    ["0,5", "GiB", GIB / 2],
    ["", "GiB", undefined],
    ["-1", "GiB", "-1"],
  ] as const)("%s %s is %s", (text, unit, bytes) => expect(bytesOf({ text, unit })).toBe(bytes));

  it("are shown as what they are", () => {
    for (const bytes of [1024 ** 2, 300 * 1024 ** 2, 1.5 * GIB, 20 * GIB, 2 * 1024 * GIB]) expect(bytesOf(sizeOfBytes(bytes))).toBe(bytes);
    expect(sizeOfBytes(20 * GIB)).toEqual({ text: "20", unit: "GiB" });
    expect(sizeOfBytes(256 * 1024 ** 2)).toEqual({ text: "256", unit: "MiB" });
    expect(sizeOfBytes(null).text).toBe("");
    expect(numberOf(" 12 ")).toBe(12);
  });
});

describe("hints", () => {
  it("are the schema's own words and bounds", () => {
    const guide = guideFrom(z.toJSONSchema(vmCreate.spec, { io: "input" }));
    expect(guide("cpus")).toBe("1 to 2,048");
    expect(guide("memory_bytes")).toBe("at start · 32 MiB to 24 TiB");
    expect(guide("disks/image")).toBe("an image of the host; the disk grows to size_bytes");
    expect(guide("nics/vlan")).toBe("access VLAN; that of the network without · 1 to 4,094");
    expect(guide("nothing/there")).toBe("");
    expect(guideFrom(undefined)("cpus")).toBe("");
  });
});

describe("a list of machines", () => {
  const vm = {
    name: "web1",
    id: "x",
    host: "kvm1",
    state: "running",
    description: "",
    tags: ["shop"],
    addresses: ["10.0.0.7"],
  } as unknown as VmItem;
  const all = { text: "", state: "", host: "", tag: "" };
  it.each([
    [{}, true],
    [{ text: "WEB 10.0" }, true],
    [{ text: "web db" }, false],
    [{ state: "off" }, false],
    [{ tag: "shop", host: "kvm1" }, true],
    [{ tag: "sho" }, false],
  ])("by %o", (filters, isShown) => expect(matches(vm, { ...all, ...filters })).toBe(isShown));
});

describe("snapshots", () => {
  const one = (name: string, parent: string | null) => ({ name, parent }) as Snapshot;
  const tree = (...items: Snapshot[]) => branchesOf(items).map(({ snapshot, depth }) => `${depth} ${snapshot.name}`);
  it("stand below what they stand on", () => {
    expect(tree(one("a", null), one("b", "a"), one("c", "a"), one("d", "b"))).toEqual(["0 a", "1 b", "2 d", "1 c"]);
  });
  it("without their parent are roots; going in circles they are left out, not followed for ever", () => {
    expect(tree(one("b", "gone"), one("x", "y"), one("y", "x"))).toEqual(["0 b"]);
  });
});

describe("the keys of a screen", () => {
  it("are told from what a field holds before and after", () => {
    expect(typedBetween("··", "··a")).toEqual({ backspaces: 0, text: "a" });
    expect(typedBetween("··teh", "··the ")).toEqual({ backspaces: 2, text: "he " });
    expect(typedBetween("··", "·")).toEqual({ backspaces: 1, text: "" });
  });
  it("take Shift where a US keyboard does", () => {
    expect("aA1!-_;:".split("").map(needsShift)).toEqual([false, true, false, true, false, true, false, true]);
  });
  it("have X11's numbers", () => {
    expect([keysymOf("a"), keysymOf("ä"), keysymOf("€"), keysymOf("\n")]).toEqual([0x61, 0xe4, 0x010020ac, 0xff0d]);
  });
});

describe("a host's word about the end of a console", () => {
  it.each([
    ['{"type":"ended","reason":"off"}', "off"],
    ['{"type":"shown","bytes":1}', null],
    ["null", null],
    ["not json", null],
  ])("%s", (text, reason) => expect(endIn(text)).toBe(reason));
  it("is shortened", () => expect(endIn(JSON.stringify({ type: "ended", reason: "x".repeat(9_999) }))).toHaveLength(300));
});
