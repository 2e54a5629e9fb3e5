// Delivery is effectively once: duplicates replay, another payload is refused, cancellations come before or after, nothing
// fires late. Effects are counted in a file that real processes append to.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../relay/jobs/clock.ts";
import { ALL, relayUnderTest, type UnderTest } from "../link/relay-under-test.ts";
import { until } from "../link/scripted-edge.ts";

let test: UnderTest;
afterEach(() => test.end());

const begin = async (...args: Parameters<typeof relayUnderTest>) => {
  test = await relayUnderTest(...args);
  await test.edge.up();
  return test.edge;
};
const counter = () => join(test.dir, "count");
const count = async () => (await readFile(counter(), "utf8").catch(() => "")).length;
const counting = (then = "") => ["/bin/sh", "-c", `printf x >> "$1"; ${then}`, "sh", counter()];

describe("a duplicate", () => {
  it("of an ended job replays the stored end on the channel that it names, and runs nothing", async () => {
    const edge = await begin();
    const message = edge.delivery("command.exec", { argv: counting("echo out") });
    const first = await edge.ended(edge.deliver(message));
    await until("the acknowledgement", async () => (edge.cut(), await edge.up(), edge.hellos.at(-1)!.jobs.length === 0));
    edge.jobs.clear();
    const again = edge.deliver({ ...message, channel: 999 });
    expect(await edge.ended(again)).toEqual(first);
    expect(again.text()).toBe("out\n");
    expect(await count()).toBe(1);
  });

  it("of a running job starts no second run", async () => {
    const edge = await begin();
    const message = edge.delivery("command.exec", { argv: counting("echo a; sleep 0.3; echo b") });
    const job = edge.deliver(message);
    await until("its effect", count);
    edge.deliver(message);
    edge.deliver({ ...message, channel: 999 });
    expect(await edge.ended(job)).toMatchObject({ status: "succeeded" });
    expect(job.text()).toBe("a\nb\n");
    expect(await count()).toBe(1);
  });

  it("with another payload is refused, running or ended", async () => {
    const edge = await begin();
    const message = edge.delivery("command.exec", { argv: counting("sleep 0.3") });
    const other = edge.delivery("command.exec", { argv: counting() }, { id: message.job_id });
    const job = edge.deliver(message);
    await until("its effect", count);
    edge.send(other);
    await until("a refusal", () => edge.messages.find((said) => said.type === "not_claimed" && said.code === "JOB_PAYLOAD_MISMATCH"));
    await edge.ended(job);
    edge.cut();
    await edge.up();
    await until("the acknowledgement", () => edge.hellos.at(-1)!.jobs.length === 0);
    edge.jobs.clear();
    expect(await edge.ended(edge.deliver(other))).toMatchObject({ status: "failed", code: "JOB_PAYLOAD_MISMATCH" });
    expect(await count()).toBe(1);
  });
});

describe("cancel", () => {
  it("before the delivery leaves a tombstone", async () => {
    const edge = await begin();
    const message = edge.delivery("command.exec", { argv: counting() });
    edge.send({ type: "cancel", job_id: message.job_id });
    expect(await edge.ended(edge.deliver(message))).toMatchObject({ status: "cancelled", result: null });
    await test.restart();
    await edge.up();
    edge.jobs.clear();
    expect(await edge.ended(edge.deliver(message))).toMatchObject({ status: "cancelled" });
    expect(await count()).toBe(0);
  });

  it("during the run ends the tree and says so", async () => {
    const edge = await begin();
    const job = edge.exec(["/bin/sh", "-c", `printf x >> "$1"; sleep 60 & setsid sleep 61; :`, "sh", counter()]);
    await until("its effect", count);
    edge.send({ type: "cancel", job_id: job.id });
    expect(await edge.ended(job)).toMatchObject({ status: "cancelled", code: "JOB_CANCELLED" });
  });

  it("loses against a finished effect", async () => {
    const ended = Promise.withResolvers<string>();
    const edge = await begin(ALL, { commitDelayMs: 100, point: (point, id) => void (point === "after-exit" && ended.resolve(id)) });
    const job = edge.exec(counting());
    edge.send({ type: "cancel", job_id: await ended.promise });
    expect(await edge.ended(job)).toMatchObject({ status: "succeeded" });
    expect(await count()).toBe(1);
  });

  it("of a job named in a welcome that never arrived is final", async () => {
    const id = "01JZZZZZZZ0000000000000000";
    test = await relayUnderTest(
      ALL,
      {},
      {
        welcome: (honest) => ({
          ...honest,
          jobs: [{ job_id: id, channel: 5, offset: 0, stdout_offset: 0, stderr_offset: 0, cancel: true }],
        }),
      },
    );
    const { edge } = test;
    const frames: number[] = [];
    edge.onFrame = (item) => frames.push(item.channel);
    await until("an answer on its channel", () => frames.includes(5));
    const job = edge.deliver(edge.delivery("command.exec", { argv: counting() }, { id }));
    expect(await edge.ended(job)).toMatchObject({ status: "cancelled" });
    expect(await count()).toBe(0);
  });
});

