// `farhand vm stats`: what the host does not know of a machine is a dash, and never 0.
import { expect, it } from "vitest";
import type { Machine, Stats } from "../../cli/vm/machines.ts";
import { statsText } from "../../cli/vm/stats-view.ts";

const machine = {
  name: "web",
  disks: [
    { id: "d0", name: "disk0", kind: "disk" },
    { id: "d1", name: "disk1", kind: "disk" },
    { id: "cd", name: "cdrom", kind: "cdrom" },
  ],
  nics: [{ id: "n0", name: "nic0" }],
} as unknown as Machine;

const stats: Stats = {
  id: "u",
  state: "running",
  sampled_ms: 1_000,
  cpu_percent: 37.4,
  cpu_time_ms: 5_300,
  memory_assigned_bytes: 1024 ** 3,
  memory_used_bytes: null,
  disks: [{ id: "d0", read_bytes: 2_048, written_bytes: 0, read_bps: 1_024, write_bps: 0, read_iops: 1, write_iops: 0 }],
  nics: null,
};

const lineOf = (text: string, name: string) => text.split("\n").find((line) => line.startsWith(name));

it("shows what is counted, and a dash for each device that is not", () => {
  const text = statsText(stats, machine);
  expect(lineOf(text, "processors ")).toMatch(/ 37 %$/);
  expect(lineOf(text, "processor time")).toMatch(/ 5\.3 s$/);
  expect(lineOf(text, "memory")).toMatch(/ 1\.0 GiB given$/);
  expect(lineOf(text, "disk0")).toMatch(/^disk0 +1\.0 KiB\/s +0 B\/s +2\.0 KiB +0 B$/);
  expect(lineOf(text, "disk1")).toMatch(/^disk1 +- +- +- +-$/);
  expect(lineOf(text, "nic0")).toMatch(/^nic0 +- +- +- +-$/);
  expect(text).not.toContain("cdrom");
});

it("shows no rate of a single reading, and no processors that are not known", () => {
  const first = statsText({ ...stats, sampled_ms: 0, cpu_percent: 0 }, machine);
  expect(lineOf(first, "processors ")).toMatch(/ -$/);
  expect(lineOf(first, "disk0")).toMatch(/^disk0 +- +- +2\.0 KiB +0 B$/);
  const unknown = statsText({ ...stats, cpu_percent: null, cpu_time_ms: null }, machine);
  expect(lineOf(unknown, "processors ")).toMatch(/ -$/);
  expect(lineOf(unknown, "processor time")).toMatch(/ -$/);
});
