// (d) many hosts on one edge: bytes each while idle, and how they come back after the edge was killed.
import { setTimeout as sleep } from "node:timers/promises";
import { median, pssBytes, quantile, type Figure } from "./measure.ts";
import { pidOf, startProduct, type Product } from "../product.ts";
import { newKey, SimulatedRelay, type Identity } from "./simulated-relay.ts";

const COUNT = Number(process.env["BENCH_LINKS"] ?? 1_000);
const CONNECTS_PER_SECOND = 50;

async function enroll(product: Product, index: number): Promise<Identity> {
  const made = await product.request("POST", "/api/v1/enrollments", { host: `sim-${index}` });
  const { key, publicKey } = newKey();
  const claim = { code: (JSON.parse(made.body) as { code: string }).code, public_key: publicKey };
  let claimed = await product.request("POST", "/link/enroll", claim);
  // One address may claim 200 codes at once and five a second after.
  for (; claimed.status === 429; claimed = await product.request("POST", "/link/enroll", claim)) await sleep(250);
  if (claimed.status !== 201) throw new Error(`enrolment: ${claimed.status} ${claimed.body}`);
  return { hostNumber: (JSON.parse(claimed.body) as { host_number: number }).host_number, key };
}

async function until(what: string, holds: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(20);
  }
}

const workerd = (product: Product) => pidOf(product, "edge");

/** The largest number of dials within any one second. */
function peak(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted.reduce((most, time, index) => Math.max(most, sorted.filter((other, at) => at >= index && other < time + 1_000).length), 0);
}

export async function linkFigures(): Promise<Figure[]> {
  const product = await startProduct("", ["--no-relay"]);
  const relays: SimulatedRelay[] = [];
  try {
    const identities: Identity[] = [];
    for (let index = 0; index < COUNT; index++) identities.push(await enroll(product, index));
    const empty = pssBytes(workerd(product));
    let welcomed = 0;
    let welcomes: number[] = [];
    let attempts: number[] = [];
    for (const identity of identities) {
      const relay = new SimulatedRelay(
        product.ready.url,
        identity,
        (at) => welcomes.push((welcomed++, at)),
        (at) => attempts.push(at),
      );
      relays.push(relay);
      relay.connect();
      await sleep(1_000 / CONNECTS_PER_SECOND);
    }
    await until("all links", () => welcomed >= COUNT, 60_000);
    // Past the alarms that follow a new host's first report (30 s) and the platform's 10 s without an event.
    await sleep(60_000);
    const idle = pssBytes(workerd(product));
    const started = await restartEdge(product, () => {
      welcomes = [];
      attempts = [];
    });
    await until("all links again", () => welcomes.length >= COUNT, 120_000);
    const back = welcomes.map((at) => Math.max(0, at - started));
    return [
      { name: `workerd with ${COUNT} enrolled, no link`, value: empty / 1e6, unit: "MB" },
      { name: `workerd with ${COUNT} idle links`, value: idle / 1e6, unit: "MB" },
      { name: "per idle host", value: (idle - empty) / COUNT / 1024, unit: "KB", goal: "≤ 32 KB" },
      { name: "after the edge was killed: first relay usable", value: Math.min(...back) / 1_000, unit: "s", goal: "0.2 s" },
      { name: "half of them", value: median(back) / 1_000, unit: "s" },
      { name: "99 of 100", value: quantile(back, 0.99) / 1_000, unit: "s" },
      { name: "all of them", value: Math.max(...back) / 1_000, unit: "s", goal: "≤ 60 s" },
      { name: "most dials in one second", value: peak(attempts), unit: "", goal: "≤ 50" },
    ];
  } finally {
    for (const relay of relays) relay.stop();
    await product.stop();
  }
}

/** Kills workerd and waits until the edge listens again. The moment at which it did. */
async function restartEdge(product: Product, atKill: () => void): Promise<number> {
  atKill();
  process.kill(workerd(product), "SIGKILL");
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(5)) {
    const isUp = await product.request("GET", "/healthz").then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isUp) return performance.now();
  }
  throw new Error("the edge did not come back");
}
