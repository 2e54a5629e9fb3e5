// vm.stats: the agent's counters as rates, by the real agent on the fake Hyper-V; what it does not know stays unknown.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HISTORY_LIMITS } from "../../../../relay/drivers/virtual/stats/history.ts";
import { until } from "../../../fixtures/until.ts";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";
import { startFakeHost } from "./host.ts";
import { VM } from "./views.ts";

const GiB = 1024 ** 3;

const counted = (more: object) => ({
  data: {
    id: VM,
    state: "running",
    at_ms: 1_000,
    run: "4711",
    cpus: 2,
    cpu_time_ms: 100,
    memory_assigned_bytes: GiB,
    memory_used_bytes: null,
    disks: [{ id: "disk-1", read_bytes: 1_000, written_bytes: 0, reads: 10, writes: 0 }],
    nics: [],
    ...more,
  },
});

describe("counters of two readings", () => {
  it("give rates, and none across a start", async () => {
    const host = await startFakeHost({ answers: { "vm.stats": counted({}) } });
    try {
      expect(await host.done("vm.stats", { vm: VM })).toMatchObject({ sampled_ms: 0, cpu_percent: 0, cpu_time_ms: 100 });
      const disks = [{ id: "disk-1", read_bytes: 5_000, written_bytes: 0, reads: 30, writes: 0 }];
      await host.answer({ answers: { "vm.stats": counted({ at_ms: 3_000, cpu_time_ms: 2_100, disks }) } });
      expect(await host.done("vm.stats", { vm: VM })).toMatchObject({
        sampled_ms: 2_000,
        cpu_percent: 50,
        disks: [{ id: "disk-1", read_bytes: 5_000, read_bps: 2_000, read_iops: 10 }],
      });
      await host.answer({ answers: { "vm.stats": counted({ at_ms: 5_000, run: "4712" }) } });
      expect(await host.done("vm.stats", { vm: VM })).toMatchObject({ sampled_ms: 0, cpu_percent: 0 });
      await host.answer({ answers: { "vm.stats": counted({ cpu_time_ms: null, disks: null, nics: null }) } });
      expect(await host.done("vm.stats", { vm: VM })).toMatchObject({ cpu_percent: null, cpu_time_ms: null, disks: null, nics: null });
      await host.answer({ answers: { "vm.stats": counted({ cpu_time_ms: "many" }) } });
      expect(await host.run("vm.stats", { vm: VM })).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    } finally {
      await host.stop();
    }
  });
});

describe.skipIf(PWSH === null)("vm.stats of the real agent", { timeout: 120_000 }, () => {
  let world: FakeWorld;
  let vm: string;
  beforeAll(async () => {
    world = await startFakeWorld();
    const disks = [{ size_bytes: GiB }];
    vm = (await world.done("vm.create", { name: "web", cpus: 2, memory_bytes: GiB, disks, nics: [{ network: "lan" }], start: true })).id;
  }, 120_000);
  afterAll(() => world?.stop());

  it("counts what goes on, by its devices", async () => {
    const first = await world.done("vm.stats", { vm });
    expect(first).toMatchObject({ state: "running", sampled_ms: 0, memory_assigned_bytes: GiB });
    const second = await until("a second reading", async () => {
      const now = await world.done("vm.stats", { vm });
      return now.sampled_ms >= HISTORY_LIMITS.leastMs ? now : false;
    });
    const { disks, nics } = await world.done("vm.get", { vm });
    expect(second.disks!.map(({ id }) => id)).toEqual(disks.map(({ id }) => id));
    expect(second.nics!.map(({ id }) => id)).toEqual(nics.map(({ id }) => id));
    const [before, now] = [first.disks![0]!, second.disks![0]!];
    expect(now.read_bps).toBeCloseTo(((now.read_bytes - before.read_bytes) * 1_000) / second.sampled_ms, 3);
    expect(second.nics![0]!.received_bytes).toBeGreaterThan(first.nics![0]!.received_bytes);
  });
});
