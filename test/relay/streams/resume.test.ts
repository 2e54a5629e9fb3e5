// What a lane's channels outlive, and what they do not: cut links, readers that attach again, silence, reloads.
import { writeFile } from "node:fs/promises";
import type { RequestListener, ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { FakeClock } from "../link/fake-clock.ts";
import { until } from "../link/scripted-edge.ts";
import type { RelayOptions } from "../../../relay/main.ts";
import { laneUnderTest, serviceToml, upstream, type LaneUnderTest, type Upstream } from "./lane-under-test.ts";
import { httpOpen, type SeenChannel } from "./scripted-lanes.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Begun {
  readonly test: LaneUnderTest;
  readonly web: Upstream;
  /** Answers that wait for the test. */
  readonly answers: ServerResponse[];
}

async function begin(options: Partial<RelayOptions> = {}, answer?: RequestListener, more = ""): Promise<Begun> {
  const answers: ServerResponse[] = [];
  const web = await upstream(answer ?? ((_request, response) => void answers.push(response)));
  ends.push(() => web.end());
  const test = await laneUnderTest(more + serviceToml(web.url), options);
  ends.push(() => test.end());
  return { test, web, answers };
}

/** Bytes that differ at every offset within 64 KiB. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 1 < length; at += 2) bytes.writeUInt16BE((at / 2) & 0xffff, at);
  return bytes;
}

describe("a cut lane", () => {
  it("loses, doubles and mixes up nothing", async () => {
    const whole = pattern(3 * 1024 * 1024);
    const { test } = await begin({}, (_request, response) => response.end(whole));
    const seen = test.lanes.open(httpOpen("web", "/"));
    for (let cut = 1; cut <= 5; cut += 1) {
      await until("some of it", () => seen.at > (cut * whole.length) / 8);
      test.lanes.cut();
      await test.lanes.up();
      test.lanes.attach(seen);
    }
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.bytes.equals(whole)).toBe(true);
    expect(seen.repeated).toBe(0);
    expect(seen.faults).toEqual([]);
  });

  it("goes on one window before the acknowledgement, with head and end again", async () => {
    const whole = pattern(LIMITS.windowBytes * 2);
    const { test } = await begin({}, (_request, response) => response.end(whole));
    const seen = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(seen);
    test.lanes.ack(seen);
    test.lanes.cut();
    await test.lanes.up();
    seen.end = null;
    test.lanes.attach(seen, seen.at - LIMITS.windowBytes);
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.heads).toBe(2);
    expect(seen.repeated).toBe(LIMITS.windowBytes);
    expect(seen.faults).toEqual([]);
  });

  it("with a reader that stands at what was paused goes on by itself", async () => {
    const whole = pattern(LIMITS.windowBytes * 4);
    const { test } = await begin({}, (_request, response) => response.end(whole));
    test.lanes.options.acks = false;
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("a full window", () => seen.at === LIMITS.windowBytes);
    test.lanes.cut();
    await test.lanes.up();
    test.lanes.options.acks = true;
    test.lanes.attach(seen);
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.bytes.equals(whole)).toBe(true);
  });

  it("keeps what an upload has passed on", async () => {
    const { test, web } = await begin({}, (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => response.end(Buffer.concat(parts)));
    });
    const seen = test.lanes.openUpload(httpOpen("web", "/", { method: "POST", headers: [["content-length", "8"]] }));
    test.lanes.body(seen, 0, Buffer.from("abcd"));
    await until("the request", () => web.requests[0]);
    test.lanes.cut();
    await test.lanes.up();
    const known = test.lanes.hellos.at(-1)?.channels.find(({ channel }) => channel === seen.id);
    expect(known?.received).toBeLessThanOrEqual(4);
    test.lanes.attach(seen);
    // What the relay has already is sent again, and counts once.
    test.lanes.body(seen, 0, Buffer.from("abcdefgh"), true);
    expect(await test.lanes.ended(seen)).toBe("whole");
    expect(seen.text).toBe("abcdefgh");
  });

  it("is no matter to the control connection, and the other way round", async () => {
    const { test, answers } = await begin();
    const seen = test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => answers[0]);
    test.lanes.cut();
    expect(test.edge.isUp).toBe(true);
    await test.lanes.up();
    test.lanes.attach(seen);
    test.edge.cut();
    await until("the control connection", () => test.edge.hellos.length === 2);
    answers[0]?.end("still here");
    await test.lanes.ended(seen);
    expect(seen.text).toBe("still here");
    expect(test.lanes.hellos.length).toBe(2);
    expect(test.edge.dials.length).toBe(2);
  });
});

describe("nobody reads", () => {
  it("for detach_ms: the upstream is closed and a later reader hears that there is nothing", async () => {
    const clock = new FakeClock();
    const { test, web } = await begin({ clock });
    const seen = test.lanes.open(httpOpen("web", "/", { detach_ms: 5_000 }));
    await until("the request", () => web.requests[0]);
    test.lanes.options.welcome = { complete: false, channels: [] };
    test.lanes.cut();
    const after = async (ms: number, look: () => unknown) => {
      await clock.advance(ms);
      return look();
    };
    await until("a new lane", () => after(100, () => test.lanes.sockets.get(1)));
    await clock.advance(1_000);
    expect(web.sockets.size).toBe(1);
    await until("the upstream's end", () => after(1_000, () => web.sockets.size === 0));
    test.lanes.attach(seen);
    await until("a word", () => seen.unknown);
  });

  it("and the edge says so at the welcome: it ends at once", async () => {
    const { test, web } = await begin();
    test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => web.requests[0]);
    test.lanes.options.welcome = { complete: true, channels: [] };
    test.lanes.cut();
    await until("the upstream's end", () => web.sockets.size === 0);
  });

  it("an ended answer is kept for a while, and then let go", async () => {
    const clock = new FakeClock();
    const { test } = await begin({ clock }, (_request, response) => response.end("whole"));
    const seen = test.lanes.open(httpOpen("web", "/"));
    await test.lanes.ended(seen);
    await clock.advance(LIMITS.lingerMs / 2);
    test.lanes.attach(seen, 0);
    await until("it again", () => seen.heads === 2);
    for (let step = 0; step < 12; step += 1) await clock.advance(1_000);
    test.lanes.attach(seen, 0);
    await until("nothing any more", () => seen.unknown);
  });

  it("of many ended answers the oldest go", async () => {
    const { test } = await begin({}, (_request, response) => response.end("x"));
    const all: SeenChannel[] = [];
    for (let index = 0; index < LIMITS.lingerChannels + 3; index += 1) {
      const seen = test.lanes.open(httpOpen("web", "/"));
      await test.lanes.ended(seen);
      all.push(seen);
    }
    for (const seen of [all[2]!, all[3]!]) test.lanes.attach(seen, 0);
    await until("an answer for each", () => all[2]!.unknown && all[3]!.heads === 2);
  });
});

describe("relay.toml read again", () => {
  const file = (test: LaneUnderTest) => `${test.dir}/relay.toml`;

  it("without services closes the lane and ends its streams; with them it opens one", async () => {
    const { test, web } = await begin();
    test.lanes.open(httpOpen("web", "/"));
    await until("the request", () => web.requests[0]);
    await writeFile(file(test), "slots = 3\n");
    await test.relay.reload();
    await until("the lane's end", () => test.lanes.sockets.size === 0);
    await until("the upstream's end", () => web.sockets.size === 0);
    await writeFile(file(test), `lanes = 2\n${serviceToml(web.url)}`);
    await test.relay.reload();
    await Promise.all([test.lanes.up(1), test.lanes.up(2)]);
    await until("the catalogue", () => test.edge.messages.findLast((message) => message.type === "catalogue")?.catalogue.lanes === 2);
  });

  it("ends the streams of a service that it changes, and no others", async () => {
    const { test, web, answers } = await begin(
      {},
      undefined,
      '[services.other]\nkind = "http"\nurl = "http://127.0.0.1:9"\nroutes = ["GET /"]\n',
    );
    const other = test.lanes.open(httpOpen("web", "/kept"));
    await until("the request", () => answers[0]);
    await writeFile(file(test), serviceToml(web.url));
    await test.relay.reload();
    answers[0]?.write("kept");
    await until("its answer", () => other.text === "kept");
    await writeFile(
      file(test),
      `${serviceToml(web.url, ["GET /nothing"])}[services.b]\nkind = "http"\nurl = "${web.url}"\nroutes = ["GET /"]\n`,
    );
    await test.relay.reload();
    expect(await test.lanes.ended(other)).toBe("broken");
    await until("the upstream's end", () => web.sockets.size === 0);
  });
});

it("two lanes carry streams apart from each other", async () => {
  const { test, answers } = await begin({}, undefined, "lanes = 2\n");
  await test.lanes.up(2);
  const one = test.lanes.open(httpOpen("web", "/1"), null, 1);
  const two = test.lanes.open(httpOpen("web", "/2"), null, 2);
  await until("both requests", () => answers.length === 2);
  test.lanes.cut(1);
  for (const answer of answers) answer.end(answer.req.url);
  await test.lanes.ended(two);
  expect(two.text).toBe("/2");
  await test.lanes.up(1);
  test.lanes.attach(one);
  await test.lanes.ended(one);
  expect(one.text).toBe("/1");
});
