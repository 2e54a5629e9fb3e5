// How far a copy is, by a file that grows.
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { watchGrowth, whileGrowing } from "../../../../relay/drivers/virtual/growth.ts";
import { until } from "../../../fixtures/until.ts";

const MiB = 1024 ** 2;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-growth-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("is told by what is there, forwards only, and is never whole", async () => {
  await mkdir(join(folder, "out/deep"), { recursive: true });
  const paths = [join(folder, "alone"), join(folder, "out")];
  const stop = new AbortController();
  const told: number[] = [];
  const watching = watchGrowth(
    { paths, expectedBytes: 4 * MiB, message: "copying" },
    (percent, message) => told.push(message === "copying" ? percent! : -1),
    stop.signal,
    5,
  );
  const is = (percent: number) => until(`${percent} %`, () => told.at(-1) === percent);
  await is(0);
  const [alone, deep] = await Promise.all([open(join(folder, "alone"), "w"), open(join(folder, "out/deep/disk"), "w")]);
  await alone.write(Buffer.alloc(MiB, 1));
  await alone.sync();
  await is(25);
  await deep.write(Buffer.alloc(MiB, 1));
  await deep.sync();
  await is(50);
  await deep.truncate(0);
  await alone.write(Buffer.alloc(8 * MiB, 1));
  await alone.sync();
  await is(99);
  stop.abort();
  await watching;
  await Promise.all([alone.close(), deep.close()]);
  expect(told).toEqual(told.toSorted((one, other) => one - other));
});

it("tells nothing of what is not known, and leaves the work as it is", async () => {
  const told: unknown[] = [];
  const growing = { paths: [join(folder, "none")], expectedBytes: 0, message: "copying" };
  expect(
    await whileGrowing(
      growing,
      (...line) => told.push(line),
      async () => 7,
    ),
  ).toBe(7);
  const failing = whileGrowing(
    { ...growing, expectedBytes: 1 },
    () => undefined,
    () => Promise.reject(new Error("no")),
  );
  await expect(failing).rejects.toThrow("no");
  expect(told).toEqual([]);
});
