// (a) a durable job against a local spawn of the same program and, where sshd is, ssh with ControlMaster; (b) a call.
import { spawn } from "node:child_process";
import { interleaved, median, quantile, rate, type Figure } from "./measure.ts";
import type { Product } from "../product.ts";
import type { SshPeer } from "./ssh.ts";

const WARM_UP = 200;
const ROUNDS = 400;
const MANY = 2_000;
const WIDTH = 16;

export function localSpawn(argv: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}

/** A job to its end; anything but success is an error, so that a figure never counts a refusal. */
export function job(product: Product, name: string): () => Promise<void> {
  const path = `/api/v1/hosts/${product.ready.host}/jobs`;
  const body = { operation: "command.run", resource_spec: { name } };
  return async () => {
    const answer = await product.request("POST", path, body, { prefer: "wait=30" });
    if (answer.status !== 200 || !answer.body.includes('"status":"succeeded"'))
      throw new Error(`job: ${answer.status} ${answer.body.slice(0, 300)}`);
  };
}

export function call(product: Product): () => Promise<void> {
  const path = `/api/v1/hosts/${product.ready.host}/calls`;
  return async () => {
    const answer = await product.request("POST", path, { operation: "host.info", resource_spec: {} });
    if (answer.status !== 200 || !answer.body.includes('"status":"success"'))
      throw new Error(`call: ${answer.status} ${answer.body.slice(0, 300)}`);
  };
}

async function repeat(work: () => Promise<unknown>, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await work();
}

export async function jobFigures(product: Product, ssh: SshPeer | null): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, argv] of [
    ["true", ["/bin/true"]],
    ["hostname", ["hostname"]],
  ] as const) {
    const works = [job(product, name), () => localSpawn(argv), ...(ssh ? [() => ssh.run(argv)] : [])];
    for (const work of works) await repeat(work, work === works[0] ? WARM_UP : 20);
    const [jobs, spawns, sshes] = await interleaved(works, ROUNDS);
    const base = median(spawns!);
    figures.push({ name: `${argv[0]}: local spawn, median`, value: base, unit: "ms" });
    figures.push({
      name: `${argv[0]}: job, median`,
      value: median(jobs!),
      unit: "ms",
      against: { name: "spawn", ratio: median(jobs!) / base },
      goal: "≤ 2.3 ×",
    });
    figures.push({ name: `${argv[0]}: job, p99`, value: quantile(jobs!, 0.99), unit: "ms", goal: "≤ 8 ms" });
    if (sshes)
      figures.push({
        name: `${argv[0]}: ssh with ControlMaster, median`,
        value: median(sshes),
        unit: "ms",
        against: { name: "spawn", ratio: median(sshes) / base },
      });
    figures.push(...(await rates(works[0]!, works[1]!, works[2], argv[0])));
  }
  return figures;
}

/** Three alternating runs each; the medians are compared. */
async function rates(
  jobWork: () => Promise<unknown>,
  spawnWork: () => Promise<unknown>,
  sshWork: (() => Promise<unknown>) | undefined,
  name: string,
): Promise<Figure[]> {
  const taken: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 3; round++) {
    taken[0].push(await rate(jobWork, MANY, WIDTH));
    taken[1].push(await rate(spawnWork, MANY, WIDTH));
    if (sshWork) taken[2].push(await rate(sshWork, 200, WIDTH));
  }
  const [jobs, spawns] = [median(taken[0]), median(taken[1])];
  const figures: Figure[] = [
    { name: `${name}: local spawn, ${WIDTH} in flight`, value: spawns, unit: "/s" },
    {
      name: `${name}: jobs, ${WIDTH} in flight`,
      value: jobs,
      unit: "/s",
      against: { name: "spawn", ratio: jobs / spawns },
      goal: "≥ 0.6 ×",
    },
  ];
  if (sshWork)
    figures.push({
      name: `${name}: ssh, ${WIDTH} in flight`,
      value: median(taken[2]),
      unit: "/s",
      against: { name: "spawn", ratio: median(taken[2]) / spawns },
    });
  return figures;
}

export async function callFigures(product: Product): Promise<Figure[]> {
  const work = call(product);
  const bare = async () => {
    await product.request("GET", "/healthz");
  };
  await repeat(work, WARM_UP);
  const [calls, bares] = await interleaved([work, bare], 1_000);
  return [
    { name: "GET /healthz (the edge alone), median", value: median(bares!), unit: "ms" },
    {
      name: "call host.info, median",
      value: median(calls!),
      unit: "ms",
      against: { name: "healthz", ratio: median(calls!) / median(bares!) },
      goal: "≤ 0.9 ms",
    },
    { name: "call host.info, p99", value: quantile(calls!, 0.99), unit: "ms" },
    { name: `calls, ${WIDTH} in flight`, value: await rate(work, 5_000, WIDTH), unit: "/s" },
  ];
}
