// A program that prints as fast as it can: memory stays bounded on both sides, other jobs run, and what is not kept is said.
import { afterAll, beforeAll, expect, it } from "vitest";
import { rssBytes } from "../bench/measure.ts";
import { dataOf, ended, exec, follow, until, get } from "../e2e/api.ts";
import { pidOf, startProduct, type Product } from "../product.ts";

const MiB = 1024 * 1024;
let product: Product;
beforeAll(async () => {
  product = await startProduct('name = "loud"\nslots = 8\n[allow]\noperations = ["host.*", "command.*"]\n[command]\nexec = true\n');
}, 120_000);
afterAll(() => product.stop());

it("1 GiB of output: the relay stays below 150 MB, the edge within 64 MiB more, other jobs run", async () => {
  for (let i = 0; i < 20; i++) await exec(product, ["/bin/true"], 20);
  const before = rssBytes(pidOf(product, "edge"));
  const loud = await exec(product, ["/bin/sh", "-c", "head -c 1073741824 /dev/zero | tr '\\0' 'x'"]);
  await until("it runs", async () => (await get(product, loud.id)).status !== "delivered");
  let [relayPeak, edgePeak, others] = [0, 0, 0];
  const state = { isOver: false };
  const end = ended(product, loud.id, 90_000).finally(() => (state.isOver = true));
  while (!state.isOver) {
    relayPeak = Math.max(relayPeak, rssBytes(pidOf(product, "relay")));
    edgePeak = Math.max(edgePeak, rssBytes(pidOf(product, "edge")));
    const other = await exec(product, ["/bin/echo", "other"], 30);
    expect(dataOf(other).stdout).toBe("other\n");
    others += 1;
  }
  const job = await end;
  expect(job).toMatchObject({ status: "succeeded", output: { stdout_bytes: 1_073_741_824 }, result: { data: { truncated: true } } });
  expect(dataOf(job).stdout).toBe("x".repeat(64 * 1024));
  expect(others).toBeGreaterThan(0);
  expect(relayPeak).toBeLessThan(150 * 1_000_000);
  expect(edgePeak - before).toBeLessThan(64 * MiB);
  const events = await follow(product, job.id);
  expect(events.some(({ event }) => event === "gap")).toBe(true);
  // Beyond the spool's cap the bytes are gone, and the answer says so.
  const lost = await fetch(`${product.ready.url}/api/v1/jobs/${job.id}/output?offset=${512 * MiB}`, {
    headers: { authorization: `Bearer ${product.ready.api_key}` },
  });
  expect(lost.status).toBe(410);
  expect(await lost.json()).toMatchObject({ code: "OUTPUT_NOT_KEPT" });
}, 180_000);
