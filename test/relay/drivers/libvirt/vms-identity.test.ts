// What a machine is beside its disks: its UUID, its name, what its firmware remembers, the networks that its host declares.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 2 ** 20;

describe.skipIf(libvirtdMissing !== null)("what a machine is", { timeout: 60_000 }, () => {
  let host: VmHost;
  /** Calls whose answer is lost though they had their effect. */
  let lost: string | null = null;
  let called: (name: string) => unknown = () => undefined;
  const make = (name: string, more: Record<string, unknown> = {}) =>
    host.done("vm.create", { name, cpus: 1, memory_bytes: 64 * MiB, firmware: "bios", ...more });
  const nvram = (file = "") => join(host.daemon.folder, "var/qemu/nvram", file);
  const places = () => readdirSync(nvram());
  beforeAll(async () => {
    host = await startVmHost({
      between: (client) => ({
        openStream: client.openStream.bind(client),
        async call(name, args, options) {
          called(name);
          const result = await client.call(name, args, options);
          if (name === lost) throw new LibvirtError("timeout", "the answer was lost", { procedure: name, sent: true });
          return result;
        },
      }),
    });
  }, 60_000);
  afterEach(() => {
    lost = null;
    called = () => undefined;
  });
  afterAll(() => host?.stop());

  it("two imports that keep one identity make one machine, and the one that fails leaves it alone", async () => {
    const { id: vm } = await make("kept", { disks: [{ size_bytes: 8 * MiB }] });
    for (const folder of ["one", "two"]) await host.done("vm.export", { vm, folder });
    await host.done("vm.delete", { vm, delete_disks: true });
    const results = await Promise.all(
      ["one", "two"].map((folder) => host.run("vm.import", { folder, name: `of-${folder}`, identity: "keep" })),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(["error", "success"]);
    const name = results[0]!.status === "success" ? "of-one" : "of-two";
    expect((await host.virsh("domname", vm)).trim()).toBe(name);
    expect(readdirSync(host.disks).filter((file) => file.startsWith("of-"))).toEqual([`${name}-disk0.qcow2`]);
    await host.done("vm.delete", { vm, delete_disks: true });
  });

  it("two imports that keep one address make one machine", async () => {
    const mac = "52:54:00:0a:0b:0c";
    for (const folder of ["first", "second"]) {
      const { id: vm } = await make(folder, { disks: [{ size_bytes: 8 * MiB }], nics: [{ network: "nat", mac }] });
      await host.done("vm.export", { vm, folder });
      await host.done("vm.delete", { vm, delete_disks: true });
    }
    const results = await Promise.all(["first", "second"].map((folder) => host.run("vm.import", { folder, identity: "keep" })));
    const made = results.find(({ status }) => status === "success");
    expect(results.find((result) => result !== made)).toMatchObject({ code: "MAC_IN_USE", data: { errors: [{ pointer: "/folder" }] } });
    const names = (await host.virsh("list", "--all", "--name")).split("\n").filter((name) => /^(first|second)$/.test(name));
    expect(names).toHaveLength(1);
    expect(readdirSync(host.disks).filter((file) => /^(first|second)-/.test(file))).toEqual([`${names[0]}-disk0.qcow2`]);
    await host.done("vm.delete", { vm: made!.data!.id, delete_disks: true });
  });

  it("a machine of another name keeps what its firmware remembers, and the next of its old name has none of it", async () => {
    const { id: vm } = await make("old", { firmware: "uefi" });
    await host.virsh("start", "old");
    await host.virsh("destroy", "old");
    const remembered = readFileSync(nvram("old_VARS.fd"));
    remembered.write("remembered", remembered.length - 16);
    writeFileSync(nvram("old_VARS.fd"), remembered);
    await host.done("vm.rename", { vm, name: "new" }, { plan: true });
    expect(places()).toEqual(["old_VARS.fd"]);
    await host.done("vm.rename", { vm, name: "new" });
    expect(places()).toEqual([]);
    const variables = async () => /<nvram[^>]*>([^<]+)</.exec(await host.virsh("dumpxml", "--inactive", "new"))![1]!;
    expect(await variables()).toMatch(new RegExp(`^${host.disks}/new-[0-9a-f]{8}_VARS\\.fd$`));
    const next = await make("old", { firmware: "uefi" });
    await host.virsh("start", "old");
    expect(readFileSync(nvram("old_VARS.fd")).includes("remembered")).toBe(false);
    await host.done("vm.delete", { vm: next.id, force: true });
    await host.virsh("start", "new");
    await host.virsh("destroy", "new");
    expect(readFileSync(await variables()).includes("remembered")).toBe(true);
    // Again: they lie beside the disks already.
    await host.done("vm.rename", { vm, name: "newer" });
    await host.done("vm.delete", { vm });
    expect(readdirSync(host.disks).filter((file) => file.endsWith("_VARS.fd"))).toEqual([]);
  });

  it("so does one whose definition names that very place", async () => {
    const { id: vm } = await make("said", { firmware: "uefi" });
    const file = join(host.daemon.folder, "said.xml");
    const path = "/var/lib/libvirt/qemu/nvram/said_VARS.fd";
    writeFileSync(file, (await host.virsh("dumpxml", "said")).replace("</os>", `<nvram>${path}</nvram></os>`));
    await host.virsh("define", file);
    await host.virsh("start", "said");
    await host.virsh("destroy", "said");
    expect(places()).toContain("said_VARS.fd");
    await host.done("vm.rename", { vm, name: "unsaid" });
    expect(places()).not.toContain("said_VARS.fd");
    expect(await host.virsh("dumpxml", "--inactive", "unsaid")).toMatch(new RegExp(`<nvram[^>]*>${host.disks}/unsaid-`));
    await host.virsh("start", "unsaid");
    await host.done("vm.delete", { vm, force: true });
  });

  it("a rename whose answer was lost is looked at, and its variables are kept", async () => {
    const { id: vm } = await make("before", { firmware: "uefi" });
    await host.virsh("start", "before");
    await host.virsh("destroy", "before");
    lost = "domainRename";
    await host.done("vm.rename", { vm, name: "after" });
    lost = null;
    expect(readdirSync(host.disks).filter((file) => /^after-.*_VARS\.fd$/.test(file))).toHaveLength(1);
    await host.done("vm.delete", { vm });
  });

  it("a change of firmware whose start was given up leaves nothing running", async () => {
    const { id: vm } = await make("secured", { firmware: "uefi" });
    lost = "domainCreateWithFlags";
    expect(await host.run("vm.update", { vm, secure_boot: true })).toMatchObject({ status: "error", code: "HYPERVISOR_TIMEOUT" });
    lost = null;
    expect((await host.virsh("domstate", "secured")).trim()).toBe("shut off");
    expect(await host.done("vm.get", { vm })).toMatchObject({ secure_boot: false });
    await host.done("vm.delete", { vm });
  });

  it("a machine without a definition is off when it is gone", async () => {
    const { id: vm, disks } = await make("passing", { disks: [{ size_bytes: 8 * MiB }] });
    const file = join(host.daemon.folder, "passing.xml");
    writeFileSync(file, await host.virsh("dumpxml", "passing"));
    await host.done("vm.delete", { vm });
    await host.virsh("create", file);
    // A change of its disk that is written as a definition would make it stay.
    const spec = { vm, disk: disks[0], cache: "none" };
    expect(await host.run("disk.update", spec)).toMatchObject({ code: "HYPERVISOR_UNSUPPORTED" });
    expect(await host.virsh("list", "--persistent", "--all", "--name")).not.toContain("passing");
    expect(await host.done("vm.stop", { vm })).toMatchObject({ state: "off" });
    await host.virsh("create", file);
    expect(await host.done("vm.shutdown", { vm, wait_ms: 1_000, force: true })).toMatchObject({ state: "off", forced: true });
  });

  it("going back whose answer was lost leaves protection and tags as they are now", async () => {
    const { id: vm } = await make("protected", { disks: [{ size_bytes: 8 * MiB }] });
    await host.done("snapshot.create", { vm, name: "one" });
    await host.done("vm.update", { vm, deletion_protection: true, tags: ["keep"] });
    lost = "domainRevertToSnapshot";
    expect(await host.run("snapshot.revert", { vm, snapshot: "one" })).toMatchObject({ code: "HYPERVISOR_TIMEOUT" });
    lost = null;
    expect(await host.done("vm.get", { vm })).toMatchObject({ deletion_protection: true, tags: ["keep"] });
  });

  it("a start that was cancelled and still happened is said", async () => {
    const { id: vm } = await make("started");
    const cancel = new AbortController();
    const progress = () => cancel.abort();
    expect(await host.done("vm.start", { vm }, { signal: cancel.signal, progress })).toMatchObject({ state: "running" });
    expect((await host.virsh("domstate", "started")).trim()).toBe("running");
    await host.done("vm.delete", { vm, force: true });
  });

  it("an adapter whose deletion was cancelled is there as before", async () => {
    const { id: vm, nics } = await make("carded", { nics: [{ network: "nat" }], start: true });
    const cancel = new AbortController();
    const before = await host.virsh("dumpxml", "--inactive", "carded");
    const asked = Promise.withResolvers<void>();
    called = (name) => name === "domainDetachDeviceFlags" && asked.resolve();
    const deleting = host.run("nic.delete", { vm, nic: nics[0]! }, { signal: cancel.signal });
    await asked.promise;
    cancel.abort();
    expect(await deleting).toMatchObject({ code: "JOB_CANCELLED", message: expect.stringContaining("may still do so") as string });
    expect(await host.virsh("dumpxml", "--inactive", "carded")).toBe(before);
    await host.done("vm.delete", { vm, force: true });
  });
});
