// Clocks that are ten minutes wrong, and a relay that was suspended: nothing fires late, and what is in time runs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { ended, exec, json, until } from "../e2e/api.ts";
import type { Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

const TEN_MINUTES_MS = 10 * 60_000;

let edge: Product;
let rig: Rig;
beforeAll(async () => {
  edge = await startEdge();
  rig = await addHost(edge, "late");
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await edge.stop();
});

const counter = (name: string) => join(edge.dir, `clock-${name}`);
const count = async (name: string) => (await readFile(counter(name), "utf8").catch(() => "")).length;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function submitFor(ttlMs: number, name: string): Promise<Job> {
  const answer = await json<Job>(edge, "POST", `/api/v1/hosts/late/jobs?ttl_ms=${ttlMs}`, {
    operation: "command.exec",
    resource_spec: { argv: ["/bin/sh", "-c", 'printf x >> "$1"', "sh", counter(name)] },
  });
  return answer.body;
}

async function linkUp(start: () => void): Promise<void> {
  await rig.endRelay("SIGKILL");
  rig.logs.length = 0;
  start();
  await until("the link of this relay", () => rig.logs.some((line) => line.includes("the link is up")), 40_000);
}

describe.each([
  ["ahead", TEN_MINUTES_MS],
  ["behind", -TEN_MINUTES_MS],
])("a relay whose clock is ten minutes %s", (name, shift) => {
  beforeAll(() => linkUp(() => rig.startChild("-", "kill", { RELAY_CLOCK_MS: String(shift) })));

  it("runs what is in time, and its times are shown as the edge knows them", async () => {
    const before = Date.now();
    const job = await ended(edge, (await submitFor(5_000, `${name}-in-time`)).id);
    expect(job.status).toBe("succeeded");
    expect(Date.parse(job.started_at!)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(job.ended_at!)).toBeLessThanOrEqual(Date.now());
    expect(await count(`${name}-in-time`)).toBe(1);
  });

  it("does not run what expired while it was away", async () => {
    rig.proxy.down(true);
    await rig.online(false);
    const job = await submitFor(300, `${name}-expired`);
    expect(await ended(edge, job.id)).toMatchObject({ status: "expired" });
    rig.proxy.down(false);
    await rig.online(true);
    expect(await exec(rig.product, ["/bin/true"], 20)).toMatchObject({ status: "succeeded" });
    expect(await count(`${name}-expired`)).toBe(0);
  });
});

describe("what was sent to a relay that did not listen", () => {
  const expired = async (job: Job, name: string) => {
    expect(await ended(edge, job.id, 40_000)).toMatchObject({ status: "expired", error: { code: "JOB_EXPIRED" } });
    expect(await exec(rig.product, ["/bin/true"], 20)).toMatchObject({ status: "succeeded" });
    expect(await count(name)).toBe(0);
  };

  it("because it was suspended does not run when it goes on later than the time-to-live", async () => {
    await linkUp(() => rig.startChild("-"));
    rig.relay.kill("SIGSTOP");
    const job = await submitFor(1_500, "suspended");
    expect(job.status).toBe("delivered");
    const inTime = await submitFor(60_000, "suspended-in-time");
    await pause(3_000);
    rig.relay.kill("SIGCONT");
    await expired(job, "suspended");
    expect(await ended(edge, inTime.id, 40_000)).toMatchObject({ status: "succeeded" });
    expect(await count("suspended-in-time")).toBe(1);
  });

  it("because the network held it back does not run when it arrives later than the time-to-live", async () => {
    await linkUp(() => rig.startChild("-"));
    rig.proxy.hold(true);
    const job = await submitFor(1_500, "held");
    await pause(3_000);
    rig.proxy.hold(false);
    await expired(job, "held");
  });
});
