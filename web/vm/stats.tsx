// Live figures of a running machine: asked every few seconds while they are looked at, and at no other time.
import type { Host } from "../../protocol/api/shapes.ts";
import { get } from "../api/client.ts";
import { useReadings } from "../api/readings.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { sizeOf } from "../parts/format.ts";
import { Prose } from "../parts/states.tsx";
import { paceOf, vmPath, type Vm, type VmStats } from "./contract.ts";

const SLOTS = 40;

type Rate = (stats: VmStats) => number | null;

const sum = <T,>(items: readonly T[] | null, of: (item: T) => number) =>
  items === null ? null : items.reduce((total, item) => total + of(item), 0);

/** "Disks (1 of 2)": what is not counted is not in the sum. */
function labelOf(word: string, counted: readonly { readonly id: string }[] | null, all: readonly { readonly id: string }[]): string {
  const found = all.filter(({ id }) => counted?.some((one) => one.id === id)).length;
  return counted === null || found === all.length ? word : `${word} (${found} of ${all.length})`;
}

/** Null where the host does not know it now: what is not known is not shown. */
function rateSeries(samples: readonly VmStats[], label: string, rate: Rate): Series | null {
  // The first reading has none before it: no rate.
  const rated = samples.filter(({ sampled_ms }) => sampled_ms > 0);
  const values = rated.flatMap((stats) => rate(stats) ?? []);
  const last = rate(samples.at(-1)!);
  if (last === null) return null;
  return { label, values, last: rated.length === 0 ? "…" : `${sizeOf(last)}/s` };
}

/** Pure. Oldest first; at least one. */
export function seriesOf(samples: readonly VmStats[], vm: Pick<Vm, "disks" | "nics">): Series[] {
  const last = samples.at(-1)!;
  const usedOf = ({ memory_used_bytes, memory_assigned_bytes }: VmStats) => memory_used_bytes ?? memory_assigned_bytes;
  const memory =
    last.memory_used_bytes === null
      ? `${sizeOf(last.memory_assigned_bytes)} given`
      : `${sizeOf(last.memory_used_bytes)} of ${sizeOf(last.memory_assigned_bytes)}`;
  const processors = rateSeries(samples, "Processors", ({ cpu_percent }) => cpu_percent);
  const own = vm.disks.filter(({ kind }) => kind === "disk");
  const disks = labelOf("Disks", last.disks, own);
  const network = labelOf("Network", last.nics, vm.nics);
  const series = [
    processors && { ...processors, max: 100, last: processors.last === "…" ? "…" : `${Math.round(last.cpu_percent ?? 0)} %` },
    { label: "Memory", values: samples.map(usedOf), max: Math.max(1, last.memory_assigned_bytes), last: memory },
    rateSeries(samples, `${disks}, read`, (stats) => sum(stats.disks, ({ read_bps }) => read_bps)),
    rateSeries(samples, `${disks}, written`, (stats) => sum(stats.disks, ({ write_bps }) => write_bps)),
    rateSeries(samples, `${network}, in`, (stats) => sum(stats.nics, ({ receive_bps }) => receive_bps)),
    rateSeries(samples, `${network}, out`, (stats) => sum(stats.nics, ({ send_bps }) => send_bps)),
  ];
  return series.filter((one) => one !== null);
}

/** What the host does not know of this machine, for people; null: it knows all. */
export function unknownOf({ cpu_percent, disks, nics }: VmStats): string | null {
  const words = [cpu_percent === null && "processors", disks === null && "disks", nics === null && "network"].filter(
    (word) => word !== false,
  );
  return words.length === 0 ? null : `The host does not know it of: ${words.join(", ")}.`;
}

export function VmFigures({ host, vm }: { readonly host: Host; readonly vm: Vm }) {
  const path = `${vmPath(host.name, vm.id)}/stats`;
  const pace = { everyMs: paceOf(host).figuresMs, keep: SLOTS };
  const { readings: samples, problem, box } = useReadings(path, (signal) => get<VmStats>(path, signal), pace);
  const last = samples.at(-1);
  const unknown = last ? unknownOf(last) : null;
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
          {seriesOf(samples, vm).map((series) => (
            <Chart key={series.label} {...series} slots={SLOTS} />
          ))}
        </div>
      )}
      {unknown !== null && <p class="soft">{unknown}</p>}
    </section>
  );
}
