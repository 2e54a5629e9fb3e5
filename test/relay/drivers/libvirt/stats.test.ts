// vm.stats: what libvirt counts, and how fast it grew since the reading before.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CounterHistory, HISTORY_LIMITS, type Counters } from "../../../../relay/drivers/libvirt/vms/stats/history.ts";
import { statsOf } from "../../../../relay/drivers/libvirt/vms/stats/rates.ts";
import { diskIdOf } from "../../../../relay/drivers/libvirt/domain/devices.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { BOOT_MS, startAgentGuest, type AgentGuest } from "./agent-guest.ts";
import { startVmHost, type VmHost } from "./host.ts";

const reading = (atMs: number, change: Partial<Counters> = {}): Counters => ({
  atMs,
  run: "1",
  cpus: 2,
  cpuMs: atMs,
  memoryBytes: 1_000,
  memoryUsedBytes: 400,
  disks: [{ id: "d", readBytes: atMs, writtenBytes: 2 * atMs, reads: atMs / 100, writes: 0 }],
  nics: [{ id: "n", receivedBytes: 4 * atMs, sentBytes: 0 }],
  ...change,
});

describe("rates", () => {
  it("are what was counted between two readings, by the time between them", () => {
    const stats = statsOf("u", "running", reading(3_000), reading(1_000));
    expect(stats).toMatchObject({
      sampled_ms: 2_000,
      cpu_percent: 50,
      cpu_time_ms: 3_000,
      memory_assigned_bytes: 1_000,
      memory_used_bytes: 400,
    });
    expect(stats.disks).toEqual([
      { id: "d", read_bytes: 3_000, written_bytes: 6_000, read_bps: 1_000, write_bps: 2_000, read_iops: 10, write_iops: 0 },
    ]);
    expect(stats.nics).toEqual([{ id: "n", received_bytes: 12_000, sent_bytes: 0, receive_bps: 4_000, send_bps: 0 }]);
  });

  it("are 0 at the first reading, for a new device, and where a counter went back", () => {
    expect(statsOf("u", "running", reading(3_000), null)).toMatchObject({ sampled_ms: 0, cpu_percent: 0, disks: [{ read_bps: 0 }] });
    const plugged = reading(3_000, { nics: [{ id: "new", receivedBytes: 9, sentBytes: 9 }], cpuMs: 0 });
    expect(statsOf("u", "running", plugged, reading(1_000))).toMatchObject({ cpu_percent: 0, nics: [{ receive_bps: 0 }] });
  });

  it("of processors are never more than all of them", () => {
    expect(statsOf("u", "running", reading(3_000, { cpuMs: 90_000 }), reading(1_000)).cpu_percent).toBe(100);
  });

  it("of what does not run are none", () => {
    expect(statsOf("u", "off", reading(1, { run: null }), null)).toMatchObject({ memory_assigned_bytes: 0, memory_used_bytes: null });
  });
});

describe("the reading before", () => {
  it("is of the same run, not too old, and not of a moment ago", () => {
    const history = new CounterHistory();
    const first = reading(0);
    expect(history.exchange("a", first)).toBeNull();
    expect(history.exchange("a", reading(HISTORY_LIMITS.leastMs - 1))).toBe(first);
    // The one of a moment ago was not kept.
    const third = reading(HISTORY_LIMITS.leastMs);
    expect(history.exchange("a", third)).toBe(first);
    expect(history.exchange("a", reading(2_000, { run: "2" }))).toBeNull();
    expect(history.exchange("a", reading(2_001 + HISTORY_LIMITS.keepMs, { run: "2" }))).toBeNull();
  });

  it("is kept of so many machines and no more", () => {
    const history = new CounterHistory();
    for (let index = 0; index <= HISTORY_LIMITS.machines; index += 1) history.exchange(`vm${index}`, reading(index));
    expect(history.exchange("vm1", reading(9_000))).not.toBeNull();
    expect(history.exchange("vm0", reading(9_000))).toBeNull();
  });

  it("is not kept of a machine that is off", () => {
    const history = new CounterHistory();
    history.exchange("a", reading(0));
    history.exchange("a", reading(1_000, { run: null }));
    expect(history.exchange("a", reading(2_000))).toBeNull();
  });
});

