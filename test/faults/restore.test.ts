// A relay's state directory restored from an older copy, on the real product: what was outstanding is unknown, and nothing runs again.
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ended, exec, get, until } from "../e2e/api.ts";
import { pidOf, type Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

let edge: Product;
let rig: Rig;
beforeAll(async () => {
  edge = await startEdge();
  rig = await addHost(edge, "restored");
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await edge.stop();
});

const counter = (name: string) => join(edge.dir, `restored-${name}`);
const count = async (name: string) => (await readFile(counter(name), "utf8").catch(() => "")).length;
const effect = (name: string, then = "true") => ["/bin/sh", "-c", `printf x >> "$1"; ${then}`, "sh", counter(name)];

it.each([false, true])("outstanding jobs become unknown and nothing reruns (edge restarted in between: %s)", async (isEdgeKilled) => {
  const name = isEdgeKilled ? "b" : "a";
  const copy = `${rig.state}-copy-${name}`;
  await exec(rig.product, ["/bin/true"], 20);
  await rig.endRelay("SIGTERM");
  await cp(rig.state, copy, { recursive: true });
  rig.startRelay();
  await rig.online(true);
  expect(await exec(rig.product, effect(`ended-${name}`), 20)).toMatchObject({ status: "succeeded" });
  const runs = await exec(rig.product, effect(`running-${name}`, "sleep 20"));
  await until("it runs", async () => (await get(rig.product, runs.id)).status === "running");
  // Sent into a link that swallows it: the edge cannot know whether it was claimed.
  rig.proxy.stall(true);
  const sent = await exec(rig.product, effect(`sent-${name}`));
  expect(sent.status).toBe("delivered");
  await rig.endRelay("SIGKILL");
  if (isEdgeKilled) {
    // The claims of a link are durable with the next report to the Fleet.
    const listed = async () => (await edge.request("GET", "/api/v1/jobs?limit=1")).body.includes(sent.id);
    await until("the Fleet knows of it", listed);
    process.kill(pidOf(edge, "edge"), "SIGKILL");
  }
  await rm(rig.state, { recursive: true });
  await cp(copy, rig.state, { recursive: true });
  rig.proxy.cut();
  rig.proxy.stall(false);
  rig.startRelay();
  for (const job of [runs, sent])
    expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "unknown", error: { code: "JOURNAL_LOST" } });
  // What waits is not concerned, and what ended stays as it ended.
  expect(await exec(rig.product, effect(`after-${name}`), 20)).toMatchObject({ status: "succeeded" });
  const effects = await Promise.all(["ended", "running", "sent", "after"].map((one) => count(`${one}-${name}`)));
  expect(effects).toEqual([1, 1, 0, 1]);
});
