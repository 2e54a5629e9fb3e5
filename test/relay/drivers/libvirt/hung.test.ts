// A QEMU that hangs, under a job that is cancelled: the handler ends in the time that it may take, and says what may still happen.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../../protocol/limits.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { startVmHost, type VmHost } from "./host.ts";

const MiB = 2 ** 20;
const MAY_STILL = /may still (happen|do so)/;
type Operation = Parameters<VmHost["run"]>[0];

/** Of the QEMU that runs a machine of this libvirtd. */
function qemuOf(folder: string, name: string): number {
  const isIt = (pid: string) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return line.includes(`guest=${name},`) && line.includes(folder);
    } catch {
      return false;
    }
  };
  const pid = readdirSync("/proc").find((entry) => /^\d+$/.test(entry) && isIt(entry));
  if (pid === undefined) throw new Error("no such QEMU");
  return Number(pid);
}

describe.skipIf(libvirtdMissing !== null)("a QEMU that hangs", { timeout: 60_000 }, () => {
  let host: VmHost;
  let called: (name: string) => unknown = () => undefined;
  let count = 0;
  let vm: { readonly id: string; readonly disk: string; readonly nic: string; readonly pid: number; readonly name: string };
  beforeAll(async () => {
    host = await startVmHost({
      between: (client) => ({
        openStream: client.openStream.bind(client),
        call(name, args, options) {
          const answer = client.call(name, args, options);
          called(name);
          return answer;
        },
      }),
    });
  }, 60_000);
  afterAll(() => host?.stop());
  beforeEach(async () => {
    const name = `hung${(count += 1)}`;
    const made = await host.done("vm.create", {
      name,
      cpus: 1,
      memory_bytes: 64 * MiB,
      firmware: "bios",
      disks: [{ size_bytes: 8 * MiB }],
      nics: [{ network: "nat" }],
      start: true,
    });
    vm = { id: made.id, disk: made.disks[0]!, nic: made.nics[0]!, pid: qemuOf(host.daemon.folder, name), name };
  });
  afterEach(async () => {
    called = () => undefined;
    process.kill(vm.pid, "SIGCONT");
    // What was asked of it is answered now; then it may go.
    await until("its lock is free", async () => (await host.run("vm.delete", { vm: vm.id, force: true })).status === "success");
  });

  /** Cancels once the call is on its way to a QEMU that answers nothing. */
  async function cancelled(operation: Operation, spec: Record<string, unknown>, call: string, nth = 1) {
    const asked = Promise.withResolvers<void>();
    let left = nth;
    called = (name) => name === call && (left -= 1) === 0 && asked.resolve();
    const cancel = new AbortController();
    process.kill(vm.pid, "SIGSTOP");
    const running = host.run(operation, { vm: vm.id, ...spec }, { signal: cancel.signal });
    await Promise.race([asked.promise, running]);
    cancel.abort();
    return Promise.race([running, sleep(LIMITS.cancelGraceMs, null)]);
  }
  const definition = () => host.virsh("dumpxml", "--inactive", vm.name);

  it.each([
    ["disk.resize", "domainBlockResize", (): Record<string, unknown> => ({ disk: vm.disk, size_bytes: 16 * MiB })],
    ["disk.detach", "domainDetachDeviceFlags", () => ({ disk: vm.disk })],
    ["nic.delete", "domainDetachDeviceFlags", () => ({ nic: vm.nic })],
  ] as const)("holds no cancelled %s, which leaves the definition as it was", async (operation, call, spec) => {
    const before = await definition();
    expect(await cancelled(operation, spec(), call)).toMatchObject({
      status: "error",
      code: "JOB_CANCELLED",
      message: expect.stringMatching(MAY_STILL) as string,
    });
    expect(await definition()).toBe(before);
  });

  it("holds no cancelled disk.create: what cannot be taken back is kept and said", async () => {
    // The definition first, then what runs.
    const result = await cancelled("disk.create", { size_bytes: 8 * MiB }, "domainAttachDeviceFlags", 2);
    expect(result).toMatchObject({ status: "error", code: "JOB_CANCELLED", message: expect.stringMatching(MAY_STILL) as string });
    const isKept = readdirSync(host.disks).includes(`${vm.name}-disk1.qcow2`);
    expect(isKept).toBe(result!.message.includes("Left behind"));
    expect((await definition()).includes(`${vm.name}-disk1.qcow2`)).toBe(isKept);
  });

  it("holds no cancelled nic.create and nic.update", async () => {
    const created = await cancelled("nic.create", { network: "nat" }, "domainAttachDeviceFlags");
    expect(created).toMatchObject({ status: "error", code: "JOB_CANCELLED", message: expect.stringMatching(MAY_STILL) as string });
    process.kill(vm.pid, "SIGCONT");
    await until("it came", async () => (await host.done("nic.list", { vm: vm.id })).items.length === 2);
    const updated = await cancelled("nic.update", { nic: vm.nic, connected: false }, "domainUpdateDeviceFlags");
    expect(updated).toMatchObject({
      status: "error",
      code: "JOB_CANCELLED",
      message: expect.stringContaining("definition has the change") as string,
    });
  });
});
