// The RPC client against a real libvirtd, on its test hypervisor and on QEMU; virsh is the oracle.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { buildKeepalive, KEEPALIVE } from "../../../../relay/drivers/libvirt/rpc/message.ts";
import { gather } from "../../../../relay/drivers/libvirt/rpc/stream.ts";
import type { DomainRef } from "../../../../relay/drivers/libvirt/rpc/types.ts";
import { libvirtdMissing, startLibvirtd, type Libvirtd } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { connectedClient, qemuDomainXml, type Seen } from "./real-clients.ts";

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error as LibvirtError,
  );
const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .sort();

describe.skipIf(libvirtdMissing !== null)("on a real libvirtd", () => {
  let daemon: Libvirtd;
  beforeAll(async () => {
    daemon = await startLibvirtd();
  });
  afterAll(() => daemon?.stop());

  describe("with the test hypervisor", () => {
    let client: LibvirtClient;
    let seen: Seen;
    const virsh = (...args: string[]) => daemon.virsh(daemon.testUri, ...args);
    beforeAll(async () => {
      ({ client, seen } = await connectedClient(daemon.testUri));
    });
    afterAll(() => client?.stop());

    it("lists what virsh lists", async () => {
      const { domains, count } = await client.call("connectListAllDomains", { need: true, flags: 0 });
      expect(domains.map((domain) => domain.name)).toEqual(lines(await virsh("list", "--all", "--name")));
      expect(count).toBe(domains.length);
      const { pools } = await client.call("connectListAllStoragePools", { need: true, flags: 0 });
      expect(pools.map((pool) => pool.name)).toEqual(lines(await virsh("pool-list", "--all", "--name")));
      const { networks } = await client.call("connectListAllNetworks", { need: true, flags: 0 });
      expect(networks.map((network) => network.name)).toEqual(lines(await virsh("net-list", "--all", "--name")));
    });

    it("reads the same XML as virsh", async () => {
      const { domain } = await client.call("domainLookupByName", { name: "test" });
      const { xml } = await client.call("domainGetXmlDesc", { domain, flags: 0 });
      expect(xml.trim()).toBe((await virsh("dumpxml", "test")).trim());
    });

    it("leads a domain through its life, and each step is an event", async () => {
      const xml = "<domain type='test'><name>life</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>";
      const { domain } = await client.call("domainDefineXmlFlags", { xml, flags: 0 });
      expect((await virsh("domuuid", "life")).trim()).toBe(domain.uuid);
      const state = async () => (await virsh("domstate", "life")).trim();
      const { domain: running } = await client.call("domainCreateWithFlags", { domain, flags: 0 });
      expect([await state(), running.id > 0]).toEqual(["running", true]);
      await client.call("domainSuspend", { domain: running });
      expect([await state(), await client.call("domainGetState", { domain, flags: 0 })]).toMatchObject(["paused", { state: 3 }]);
      await client.call("domainResume", { domain: running });
      await client.call("domainDestroyFlags", { domain: running, flags: 0 });
      await client.call("domainUndefineFlags", { domain, flags: 0 });
      await until("six events", () => seen.events.filter((event) => event.domain.name === "life").length >= 6);
      const steps = seen.events.filter((event) => event.name === "lifecycle" && event.domain.name === "life");
      expect(steps.map((event) => event.name === "lifecycle" && event.event)).toEqual([0, 2, 3, 4, 5, 1]);
    });

    it("tells of changes that virsh makes", async () => {
      const before = seen.events.length;
      await virsh("suspend", "test");
      await virsh("resume", "test");
      await until("both", () => seen.events.length >= before + 2);
    });

    it("takes and reverts snapshots", async () => {
      const { domain } = await client.call("domainLookupByName", { name: "test" });
      const { snapshot } = await client.call("domainSnapshotCreateXml", {
        domain,
        xml: "<domainsnapshot><name>s1</name></domainsnapshot>",
        flags: 0,
      });
      expect([snapshot.name, lines(await virsh("snapshot-list", "test", "--name"))]).toEqual(["s1", ["s1"]]);
      await client.call("domainRevertToSnapshot", { snapshot, flags: 0 });
      await client.call("domainSnapshotDelete", { snapshot, flags: 0 });
      expect((await client.call("domainListAllSnapshots", { domain, need: true, flags: 0 })).snapshots).toEqual([]);
    });

    it.each([
      ["NO_DOMAIN", "TEST", () => client.call("domainLookupByName", { name: "nope" })],
      ["NO_STORAGE_POOL", "TEST", () => client.call("storagePoolLookupByName", { name: "nope" })],
      ["NO_NETWORK", "TEST", () => client.call("networkLookupByName", { name: "nope" })],
      ["NO_NAME", "DOMAIN", () => client.call("domainDefineXmlFlags", { xml: "<domain type='test'/>", flags: 0 })],
      ["XML_DETAIL", "DOMAIN", () => client.call("domainDefineXmlFlags", { xml: "<domain", flags: 0 })],
    ] as [string, string, () => Promise<unknown>][])("answers %s of %s as itself", async (error, domain, act) => {
      expect(await failure(act())).toMatchObject({ condition: "daemon", libvirtError: error, libvirtDomain: domain });
    });
  });

  describe("with QEMU", () => {
    let client: LibvirtClient;
    let seen: Seen;
    let domain: DomainRef;
    const virsh = (...args: string[]) => daemon.virsh(daemon.uri, ...args);
    beforeAll(async () => {
      ({ client, seen } = await connectedClient(daemon.uri));
      const disks = join(daemon.folder, "disks");
      mkdirSync(disks, { recursive: true });
      const pool = `<pool type='dir'><name>disks</name><target><path>${disks}</path></target></pool>`;
      await client.call("storagePoolCreateXml", { xml: pool, flags: 0 });
      await virsh("vol-create-as", "disks", "a.qcow2", "64M", "--format", "qcow2");
      const disk = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disks}/a.qcow2'/><target dev='vda' bus='virtio'/></disk>`;
      const defined = await client.call("domainDefineXmlFlags", { xml: qemuDomainXml("q1", disk), flags: 0 });
      ({ domain } = await client.call("domainCreateWithFlags", { domain: defined.domain, flags: 0 }));
    });
    afterAll(() => client?.stop());

    it("sees the running domain as virsh does", async () => {
      expect((await virsh("domstate", "q1")).trim()).toBe("running");
      expect((await client.call("domainGetXmlDesc", { domain, flags: 0 })).xml.trim()).toBe((await virsh("dumpxml", "q1")).trim());
      const info = await client.call("domainGetInfo", { domain });
      expect(info).toMatchObject({ state: 1, maxMemory: 32 * 1024, cpus: 1 });
      const { records } = await client.call("connectGetAllDomainStats", { domains: [domain], stats: 0, flags: 0 });
      const disk = records[0]?.parameters.find(({ field }) => field === "block.0.path");
      expect(disk?.value).toBe(join(daemon.folder, "disks/a.qcow2"));
    });

    it("reads the firmware's words on the serial console and sends it bytes", async () => {
      const { stream } = await client.openStream("domainOpenConsole", { domain, device: null, flags: 1 });
      let text = "";
      stream.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
      await client.call("domainReset", { domain, flags: 0 });
      await until("the firmware", () => text.includes("SeaBIOS"));
      await new Promise((resolve) => stream.write("x", resolve));
      stream.destroy();
      await once(stream, "close");
    });

    it("takes a screenshot", async () => {
      const { stream, result } = await client.openStream("domainScreenshot", { domain, screen: 0, flags: 0 });
      const image = await gather(stream);
      const magic = result.mime === "image/png" ? [0x89, 0x50] : [0x50, 0x36];
      expect([...image.subarray(0, 2)]).toEqual(magic);
    });

    it("uploads and downloads a volume byte for byte", async () => {
      const bytes = randomBytes((5 << 20) + 777);
      await virsh("vol-create-as", "disks", "raw.img", String(bytes.length), "--format", "raw");
      const { pool } = await client.call("storagePoolLookupByName", { name: "disks" });
      const { volume } = await client.call("storageVolLookupByName", { pool, name: "raw.img" });
      const up = await client.openStream("storageVolUpload", { volume, offset: 0, length: bytes.length, flags: 0 });
      await new Promise<void>((resolve, reject) => {
        up.stream.once("error", reject);
        up.stream.end(bytes, resolve);
      });
      const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
      expect(sha(readFileSync(join(daemon.folder, "disks/raw.img")))).toBe(sha(bytes));
      const down = await client.openStream("storageVolDownload", { volume, offset: 0, length: 0, flags: 0 });
      expect(sha(await gather(down.stream))).toBe(sha(bytes));
      const part = await client.openStream("storageVolDownload", { volume, offset: 100, length: 50, flags: 0 });
      expect(await gather(part.stream)).toEqual(bytes.subarray(100, 150));
    });

    it("passes on what a stream fails with", async () => {
      const { pool } = await client.call("storagePoolLookupByName", { name: "disks" });
      const { volume } = await client.call("storageVolLookupByName", { pool, name: "raw.img" });
      const { stream } = await client.openStream("storageVolUpload", { volume, offset: 0, length: 10, flags: 0 });
      const source = (async function* () {
        yield Buffer.alloc(1 << 20);
      })();
      expect(await failure(pipeline(source, stream))).toBeInstanceOf(LibvirtError);
    });

    it("resizes a running disk and takes internal snapshots", async () => {
      await client.call("domainBlockResize", { domain, disk: "vda", size: 128 * 1024, flags: 0 });
      expect(await virsh("domblkinfo", "q1", "vda")).toMatch(/Capacity:\s+134217728/);
      const { snapshot } = await client.call("domainSnapshotCreateXml", {
        domain,
        xml: "<domainsnapshot><name>s1</name></domainsnapshot>",
        flags: 0,
      });
      expect(lines(await virsh("snapshot-list", "q1", "--name"))).toEqual(["s1"]);
      await client.call("domainRevertToSnapshot", { snapshot, flags: 0 });
      await client.call("domainSnapshotDelete", { snapshot, flags: 0 });
      expect(lines(await virsh("snapshot-list", "q1", "--name"))).toEqual([]);
      ({ domain } = await client.call("domainLookupByName", { name: "q1" }));
    });

    it.each([
      ["AGENT_UNRESPONSIVE", () => client.call("qemuAgentCommand", { domain, command: '{"execute":"guest-ping"}', timeout: 1, flags: 0 })],
      ["OPERATION_INVALID", () => client.call("domainCreateWithFlags", { domain, flags: 0 })],
      ["NO_DOMAIN_SNAPSHOT", () => client.call("domainSnapshotLookupByName", { domain, name: "nope", flags: 0 })],
      ["NO_STORAGE_VOL", () => client.call("storageVolLookupByPath", { path: "/nope" })],
    ] as [string, () => Promise<unknown>][])("answers %s as itself", async (error, act) => {
      expect(await failure(act())).toMatchObject({ condition: "daemon", libvirtError: error });
    });

    it("hot-plugs a disk and hears of its removal", async () => {
      writeFileSync(join(daemon.folder, "disks/hot.raw"), Buffer.alloc(1 << 20));
      const xml = `<disk type='file' device='disk'><source file='${daemon.folder}/disks/hot.raw'/><target dev='sdb' bus='usb'/></disk>`;
      await client.call("domainAttachDeviceFlags", { domain, xml, flags: 1 });
      expect(await virsh("domblklist", "q1")).toContain("hot.raw");
      await client.call("domainDetachDeviceFlags", { domain, xml, flags: 1 });
      await until("its removal", () => seen.events.some((event) => event.name === "deviceRemoved"));
      expect(await virsh("domblklist", "q1")).not.toContain("hot.raw");
    });

    it("answers while twenty volumes are cloned at once, and each clone is made", async () => {
      writeFileSync(join(daemon.folder, "disks/gold.raw"), randomBytes(24 << 20));
      const { pool } = await client.call("storagePoolLookupByName", { name: "disks" });
      await client.call("storagePoolRefresh", { pool, flags: 0 });
      const { volume: from } = await client.call("storageVolLookupByName", { pool, name: "gold.raw" });
      const clone = (name: string) => {
        const xml = `<volume><name>${name}</name><capacity>${24 << 20}</capacity><target><format type='qcow2'/></target></volume>`;
        return client.call("storageVolCreateXmlFrom", { pool, xml, from, flags: 0 });
      };
      const names = Array.from({ length: 20 }, (_, index) => `clone${index}.qcow2`);
      let answers = 0;
      const running = { count: names.length };
      const clones = Promise.all(names.map((name) => clone(name).finally(() => (running.count -= 1))));
      while (running.count > 0) {
        await client.call("domainGetInfo", { domain });
        answers += 1;
      }
      expect((await clones).map(({ volume }) => volume.name)).toEqual(names);
      expect(answers).toBeGreaterThan(names.length);
      const listed = lines(await virsh("vol-list", "disks")).map((line) => line.split(/\s+/)[0]);
      expect(listed.filter((name) => name?.startsWith("clone")).length).toBe(names.length);
    });

    it("speaks the keepalive that libvirtd speaks", async () => {
      const socket = connect(daemon.socket);
      socket.write(buildKeepalive(KEEPALIVE.ping));
      const [bytes] = (await once(socket, "data")) as [Buffer];
      expect(bytes).toEqual(buildKeepalive(KEEPALIVE.pong));
      socket.destroy();
    });

    it("is not held up by a daemon that hangs, and goes on when it does", async () => {
      process.kill(daemon.pid(), "SIGSTOP");
      try {
        const error = await failure(client.call("domainGetInfo", { domain }, { timeoutMs: 100 }));
        expect(error).toMatchObject({ condition: "timeout", sent: true });
      } finally {
        process.kill(daemon.pid(), "SIGCONT");
      }
      expect((await client.call("domainGetInfo", { domain })).state).toBe(1);
    });

    it("comes back by itself when libvirtd is killed, with a resync; the guest runs on", async () => {
      const before = { resyncs: seen.resyncs, downs: seen.downs.length };
      await daemon.kill();
      await until("the resync", () => seen.resyncs > before.resyncs);
      expect(seen.downs.length).toBe(before.downs + 1);
      const { domain: again } = await client.call("domainLookupByUuid", { uuid: domain.uuid });
      expect((await client.call("domainGetState", { domain: again, flags: 0 })).state).toBe(1);
      await client.call("domainSuspend", { domain: again });
      await until("an event on the new connection", () =>
        seen.events.some((event) => event.name === "lifecycle" && event.event === 3 && event.domain.name === "q1"),
      );
    });
  });
});
