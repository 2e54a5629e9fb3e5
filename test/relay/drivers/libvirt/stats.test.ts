// vm.stats: what libvirt counts, and how fast it grew since the reading before.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HISTORY_LIMITS } from "../../../../relay/drivers/virtual/stats/history.ts";
import { diskIdOf } from "../../../../relay/drivers/libvirt/domain/devices.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { BOOT_MS, startAgentGuest, type AgentGuest } from "./agent-guest.ts";
import { startVmHost, type VmHost } from "./host.ts";

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
    expect(first.disks!.map((disk) => disk.id)).toEqual([diskIdOf(join(host.disks, "a.raw")), "dev-sda"].slice(0, first.disks!.length));
    // libvirt counts nothing of QEMU's own NAT.
    expect(first.nics!.map((nic) => nic.id)).toEqual(["mac-52:54:00:0f:00:01"]);
    await guest.shell("dd if=/dev/urandom of=/dev/vda bs=64k count=32 conv=fsync; ifconfig eth0 up; arping -c 3 -I eth0 10.9.9.9");
    const second = await until("a second reading", async () => {
      const now = await host.done("vm.stats", { vm });
      return now.disks![0]!.written_bytes >= first.disks![0]!.written_bytes + 32 * 65_536 && now.sampled_ms >= HISTORY_LIMITS.leastMs
        ? now
        : false;
    });
    expect(second.cpu_percent).toBeGreaterThan(0);
    expect(second.disks![0]!.write_bps).toBeCloseTo(
      ((second.disks![0]!.written_bytes - first.disks![0]!.written_bytes) * 1_000) / second.sampled_ms,
      0,
    );
    expect(second.nics![0]!.sent_bytes).toBeGreaterThan(first.nics![0]!.sent_bytes);
    const said = await host.virsh("domstats", vm);
    const figure = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(said)?.[1]);
    expect(second.disks![0]!.written_bytes).toBe(figure("block\\.0\\.wr\\.bytes"));
    const sent = /tx_bytes (\d+)/.exec(await host.virsh("domifstat", vm, "52:54:00:0f:00:01"))![1];
    expect(Number(sent)).toBeGreaterThanOrEqual(second.nics![0]!.sent_bytes);
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
