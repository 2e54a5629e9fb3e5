// A driver that is stopped while it works, as when relay.toml is read again: what is under way ends as it would have.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { qemuDomainXml } from "./real-clients.ts";

describe.skipIf(libvirtdMissing !== null)("a driver that is stopped", { timeout: 60_000 }, () => {
  let host: VmHost;
  /** Copies wait here. */
  let held: Promise<void> | null = null;
  beforeAll(async () => {
    host = await startVmHost({
      between: (client) => ({
        openStream: (name, args, options) => client.openStream(name, args, options),
        call: async (name, args, options) => {
          if (name.startsWith("storageVolCreate")) await held;
          return client.call(name, args, options);
        },
      }),
    });
  });
  afterAll(async () => host?.stop());

  it("keeps what it copies from the driver that comes after it", async () => {
    const made = await host.done("vm.create", {
      name: "original",
      cpus: 1,
      memory_bytes: 32 * 1024 ** 2,
      firmware: "bios",
      disks: [{ size_bytes: 1024 ** 2 }],
    });
    const gate = Promise.withResolvers<void>();
    held = gate.promise;
    const copying = host.run("vm.clone", { vm: made.id, name: "copy" });
    const next = await startVmHost({ daemon: host.daemon });
    try {
      expect(await next.run("vm.delete", { vm: made.id, delete_disks: true })).toMatchObject({ status: "error", code: "VM_BUSY" });
      gate.resolve();
      expect(await copying).toMatchObject({ status: "success" });
      expect(await next.run("vm.delete", { vm: made.id, delete_disks: true })).toMatchObject({ status: "success" });
    } finally {
      gate.resolve();
      held = null;
      await copying;
      await next.stop();
    }
  });

  it("lets a change that runs come to its own end, and looks at nothing more", async () => {
    const file = join(host.daemon.folder, "deaf.xml");
    writeFileSync(file, qemuDomainXml("deaf"));
    await host.virsh("define", file);
    await host.virsh("start", "deaf", "--paused");
    await until("it", () => [...host.driver.inventory!()!.items.values()].some(({ state }) => state === "paused"));
    const vm = (await host.virsh("domuuid", "deaf")).trim();
    await host.virsh("resume", "deaf");
    await until("it runs", () => [...host.driver.inventory!()!.items.values()].some(({ state }) => state === "running"));
    // It has no system that would hear the button: turned off after the wait.
    const stopping = host.run("vm.shutdown", { vm, wait_ms: 2_000, force: true });
    const known = host.driver.inventory!();
    await host.driver.stop();
    expect(await stopping).toMatchObject({ status: "success", data: { state: "off", forced: true } });
    expect(host.driver.inventory!()).toEqual(known);
    // The connection went with the last of the work.
    expect(await host.run("vm.list", {})).toMatchObject({ status: "error", code: "HYPERVISOR_UNAVAILABLE" });
  });
});
