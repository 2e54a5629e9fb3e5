// Five deliveries of every job × the relay killed at each named point of its life × the edge left alone or killed in the same
// moment: at most one effect, a true end, and nothing left running.
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import type { Point } from "../../relay/jobs/job.ts";
import { readStat } from "../../relay/proc.ts";
import { ended, exec, get, until } from "../e2e/api.ts";
import { pidOf, type Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

/** What may be true afterwards: begins and ends of the effect, and the state. */
const POINTS: Record<Point, { begins: number[]; status: "succeeded" | "unknown"; sleep: string }> = {
  "before-claim": { begins: [1], status: "succeeded", sleep: "0" },
  "after-claim": { begins: [0], status: "unknown", sleep: "0" },
  "before-spawn": { begins: [0], status: "unknown", sleep: "0" },
  running: { begins: [0, 1], status: "unknown", sleep: `397.${process.pid}` },
  "after-exit": { begins: [1], status: "unknown", sleep: "0" },
  "before-stored": { begins: [1], status: "unknown", sleep: "0" },
  "after-stored": { begins: [1], status: "succeeded", sleep: "0" },
  "after-reported": { begins: [1], status: "succeeded", sleep: "0" },
};
const points = Object.keys(POINTS) as Point[];

let edge: Product;
let rigs: { point: Point; rig: Rig }[];
beforeAll(async () => {
  edge = await startEdge();
  rigs = await Promise.all(points.map(async (point) => ({ point, rig: await addHost(edge, `matrix-${point}`) })));
  for (const { rig } of rigs) rig.proxy.deliveries = 5;
}, 120_000);
afterAll(async () => {
  await Promise.all(rigs.map(({ rig }) => rig.stop()));
  await edge.stop();
});

const fileOf = (point: Point, round: string) => join(edge.dir, `effect-${round}-${point}`);
const submit = (rig: Rig, point: Point, round: string) =>
  exec(rig.product, ["/bin/sh", "-c", `echo begin >> "$1"; sleep ${POINTS[point].sleep}; echo end >> "$1"`, "sh", fileOf(point, round)]);

async function lines(point: Point, round: string): Promise<string[]> {
  const text = await readFile(fileOf(point, round), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean);
}

/** Command lines of living processes that name the file of an effect. */
async function leftOvers(round: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return all.filter((line) => line.includes(join(edge.dir, `effect-${round}-`)) || line.includes(`397.${process.pid}`));
}

async function restart(rig: Rig, at: Point | "-", how: "kill" | "stop"): Promise<void> {
  await rig.endRelay("SIGKILL");
  rig.startChild(at, how);
  await until("this relay's own link", () => rig.logs.some((line) => line.includes("the link is up")), 40_000);
}

/** Every relay that dies at its point, one job on each. `during`: what happens when all are there. */
async function round(name: string, how: "kill" | "stop", during: () => Promise<void>): Promise<{ point: Point; job: Job }[]> {
  await Promise.all(
    rigs.map(async ({ point, rig }) => {
      rig.logs.length = 0;
      await restart(rig, point, how);
    }),
  );
  const jobs = await Promise.all(rigs.map(async ({ point, rig }) => ({ point, job: await submit(rig, point, name) })));
  await during();
  for (const { rig } of rigs) rig.startRelay();
  return await Promise.all(
    jobs.map(async ({ point, job }) => ({ point, job: await ended(rigs.find((one) => one.point === point)!.rig.product, job.id, 40_000) })),
  );
}

const everyRelay = (check: (rig: Rig) => Promise<unknown>) => Promise.all(rigs.map(({ rig }) => check(rig)));
const dead = (rig: Rig) => (rig.relay.signalCode === null && rig.relay.exitCode === null ? once(rig.relay, "exit") : Promise.resolve());
const frozen = (rig: Rig) => until("it stops at its point", async () => (await readStat(rig.relay.pid!))?.state === "T", 30_000);

async function expectTruth(name: string, jobs: readonly { point: Point; job: Job }[]): Promise<void> {
  for (const { point, job } of jobs) {
    const seen = await lines(point, name);
    const { begins, status } = POINTS[point];
    expect({ point, status: job.status }).toEqual({ point, status });
    expect(begins, `${point}: ${seen.join()}`).toContain(seen.filter((line) => line === "begin").length);
    if (status === "succeeded") expect(seen).toEqual(["begin", "end"]);
  }
  expect(await leftOvers(name)).toEqual([]);
  // And it stays so: the host works, nothing comes again, no state moves.
  for (const { rig } of rigs) expect(await exec(rig.product, ["/bin/true"], 20)).toMatchObject({ status: "succeeded" });
  for (const { point, job } of jobs) {
    expect((await get(edge, job.id)).status).toBe(job.status);
    expect((await lines(point, name)).filter((line) => line === "begin").length).toBeLessThanOrEqual(1);
  }
}

describe("five deliveries, and the relay killed at each point", () => {
  it("with the edge left alone: at most one effect and a true end", async () => {
    await expectTruth("alone", await round("alone", "kill", async () => void (await everyRelay(dead))));
  });

  it("with the edge killed in the same moment: at most one effect and a true end", async () => {
    const during = async () => {
      await everyRelay(frozen);
      process.kill(pidOf(edge, "edge"), "SIGKILL");
      await everyRelay((rig) => rig.endRelay("SIGKILL"));
      await until(
        "the edge is back",
        () =>
          get(edge, "none").then(
            () => true,
            () => false,
          ),
        20_000,
      );
    };
    await expectTruth("killed", await round("killed", "stop", during));
  });
});