describe("time", () => {
  it("a job whose time-to-live has ended expires without an effect", async () => {
    const edge = await begin();
    expect(await edge.ended(edge.exec(counting(), { ttlMs: 0 }))).toMatchObject({ status: "expired", code: "JOB_EXPIRED", result: null });
    expect(await count()).toBe(0);
  });

  it("waiting for a lock counts against the time-to-live", async () => {
    const edge = await begin(`${ALL}[commands.hold]\nargv = ["sleep", "30"]\nlock = "one"\n`);
    const holder = edge.deliver(edge.delivery("command.run", { name: "hold" }));
    await until("it runs", () => holder.events.length > 0);
    const late = edge.deliver(edge.delivery("command.run", { name: "hold" }, { ttlMs: 100 }));
    expect(await edge.ended(late)).toMatchObject({ status: "expired" });
  });

  for (const which of ["wall", "monotonic"] as const)
    it(`a sleep that only the ${which} clock saw lets nothing fire late`, async () => {
      let jump = 0;
      const clock: Clock = { ...systemClock, [which]: () => systemClock[which]() + jump };
      // The claim is slow; the machine sleeps meanwhile.
      const edge = await begin(ALL, { clock, commitDelayMs: 200, point: (point) => void (point === "before-claim" && (jump = 600_000)) });
      expect(await edge.ended(edge.exec(counting(), { ttlMs: 60_000 }))).toMatchObject({ status: "expired" });
      expect(await count()).toBe(0);
    });

  it("a deadline ends the run", async () => {
    const edge = await begin();
    const end = await edge.ended(edge.exec(["/bin/sleep", "60"], { timeoutMs: 100 }));
    expect(end).toMatchObject({ status: "failed", code: "JOB_TIMED_OUT", result: { status: "error", code: "JOB_TIMED_OUT" } });
  });
});

