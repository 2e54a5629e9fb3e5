// The windows of a lane's channels, what its messages hold, its limits, and an edge that does what it may not.
import type { RequestListener, ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { FLAG, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import { encodeHead, type Open } from "../../../protocol/link/lane.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { until } from "../link/scripted-edge.ts";
import { laneUnderTest, serviceToml, upstream, type LaneUnderTest, type Upstream } from "./lane-under-test.ts";
import { httpOpen, type SeenChannel } from "./scripted-lanes.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function begin(answer?: RequestListener): Promise<{ test: LaneUnderTest; web: Upstream; answers: ServerResponse[] }> {
  const answers: ServerResponse[] = [];
  const web = await upstream(answer ?? ((_request, response) => void answers.push(response)));
  ends.push(() => web.end());
  const test = await laneUnderTest(serviceToml(web.url));
  ends.push(() => test.end());
  return { test, web, answers };
}

/** What was sent in a while has arrived: an answer to something asked after it. */
async function settled(test: LaneUnderTest): Promise<void> {
  await test.lanes.ended(test.lanes.open(httpOpen("none", "/")));
}

describe("an answer's window", () => {
  it("pauses the upstream, and each acknowledgement lets as much go on", async () => {
    let written = 0;
    const { test } = await begin((_request, response) => {
      const more = () => {
        const bytes = Buffer.alloc(64 * 1024, written % 251);
        written += bytes.length;
        if (written < 64 * 1024 * 1024) response.write(bytes, more);
      };
      more();
    });
    test.lanes.options.acks = false;
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("a window", () => seen.at === LIMITS.windowBytes);
    let last = -1;
    await until("the upstream to stand still", async () => {
      const same = written === last;
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return same;
    });
    expect(seen.at).toBe(LIMITS.windowBytes);
    expect(written).toBeLessThan(16 * 1024 * 1024);
    test.lanes.ack(seen, 1);
    await until("one byte more", () => seen.at === LIMITS.windowBytes + 1);
    test.lanes.ack(seen);
    await until("another window", () => seen.at === 2 * LIMITS.windowBytes + 1);
    expect(seen.faults).toEqual([]);
  });

  it("of a reader that stands still holds up no other", async () => {
    const { test } = await begin((request, response) => response.end(Buffer.alloc(request.url === "/large" ? 2 * 1024 * 1024 : 10)));
    test.lanes.options.acks = false;
    const stalled = test.lanes.open(httpOpen("web", "/large"));
    await until("a window", () => stalled.at === LIMITS.windowBytes);
    expect(await test.lanes.ended(test.lanes.open(httpOpen("web", "/small")))).toBe("whole");
    expect(stalled.end).toBeNull();
  });
});

describe("a message", () => {
  it("holds what one turn brought, the bytes of a channel in one frame", async () => {
    const { test, answers } = await begin();
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => answers[0]);
    const [answer] = answers;
    // Chunked, one packet: the relay reads a hundred pieces in one turn.
    answer?.cork();
    for (let index = 0; index < 100; index += 1) answer?.write(`${index},`);
    answer?.uncork();
    await until("all of it", () => seen.text.endsWith("99,"));
    expect(seen.frames).toBeLessThanOrEqual(3);
  });

  it("is byte for byte what the upstream wrote, however it was cut", async () => {
    const text = Buffer.from('data: {"a":"€ 😀"}\r\n\r\n'.repeat(200));
    const { test } = await begin((_request, response) => {
      let at = 0;
      const next = () => {
        if (at >= text.length) return response.end();
        return response.write(text.subarray(at, (at += 1 + (at % 3))), () => (at % 5 === 0 ? setImmediate(next) : next()));
      };
      next();
    });
    const seen = test.lanes.open(httpOpen("web", "/"));
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.bytes.equals(text)).toBe(true);
    expect(seen.faults).toEqual([]);
  });
});

describe("limits", () => {
  it("a lane has 256 open channels, then refuses until one has ended", async () => {
    const { test, answers } = await begin();
    const all: SeenChannel[] = [];
    for (let index = 0; index < LIMITS.channelsPerLane; index += 1) all.push(test.lanes.open(httpOpen("web", "/")));
    const refused = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(refused);
    expect(refused.head).toMatchObject({ status: 429, error: { code: "STREAMS_EXHAUSTED" } });
    await until("the requests", () => answers.length === LIMITS.channelsPerLane);
    answers[0]?.end();
    await until("an end", () => all.some(({ end }) => end));
    const next = test.lanes.open(httpOpen("web", "/"));
    await until("one more", () => answers.length === LIMITS.channelsPerLane + 1);
    answers.at(-1)?.end("x");
    expect(await test.lanes.ended(next)).toBe("whole");
  });

  it("an open that makes no sense is refused, and harms no other", async () => {
    const { test, answers } = await begin();
    const good = test.lanes.open(httpOpen("web", "/"));
    const bad = test.lanes.open({ ...httpOpen("web", "/"), path: "no slash" } as Open);
    await test.lanes.ended(bad);
    expect(bad.head?.error?.code).toBe("LINK_MESSAGE_INVALID");
    await until("the request", () => answers[0]);
    answers[0]?.end();
    expect(await test.lanes.ended(good)).toBe("whole");
  });
});

describe("an edge that does what it may not loses this connection and nothing else", () => {
  const bad: Record<string, (id: number) => Frame[]> = {
    "acknowledges what was not sent": (id) => [frame(FRAME.ack, id, 1_000_000)],
    "leaves a hole in a body": (id) => [frame(FRAME.data, id, 5, Buffer.from("x"))],
    "sends more than a window": (id) =>
      [0, 1, 2].map((part) => frame(FRAME.data, id, (part * LIMITS.windowBytes) / 2, Buffer.alloc(LIMITS.windowBytes / 2))),
    "opens an open channel": (id) => [frame(FRAME.open, id, 0, encodeHead(httpOpen("web", "/")), FLAG.end)],
    "sends a head": (id) => [frame(FRAME.head, id, 0, Buffer.from("{}"))],
    "sends a spool frame": (id) => [frame(FRAME.spool, id, 0)],
    "names no channel": () => [frame(FRAME.ack, 0, 0)],
  };
  it.each(Object.entries(bad))("%s", async (_name, frames) => {
    const { test, answers } = await begin();
    const other = test.lanes.open(httpOpen("web", "/other"));
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST" }));
    await until("both requests", () => answers.length === 2);
    const hellos = test.lanes.hellos.length;
    test.lanes.frames(frames(seen.id));
    await until("a new lane", () => test.lanes.hellos.length > hellos && test.lanes.sockets.get(1));
    test.lanes.attach(other);
    answers.find(({ req }) => req.url === "/other")?.end("alive");
    expect(await test.lanes.ended(other)).toBe("whole");
    expect(test.lanes.closes).toContain(4003);
    expect(test.edge.dials.length).toBe(1);
    await settled(test);
  });

  it("sends text", async () => {
    const { test } = await begin();
    const hellos = test.lanes.hellos.length;
    test.lanes.sockets.get(1)?.send(JSON.stringify({ type: "cancel", job_id: "01J00000000000000000000000" }));
    await until("a new lane", () => test.lanes.hellos.length > hellos);
  });
});
