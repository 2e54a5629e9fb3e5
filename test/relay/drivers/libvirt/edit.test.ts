// Changes of a definition: they do what they say, say what they did, and leave everything else of a domain that another tool
// made as it was.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { editDomain } from "../../../../relay/drivers/libvirt/domain/edit.ts";
import { fixedSizes } from "../../../../relay/drivers/libvirt/domain/edit-sizes.ts";
import type { DomainChange } from "../../../../relay/drivers/libvirt/domain/settings.ts";
import { readDomain } from "../../../../relay/drivers/libvirt/domain/facts.ts";
import { METADATA_NAMESPACE } from "../../../../relay/drivers/libvirt/domain/metadata.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { writeXml, type XmlElement } from "../../../../relay/drivers/libvirt/xml/tree.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { connectedDaemon, qemuDomainXml, type ConnectedDaemon } from "./real-clients.ts";

const GiB = 1024 ** 3;
const folder = join(import.meta.dirname, "domains");
const corpus = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);
const text = (name: string) => corpus.find(([file]) => file === name)![1];
const uefi = () => parseXml(text("virt-install-q35-uefi.xml")).root;
const windows = () => parseXml(text("virt-manager-windows.xml")).root;

/** Everything below the root but what `own` names, as it is written. */
function rest(root: XmlElement, own: readonly string[]): string[] {
  const keep = (element: XmlElement) => !own.includes(element.name) && element.namespace !== METADATA_NAMESPACE;
  const opened = (element: XmlElement): string[] =>
    ["devices", "metadata", "os", "cpu"].includes(element.name) ? element.elements().filter(keep).map(String) : [String(element)];
  return root.elements().filter(keep).flatMap(opened);
}

const CHANGES: readonly (readonly [DomainChange, readonly string[]])[] = [
  [{ description: "new <text> & more" }, ["description"]],
  [{ description: "" }, ["description"]],
  [{ tags: ["a", "b"], os_family: "other", deletion_protection: true, stop_action: "save" }, ["metadata"]],
  [{ tpm: false }, ["tpm"]],
  [{ nested: false }, ["feature"]],
  [{ memory_min_bytes: GiB }, ["metadata"]],
];

/** What a domain whose sizes are said once can have changed. */
const SIZES: readonly (readonly [DomainChange, readonly string[]])[] = [
  [{ memory_bytes: GiB, memory_max_bytes: 16 * GiB }, ["memory", "currentMemory"]],
  [{ memory_max_bytes: null }, ["memory", "currentMemory"]],
  [{ cpus: 3 }, ["vcpu", "topology"]],
  [{ cpus: 6, cpu_topology: { sockets: 1, cores: 3, threads: 2 } }, ["vcpu", "topology"]],
  [{ nested: true }, ["feature", "model", "vendor"]],
];

/** What only UEFI has. */
const OF_UEFI: readonly (readonly [DomainChange, readonly string[]])[] = [
  [{ tpm: true }, ["tpm"]],
  [{ secure_boot: true }, ["firmware", "loader", "nvram"]],
  [{ secure_boot: false }, ["firmware", "loader", "nvram"]],
];

