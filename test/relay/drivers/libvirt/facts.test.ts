// What is read of domains that other tools made, and what of ours libvirt keeps.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aliasFor, diskIdOf, readNics } from "../../../../relay/drivers/libvirt/domain/devices.ts";
import { pendingFields, readDomain } from "../../../../relay/drivers/libvirt/domain/facts.ts";
import {
  METADATA_NAMESPACE,
  metadataArguments,
  readMetadata,
  writeMetadata,
  type VmMetadata,
} from "../../../../relay/drivers/libvirt/domain/metadata.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { writeXml } from "../../../../relay/drivers/libvirt/xml/tree.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { connectedDaemon, qemuDomainXml, type ConnectedDaemon } from "./real-clients.ts";

const GiB = 1024 ** 3;
const text = (name: string) => readFileSync(join(import.meta.dirname, "domains", name), "utf8");
const facts = (name: string) => readDomain(parseXml(text(name)).root);
const metadata: VmMetadata = {
  osFamily: "linux",
  tags: ["env:prod", "a&b"],
  deletionProtection: true,
  stopAction: "save",
  storageClass: "fast",
  memoryMinBytes: GiB,
  memoryMaxBytes: 2 * GiB,
  createdAt: "2026-11-21T07:00:00Z",
};

describe("a domain of virt-install", () => {
  it("is read in the contract's terms", () => {
    expect(facts("virt-install-q35-uefi.xml")).toMatchObject({
      id: "3f0d7b6e-5a52-4d8c-9b8e-7a1b2c3d4e5f",
      name: "web01",
      description: 'Front end.\nSecond line with <angle brackets> and "quotes".',
      cpus: 2,
      cpusMax: 4,
      topology: { sockets: 1, cores: 2, threads: 2 },
      memoryBytes: 2 * GiB,
      memoryMaxBytes: 4 * GiB,
      firmware: "uefi",
      secureBoot: true,
      tpm: true,
      nested: false,
      bootOrder: ["vda"],
      hasSerial: true,
      hasAgentChannel: true,
      metadata: { osFamily: "linux", tags: [], deletionProtection: false, createdAt: null },
    });
  });

  it("has its disks, drives and adapters", () => {
    const { disks, nics } = facts("virt-install-q35-uefi.xml");
    expect(disks).toMatchObject([
      {
        id: diskIdOf("/var/lib/libvirt/images/web01.qcow2"),
        name: "vda",
        kind: "disk",
        bus: "virtio",
        source: "/var/lib/libvirt/images/web01.qcow2",
        format: "qcow2",
        cache: "none",
        discard: true,
        bytesPerSecondMax: 10_000_000,
        serial: "WD-0001",
      },
      { id: "dev-sda", kind: "cdrom", source: null, readOnly: true },
    ]);
    expect(nics).toMatchObject([
      {
        id: "mac-52:54:00:6b:3c:58",
        kind: "bridge",
        source: "br0",
        vlan: null,
        trunk: { native: 47, allowed: [42, 47] },
        filter: "clean-traffic",
        maxBps: 8_000_000,
      },
    ]);
  });
});

describe("a domain of virt-manager", () => {
  it("is read in the contract's terms", () => {
    const read = facts("virt-manager-windows.xml");
    expect(read).toMatchObject({
      cpus: 8,
      memoryBytes: 8 * GiB,
      firmware: "uefi",
      secureBoot: false,
      nested: true,
      metadata: { osFamily: "windows" },
    });
    expect(read.disks.map((disk) => disk.source)).toEqual(["default/win11.qcow2", null]);
    expect(read.nics).toMatchObject([{ kind: "network", source: "default", connected: false, model: "e1000e" }]);
  });
});

describe("domains of other tools", () => {
  it("are read as far as the contract goes", () => {
    expect(facts("cockpit-debian.xml")).toMatchObject({
      nested: true,
      firmware: "bios",
      bootOrder: [],
      hasVideo: true,
      hasBalloon: true,
      metadata: { osFamily: "linux" },
      disks: [{ source: "default/debian-12-cockpit.qcow2" }],
      nics: [
        { kind: "network", source: "default" },
        { kind: "other", source: null },
      ],
    });
    expect(facts("ovirt-numa-hugepages.xml")).toMatchObject({
      cpus: 4,
      cpusMax: 16,
      topology: { sockets: 16, cores: 1, threads: 1 },
      nested: false,
      nics: [{ id: "11111111-2222-3333-4444-555555555555", name: "nic0", filter: "vdsm-no-mac-spoofing", connected: true }],
    });
    expect(facts("gpu-passthrough.xml")).toMatchObject({
      memoryBytes: 16 * GiB,
      secureBoot: true,
      tpm: true,
      nested: false,
      bootOrder: ["vda", "nic0"],
      hasVideo: false,
      hasBalloon: false,
      disks: [{ id: diskIdOf("/dev/disk/by-id/nvme-Samsung_SSD_980-part3") }, { id: "dev-vdb", source: null }, { kind: "cdrom" }],
      nics: [{ id: "mac-52:54:00:aa:bb:0c", vlan: 30 }],
    });
  });
});

