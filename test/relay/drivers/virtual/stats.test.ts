// Statistics of two readings: what was counted, how fast, and what is not known.
import { describe, expect, it } from "vitest";
import { CounterHistory, HISTORY_LIMITS, type Counters } from "../../../../relay/drivers/virtual/stats/history.ts";
import { statsOf, statsSentence } from "../../../../relay/drivers/virtual/stats/rates.ts";

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

describe("what is not known", () => {
  it("is null, of the whole and of its rate, and is not taken for 0 when it comes to be known", () => {
    const blind = reading(1_000, { cpuMs: null, disks: null, nics: null });
    expect(statsOf("u", "running", blind, reading(500))).toMatchObject({ cpu_percent: null, cpu_time_ms: null, disks: null, nics: null });
    expect(statsOf("u", "running", reading(3_000), blind)).toMatchObject({ sampled_ms: 2_000, cpu_percent: null, cpu_time_ms: 3_000 });
  });

  it("is not said of processors", () => {
    expect(statsSentence(statsOf("u", "running", reading(1, { cpuMs: null }), null))).toBe("running");
    expect(statsSentence(statsOf("u", "running", reading(3_000), reading(1_000)))).toBe("running, 50 % of its processors");
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

  it("is not one that was read later and told sooner", () => {
    const history = new CounterHistory();
    const later = reading(2_000);
    history.exchange("a", later);
    expect(history.exchange("a", reading(1_000))).toBeNull();
    expect(history.exchange("a", reading(3_000))).toBe(later);
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