describe.each(corpus)("in %s", (_name, source) => {
  const bare = parseXml(source).root;
  const isUefi = readDomain(bare).firmware === "uefi";
  const changes = [...CHANGES, ...(fixedSizes(bare) === null ? SIZES : []), ...(isUefi ? OF_UEFI : [])];

  it.each(changes)("%j touches nothing but its own", (change, own) => {
    const document = parseXml(source);
    const { errors } = editDomain(document.root, change);
    expect(errors).toEqual([]);
    const again = parseXml(writeXml(document)).root;
    expect(rest(again, own)).toEqual(rest(parseXml(source).root, own));
    expect(editDomain(again, change)).toEqual({ edited: [], errors: [] });
  });

  it("a boot order changes the boot elements alone", () => {
    const document = parseXml(source);
    const { disks } = readDomain(document.root);
    // By id or by name, in turns.
    const order = disks.map((disk, index) => (index % 2 === 0 ? disk.id : disk.name)).toReversed();
    expect(editDomain(document.root, { boot_order: order }).errors).toEqual([]);
    const again = parseXml(writeXml(document)).root;
    expect(readDomain(again).bootOrder).toEqual(disks.map((disk) => disk.name).toReversed());
    expect(again.find("os/boot")).toBeNull();
    const bare = (root: XmlElement) =>
      rest(root, ["boot"]).map((element) => element.replaceAll(/<boot [^>]*\/>/g, "").replaceAll(/\s+</g, "<"));
    expect(bare(again)).toEqual(bare(parseXml(source).root));
  });

  it("what is so already changes no byte", () => {
    const document = parseXml(source);
    const { cpus, memoryBytes, tpm, description, metadata } = readDomain(document.root);
    expect(editDomain(document.root, { cpus, memory_bytes: memoryBytes, tpm, description, tags: metadata.tags })).toEqual({
      edited: [],
      errors: [],
    });
    expect(writeXml(document)).toBe(source);
  });
});

