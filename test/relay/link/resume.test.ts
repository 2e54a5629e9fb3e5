// A lost link, or a lost relay, costs a pause: never a byte, never a byte twice, and never a second run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { FLAG } from "../../../protocol/link/frames.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { relayUnderTest, type UnderTest } from "./relay-under-test.ts";
import { until } from "./scripted-edge.ts";

let test: UnderTest;
afterEach(() => test.end());
const MiB = 1024 * 1024;

const begin = async () => {
  test = await relayUnderTest();
  await test.edge.up();
  return test.edge;
};
/** Numbered lines, so that any loss or repeat shows. */
const lines = (from: number, to: number, pause: number) => [
  "/bin/sh",
  "-c",
  `i=${from}; while [ $i -lt ${to} ]; do echo "line $i"; i=$((i+1)); ${pause ? `sleep ${pause};` : ""} done`,
];
const expected = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`).join("");

describe("a cut link", () => {
  it("in the middle of output loses and doubles nothing", async () => {
    const edge = await begin();
    const job = edge.exec(lines(0, 300, 0.004));
    for (let cuts = 1; cuts <= 5; cuts++) {
      const seen = job.at.stdout;
      await until("more output", () => job.at.stdout > seen || job.end);
      edge.acks = cuts % 2 === 0;
      edge.cut();
      await until("the link again", () => edge.hellos.length === cuts + 1 && edge.isUp);
    }
    edge.acks = true;
    await edge.ended(job);
    expect(job.text()).toBe(expected(300));
    expect(job.faults).toEqual([]);
    expect(job.ends).toBe(1);
  });

  it("while the end is stored brings the end later", async () => {
    const edge = await begin();
    edge.acks = false;
    const job = edge.exec(lines(0, 10, 0.01));
    await until("it runs", () => job.events.length > 0);
    edge.cut();
    edge.acks = true;
    await edge.ended(job);
    expect(job.text()).toBe(expected(10));
  });
});

describe("a restarted relay", () => {
  it("sends the stored end and the output again on a new channel", async () => {
    const edge = await begin();
    edge.acks = false;
    const job = edge.exec(lines(0, 100, 0));
    await edge.ended(job);
    // The edge forgets all but the first bytes, as if it had stored no more.
    const half = Buffer.from(job.text()).subarray(0, 50);
    job.output.stdout = [half];
    job.at.stdout = half.length;
    job.end = null;
    await test.relay.stop();
    edge.acks = true;
    await test.restart();
    await edge.ended(job);
    expect(edge.hellos.at(-1)!.jobs).toMatchObject([{ job_id: job.id, state: "ended", channel: null }]);
    expect(job.text()).toBe(expected(100));
    expect(job.repeated).toBe(0);
    expect(job.faults).toEqual([]);
  });

  it("answers spool reads of a job that ended long ago", async () => {
    const edge = await begin();
    const job = edge.exec(lines(0, 1000, 0));
    await edge.ended(job);
    await test.restart();
    await until("the second hello", () => edge.hellos.length === 2 && edge.isUp);
    const whole = Buffer.from(expected(1000));
    const ask = (request: number, offset: number, length: number, id = job.id) =>
      edge.send({ type: "spool", request, job_id: id, stream: "stdout", offset, length });
    ask(1, 100, 50);
    ask(2, whole.length - 5, 50);
    ask(3, whole.length + 5, 50);
    ask(4, 0, 50, edge.newId());
    await until("four answers", () => edge.spools.length === 4);
    const [middle, end, after, unknown] = edge.spools;
    expect([middle!.channel, Buffer.from(middle!.bytes).toString(), middle!.flags]).toEqual([1, whole.subarray(100, 150).toString(), 0]);
    expect([Buffer.from(end!.bytes).toString(), end!.flags]).toEqual([whole.subarray(-5).toString(), FLAG.end]);
    expect([after!.bytes.length, after!.flags]).toEqual([0, FLAG.end]);
    expect([unknown!.bytes.length, unknown!.flags]).toEqual([0, FLAG.missing]);
  });
});

describe("much output", () => {
  it("reaches the edge with its first and last MiB, and gaps that say what is in between", async () => {
    const edge = await begin();
    // 40 MB of numbered 16-byte lines.
    const total = 40 * MiB;
    const job = edge.exec(["/bin/sh", "-c", `seq -f '%015.0f' 0 ${total / 16 - 1}`]);
    const end = await edge.ended(job, 30_000);
    expect(end).toMatchObject({ status: "succeeded", stdout_bytes: total });
    expect(job.faults).toEqual([]);
    const got = Buffer.concat(job.output.stdout);
    const line = (index: number) => `${String(index).padStart(15, "0")}\n`;
    expect(got.subarray(0, MiB).toString()).toBe(Array.from({ length: MiB / 16 }, (_, index) => line(index)).join(""));
    expect(got.subarray(-MiB).toString()).toBe(Array.from({ length: MiB / 16 }, (_, index) => line((total - MiB) / 16 + index)).join(""));
    const gaps = job.events.filter((event) => event.type === "gap");
    expect(gaps.every((gap) => !gap.lost)).toBe(true);
    expect(got.length + gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0)).toBe(total);
  });

  it("beyond the spool is counted and marked, with its end still there", async () => {
    const edge = await begin();
    const total = 80 * MiB;
    // An edge that takes nothing until the program has ended: else a quick one may see it all as it passes.
    edge.acks = false;
    const done = join(test.dir, "done");
    const job = edge.exec(["/bin/sh", "-c", `head -c ${total - 4} /dev/zero; printf last; touch "$1"`, "sh", done]);
    await until("its last byte", () => existsSync(done));
    edge.acks = true;
    edge.cut();
    const end = await edge.ended(job, 30_000);
    expect(end).toMatchObject({ stdout_bytes: total });
    const gaps = job.events.filter((event) => event.type === "gap");
    expect(gaps.some((gap) => gap.lost)).toBe(true);
    const got = Buffer.concat(job.output.stdout);
    expect(got.subarray(-4).toString()).toBe("last");
    expect(job.faults).toEqual([]);
    expect(got.length + gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0)).toBe(total);
    edge.send({ type: "spool", request: 1, job_id: job.id, stream: "stdout", offset: LIMITS.spoolJobBytes, length: 10 });
    edge.send({ type: "spool", request: 2, job_id: job.id, stream: "stdout", offset: total - 4, length: 10 });
    await until("two answers", () => edge.spools.length === 2);
    expect(edge.spools.map((answer) => [answer.flags, Buffer.from(answer.bytes).toString()])).toEqual([
      [FLAG.missing, ""],
      [FLAG.end, "last"],
    ]);
  });

  it("to an edge that acknowledges nothing pauses nothing and keeps its order", async () => {
    const edge = await begin();
    edge.acks = false;
    const total = 8 * MiB;
    const job = edge.exec(["/bin/sh", "-c", `seq -f '%015.0f' 0 ${total / 16 - 1} >&2`]);
    const other = edge.exec(["/bin/echo", "quick"]);
    await edge.ended(other);
    edge.acks = true;
    edge.cut();
    await edge.ended(job, 30_000);
    expect(job.faults).toEqual([]);
    expect(job.at.stderr).toBe(total);
    const got = Buffer.concat(job.output.stderr);
    const numbers = Array.from({ length: MiB / 16 }, (_, index) => `${String(index).padStart(15, "0")}\n`).join("");
    expect(got.subarray(0, MiB).toString()).toBe(numbers);
    expect(got.subarray(-16).toString()).toBe(`${String(total / 16 - 1).padStart(15, "0")}\n`);
  });
});