describe("an adapter that another tool made", () => {
  it("keeps its id when it gets an alias, and with it another address", () => {
    const read = (alias: string, mac: string) =>
      readNics(parseXml(`<domain><devices><interface type='user'><mac address='${mac}'/>${alias}</interface></devices></domain>`).root)[0]!;
    const before = read("", "52:54:00:00:00:0A");
    expect(before).toMatchObject({ id: "mac-52:54:00:00:00:0a", name: "nic0" });
    const alias = aliasFor(before.id, "lan");
    expect(alias).toMatch(/^ua-[A-Za-z0-9_-]+$/);
    expect(read(`<alias name='${alias}'/>`, "52:54:00:00:00:0b")).toMatchObject({ id: before.id, name: "lan", mac: "52:54:00:00:00:0b" });
  });
});

describe("a domain by hand", () => {
  it("is read with its own units and without what is not there", () => {
    expect(facts("hand-edited.xml")).toMatchObject({
      name: "lab-1",
      memoryBytes: GiB,
      cpus: 1,
      firmware: "bios",
      id: "",
      disks: [{ target: "vda" }],
      nics: [],
      metadata: { osFamily: null },
    });
  });
});

describe("metadata", () => {
  it("comes back as it went, beside that of others, in any place", () => {
    for (const name of ["virt-install-q35-uefi.xml", "virt-manager-windows.xml", "hand-edited.xml"]) {
      const document = parseXml(text(name));
      writeMetadata(document.root, { ...metadata, tags: [] });
      writeMetadata(document.root, metadata);
      const { root } = parseXml(writeXml(document));
      expect(readMetadata(root)).toEqual(metadata);
      expect(
        root
          .find("metadata")!
          .elements()
          .filter((child) => child.namespace === METADATA_NAMESPACE).length,
      ).toBe(1);
      expect(root.find("metadata/libosinfo:libosinfo") === null).toBe(name === "hand-edited.xml");
    }
  });

  it("that somebody spoilt is as if it were not there", () => {
    const spoilt = `<domain><metadata><f:vm xmlns:f='${METADATA_NAMESPACE}' os_family='beos' memory_min_bytes='-3' stop_action='x'/></metadata></domain>`;
    expect(readMetadata(parseXml(spoilt).root)).toMatchObject({ osFamily: null, memoryMinBytes: null, stopAction: "shutdown", tags: [] });
  });
});

describe("what waits for a restart", () => {
  it("is named, and descriptions do not wait", () => {
    const defined = facts("virt-install-q35-uefi.xml");
    expect(pendingFields(defined, defined)).toEqual([]);
    expect(pendingFields(defined, { ...defined, cpusMax: 8, tpm: false, description: "x" })).toEqual(["cpusMax", "tpm"]);
  });

  it("is not memory that a running guest has given back already", () => {
    const running = { ...facts("virt-install-q35-uefi.xml"), memoryBytes: GiB, memoryMaxBytes: 2 * GiB };
    expect(pendingFields(running, { ...running, memoryMaxBytes: GiB })).toEqual([]);
    expect(pendingFields({ ...running, memoryBytes: 2 * GiB }, { ...running, memoryMaxBytes: GiB })).toEqual([
      "memoryBytes",
      "memoryMaxBytes",
    ]);
  });
});

describe.skipIf(libvirtdMissing !== null)("on a real libvirtd", () => {
  let libvirt: ConnectedDaemon;
  beforeAll(async () => {
    libvirt = await connectedDaemon();
  });
  afterAll(() => libvirt?.stop());

  it("metadata, ids of devices and unknown neighbours live through definition, start and update", async () => {
    const { client } = libvirt;
    const nic = "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/><alias name='ua-nic-1'/></interface>";
    const document = parseXml(qemuDomainXml("kept", nic));
    document.root.ensure("metadata").append(parseXml("<x:y xmlns:x='urn:x' a='1'><x:z>t</x:z></x:y>").root);
    writeMetadata(document.root, metadata);
    const defined = await client.call("domainDefineXmlFlags", { xml: writeXml(document), flags: 1 });
    const { domain } = await client.call("domainCreateWithFlags", { domain: defined.domain, flags: 0 });
    const changed = { ...metadata, tags: ["new"] };
    await client.call("domainSetMetadata", { domain, ...metadataArguments(changed), flags: 3 });
    for (const flags of [0, 2]) {
      const { root } = parseXml((await client.call("domainGetXmlDesc", { domain, flags })).xml);
      expect(readMetadata(root), `flags ${flags}`).toEqual(changed);
      expect(readDomain(root).nics).toMatchObject([{ id: "nic-1", mac: "52:54:00:00:00:01", kind: "user" }]);
      expect(root.find("metadata")!.findIn("urn:x", "y")?.find("x:z")?.text).toBe("t");
    }
  });

  it("a running domain waits for nothing, and then for what was changed", async () => {
    const { daemon, client } = libvirt;
    const { domain } = await client.call("domainLookupByName", { name: "kept" });
    const read = async (flags: number) => readDomain(parseXml((await client.call("domainGetXmlDesc", { domain, flags })).xml).root);
    expect(pendingFields(await read(0), await read(2))).toEqual([]);
    const document = parseXml((await client.call("domainGetXmlDesc", { domain, flags: 2 | 1 })).xml);
    document.root.find("vcpu")!.setText("2");
    await client.call("domainDefineXmlFlags", { xml: writeXml(document), flags: 1 });
    expect(pendingFields(await read(0), await read(2))).toEqual(["cpus", "cpusMax"]);
    expect(await daemon.virsh(daemon.uri, "vcpucount", "kept", "--maximum", "--config")).toMatch(/2/);
  });
});
