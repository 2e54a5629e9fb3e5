// snapshot.list, snapshot.create, snapshot.revert and snapshot.delete on a real guest, which itself says what its disk and memory
// hold; virsh is the oracle of what there is.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { BOOT_MS, GuestConsole } from "./guest-console.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient, guestDomainXml } from "./real-clients.ts";

const UUID = "11111111-2222-4333-8444-555555555555";

describe.skipIf(libvirtdMissing !== null)("snapshots of a real guest", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  let client: LibvirtClient;
  let guest: GuestConsole;

  beforeAll(async () => {
    host = await startVmHost();
    ({ client } = await connectedClient(host.daemon.uri));
    // A disk on an image: what is common stays in the image, and the snapshots in the disk.
    const [image, disk] = [join(host.daemon.folder, "image.qcow2"), join(host.disks, "a.qcow2")];
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", image, "64M"]);
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, disk]);
    writeFileSync(join(host.disks, "seed.iso"), writeIso("cidata", [], new Date()));
    const file = join(host.daemon.folder, "g1.xml");
    writeFileSync(file, guestDomainXml("g1", buildGuest(), host.disks).replace("</name>", `</name><uuid>${UUID}</uuid>`));
    await host.virsh("define", file);
    guest = new GuestConsole(client, UUID);
    await guest.boot();
  }, BOOT_MS + 60_000);
  afterAll(async () => {
    guest?.close();
    client?.stop();
    await host?.stop();
  });

  const names = async () => (await host.virsh("snapshot-list", "g1", "--name")).split("\n").filter(Boolean);
  const list = async () => (await host.done("snapshot.list", { vm: UUID })).items;
  const state = async () => (await host.virsh("domstate", "g1")).trim();

  it("are none at first", async () => {
    expect(await list()).toEqual([]);
  });

  it("are planned without being taken", async () => {
    const planned = await host.done("snapshot.create", { vm: UUID, name: "one" }, { plan: true });
    expect(planned).toMatchObject({ id: "one", planned: true, changed: ["snapshot"], needs_restart: false });
    expect(await names()).toEqual([]);
  });

  it("keep disk and memory of a running machine", async () => {
    const told: string[] = [];
    await guest.shell("echo before > /dev/vda; sync; echo first > /tmp/memory");
    await host.done(
      "snapshot.create",
      { vm: UUID, name: "one", description: "a < b & c" },
      { progress: (_percent, what) => told.push(what) },
    );
    expect(told).toContain("keeping disks and memory");
    await guest.shell("echo after! > /dev/vda; sync; echo second > /tmp/memory");
    await host.done("snapshot.create", { vm: UUID, name: "two" });
    expect(await guest.disk("/dev/vda", 6)).toContain("after!");
  });

  it("are listed, parents first", async () => {
    expect(await list()).toEqual([
      expect.objectContaining({ name: "one", parent: null, current: false, state: "running", memory: true, description: "a < b & c" }),
      expect.objectContaining({ name: "two", parent: "one", current: true, kind: "internal", size_bytes: null }),
    ]);
    const [one] = await list();
    expect(Math.abs(Date.parse(one!.created_at!) - Date.now())).toBeLessThan(3600_000);
    expect((await names()).toSorted()).toEqual(["one", "two"]);
  });

  it("are gone back to, running", async () => {
    const planned = await host.done("snapshot.revert", { vm: UUID, snapshot: "one" }, { plan: true });
    expect(planned).toMatchObject({ planned: true, state: "running", changes: [{ field: "snapshot", from: "two", to: "one" }] });
    expect(await guest.disk("/dev/vda", 6)).toContain("after!");
    expect(await host.done("snapshot.revert", { vm: UUID, snapshot: "one" })).toMatchObject({ state: "running", planned: false });
    await guest.open();
    expect(await guest.disk("/dev/vda", 6)).toContain("before");
    expect(await guest.shell("cat /tmp/memory")).toContain("first");
    expect((await list()).find(({ current }) => current)?.name).toBe("one");
  });

  it("keep what the product knows of the machine when it goes back", async () => {
    const metadata = "<vm deletion_protection='yes' stop_action='shutdown'/>";
    await host.virsh(
      "metadata",
      "g1",
      "--uri",
      "https://farhand.dev/xmlns/vm/1",
      "--key",
      "farhand",
      "--set",
      metadata,
      "--live",
      "--config",
    );
    await host.done("snapshot.revert", { vm: UUID, snapshot: "two", power: "running" });
    for (const which of [[], ["--inactive"]]) expect(await host.virsh("dumpxml", "g1", ...which)).toMatch(/deletion_protection=['"]yes/);
    await guest.open();
    expect(await guest.shell("cat /tmp/memory")).toContain("second");
  });

  it("are not taken or gone back to once the job was cancelled", async () => {
    const signal = AbortSignal.abort();
    expect(await host.run("snapshot.create", { vm: UUID, name: "never" }, { signal })).toMatchObject({ code: "JOB_CANCELLED" });
    expect((await names()).toSorted()).toEqual(["one", "two"]);
  });

  it("leave a machine off that was asked to be off", async () => {
    expect(await host.done("snapshot.revert", { vm: UUID, snapshot: "one", power: "off" })).toMatchObject({ state: "off" });
    expect(await state()).toBe("shut off");
    await guest.boot();
    expect(await guest.disk("/dev/vda", 6)).toContain("before");
  });

  it("keep the disk of a machine that is off", async () => {
    await host.virsh("destroy", "g1");
    await host.done("snapshot.create", { vm: UUID, name: "off" });
    expect((await list()).find(({ name }) => name === "off")).toMatchObject({ state: "off", memory: false, kind: "internal" });
    await guest.boot();
    await guest.shell("echo lost!! > /dev/vda; sync");
    expect(await host.done("snapshot.revert", { vm: UUID, snapshot: "off", power: "running" })).toMatchObject({ state: "running" });
    await guest.open();
    await guest.ready();
    expect(await guest.disk("/dev/vda", 6)).toContain("before");
    expect(await host.done("snapshot.revert", { vm: UUID, snapshot: "off" })).toMatchObject({ state: "off" });
    expect(await state()).toBe("shut off");
  });

  it("throw saved memory away when they are gone back to", async () => {
    await guest.boot();
    await host.virsh("managedsave", "g1");
    const back = await host.done("snapshot.revert", { vm: UUID, snapshot: "off" });
    expect(back).toMatchObject({ state: "off", changes: [{ field: "snapshot" }, { field: "state", from: "saved", to: "off" }] });
    expect(await host.virsh("dominfo", "g1")).toMatch(/Managed save:\s+no/);
  });

  it("are deleted alone, and with those that stand on them", async () => {
    const refused = await host.run("snapshot.delete", { vm: UUID, snapshot: "none" });
    expect(refused).toMatchObject({ status: "error", code: "SNAPSHOT_NOT_FOUND" });
    await host.done("snapshot.delete", { vm: UUID, snapshot: "two" });
    expect((await names()).toSorted()).toEqual(["off", "one"]);
    const planned = await host.done("snapshot.delete", { vm: UUID, snapshot: "one", children: true }, { plan: true });
    expect(planned.changes).toMatchObject([{ from: "one" }, { from: "off" }]);
    expect((await names()).toSorted()).toEqual(["off", "one"]);
    await guest.boot();
    await host.done("snapshot.delete", { vm: UUID, snapshot: "one", children: true });
    expect(await names()).toEqual([]);
    expect(execFileSync("qemu-img", ["snapshot", "-U", "-l", join(host.disks, "a.qcow2")], { encoding: "utf8" })).toBe("");
    expect(await guest.disk("/dev/vda", 6)).toContain("before");
  });
});
