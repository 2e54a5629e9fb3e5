// (f) model streams through Farhand beside the same streams straight from the upstream, in turns: first token, gaps, rate,
// processor time; (g) what it takes to leave; (h) answers of one token; (i) memory; (j) a job beside a stream.
import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile, type Figure } from "./measure.ts";
import { cpuOf, cpuSince, peakMemory, type PerProcess, type StreamRig } from "./stream-rig.ts";
import type { AbortPhase, Commands } from "./stream-client.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
const WIDTHS = [1, 8, 64] as const;
const RATE = 50;
const PACED_TOKENS = 200;
const FULL_TOKENS = 160_000;
const REQUESTS = 6_000;

type Streams = Commands["streams"]["answer"];
interface Round {
  readonly direct: Streams;
  readonly through: Streams;
  readonly cpu: PerProcess;
}

async function rounds(rig: StreamRig, count: number, tokens: number, rate: number, burst = false): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const direct = await rig.client("streams", { target: rig.direct, count, tokens, rate, burst });
    const before = cpuOf(rig.product);
    const through = await rig.client("streams", { target: rig.through, count, tokens, rate, burst });
    done.push({ direct, through, cpu: cpuSince(cpuOf(rig.product), before) });
    if (direct.bytes !== through.bytes) throw new Error(`${through.bytes} bytes came through, ${direct.bytes} direct`);
  }
  return done;
}

const of = (all: readonly Round[], take: (round: Round) => number) => median(all.map(take));
const all = ({ workerd, relay, parent }: PerProcess) => workerd + relay + parent;

function cpuFigure(name: string, done: readonly Round[], tokens: number, goal?: string): Figure {
  const per = (part: (cpu: PerProcess) => number) => of(done, ({ cpu }) => (part(cpu) / tokens) * 100_000);
  const parts = `edge ${per((cpu) => cpu.workerd).toFixed(1)}, relay ${per((cpu) => cpu.relay).toFixed(1)}, splice ${per((cpu) => cpu.parent).toFixed(1)}`;
  return { name: `${name}: CPU per 100,000 tokens (${parts})`, value: per(all), unit: "s", ...(goal ? { goal } : {}) };
}

async function paced(rig: StreamRig, count: number): Promise<Figure[]> {
  const done = await rounds(rig, count, PACED_TOKENS, RATE);
  const name = `${count} paced`;
  const jitter = (streams: Streams, q: number) =>
    quantile(
      streams.gapsMs.map((gap) => Math.abs(gap - 1000 / RATE)),
      q,
    );
  const beside = (what: string, value: (streams: Streams) => number, goal?: string): Figure => {
    const [mine, plain] = [of(done, ({ through }) => value(through)), of(done, ({ direct }) => value(direct))];
    return {
      name: `${name}: ${what}`,
      value: mine,
      unit: "ms",
      against: { name: `direct (${plain.toFixed(2)} ms)`, ratio: mine / plain },
      ...(goal ? { goal } : {}),
    };
  };
  return [
    beside("first byte, p50", ({ firstMs }) => median(firstMs)),
    beside("a token's way, p50", ({ delaysMs }) => median(delaysMs)),
    beside("a token's way, p99", ({ delaysMs }) => quantile(delaysMs, 0.99)),
    beside("jitter of gaps, p50", (streams) => jitter(streams, 0.5)),
    beside("jitter of gaps, p99", (streams) => jitter(streams, 0.99), count === 64 ? "direct + 4 ms" : undefined),
    cpuFigure(name, done, count * PACED_TOKENS, count === 64 ? "≤ 9 s" : undefined),
  ];
}

async function fullSpeed(rig: StreamRig, count: number, burst = false): Promise<Figure[]> {
  const tokens = Math.round(FULL_TOKENS / count);
  const done = await rounds(rig, count, tokens, 0, burst);
  const name = `${count} at full speed${burst ? ", 16 tokens a write" : ""}`;
  const rate = ({ wallMs }: Streams) => (count * tokens) / (wallMs / 1000);
  const [mine, plain] = [of(done, ({ through }) => rate(through)), of(done, ({ direct }) => rate(direct))];
  const goal = count === 8 && !burst ? "≥ 0.85 × direct" : undefined;
  return [
    {
      name,
      value: mine,
      unit: "tok/s",
      against: { name: `direct (${plain.toFixed(0)})`, ratio: mine / plain },
      ...(goal ? { goal } : {}),
    },
    cpuFigure(name, done, count * tokens),
  ];
}

async function firstToken(rig: StreamRig): Promise<Figure[]> {
  const direct: number[] = [];
  const through: number[] = [];
  for (let round = 0; round < ROUNDS * 2; round++) {
    direct.push(...(await rig.client("first", { target: rig.direct, count: 100 })).firstMs);
    through.push(...(await rig.client("first", { target: rig.through, count: 100 })).firstMs);
  }
  const added = (q: number) => quantile(through, q) - quantile(direct, q);
  return [
    {
      name: `first token of one stream, added (direct ${median(direct).toFixed(2)} ms), p50`,
      value: added(0.5),
      unit: "ms",
      goal: "≤ 1.3 ms",
    },
    { name: "first token of one stream, added, p99", value: added(0.99), unit: "ms" },
  ];
}

export async function streamFigures(rig: StreamRig): Promise<Figure[]> {
  await rig.client("streams", { target: rig.through, count: 8, tokens: 5_000, rate: 0, burst: false }); // warm
  const figures = await firstToken(rig);
  for (const count of WIDTHS) figures.push(...(await paced(rig, count)));
  for (const count of WIDTHS) figures.push(...(await fullSpeed(rig, count)));
  figures.push(...(await fullSpeed(rig, 8, true)));
  return figures;
}

