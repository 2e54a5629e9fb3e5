// Live figures of a virtual machine as series: what the host does not know is not drawn, and said.
import { expect, it } from "vitest";
import type { Vm, VmStats } from "../../web/vm/contract.ts";
import { seriesOf, unknownOf } from "../../web/vm/stats.tsx";

const vm = {
  disks: [
    { id: "d0", kind: "disk" },
    { id: "cd", kind: "cdrom" },
  ],
  nics: [{ id: "n0" }],
} as unknown as Vm;
const disk = { id: "d0", read_bytes: 1, written_bytes: 1, read_bps: 2_048, write_bps: 0, read_iops: 1, write_iops: 0 };

const stats = (more: Partial<VmStats> = {}): VmStats => ({
  id: "u",
  state: "running",
  sampled_ms: 2_000,
  cpu_percent: 40.2,
  cpu_time_ms: 100,
  memory_assigned_bytes: 1024 ** 3,
  memory_used_bytes: null,
  disks: [disk],
  nics: [{ id: "n0", received_bytes: 1, sent_bytes: 1, receive_bps: 0, send_bps: 0 }],
  ...more,
});

const said = (samples: readonly VmStats[], of: Vm = vm) => seriesOf(samples, of).map(({ label, last }) => `${label}: ${last}`);

it("shows all that is known, and no rate of the first reading", () => {
  expect(said([stats({ sampled_ms: 0, cpu_percent: 0 })])).toEqual([
    "Processors: …",
    "Memory: 1.0 GiB given",
    "Disks, read: …",
    "Disks, written: …",
    "Network, in: …",
    "Network, out: …",
  ]);
  expect(said([stats({ sampled_ms: 0 }), stats()]).slice(0, 3)).toEqual([
    "Processors: 40 %",
    "Memory: 1.0 GiB given",
    "Disks, read: 2.0 KiB/s",
  ]);
  expect(unknownOf(stats())).toBeNull();
});

it("does not show 0 for what is not known", () => {
  const blind = stats({ cpu_percent: null, cpu_time_ms: null, disks: null, nics: null });
  expect(said([stats(), blind])).toEqual(["Memory: 1.0 GiB given"]);
  expect(unknownOf(blind)).toBe("The host does not know it of: processors, disks, network.");
});

it("says of how many devices a sum is", () => {
  const two = { ...vm, disks: [...vm.disks, { id: "d1", kind: "disk" }] } as unknown as Vm;
  expect(said([stats()], two)[2]).toBe("Disks (1 of 2), read: 2.0 KiB/s");
});
