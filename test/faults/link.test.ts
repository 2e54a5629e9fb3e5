// A link that is cut, stalls, repeats and lies down, between a real edge and a real relay: one effect, a true state, no
// lost or doubled byte.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { ended, exec, follow, get, json, textOf, until } from "../e2e/api.ts";
import { pidOf, type Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

let edge: Product;
let rig: Rig;
beforeAll(async () => {
  edge = await startEdge();
  rig = await addHost(edge, "faulty");
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await edge.stop();
});

const effects = async (file: string) => (await readFile(file, "utf8").catch(() => "")).split("\n").filter(Boolean).length;
const counter = async (name: string) => {
  const file = join(edge.dir, name);
  await writeFile(file, "");
  return file;
};
const append = (file: string, more = "true") => ["/bin/sh", "-c", `echo once >> ${file}; ${more}`];

describe("delivery", () => {
  it("five times over is one effect", async () => {
    const file = await counter("five");
    rig.proxy.deliveries = 5;
    const job = await exec(rig.product, append(file), 20);
    rig.proxy.deliveries = 1;
    expect(job.status).toBe("succeeded");
    expect(await effects(file)).toBe(1);
  });

  it.each([1, 2, 3, 4, 5, 6])("with the link cut after %i messages to the edge is one effect and its result", async (messages) => {
    const file = await counter(`cut-up-${messages}`);
    rig.proxy.cutAfter("to-edge", messages);
    const job = await exec(rig.product, append(file, "for i in 1 2 3 4 5 6; do echo $i; sleep 0.08; done"));
    const end = await ended(rig.product, job.id, 40_000);
    expect(end).toMatchObject({ status: "succeeded", result: { data: { stdout: "1\n2\n3\n4\n5\n6\n" } } });
    expect(await effects(file)).toBe(1);
    expect(textOf(await follow(rig.product, job.id))).toBe("1\n2\n3\n4\n5\n6\n");
  });

  it.each([1, 2, 3])("with the link cut after %i messages to the relay is one effect and its result", async (messages) => {
    const file = await counter(`cut-down-${messages}`);
    rig.proxy.cutAfter("to-relay", messages);
    const job = await exec(rig.product, append(file, "sleep 0.3; echo done"));
    expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "succeeded" });
    expect(await effects(file)).toBe(1);
    await rig.online(true);
  });
});

describe("an offline host", () => {
  it("gets its job when it is back", async () => {
    rig.proxy.down(true);
    await rig.online(false);
    const file = await counter("later");
    const job = await exec(rig.product, append(file));
    expect(job.status).toBe("queued");
    rig.proxy.down(false);
    expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "succeeded" });
    expect(await effects(file)).toBe(1);
  });

  it("never gets one whose time-to-live ended, and a call fails at once", async () => {
    rig.proxy.down(true);
    await rig.online(false);
    const file = await counter("never");
    const answer = await json<Job>(rig.product, "POST", "/api/v1/hosts/faulty/jobs?ttl_ms=300", {
      operation: "command.exec",
      resource_spec: { argv: append(file) },
    });
    expect(answer.body.status).toBe("queued");
    expect(await json(rig.product, "POST", "/api/v1/hosts/faulty/calls", { operation: "host.info" })).toMatchObject({
      status: 503,
      body: { code: "HOST_OFFLINE" },
    });
    expect(await ended(rig.product, answer.body.id)).toMatchObject({ status: "expired", error: { code: "JOB_EXPIRED" } });
    rig.proxy.down(false);
    await rig.online(true);
    expect(await exec(rig.product, ["/bin/true"], 20)).toMatchObject({ status: "succeeded" });
    expect(await effects(file)).toBe(0);
  });

  it("shows a queue that can be cancelled", async () => {
    rig.proxy.down(true);
    await rig.online(false);
    const file = await counter("cancelled");
    const job = await exec(rig.product, append(file));
    const cancelled = await json<Job>(rig.product, "POST", `/api/v1/jobs/${job.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 202, body: { status: "cancelled" } });
    rig.proxy.down(false);
    await rig.online(true);
    expect(await effects(file)).toBe(0);
  });
});

describe("a half-open link", () => {
  it("delivers nothing late: what was sent into it expires by the relay's word or runs in time", async () => {
    const file = await counter("half-open");
    rig.proxy.stall(true);
    const answer = await json<Job>(rig.product, "POST", "/api/v1/hosts/faulty/jobs?ttl_ms=500", {
      operation: "command.exec",
      resource_spec: { argv: append(file) },
    });
    expect(["queued", "delivered"]).toContain(answer.body.status);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    rig.proxy.cut();
    rig.proxy.stall(false);
    expect(await ended(rig.product, answer.body.id, 40_000)).toMatchObject({ status: "expired" });
    expect(await effects(file)).toBe(0);
  });
});

describe("a relay that is killed", () => {
  it("while a program runs says `unknown`, leaves nothing running, and runs nothing again", async () => {
    const file = await counter("killed");
    const job = await exec(rig.product, append(file, `setsid sleep 399.${process.pid}; echo end`));
    await until("it runs", async () => (await get(rig.product, job.id)).status === "running");
    await rig.endRelay("SIGKILL");
    rig.startRelay();
    expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "unknown", error: { code: "JOB_UNKNOWN" } });
    expect(await effects(file)).toBe(1);
    const left = await exec(rig.product, ["/usr/bin/pgrep", "-f", `^sleep 399.${process.pid}`], 20);
    expect(left.result).toMatchObject({ code: "COMMAND_FAILED", data: { stdout: "" } });
  });

  it("in the middle of a follower's output loses and repeats nothing of what was there", async () => {
    const job = await exec(rig.product, ["/bin/sh", "-c", "for i in $(seq 1 20); do echo $i; sleep 0.1; done"]);
    let isKilled = false;
    const events = await follow(rig.product, job.id, ({ event }) => {
      if (event !== "log" || isKilled) return;
      isKilled = true;
      void rig.endRelay("SIGKILL").then(() => rig.startRelay());
    });
    const lines = textOf(events).split("\n").filter(Boolean);
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, i) => String(i + 1)));
    expect(events.at(-1)).toMatchObject({ event: "result", data: { status: "unknown" } });
    await rig.online(true);
  });
});

describe("an edge that is killed", () => {
  it("loses no job, no byte and no result", async () => {
    const job = await exec(rig.product, ["/bin/sh", "-c", "for i in $(seq 1 30); do echo $i; sleep 0.1; done"]);
    let isKilled = false;
    const events = await follow(rig.product, job.id, ({ event }) => {
      if (event !== "log" || isKilled) return;
      isKilled = true;
      process.kill(pidOf(edge, "edge"), "SIGKILL");
    });
    expect(isKilled).toBe(true);
    expect(textOf(events)).toBe(Array.from({ length: 30 }, (_, i) => `${i + 1}\n`).join(""));
    expect(events.at(-1)).toMatchObject({ event: "result", data: { status: "succeeded" } });
  });
});
