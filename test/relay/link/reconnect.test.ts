// How a relay comes back: from refusals, from a dead network, from an edge that is silent, from a sleep. Time is the test's.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { FakeClock } from "./fake-clock.ts";
import { ALL, relayUnderTest, type UnderTest } from "./relay-under-test.ts";
import { until } from "./scripted-edge.ts";

let test: UnderTest;
afterEach(() => test.end());

const downs = () => test.logs.filter((line) => line.message === "the link is down").map((line) => Number(line.fields["retry_in_ms"]));
/** What stands before an edge and says no. */
const answering = (status: () => number) => (_request: IncomingMessage, socket: Duplex) => {
  const code = status();
  if (code === 101) return false;
  socket.end(`HTTP/1.1 ${code} No\r\nLocation: https://team.cloudflareaccess.com/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  return true;
};

/** Lets `count` attempts fail, moving time by what the relay says it waits. */
async function attempts(clock: FakeClock, count: number): Promise<number[]> {
  for (let n = 1; n <= count; n++) {
    await until(`attempt ${n}`, () => downs().length >= n);
    const before = test.edge.dials.length;
    const wait = downs()[n - 1]!;
    await clock.advance(wait - 1);
    expect(test.edge.dials.length).toBe(before);
    await clock.advance(1);
  }
  return downs().slice(0, count);
}

describe("refusals", () => {
  for (const status of [302, 401, 403, 404, 429])
    it(`HTTP ${status}: five attempts with growing waits, then one in 30 s`, async () => {
      const clock = new FakeClock();
      test = await relayUnderTest(ALL, { clock, random: () => 0.999 }, { upgrade: answering(() => status) });
      const waits = await attempts(clock, 8);
      expect(waits.slice(0, 4).every((wait) => wait < LIMITS.reconnectMaxMs)).toBe(true);
      expect(waits.slice(4)).toEqual(Array.from({ length: 4 }, () => LIMITS.refusedRetryMs));
      expect(test.edge.headers.every((headers) => headers.upgrade === "websocket")).toBe(true);
    });

  it("end: six times 403, then the edge, with the headers of Access each time", async () => {
    const clock = new FakeClock();
    let asked = 0;
    test = await relayUnderTest(
      ALL,
      { clock, accessHeaders: { "cf-access-client-id": "id", "cf-access-client-secret": "secret" } },
      { upgrade: answering(() => (++asked <= 6 ? 403 : 101)) },
    );
    await attempts(clock, 6);
    await test.edge.up();
    expect(test.edge.headers.every((headers) => headers["cf-access-client-secret"] === "secret")).toBe(true);
    expect(JSON.stringify(test.logs)).not.toContain("secret");
  });

  it("by the edge itself are told in words and back off alike", async () => {
    const clock = new FakeClock();
    const refusal = { type: "refused", code: "LINK_VERSION_UNSUPPORTED", message: "Update the relay." };
    test = await relayUnderTest(ALL, { clock, random: () => 0.5 }, { connected: (socket) => socket.send(JSON.stringify(refusal)) });
    const waits = await attempts(clock, 6);
    expect(waits.at(-1)).toBe(LIMITS.refusedRetryMs);
    expect(test.logs.some((line) => line.message.includes("Update the relay.") && line.fields["code"] === refusal.code)).toBe(true);
  });
});

describe("a network that fails", () => {
  it("HTTP 502 never slows the relay beyond the jittered maximum", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock, random: () => 0.999 }, { upgrade: answering(() => 502) });
    const waits = await attempts(clock, 12);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LIMITS.reconnectMaxMs);
    expect(waits.at(-1)).toBeGreaterThan(LIMITS.reconnectMaxMs / 2);
  });

  it("a port where no one listens: no hot loop even with the luckiest jitter", async () => {
    const clock = new FakeClock();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    await new Promise((resolve) => taken.close(resolve));
    test = await relayUnderTest(ALL, { clock, random: () => 0, edgeUrl: `http://127.0.0.1:${port}` });
    const waits = await attempts(clock, 10);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
  });

  it("an edge that says nothing after the upgrade is left at the deadline", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock }, { connected: () => undefined });
    await test.edge.up();
    await clock.advance(LIMITS.handshakeMs - 1);
    expect(downs()).toEqual([]);
    await clock.advance(1);
    await until("the end of the attempt", () => downs().length === 1);
  });
});

describe("a link that is up", () => {
  const isUpAgain = () => until("the link again", () => test.edge.hellos.length === 2 && test.edge.isUp);
  /** Small steps, so that answers arrive before the next look. */
  const pass = async (clock: FakeClock, ms: number) => {
    for (let left = ms; left > 0; left -= 5_000) {
      await clock.advance(Math.min(left, 5_000));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  it("and answers its heartbeats stays for an hour, with a probe every few minutes", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock });
    await test.edge.up();
    await pass(clock, 3_600_000);
    expect(test.edge.hellos.length).toBe(1);
    const probes = test.edge.messages.filter((message) => message.type === "probe").length;
    expect(probes).toBeGreaterThanOrEqual(12);
    expect(probes).toBeLessThanOrEqual(15);
  });

  it("but half-open is found by silence", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock }, { pong: () => false });
    await test.edge.up();
    await pass(clock, LIMITS.heartbeatDeadMs - 10_000);
    expect(downs()).toEqual([]);
    await pass(clock, 20_000);
    await clock.advance(LIMITS.reconnectMaxMs);
    await isUpAgain();
  });

  it("whose object is dead behind a living platform is found by the probe", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock }, { probes: () => test.edge.hellos.length > 1 });
    await test.edge.up();
    await pass(clock, LIMITS.probeMs + LIMITS.heartbeatDeadMs + 10_000);
    await clock.advance(LIMITS.reconnectMaxMs);
    await isUpAgain();
  });

  it("is dialled anew after a sleep of the machine", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock });
    await test.edge.up();
    // The relay watches its clock from when it has heard the edge, which is a moment later.
    await until("the relay's word", () => test.logs.some(({ message }) => message === "the link is up"));
    clock.sleep(10 * 60_000);
    await clock.advance(6_000);
    expect(test.logs.some((line) => line.fields["reason"] === "this machine slept")).toBe(true);
    await isUpAgain();
  });

  it("and is full of garbage does not loop hot", async () => {
    const clock = new FakeClock();
    test = await relayUnderTest(ALL, { clock, random: () => 0.999 }, { connected: (socket) => socket.send("garbage") });
    const waits = await attempts(clock, 8);
    expect(waits.at(-1)).toBeGreaterThan(LIMITS.reconnectMaxMs / 2);
  });
});