async function abortTimes(
  rig: StreamRig,
  target: StreamRig["direct"],
  phase: AbortPhase,
  how: "fin" | "rst",
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    await rig.forget();
    const { at } = await rig.client("abort", { target, phase, how });
    const end = Date.now() + 5_000;
    let seen: number | undefined;
    while (seen === undefined && Date.now() < end) {
      await sleep(10);
      seen = (await rig.stats()).aborts.at(-1)?.at;
    }
    times.push(seen === undefined ? Number.POSITIVE_INFINITY : seen - at);
  }
  return times;
}

export async function abortFigures(rig: StreamRig): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const phase of ["streaming", "prefill", "upload"] as const)
    for (const how of ["fin", "rst"] as const) {
      const direct = await abortTimes(rig, rig.direct, phase, how, 7);
      const through = await abortTimes(rig, rig.through, phase, how, 15);
      const name = `${how === "fin" ? "closed" : "reset"} while ${phase}: the upstream's socket closed after`;
      const against = {
        name: `direct (${median(direct).toFixed(2)} ms); worst ${Math.max(...through).toFixed(1)} ms`,
        ratio: median(through) / median(direct),
      };
      figures.push({ name, value: median(through), unit: "ms", against, goal: "≤ 2 ms" });
    }
  return figures;
}

export async function requestFigures(rig: StreamRig): Promise<Figure[]> {
  for (const target of [rig.direct, rig.through]) await rig.client("requests", { target, width: 8, count: 1_000 });
  const ones: { direct: number[]; through: number[] } = { direct: [], through: [] };
  const many: { direct: number[]; through: number[] } = { direct: [], through: [] };
  const cpu: PerProcess[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ["direct", "through"] as const) {
      ones[way].push(...(await rig.client("requests", { target: rig[way], width: 1, count: 500 })).eachMs);
      const before = cpuOf(rig.product);
      many[way].push((await rig.client("requests", { target: rig[way], width: 64, count: REQUESTS })).perSecond);
      if (way === "through") cpu.push(cpuSince(cpuOf(rig.product), before));
    }
  const name = "one token, one in flight: added";
  const added = (q: number) => quantile(ones.through, q) - quantile(ones.direct, q);
  const [mine, plain] = [median(many.through), median(many.direct)];
  const each = (part: (one: PerProcess) => number) => median(cpu.map((one) => (part(one) / REQUESTS) * 1_000));
  const parts = `edge ${each((one) => one.workerd).toFixed(2)}, relay ${each((one) => one.relay).toFixed(2)}, splice ${each((one) => one.parent).toFixed(2)}`;
  return [
    { name: `${name} (direct ${median(ones.direct).toFixed(2)} ms), p50`, value: added(0.5), unit: "ms", goal: "≤ 1.0 ms" },
    { name: `${name}, p99`, value: added(0.99), unit: "ms" },
    {
      name: "one token, 64 in flight",
      value: mine,
      unit: "/s",
      against: { name: `direct (${plain.toFixed(0)}/s)`, ratio: mine / plain },
      goal: "≥ 3,500/s",
    },
    { name: `one token, 64 in flight: CPU each (${parts})`, value: each(all), unit: "ms" },
  ];
}

/** On a product that has carried nothing yet. */
export async function streamMemory(rig: StreamRig): Promise<Figure[]> {
  const figure = (when: string, peak: PerProcess, goals: { relay?: string; workerd?: string } = {}): Figure[] => [
    { name: `${when}: relay, RSS`, value: peak.relay, unit: "MB", ...(goals.relay ? { goal: goals.relay } : {}) },
    { name: `${when}: workerd, RSS`, value: peak.workerd, unit: "MB", ...(goals.workerd ? { goal: goals.workerd } : {}) },
    { name: `${when}: parent with splice, RSS`, value: peak.parent, unit: "MB" },
  ];
  const idle = figure("before", await peakMemory(rig.product, 1_000));
  await rig.client("hold", { target: rig.through, count: 8, rate: 0, stalled: true });
  const stalled = figure("8 stalled readers", await peakMemory(rig.product, 8_000), { relay: "≤ 90 MB", workerd: "≤ 160 MB" });
  await rig.client("release", {});
  await sleep(1_000);
  await rig.client("hold", { target: rig.through, count: 100, rate: RATE, stalled: false });
  const hundred = figure("100 streams", await peakMemory(rig.product, 8_000), { relay: "≤ 100 MB" });
  await rig.client("release", {});
  return [...idle, ...stalled, ...hundred];
}

/** Gaps of a paced stream, with and without a job on the same host that writes 5 MB a second. */
export async function besideJob(rig: StreamRig): Promise<Figure[]> {
  const { product, through: target } = rig;
  const p99 = async () =>
    quantile((await rig.client("streams", { target, count: 4, tokens: PACED_TOKENS, rate: RATE, burst: false })).gapsMs, 0.99);
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await p99());
    const made = await product.request("POST", `/api/v1/hosts/${product.ready.host}/jobs`, {
      operation: "command.run",
      resource_spec: { name: "noise" },
    });
    const { id } = JSON.parse(made.body) as { id: string };
    await sleep(1_000);
    beside.push(await p99());
    await product.request("POST", `/api/v1/jobs/${id}/cancel`);
    await sleep(1_500);
  }
  const [mine, plain] = [median(beside), median(alone)];
  return [
    {
      name: "gaps of 4 paced streams beside a job of 5 MB/s, p99",
      value: mine,
      unit: "ms",
      against: { name: `without the job (${plain.toFixed(1)} ms)`, ratio: mine / plain },
      goal: "within 3 ms",
    },
    { name: "  workerd's memory after it, RSS", value: (await peakMemory(product, 100)).workerd, unit: "MB" },
  ];
}