describe("slots and locks", () => {
  it("a delivery beyond the slots is given back, and may come again", async () => {
    const edge = await begin(ALL.replace("slots = 30", "slots = 1"));
    const holder = edge.exec(counting("sleep 60"));
    await until("its effect", count);
    const message = edge.delivery("command.exec", { argv: counting() });
    edge.deliver(message);
    expect(await until("a refusal", () => edge.messages.find((said) => said.type === "not_claimed"))).toMatchObject({
      job_id: message.job_id,
    });
    edge.send({ type: "cancel", job_id: holder.id });
    await edge.ended(holder);
    expect(await edge.ended(edge.deliver(message))).toMatchObject({ status: "succeeded" });
  });

  it("two jobs on one resource never overlap", async () => {
    const script = `echo "+" >> "$1"; sleep 0.02; echo "-" >> "$1"`;
    const file = "{file}";
    const edge = await begin(
      `${ALL}[commands.one]\nargv = ["sh", "-c", ${JSON.stringify(script)}, "sh", "${file}"]\nlock = "disk"\n[commands.one.inputs.file]\ntype = "string"\n`,
    );
    const jobs = Array.from({ length: 10 }, () => edge.deliver(edge.delivery("command.run", { name: "one", inputs: { file: counter() } })));
    for (const job of jobs) expect(await edge.ended(job)).toMatchObject({ status: "succeeded" });
    expect(await readFile(counter(), "utf8")).toBe("+\n-\n".repeat(10));
  });

  it("a job that waits for a lock is not claimed: a cancel or a new connection takes it back", async () => {
    const edge = await begin(`${ALL}[commands.hold]\nargv = ["sleep", "30"]\nlock = "one"\n`);
    const holder = edge.deliver(edge.delivery("command.run", { name: "hold" }));
    await until("it runs", () => holder.events.length > 0);
    const waiting = edge.deliver(edge.delivery("command.run", { name: "hold" }));
    edge.send({ type: "cancel", job_id: waiting.id });
    expect(await edge.ended(waiting)).toMatchObject({ status: "cancelled" });
    const message = edge.delivery("command.run", { name: "hold" });
    const third = edge.deliver(message);
    edge.send({ type: "call", call_id: 1, operation: "host.info", resource_spec: {}, timeout_ms: 5_000, correlation_id: "c" });
    await until("the relay has read both", () => edge.messages.some((said) => said.type === "call_result"));
    edge.cut();
    await edge.up();
    expect(edge.hellos.at(-1)!.jobs.map((job) => job.job_id)).toEqual([holder.id]);
    // Delivered again, as an edge does after its welcome, it waits as before.
    edge.send({ ...message, channel: third.channel });
    edge.send({ type: "cancel", job_id: third.id });
    expect(await edge.ended(third)).toMatchObject({ status: "cancelled" });
  });

  it("twenty long jobs do not delay a call", async () => {
    const edge = await begin();
    const jobs = Array.from({ length: 20 }, () => edge.exec(["/bin/sleep", "30"]));
    await until("all run", () => jobs.every((job) => job.events.length > 0));
    edge.send({ type: "call", call_id: 9, operation: "host.info", resource_spec: {}, timeout_ms: 5_000, correlation_id: "c" });
    const answer = await until("the call", () => edge.messages.find((said) => said.type === "call_result"));
    expect(answer).toMatchObject({ call_id: 9, result: { status: "success", correlation_id: "c" } });
    expect(jobs.some((job) => job.end)).toBe(false);
    for (const job of jobs) edge.send({ type: "cancel", job_id: job.id });
    for (const job of jobs) await edge.ended(job);
  });
});

describe("the journal", () => {
  it("restored from an older copy shows it in the hello", async () => {
    const edge = await begin();
    await edge.ended(edge.exec(["/bin/true"]));
    await test.relay.stop();
    const copy = await readFile(join(test.dir, "journal.db"));
    await test.restart();
    await edge.up();
    await edge.ended(edge.exec(["/bin/true"]));
    await test.relay.stop();
    await writeFile(join(test.dir, "journal.db"), copy);
    await test.restart();
    await until("the third hello", () => edge.hellos.length === 3);
    const [, second, third] = edge.hellos.map((hello) => hello.journal);
    expect(second!.high_water).toBe(1);
    expect(third).toEqual({ id: second!.id, high_water: 1 });
  });

  it("with slow commits delays no other job's output: it arrives while a claim is being committed", async () => {
    let claiming: string | null = null;
    let during = 0;
    const point = (name: string, id: string) => {
      if (name === "before-claim") claiming = id;
      if (name === "after-claim") claiming = null;
    };
    const edge = await begin(ALL, { commitDelayMs: 300, point });
    const talker = edge.exec(["/bin/sh", "-c", "while :; do echo tick; sleep 0.01; done"]);
    await until("it talks", () => talker.text().length > 0);
    edge.onFrame = (item) => void (item.channel === talker.channel && claiming !== null && claiming !== talker.id && (during += 1));
    await edge.ended(edge.exec(["/bin/true"]));
    // A commit that blocked the loop would let nothing through between the two points.
    expect(during).toBeGreaterThan(0);
    edge.send({ type: "cancel", job_id: talker.id });
    await edge.ended(talker);
  });
});