describe.skipIf(libvirtdMissing !== null)("vm.stats on a real guest", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  let guest: AgentGuest;
  const vm = "00000000-0000-4000-8000-000000000300";
  const bridge = `fhs${(process.pid % 100_000).toString(36)}`;
  beforeAll(async () => {
    host = await startVmHost({ table: () => ({ networks: { lan: { network: "lan" } } }) });
    writeFileSync(join(host.daemon.folder, "lan.xml"), `<network><name>lan</name><bridge name='${bridge}'/></network>`);
    await host.virsh("net-create", join(host.daemon.folder, "lan.xml"));
    execFileSync("qemu-img", ["create", "-q", "-f", "raw", join(host.disks, "a.raw"), "16M"]);
    guest = await startAgentGuest(
      host,
      vm,
      `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${host.disks}/a.raw'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
<interface type='network'><mac address='52:54:00:0f:00:01'/><source network='lan'/><model type='virtio'/></interface>
<interface type='user'><mac address='52:54:00:0f:00:02'/><model type='virtio'/></interface>
<memballoon model='virtio'><stats period='1'/></memballoon>`,
    );
  }, BOOT_MS);
  afterAll(async () => {
    await host?.virsh("destroy", vm).catch(() => undefined);
    await host?.virsh("net-destroy", "lan").catch(() => undefined);
    await host?.stop();
  });

  it("says what virsh says, and what the guest did since", async () => {
    const first = await host.done("vm.stats", { vm });
    expect(first).toMatchObject({ id: vm, state: "running", sampled_ms: 0, cpu_percent: 0, memory_assigned_bytes: 192 * 1024 ** 2 });
    expect(first.disks.map((disk) => disk.id)).toEqual([diskIdOf(join(host.disks, "a.raw")), "dev-sda"].slice(0, first.disks.length));
    // libvirt counts nothing of QEMU's own NAT.
    expect(first.nics.map((nic) => nic.id)).toEqual(["mac-52:54:00:0f:00:01"]);
    await guest.shell("dd if=/dev/urandom of=/dev/vda bs=64k count=32 conv=fsync; ifconfig eth0 up; arping -c 3 -I eth0 10.9.9.9");
    const second = await until("a second reading", async () => {
      const now = await host.done("vm.stats", { vm });
      return now.disks[0]!.written_bytes >= first.disks[0]!.written_bytes + 32 * 65_536 && now.sampled_ms >= HISTORY_LIMITS.leastMs
        ? now
        : false;
    });
    expect(second.cpu_percent).toBeGreaterThan(0);
    expect(second.disks[0]!.write_bps).toBeCloseTo(
      ((second.disks[0]!.written_bytes - first.disks[0]!.written_bytes) * 1_000) / second.sampled_ms,
      0,
    );
    expect(second.nics[0]!.sent_bytes).toBeGreaterThan(first.nics[0]!.sent_bytes);
    const said = await host.virsh("domstats", vm);
    const figure = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(said)?.[1]);
    expect(second.disks[0]!.written_bytes).toBe(figure("block\\.0\\.wr\\.bytes"));
    const sent = /tx_bytes (\d+)/.exec(await host.virsh("domifstat", vm, "52:54:00:0f:00:01"))![1];
    expect(Number(sent)).toBeGreaterThanOrEqual(second.nics[0]!.sent_bytes);
    expect(second.cpu_time_ms).toBeLessThanOrEqual(figure("cpu\\.time") / 1e6);
  });

  it("says how much memory the guest uses by its own count", async () => {
    const used = await until("the guest's count", async () => (await host.done("vm.stats", { vm })).memory_used_bytes ?? false);
    const kib = Number(/Mem:\s+(\d+)/.exec(await guest.shell("free"))![1]);
    expect(used).toBeGreaterThan(1024 ** 2);
    expect(used).toBeLessThan(kib * 1024);
  });

  it("is of the state too, and of none that is not there", async () => {
    await host.virsh("suspend", vm);
    expect(await host.done("vm.stats", { vm })).toMatchObject({ state: "paused" });
    await host.virsh("destroy", vm);
    expect(await host.done("vm.stats", { vm })).toMatchObject({
      state: "off",
      memory_assigned_bytes: 0,
      memory_used_bytes: null,
      cpu_percent: 0,
    });
    expect(await host.run("vm.stats", { vm: vm.replace(/.$/, "9") })).toMatchObject({ code: "VM_NOT_FOUND" });
  });
});
