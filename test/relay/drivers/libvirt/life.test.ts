// A real guest under libvirt: boots, reads the seed that our writer made, talks on its console and its agent, keeps what a
// snapshot kept, obeys the power button. Over the RPC client alone.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import type { LibvirtStream } from "../../../../relay/drivers/libvirt/rpc/stream.ts";
import { gather } from "../../../../relay/drivers/libvirt/rpc/stream.ts";
import type { DomainRef } from "../../../../relay/drivers/libvirt/rpc/types.ts";
import { writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing, startLibvirtd, type Libvirtd } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { connectedClient, guestDomainXml, type Seen } from "./real-clients.ts";

/** Software emulation on a loaded machine: a boot takes five seconds when idle. */
const BOOT_MS = 120_000;

describe.skipIf(libvirtdMissing !== null)("a real guest", { timeout: BOOT_MS }, () => {
  let daemon: Libvirtd;
  let client: LibvirtClient;
  let seen: Seen;
  let domain: DomainRef;
  let console_: LibvirtStream;
  let text = "";

  beforeAll(async () => {
    const guest = buildGuest();
    daemon = await startLibvirtd();
    ({ client, seen } = await connectedClient(daemon.uri));
    const disks = join(daemon.folder, "disks");
    mkdirSync(disks);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(disks, "a.qcow2"), "64M"]);
    const encode = (content: string) => new TextEncoder().encode(content);
    const seed = [
      { name: "meta-data", bytes: encode("instance-id: i-1\nlocal-hostname: seeded\n") },
      { name: "user-data", bytes: encode("#cloud-config\n") },
    ];
    writeFileSync(join(disks, "seed.iso"), writeIso("cidata", seed, new Date()));
    const xml = guestDomainXml("g1", guest, disks);
    const defined = await client.call("domainDefineXmlFlags", { xml, flags: 0 });
    // Paused at first, so that the console is there before the first word.
    ({ domain } = await client.call("domainCreateWithFlags", { domain: defined.domain, flags: 1 }));
    console_ = (await client.openStream("domainOpenConsole", { domain, device: null, flags: 0 })).stream;
    console_.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
    await client.call("domainResume", { domain });
    await until("the guest", () => text.includes("GUEST-READY"), BOOT_MS);
  }, BOOT_MS + 60_000);
  afterAll(async () => {
    client?.stop();
    await daemon?.stop();
  });

  /** Runs a line in the guest's shell and gives what it printed. */
  async function shell(line: string): Promise<string> {
    const from = text.length;
    console_.write(`${line}; echo; echo "do""ne"\n`);
    await until(line, () => text.slice(from).includes("\ndone"), BOOT_MS);
    return text.slice(from);
  }
  const agentAnswers = async () => {
    const ping = { domain, command: '{"execute":"guest-ping"}', timeout: 2, flags: 0 };
    return client.call("qemuAgentCommand", ping, { timeoutMs: 5_000 }).then(
      () => true,
      () => false,
    );
  };

  it("takes its name from the seed", async () => {
    expect(text).toContain("GUEST-READY seeded");
    expect(await shell("hostname")).toContain("seeded");
  });

  it("talks on its console, both ways", async () => {
    expect(await shell("echo $((40 + 2))-answers")).toContain("42-answers");
  });

  it("answers as guest agent", async () => {
    await until("the agent", agentAnswers, BOOT_MS);
    const command = JSON.stringify({ execute: "guest-info" });
    const { answer } = await client.call("qemuAgentCommand", { domain, command, timeout: 5, flags: 0 });
    expect(JSON.parse(answer!)).toHaveProperty("return.version");
  });

  it("shows its screen as an image that is not empty", async () => {
    const { stream, result } = await client.openStream("domainScreenshot", { domain, screen: 0, flags: 0 });
    const image = await gather(stream);
    expect([result.mime, image.length > 1_000]).toEqual([expect.stringMatching(/^image\//), true]);
  });

  it("has again what its disk had when the snapshot was taken", async () => {
    await shell("echo before > /dev/vda; sync");
    const { snapshot } = await client.call("domainSnapshotCreateXml", {
      domain,
      xml: "<domainsnapshot><name>s1</name></domainsnapshot>",
      flags: 0,
    });
    await shell("echo after! > /dev/vda; sync");
    expect(await shell("head -c 6 /dev/vda")).toContain("after!");
    await client.call("domainRevertToSnapshot", { snapshot, flags: 0 });
    ({ domain } = await client.call("domainLookupByUuid", { uuid: domain.uuid }));
    console_ = (await client.openStream("domainOpenConsole", { domain, device: null, flags: 1 })).stream;
    console_.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
    expect(await shell("echo 3 > /proc/sys/vm/drop_caches; head -c 6 /dev/vda")).toContain("before");
    await client.call("domainSnapshotDelete", { snapshot, flags: 0 });
  });

  it("goes on where it was saved", async () => {
    await shell("echo kept > /tmp/kept");
    await client.call("domainManagedSave", { domain, flags: 0 });
    expect((await client.call("domainGetState", { domain, flags: 0 })).state).toBe(5);
    ({ domain } = await client.call("domainCreateWithFlags", { domain, flags: 0 }));
    console_ = (await client.openStream("domainOpenConsole", { domain, device: null, flags: 1 })).stream;
    console_.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
    expect(await shell("cat /tmp/kept")).toContain("kept");
  });

  it("shuts down by its power button, and the event says so", async () => {
    await client.call("domainShutdownFlags", { domain, flags: 1 });
    const isOff = () =>
      seen.events.some(
        (event) => event.name === "lifecycle" && event.event === 5 && event.detail === 0 && event.domain.uuid === domain.uuid,
      );
    await until("off", isOff, BOOT_MS);
    expect((await daemon.virsh(daemon.uri, "domstate", "g1")).trim()).toBe("shut off");
  });
});
