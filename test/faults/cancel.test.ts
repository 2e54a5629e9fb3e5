// A cancel at every step of a job's life, on the real product: one terminal state, no process left, and the audit log has it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditRecord, Job } from "../../protocol/api/shapes.ts";
import { ended, exec, follow, get, json, submit, until } from "../e2e/api.ts";
import type { Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

const LOCKED = `[commands.locked]
argv = ["/bin/sh", "-c", 'printf x >> "$1"; sleep "$2"', "sh", "{file}", "{seconds}"]
lock = "one"
inputs = { file = { type = "string" }, seconds = { type = "string" } }
`;

let edge: Product;
let rig: Rig;
beforeAll(async () => {
  edge = await startEdge();
  rig = await addHost(edge, "cancelled", LOCKED);
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await edge.stop();
});

const counter = (name: string) => join(edge.dir, `cancel-${name}`);
const count = async (name: string) => (await readFile(counter(name), "utf8").catch(() => "")).length;
const effect = (name: string, then = "true") => ["/bin/sh", "-c", `printf x >> "$1"; ${then}`, "sh", counter(name)];
const cancel = (id: string) => json<Job>(edge, "POST", `/api/v1/jobs/${id}/cancel`);

/** Processes with the marker in their arguments. */
async function living(marker: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return all.filter((line) => line.includes(marker));
}

/** One end, told once, that stays; and a record of who asked. */
async function expectOneEnd(id: string, status: string, asked: "accepted" | "already-ended" = "accepted"): Promise<void> {
  expect(await ended(edge, id, 40_000)).toMatchObject({ status });
  const events = await follow(edge, id);
  expect(events.filter(({ event }) => event === "result").map(({ data }) => data["status"])).toEqual([status]);
  const record = await until("the record", async () => {
    const page = await json<{ items: AuditRecord[] }>(edge, "GET", "/api/v1/audit?limit=200");
    return page.body.items.find((one) => one.action === "job.cancel" && one.subject === id);
  });
  expect(record.outcome).toBe(asked);
  expect((await get(edge, id)).status).toBe(status);
}

describe("a cancel", () => {
  it("while the host is offline ends the job at once, and nothing runs", async () => {
    rig.proxy.down(true);
    await rig.online(false);
    const job = await exec(rig.product, effect("queued"));
    expect((await cancel(job.id)).body).toMatchObject({ status: "cancelled" });
    rig.proxy.down(false);
    await rig.online(true);
    expect(await exec(rig.product, ["/bin/true"], 20)).toMatchObject({ status: "succeeded" });
    await expectOneEnd(job.id, "cancelled");
    expect(await count("queued")).toBe(0);
  });

  it("of what was sent into a stalled link reaches the relay before the job does", async () => {
    rig.proxy.stall(true);
    const job = await exec(rig.product, effect("delivered"));
    expect(job.status).toBe("delivered");
    expect((await cancel(job.id)).body).toMatchObject({ status: "delivered" });
    rig.proxy.cut();
    rig.proxy.stall(false);
    await expectOneEnd(job.id, "cancelled");
    expect(await count("delivered")).toBe(0);
  });

  it("of a job that waits for a lock ends it alone", async () => {
    const locked = (name: string, seconds: string) =>
      submit(rig.product, "command.run", { name: "locked", inputs: { file: counter(name), seconds } });
    const first = await locked("holder", "1.5");
    await until("it holds the lock", async () => (await get(edge, first.id)).status === "running");
    const second = await locked("waiter", "0");
    expect((await cancel(second.id)).status).toBe(202);
    await expectOneEnd(second.id, "cancelled");
    expect((await get(edge, first.id)).status).toBe("running");
    expect(await ended(edge, first.id)).toMatchObject({ status: "succeeded" });
    expect([await count("holder"), await count("waiter")]).toEqual([1, 0]);
  });

  it("of a running program ends its tree", async () => {
    const marker = `395.${process.pid}`;
    const job = await exec(rig.product, effect("running", `setsid sleep ${marker} & sleep ${marker}`));
    await until("it runs", async () => (await living(`sleep\0${marker}`)).length === 2);
    await cancel(job.id);
    await expectOneEnd(job.id, "cancelled");
    expect(await living(marker)).toEqual([]);
  });

  it("of a tree that ignores SIGTERM ends it too, within the grace", async () => {
    const marker = `394.${process.pid}`;
    const stubborn = `trap '' TERM; (trap '' TERM; setsid sh -c 'trap "" TERM; while :; do sleep ${marker}; done') & sleep ${marker}`;
    const job = await exec(rig.product, effect("stubborn", stubborn));
    await until("it runs", async () => (await living(`sleep\0${marker}`)).length === 2);
    await cancel(job.id);
    await expectOneEnd(job.id, "cancelled");
    expect(await living(marker)).toEqual([]);
  });

  it("of what has just ended changes nothing", async () => {
    const job = await exec(rig.product, effect("ended"), 20);
    expect(job.status).toBe("succeeded");
    expect((await cancel(job.id)).body).toMatchObject({ status: "succeeded" });
    await expectOneEnd(job.id, "succeeded", "already-ended");
  });

  it("that races with the end, again and again, leaves one state that agrees with the effect", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const file = counter(`race-${i}`);
      const job = await exec(rig.product, ["/bin/sh", "-c", `sleep 0.0${i % 4}; printf x >> "$1"`, "sh", file]);
      await new Promise((resolve) => setTimeout(resolve, i % 20));
      await cancel(job.id);
      const { status } = await ended(edge, job.id, 20_000);
      seen.add(status);
      expect(["succeeded", "cancelled"]).toContain(status);
      const effects = (await readFile(file, "utf8").catch(() => "")).length;
      if (status === "succeeded") expect(effects).toBe(1);
      else expect(effects).toBeLessThanOrEqual(1);
      expect(await living(file)).toEqual([]);
      expect((await get(edge, job.id)).status).toBe(status);
    }
    expect([...seen].toSorted()).toEqual(["cancelled", "succeeded"]);
  });
});
