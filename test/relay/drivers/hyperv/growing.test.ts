// Where copies are looked for while the agent makes them: under the name that it will give them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { whileCopying, type Copy } from "../../../../relay/drivers/hyperv/growing.ts";
import { hypervTableSchema, type HypervTable } from "../../../../relay/drivers/hyperv/tables.ts";
import { until } from "../../../fixtures/until.ts";

const MiB = 1024 ** 2;
let folder: string;
let table: HypervTable;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-growing-"));
  table = hypervTableSchema.parse({ storage: { default: { path: folder } } });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const copy = (more: Partial<Copy> = {}): Copy => ({ storageClass: "default", vm: "web", name: "disk0", bytes: 2 * MiB, ...more });

it("is told of the file that another's name made the agent number", async () => {
  await writeFile(join(folder, "web-disk0.vhdx"), Buffer.alloc(8 * MiB, 1));
  const told: (number | null)[] = [];
  await whileCopying(table, [copy()], { progress: (percent) => told.push(percent) }, async () => {
    await writeFile(join(folder, "web-disk0-2.vhdx"), Buffer.alloc(MiB, 1), { flush: true });
    await until("half of it", () => told.at(-1) === 50);
  });
});

it.each<[string, readonly Copy[]]>([
  ["one whose size is not known", [copy({ vm: "b" }), copy({ vm: "c", bytes: null })]],
  ["one in no storage class", [copy({ storageClass: null })]],
  ["none", []],
])("is not told of %s", async (_what, copies) => {
  const told: unknown[] = [];
  const progress = (percent: number | null) => told.push(percent);
  expect(await whileCopying(table, copies, { progress }, async () => "done")).toBe("done");
  expect(told).toEqual([]);
});
