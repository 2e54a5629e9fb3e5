// A copy that fails leaves nothing: each call of libvirt that changes something is made to fail, with and without its effect, and
// what there is afterwards equals what there was before.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { startVmHost, type VmHost } from "./host.ts";

const UUID = "11111111-2222-4333-8444-555555555555";
const LOOKS = /Get|List|Lookup|Is[A-Z]|Has[A-Z]/;

/** Fails the call of that number among those that change something; 0: none. */
interface Fault {
  at: number;
  after: boolean;
  seen: string[];
  /** Called at that number instead of failing. */
  instead?: (() => void) | undefined;
}

const failing =
  (fault: Fault) =>
  (client: LibvirtCalls): LibvirtCalls => {
    const around = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
      if (LOOKS.test(name)) return run();
      fault.seen.push(name);
      if (fault.seen.length !== fault.at) return run();
      if (fault.instead) {
        fault.instead();
        return run();
      }
      if (fault.after) await run();
      throw new LibvirtError(
        fault.after ? "disconnected" : "daemon",
        "made to fail",
        fault.after ? { sent: true } : { number: 1, domain: 10 },
      );
    };
    const call: LibvirtCalls["call"] = (name, args, options) => around(name, () => client.call(name, args, options));
    const openStream: LibvirtCalls["openStream"] = (name, args, options) => around(name, () => client.openStream(name, args, options));
    return { call, openStream };
  };

describe.skipIf(libvirtdMissing !== null)("a copy that fails", { timeout: 120_000 }, () => {
  const fault: Fault = { at: 0, after: false, seen: [] };
  let host: VmHost;

  beforeAll(async () => {
    host = await startVmHost({ between: failing(fault) });
    for (const name of ["a", "b"]) execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(host.disks, `${name}.qcow2`), "1M"]);
    const disk = (name: string, target: string) =>
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${host.disks}/${name}.qcow2'/><target dev='${target}' bus='virtio'/></disk>`;
    const file = join(host.daemon.folder, "s.xml");
    writeFileSync(
      file,
      `<domain type='qemu'><name>s</name><uuid>${UUID}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${disk("a", "vda")}${disk("b", "vdb")}
<interface type='user'><mac address='52:54:00:00:00:01'/></interface></devices></domain>`,
    );
    await host.virsh("define", file);
  }, 60_000);
  afterAll(() => host?.stop());

  const traces = async () => `${await host.traces()}\n${readdirSync(join(host.daemon.folder, "var/qemu/nvram")).join("\n")}`;

  /** How many changing calls it takes when nothing fails; what it makes is taken away by `remove`. */
  async function rehearse(run: () => Promise<unknown>, remove: () => Promise<void>): Promise<number> {
    for (let round = 0; ; round += 1) {
      Object.assign(fault, { at: 0, seen: [] });
      await run();
      const calls = fault.seen.length;
      await remove();
      // Pools are made the first time, and stay.
      if (round > 0) return calls;
    }
  }

  async function everyFailure(calls: number, run: () => Promise<{ readonly status: string }>): Promise<void> {
    const before = await traces();
    for (const after of [false, true])
      for (let at = 1; at <= calls; at += 1) {
        Object.assign(fault, { at, after, seen: [] });
        const { status } = await run();
        const failed = fault.seen[at - 1];
        Object.assign(fault, { at: 0, seen: [] });
        expect(`${failed} ${after} ${status}`).toBe(`${failed} ${after} error`);
        expect(await traces()).toBe(before);
      }
  }

  const gone = async (name: string) => {
    await host.virsh("destroy", name).catch(() => undefined);
    await host.virsh("undefine", name);
    for (const file of readdirSync(host.disks).filter((one) => one.startsWith(`${name}-`)))
      await host.virsh("vol-delete", join(host.disks, file));
  };

  it.each(["full", "linked"])("as %s leaves nothing", async (mode) => {
    const run = () => host.run("vm.clone", { vm: UUID, name: "copy", mode, start: true });
    const calls = await rehearse(
      () => host.done("vm.clone", { vm: UUID, name: "copy", mode, start: true }),
      () => gone("copy"),
    );
    expect(calls).toBeGreaterThanOrEqual(4);
    await everyFailure(calls, run);
  });

  const exportTo = { vm: UUID, storage_class: "second", folder: "out" };
  const importFrom = { storage_class: "second", folder: "out", name: "back", to_storage_class: "default" };
  const second = () => join(host.daemon.folder, "second");
  const foldersOf = () => readdirSync(second(), { recursive: true }).join("\n");

  it("on its way out leaves nothing", async () => {
    const calls = await rehearse(
      () => host.done("vm.export", exportTo),
      async () => rmSync(join(second(), "out"), { recursive: true }),
    );
    expect(calls).toBeGreaterThanOrEqual(8);
    await everyFailure(calls, () => host.run("vm.export", exportTo));
    expect(foldersOf()).toBe("");
  });

  it("on its way in leaves nothing", async () => {
    await host.done("vm.export", exportTo);
    const before = foldersOf();
    // The last two let the folder go.
    const calls = await rehearse(
      () => host.done("vm.import", importFrom),
      () => gone("back"),
    );
    await everyFailure(calls - 2, () => host.run("vm.import", importFrom));
    expect(foldersOf()).toBe(before);
    const traced = await traces();
    Object.assign(fault, { at: calls - 1, after: false, seen: [] });
    await host.done("vm.import", importFrom);
    expect(fault.seen[calls - 2]).toBe("storagePoolDestroy");
    await gone("back");
    await expect.poll(traces, { timeout: 20_000 }).toBe(traced);
    rmSync(join(second(), "out"), { recursive: true });
  });

  it.each([
    ["a clone", "vm.clone", { vm: UUID, name: "copy", start: true }, () => gone("copy")],
    ["an export", "vm.export", exportTo, async () => rmSync(join(second(), "out"), { recursive: true })],
    ["an import", "vm.import", { ...importFrom, folder: "kept" }, () => gone("back")],
  ] as const)("by cancellation at any moment of %s leaves nothing", async (_what, operation, spec, remove) => {
    const kept = join(second(), "kept");
    if (operation === "vm.import" && !existsSync(kept)) await host.done("vm.export", { ...exportTo, folder: "kept" });
    const calls = await rehearse(() => host.done(operation, spec), remove);
    const before = (await traces()) + foldersOf();
    // What lets a folder go after all was done is no more to be cancelled.
    for (let at = 1; at <= calls - (operation === "vm.clone" ? 0 : 2); at += 1) {
      const cancel = new AbortController();
      Object.assign(fault, { at, seen: [], instead: () => cancel.abort() });
      const result = await host.run(operation, spec, { signal: cancel.signal });
      expect(`${at} ${result.status} ${result.code}`).toBe(`${at} error JOB_CANCELLED`);
      // A copy within libvirt goes on to its end, and is taken away then.
      await expect.poll(async () => (await traces()) + foldersOf(), { timeout: 20_000 }).toBe(before);
    }
  });
});
