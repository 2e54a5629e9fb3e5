import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { idFactory } from "../../../protocol/ids.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { gapsOf, skipTarget } from "../../../relay/jobs/output-gaps.ts";
import { Spool, type SpoolOptions } from "../../../relay/jobs/spool.ts";
import { incompleteTail } from "../../../relay/jobs/text-boundary.ts";
import { until } from "../link/scripted-edge.ts";

const MiB = 1024 * 1024;
const newId = idFactory(7);
let dir: string;
const errors: Error[] = [];
const open = (options: Partial<SpoolOptions> = {}, unacknowledged: string[] = []) =>
  Spool.open({ dir, onError: (error) => errors.push(error), ...options }, new Set(unacknowledged));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "farhand-spool-"));
  errors.length = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const text = async (spool: Spool, id: string, offset: number, length: number) =>
  Buffer.from(await spool.read(id, "stdout", offset, length)).toString();

describe("the spool", () => {
  it("makes nothing on disk before there is output, and reads its own writes", async () => {
    const spool = await open();
    const id = newId();
    const job = spool.begin(id);
    expect(await readdir(dir)).toEqual([]);
    for (let n = 0; n < 1000; n++) void job.streams.stdout.append(Buffer.from(`${n % 10}`));
    expect(await text(spool, id, 5, 10)).toBe("5678901234");
    await job.finish();
    expect(await text(spool, id, 995, 10)).toBe("56789");
    expect(await readdir(join(dir, id))).toEqual(["stdout"]);
  });

  it("keeps the beginning and the last MiB of what is too much, also over a restart", async () => {
    const spool = await open();
    const id = newId();
    const job = spool.begin(id);
    const piece = Buffer.alloc(MiB, "x");
    for (let n = 0; n < 70; n++) await job.streams.stdout.append(piece);
    await job.streams.stdout.append(Buffer.from("the end"));
    const live = await spool.extent(id, "stdout");
    await job.finish();
    const again = await open();
    for (const found of [live, await spool.extent(id, "stdout"), await again.extent(id, "stdout")])
      expect(found).toEqual({ head: 62 * MiB, tailStart: 69 * MiB + 7, total: 70 * MiB + 7 });
    expect(await text(again, id, 70 * MiB, 100)).toBe("the end");
    expect(await text(again, id, 65 * MiB, 100)).toBe("");
    expect(errors).toEqual([]);
  });

  it("asks a fast producer to pause", async () => {
    const spool = await open();
    const job = spool.begin(newId());
    let wait: Promise<void> | undefined;
    for (let n = 0; n < 40 && !wait; n++) wait = job.streams.stdout.append(Buffer.alloc(64 * 1024));
    expect(wait).toBeInstanceOf(Promise);
    await wait;
    await job.finish();
  });

  it("lets the oldest acknowledged jobs go for room, and no other", async () => {
    const spool = await open({ totalBytes: 1000 });
    const ids = [newId(), newId(), newId()];
    for (const id of ids) {
      const job = spool.begin(id);
      void job.streams.stdout.append(Buffer.alloc(300));
      await job.finish();
    }
    spool.acknowledged(ids[1]!);
    const job = spool.begin(newId());
    void job.streams.stdout.append(Buffer.alloc(300));
    await job.finish();
    await until("the eviction", async () => (await readdir(dir)).length === 3);
    expect(await readdir(dir)).not.toContain(ids[1]);
    const last = spool.begin(newId());
    void last.streams.stdout.append(Buffer.alloc(300));
    expect([last.streams.stdout.head, last.streams.stdout.total]).toEqual([100, 300]);
    await last.finish();
  });

  it("finds what is there after a restart and keeps within its number of jobs", async () => {
    const ids = Array.from({ length: 5 }, newId);
    for (const id of ids) {
      await mkdir(join(dir, id));
      await writeFile(join(dir, id, "stdout"), "x");
    }
    await open({ jobs: 2 }, [ids[0]!]);
    await until("the eviction", async () => (await readdir(dir)).length === 2);
    expect((await readdir(dir)).sort()).toEqual([ids[0], ids[4]]);
  });

  it("on a disk that fails counts on and lives", async () => {
    const spool = await open();
    const id = newId();
    await writeFile(join(dir, id), "not a directory");
    const job = spool.begin(id);
    for (let n = 0; n < 3; n++) await job.streams.stdout.append(Buffer.alloc(2 * MiB));
    await job.finish();
    expect(job.streams.stdout.total).toBe(6 * MiB);
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe("gaps", () => {
  const extent = { head: 10 * MiB, tailStart: 30 * MiB, total: 31 * MiB };
  it("never take from the first or the last MiB", () => {
    expect(skipTarget(0, 31 * MiB, extent)).toBe(0);
    expect(skipTarget(LIMITS.edgeOutputHeadBytes, 31 * MiB, extent)).toBe(30 * MiB);
    expect(skipTarget(30 * MiB + 5, 31 * MiB, extent)).toBe(30 * MiB + 5);
    expect(skipTarget(2 * MiB, 3 * MiB, extent)).toBe(2 * MiB);
  });
  it("say what the spool has and what is lost", () => {
    expect(gapsOf("stdout", MiB, 30 * MiB, extent)).toEqual([
      { type: "gap", stream: "stdout", from: MiB, to: 10 * MiB, lost: false },
      { type: "gap", stream: "stdout", from: 10 * MiB, to: 30 * MiB, lost: true },
    ]);
    expect(gapsOf("stdout", MiB, MiB, extent)).toEqual([]);
  });
});

describe("a cut of text", () => {
  it("splits no character", () => {
    const whole = Buffer.from("a\u00e9\u20ac\u{1f600}");
    const cuts = Array.from({ length: whole.length + 1 }, (_, index) => incompleteTail(whole.subarray(0, index)));
    expect(cuts).toEqual([0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0]);
    expect(incompleteTail(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toBe(0);
  });
});
