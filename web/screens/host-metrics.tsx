// Live figures of a host: asked every few seconds while they are looked at, and at no other time.
import type { z } from "zod";
import type { Host } from "../../protocol/api/shapes.ts";
import type { hostMetrics } from "../../protocol/operations/host.ts";
import { call } from "../api/lookups.ts";
import { useReadings } from "../api/readings.ts";
import { mayRun, type Me } from "../api/session.ts";
import { Chart, type Series } from "../parts/chart.tsx";
import { sizeOf } from "../parts/format.ts";
import { Prose } from "../parts/states.tsx";

type MetricsData = z.infer<typeof hostMetrics.data>;
interface Sample extends MetricsData {
  readonly at: number;
}

const EVERY_MS = 3_000;
const SLOTS = 40;

/** Pure: bytes a second between samples; counters that went back (a restart) count as nothing. */
export function ratesOf(samples: readonly { readonly at: number; readonly total: number }[]): number[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index]!;
    return Math.max(0, ((sample.total - before.total) * 1_000) / Math.max(1, sample.at - before.at));
  });
}

/** `1.4 of 23.5 GiB`: one unit says it for both. */
function usedOf(used: number, total: number): string {
  const [a, b] = [sizeOf(used), sizeOf(total)];
  const [number, unit] = a.split(" ");
  return `${b.endsWith(unit ?? "") ? number : a} of ${b}`;
}

function seriesOf(samples: readonly Sample[]): Series[] {
  const last = samples.at(-1)!;
  const used = (sample: Sample) => sample.memory_total_bytes - sample.memory_available_bytes;
  const flows = ratesOf(
    samples.map(({ at, networks }) => ({
      at,
      total: networks.filter(({ name }) => name !== "lo").reduce((sum, network) => sum + network.received_bytes + network.sent_bytes, 0),
    })),
  );
  return [
    { label: "Processors", values: samples.map((sample) => sample.cpu_percent), max: 100, last: `${Math.round(last.cpu_percent)} %` },
    { label: "Memory", values: samples.map(used), max: last.memory_total_bytes, last: usedOf(used(last), last.memory_total_bytes) },
    { label: "Load, 1 minute", values: samples.map((sample) => sample.load[0] ?? 0), last: (last.load[0] ?? 0).toFixed(2) },
    { label: "Network", values: flows, last: flows.length === 0 ? "…" : `${sizeOf(flows.at(-1)!)}/s` },
  ];
}

function Disks({ disks }: { readonly disks: MetricsData["filesystems"] }) {
  if (disks.length === 0) return null;
  return (
    <ul class="disks">
      {disks.slice(0, 6).map(({ mount, total_bytes, available_bytes }) => {
        const used = total_bytes - available_bytes;
        return (
          <li key={mount}>
            <span>
              <code>{mount}</code>{" "}
              <span class="soft">
                {sizeOf(available_bytes)} free of {sizeOf(total_bytes)}
              </span>
            </span>
            <meter min={0} max={Math.max(1, total_bytes)} high={total_bytes * 0.9} value={used} aria-label={`${mount} used`} />
          </li>
        );
      })}
    </ul>
  );
}

async function sampleOf(host: string, signal: AbortSignal): Promise<Sample> {
  const result = await call(host, "host.metrics", {}, signal);
  if (result.status !== "success") throw new Error(result.message);
  return { ...(result.data as MetricsData), at: performance.now() };
}

export function Metrics({ host, me }: { readonly host: Host; readonly me: Me }) {
  const isOffered = host.capabilities?.operations.includes("host.metrics") ?? false;
  const isAllowed = mayRun(me, host, { name: "host.metrics", risk: "read" });
  const key = host.online && isOffered && isAllowed ? host.name : null;
  const pace = { everyMs: EVERY_MS, keep: SLOTS };
  const { readings: samples, problem, box } = useReadings(key, (signal) => sampleOf(host.name, signal), pace);
  const last = samples.at(-1);
  if (!isOffered || !isAllowed) return null;
  return (
    <section class="card" ref={box} aria-label="Live figures">
      <h2>Now</h2>
      {!host.online && <p class="soft">The host is offline: no live figures.</p>}
      {host.online && problem && (
        <p class="soft">
          <Prose text={problem} />
        </p>
      )}
      {host.online && !last && !problem && <p class="soft">Asking the host…</p>}
      {last && (
        <>
          <div class="charts">
            {seriesOf(samples).map((series) => (
              <Chart key={series.label} {...series} slots={SLOTS} />
            ))}
          </div>
          <Disks disks={last.filesystems} />
        </>
      )}
    </section>
  );
}
