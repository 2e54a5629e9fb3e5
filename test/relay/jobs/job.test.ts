// The life of a job on a real relay, with a real edge socket and real processes.
import { afterEach, describe, expect, it } from "vitest";
import { relayUnderTest, type UnderTest } from "../link/relay-under-test.ts";
import { until } from "../link/scripted-edge.ts";

let test: UnderTest | null = null;
afterEach(async () => {
  await test?.end();
  test = null;
});

describe("a job", () => {
  it("runs, and a short one is one message", async () => {
    test = await relayUnderTest();
    const { edge } = test;
    await edge.up();
    const job = edge.exec(["/bin/echo", "hello"]);
    const end = await edge.ended(job);
    expect(end).toMatchObject({ status: "succeeded", stdout_bytes: 6, stderr_bytes: 0 });
    expect(end.result).toMatchObject({ status: "success", data: { exit_code: 0, stdout: "hello\n" }, correlation_id: `c-${job.id}` });
    expect(job.text()).toBe("hello\n");
    expect(job.events.map((event) => event.type)).toEqual(["status", "result"]);
    expect(job.faults).toEqual([]);
    // On a busy machine its output may go out before its end is seen: then another is tried.
    let before = 0;
    for (let more = 0; edge.binaryMessages - before !== 1 && more < 20; more++) {
      before = edge.binaryMessages;
      await edge.ended(edge.exec(["/bin/echo", "hello"]));
    }
    expect(edge.binaryMessages - before).toBe(1);
  });

  it("that was acknowledged is not named in the next hello", async () => {
    test = await relayUnderTest();
    const { edge } = test;
    await edge.up();
    await edge.ended(edge.exec(["/bin/true"]));
    edge.cut();
    await edge.up();
    expect(edge.hellos.at(-1)).toMatchObject({ jobs: [], journal: { high_water: 1 } });
    await until("the second hello", () => edge.hellos.length === 2);
  });
});