describe("sizes that the XML says piece by piece", () => {
  const numa = () => parseXml(text("ovirt-numa-hugepages.xml")).root;
  it.each([
    [{ memory_bytes: 12 * GiB }, "/memory_bytes"],
    [{ memory_max_bytes: 12 * GiB }, "/memory_max_bytes"],
    [{ cpus: 20 }, "/cpus"],
  ] as [DomainChange, string][])("are refused: %j", (change, pointer) => {
    expect(editDomain(numa(), change).errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  it("are left alone by what stays within them", () => {
    const { edited, errors } = editDomain(numa(), { cpus: 8 });
    expect([errors, edited]).toEqual([[], [{ field: "cpus", from: 4, to: 8, reach: "cpus" }]]);
  });
});

describe("devices that the contract does not know", () => {
  it("keep their place in the boot order behind those that are named", () => {
    const { root } = parseXml(text("gpu-passthrough.xml"));
    editDomain(root, { boot_order: ["nic0", "cdrom"] });
    const order = (name: string) =>
      root
        .find("devices")!
        .elements(name)
        .map((device) => device.find("boot")?.attribute("order") ?? null);
    expect([order("interface"), order("disk"), order("hostdev")]).toEqual([["1"], [null, null, "2"], ["3", null]]);
  });
});

describe("nested virtualization", () => {
  const policies = (root: XmlElement) =>
    root
      .find("cpu")!
      .elements("feature")
      .map((feature) => `${feature.attribute("policy")} ${feature.attribute("name")}`);
  it("is taken out of the host's processor and put back", () => {
    const { root } = parseXml(text("gpu-passthrough.xml"));
    expect(editDomain(root, { nested: true }).edited).toEqual([{ field: "nested", from: false, to: true, reach: "restart" }]);
    expect(policies(root)).toEqual(["require topoext"]);
    editDomain(root, { nested: false });
    expect(policies(root)).toEqual(["require topoext", "disable vmx", "disable svm"]);
  });

  it("makes a chosen processor the host's", () => {
    const { root } = parseXml(text("ovirt-numa-hugepages.xml"));
    editDomain(root, { nested: true }, { gifts: { tpmModel: "tpm-tis", nestedMode: "maximum" } });
    expect(root.find("cpu")!.attribute("mode")).toBe("maximum");
    expect(root.find("cpu/model")).toBeNull();
    expect(root.find("cpu/numa")!.elements("cell").length).toBe(2);
    expect(policies(root)).toEqual(["require aes"]);
  });
});

describe("a change says", () => {
  const reach = (root: XmlElement, change: DomainChange) =>
    Object.fromEntries(editDomain(root, change).edited.map((field) => [field.field, field.reach]));

  it("what it was and what it is", () => {
    expect(editDomain(uefi(), { memory_bytes: GiB, cpus: 2, tags: ["x"] }).edited).toEqual([
      { field: "tags", from: [], to: ["x"], reach: "metadata" },
      { field: "memory_bytes", from: 2 * GiB, to: GiB, reach: "memory" },
    ]);
  });

  it("what a running machine takes at once, and what waits", () => {
    expect(reach(uefi(), { cpus: 4 })).toEqual({ cpus: "cpus" });
    expect(reach(uefi(), { cpus: 1 })).toEqual({ cpus: "restart" });
    expect(reach(uefi(), { cpus: 8 })).toEqual({ cpus: "restart", cpu_topology: "restart" });
    expect(reach(uefi(), { memory_bytes: 4 * GiB })).toMatchObject({ memory_bytes: "memory" });
    const cockpit = () => parseXml(text("cockpit-debian.xml")).root;
    expect(reach(cockpit(), { memory_bytes: 16 * GiB })).toEqual({ memory_bytes: "restart" });
    expect(reach(cockpit(), { memory_bytes: GiB })).toEqual({ memory_bytes: "memory" });
    expect(reach(windows(), { tpm: false, description: "x" })).toEqual({ tpm: "restart", description: "description" });
  });

  it.each([
    [{ memory_bytes: 8 * GiB }, "/memory_bytes"],
    [{ memory_max_bytes: GiB }, "/memory_max_bytes"],
    [{ memory_min_bytes: 3 * GiB }, "/memory_min_bytes"],
    [{ cpu_topology: { sockets: 3, cores: 1, threads: 1 } }, "/cpu_topology"],
    [{ boot_order: ["vda", "vdz"] }, "/boot_order/1"],
    [{ boot_order: ["vda", "cdrom", "sda"] }, "/boot_order/2"],
    [{ cpus: 4, cpu_topology: { sockets: 3, cores: 1, threads: 1 } }, "/cpu_topology"],
  ] as [DomainChange, string][])("%j does not fit what is there, at %s, and changes nothing", (change, pointer) => {
    const root = uefi();
    expect(editDomain(root, change).errors.map((error) => error.pointer)).toEqual([pointer]);
    expect(root.toString()).toBe(uefi().toString());
  });
});

describe.skipIf(libvirtdMissing !== null)("on a real libvirtd", () => {
  let libvirt: ConnectedDaemon;
  beforeAll(async () => {
    libvirt = await connectedDaemon();
  });
  afterAll(() => libvirt?.stop());

  it("each change is taken, and is what libvirt then says", async () => {
    const { daemon, client } = libvirt;
    const disk = `<disk type='file' device='disk'><source file='${daemon.folder}/a.raw'/><target dev='vda' bus='virtio'/></disk>`;
    const nic = "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>";
    await client.call("domainDefineXmlFlags", { xml: qemuDomainXml("edited", disk + nic), flags: 1 });
    const read = async () => {
      const { domain } = await client.call("domainLookupByName", { name: "edited" });
      return parseXml((await client.call("domainGetXmlDesc", { domain, flags: 2 | 1 })).xml);
    };
    const changes: DomainChange[] = [
      { memory_bytes: GiB, memory_max_bytes: 2 * GiB, memory_min_bytes: GiB / 2 },
      { memory_max_bytes: null },
      { cpus: 4, cpu_topology: { sockets: 1, cores: 2, threads: 2 } },
      { cpus: 3 },
      { boot_order: ["mac-52:54:00:00:00:01", "vda"] },
      { boot_order: [] },
      { nested: true },
      { nested: false },
      { description: "a <b> & c\nd", tags: ["x"], deletion_protection: true },
    ];
    for (const change of changes) {
      const document = await read();
      const { edited } = editDomain(document.root, change, { gifts: { tpmModel: "tpm-crb", nestedMode: "maximum" } });
      expect(edited.length, JSON.stringify(change)).toBeGreaterThan(0);
      await client.call("domainDefineXmlFlags", { xml: writeXml(document), flags: 1 });
      expect(editDomain((await read()).root, change), JSON.stringify(change)).toEqual({ edited: [], errors: [] });
    }
    expect(await daemon.virsh(daemon.uri, "desc", "edited")).toContain("a <b> & c");
    expect(await daemon.virsh(daemon.uri, "dominfo", "edited")).toMatch(/CPU\(s\):\s+3[^]*Max memory:\s+1048576 KiB/);
  });
});
