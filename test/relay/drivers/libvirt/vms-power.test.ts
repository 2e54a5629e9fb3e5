// Power of a real guest: each state that the contract knows, asked for twice, refused where it cannot be. virsh says what is so.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Operations } from "../../../../relay/drivers/libvirt/driver.ts";
import { buildGuestDisk, guestSpec } from "../../../fixtures/guest-disk.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { GuestConsole } from "./guest-console.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient } from "./real-clients.ts";

const MiB = 1024 * 1024;
/** Software emulation on a loaded machine: a boot takes five to ten seconds when idle. */
const BOOT_MS = 120_000;

describe.skipIf(libvirtdMissing !== null)("power of a virtual machine", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  let vm: string;

  beforeAll(async () => {
    host = await startVmHost({
      table: (folder) => ({ images: { guest: { path: buildGuestDisk(), os_family: "linux" }, gone: { path: join(folder, "gone.iso") } } }),
    });
    vm = (await host.done("vm.create", guestSpec("web"))).id;
  }, BOOT_MS);
  afterAll(() => host?.stop());

  const domstate = async () => (await host.virsh("domstate", vm)).trim();
  type Power = Extract<
    Operations,
    "vm.start" | "vm.shutdown" | "vm.stop" | "vm.reboot" | "vm.reset" | "vm.suspend" | "vm.resume" | "vm.save"
  >;
  const ask = async (operation: Power, more: Record<string, unknown> = {}) => {
    const { changes, state } = await host.done(operation, { vm, ...more });
    return [changes.map(({ from, to }) => `${String(from)} → ${String(to)}`).join(), state, await domstate()];
  };
  const codes = async (operations: readonly Power[]) =>
    Promise.all(operations.map(async (operation) => `${operation} ${(await host.run(operation, { vm })).code ?? "done"}`));

  it("starts; a repeat changes nothing, a plan neither", async () => {
    const planned = await host.done("vm.start", { vm }, { plan: true });
    expect([planned.state, planned.planned, await domstate()]).toEqual(["running", true, "shut off"]);
    expect(await ask("vm.start")).toEqual(["off → running", "running", "running"]);
    expect(await ask("vm.start")).toEqual(["", "running", "running"]);
    expect(await ask("vm.resume")).toEqual(["", "running", "running"]);
  });

  it("pauses and goes on", async () => {
    expect(await ask("vm.suspend")).toEqual(["running → paused", "paused", "paused"]);
    expect(await ask("vm.suspend")).toEqual(["", "paused", "paused"]);
    expect(await codes(["vm.start", "vm.reboot", "vm.shutdown"])).toEqual([
      "vm.start VM_STATE_INVALID",
      "vm.reboot VM_STATE_INVALID",
      "vm.shutdown VM_STATE_INVALID",
    ]);
    expect(await ask("vm.resume")).toEqual(["paused → running", "running", "running"]);
  });

  it("saves, and goes on from there", async () => {
    expect(await ask("vm.save")).toEqual(["running → saved", "saved", "shut off"]);
    expect(await ask("vm.save")).toEqual(["", "saved", "shut off"]);
    expect((await host.done("vm.list", { state: "saved" })).items.map(({ id }) => id)).toEqual([vm]);
    expect(await ask("vm.stop")).toEqual(["", "saved", "shut off"]);
    expect(await ask("vm.start")).toEqual(["saved → running", "running", "running"]);
  });

  it("restarts a guest that obeys, and turns one off", async () => {
    const { client } = await connectedClient(host.daemon.uri);
    const console_ = new GuestConsole(client, vm);
    await ask("vm.reset");
    expect((await host.done("vm.get", { vm })).os_family).toBe("linux");
    await console_.open();
    await console_.ready();
    expect(await ask("vm.reboot", { wait_ms: BOOT_MS / 2 })).toEqual(["running → running", "running", "running"]);
    await console_.open();
    await console_.ready();
    const { forced, state, changes } = await host.done("vm.shutdown", { vm, wait_ms: BOOT_MS / 2 });
    expect([forced, state, changes[0]?.to, await domstate()]).toEqual([false, "off", "off", "shut off"]);
    console_.close();
    client.stop();
    expect(await ask("vm.shutdown")).toEqual(["", "off", "shut off"]);
    expect(await ask("vm.stop")).toEqual(["", "off", "shut off"]);
  });

  it("says that a deaf guest did not hear, and turns it off when asked to; a cancelled wait leaves it", async () => {
    const deaf = (await host.done("vm.create", { name: "deaf", cpus: 1, memory_bytes: 64 * MiB, firmware: "bios", start: true })).id;
    expect(await host.run("vm.shutdown", { vm: deaf, wait_ms: 300 })).toMatchObject({ code: "VM_SHUTDOWN_TIMEOUT" });
    expect(await host.run("vm.reboot", { vm: deaf, wait_ms: 300 })).toMatchObject({ code: "VM_SHUTDOWN_TIMEOUT" });
    const cancel = new AbortController();
    const waiting = host.run(
      "vm.shutdown",
      { vm: deaf, wait_ms: 600_000 },
      { signal: cancel.signal, progress: () => setImmediate(() => cancel.abort()) },
    );
    expect(await waiting).toMatchObject({ code: "JOB_CANCELLED" });
    expect((await host.virsh("domstate", deaf)).trim()).toBe("running");
    expect(await host.done("vm.reboot", { vm: deaf, wait_ms: 300, force: true })).toMatchObject({ state: "running", forced: true });
    expect(await host.done("vm.shutdown", { vm: deaf, wait_ms: 300, force: true })).toMatchObject({ state: "off", forced: true });
    expect((await host.virsh("domstate", deaf)).trim()).toBe("shut off");
  });

  it("boots from UEFI with a TPM, and the guest reads its seed", async () => {
    const spec = {
      name: "seeded",
      cpus: 1,
      memory_bytes: 256 * MiB,
      tpm: true,
      disks: [{ image: "guest", bus: "scsi" }],
      nics: [{ network: "nat" }],
    };
    const { id } = await host.done("vm.create", { ...spec, seed: { user_data: "#cloud-config\n" } });
    const { client } = await connectedClient(host.daemon.uri);
    const console_ = new GuestConsole(client, id);
    await console_.boot();
    expect(await console_.shell("hostname")).toContain("seeded");
    console_.close();
    client.stop();
    await host.done("vm.delete", { vm: id, force: true, delete_disks: true });
    expect(await host.virsh("vol-list", "farhand-default")).not.toContain("seeded");
  });

  it("says why one could not be started", async () => {
    const medium = join(host.daemon.folder, "gone.iso");
    writeFileSync(medium, "");
    const { id } = await host.done("vm.create", { name: "broken", cpus: 1, memory_bytes: 64 * MiB, firmware: "bios", iso: "gone" });
    rmSync(medium);
    expect(await host.run("vm.start", { vm: id })).toMatchObject({ status: "error", code: "VM_START_FAILED" });
  });
});
