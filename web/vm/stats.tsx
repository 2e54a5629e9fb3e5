// Live figures of a running machine: asked every few seconds while they are looked at, and at no other time.
import { get } from "../api/client.ts";
import { useReadings } from "../api/readings.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { sizeOf } from "../parts/format.ts";
import { Prose } from "../parts/states.tsx";
import { vmPath, type Vm, type VmStats } from "./contract.ts";

const EVERY_MS = 2_000;
const SLOTS = 40;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const readOf = ({ disks }: VmStats) => sum(disks.map(({ read_bps }) => read_bps));
const writtenOf = ({ disks }: VmStats) => sum(disks.map(({ write_bps }) => write_bps));
const receivedOf = ({ nics }: VmStats) => sum(nics.map(({ receive_bps }) => receive_bps));
const sentOf = ({ nics }: VmStats) => sum(nics.map(({ send_bps }) => send_bps));

/** Pure. Oldest first; at least one. */
export function seriesOf(samples: readonly VmStats[]): Series[] {
  const last = samples.at(-1)!;
  const usedOf = ({ memory_used_bytes, memory_assigned_bytes }: VmStats) => memory_used_bytes ?? memory_assigned_bytes;
  const memory =
    last.memory_used_bytes === null
      ? `${sizeOf(last.memory_assigned_bytes)} given`
      : `${sizeOf(last.memory_used_bytes)} of ${sizeOf(last.memory_assigned_bytes)}`;
  // The first reading has none before it: no rate.
  const rated = samples.filter(({ sampled_ms }) => sampled_ms > 0);
  const said = (rate: (stats: VmStats) => number) => (rated.length === 0 ? "…" : `${sizeOf(rate(rated.at(-1)!))}/s`);
  return [
    {
      label: "Processors",
      values: rated.map(({ cpu_percent }) => cpu_percent),
      max: 100,
      last: rated.length === 0 ? "…" : `${Math.round(last.cpu_percent)} %`,
    },
    { label: "Memory", values: samples.map(usedOf), max: Math.max(1, last.memory_assigned_bytes), last: memory },
    { label: "Disks, read", values: rated.map(readOf), last: said(readOf) },
    { label: "Disks, written", values: rated.map(writtenOf), last: said(writtenOf) },
    { label: "Network, in", values: rated.map(receivedOf), last: said(receivedOf) },
    { label: "Network, out", values: rated.map(sentOf), last: said(sentOf) },
  ];
}

export function VmFigures({ host, vm }: { readonly host: string; readonly vm: Vm }) {
  const path = `${vmPath(host, vm.id)}/stats`;
  const pace = { everyMs: EVERY_MS, keep: SLOTS };
  const { readings: samples, problem, box } = useReadings(path, (signal) => get<VmStats>(path, signal), pace);
  return (
    <section class="card" ref={box} aria-label="Live figures">
      <h2>Now</h2>
      {problem && (
        <p class="soft">
          <Prose text={problem} />
        </p>
      )}
      {samples.length === 0 && !problem && <p class="soft">Asking the host…</p>}
      {samples.length > 0 && (
        <div class="charts">
          {seriesOf(samples).map((series) => (
            <Chart key={series.label} {...series} slots={SLOTS} />
          ))}
        </div>
      )}
    </section>
  );
}
