// Who becomes the link of a Lane object, and what every other message before that gets.
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE } from "../../../protocol/link/control.ts";
import { encodeFrames, FRAME, frame } from "../../../protocol/link/frames.ts";
import { LANE_HEARTBEAT, type LaneHelloBody } from "../../../protocol/link/lane.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { laneName } from "../../../worker/lane/contract.ts";
import { eventually, makeKeys } from "../host/scripted-relay.ts";
import { abort, ask, hibernate, refusalIn } from "./exchanges.ts";
import { newLane, ScriptedLane, stub } from "./scripted-lane.ts";

const BEFORE_HELLO: Record<string, string | Uint8Array> = {
  probe: JSON.stringify({ type: "probe", id: 1 }),
  "an edge's welcome": JSON.stringify({ type: "welcome", epoch: 1, lane: 1, complete: true, channels: [] }),
  "no JSON": "{",
  "binary frames": encodeFrames([frame(FRAME.data, 1, 0, new Uint8Array(4))]),
  "too large": `"${"x".repeat(LIMITS.controlMessageBytes)}"`,
};

const WRONG: Record<string, { hello: Partial<LaneHelloBody>; code: string }> = {
  "another nonce": { hello: { nonce: Buffer.alloc(32, 1).toString("base64") }, code: "LINK_HELLO_INVALID" },
  "another epoch": { hello: { epoch: 99 }, code: "LINK_HELLO_INVALID" },
  "another host's number": { hello: { host_number: 1_000_000 }, code: "LINK_HELLO_INVALID" },
  "another lane": { hello: { lane: 2 }, code: "LINK_HELLO_INVALID" },
  "a channel 0": { hello: { channels: [{ channel: 0, received: 0 }] }, code: "LINK_HELLO_INVALID" },
  "more channels than there may be": {
    hello: {
      channels: Array.from({ length: LIMITS.channelsPerLane + LIMITS.lingerChannels + 1 }, (_, i) => ({ channel: i + 1, received: 0 })),
    },
    code: "LINK_HELLO_INVALID",
  },
  "version N + 1": { hello: { version: PROTOCOL_VERSION + 1 }, code: "LINK_VERSION_UNSUPPORTED" },
  "version N - 1, which never was": { hello: { version: PROTOCOL_VERSION - 1 }, code: "LINK_VERSION_UNSUPPORTED" },
};

/** An exchange reaches this socket. */
async function isServed(relay: ScriptedLane): Promise<void> {
  const asked = ask(relay.lane);
  const { channel } = await relay.opened();
  relay.send(relay.head(channel), relay.data(channel, "ok"), relay.end(channel));
  expect(await (await asked).text()).toBe("ok");
}

describe("before a hello", () => {
  it.each(Object.entries(BEFORE_HELLO))("%s closes the socket", async (_, message) => {
    const relay = await ScriptedLane.dial(newLane());
    await relay.next("challenge");
    relay.ws.send(message);
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
    expect(relay.welcome).toBeNull();
  });

  it("the oldest of too many gives way, and one more still gets in", async () => {
    const lane = newLane();
    const strangers = [];
    for (let i = 0; i < LIMITS.handshakesPerHost; i++) strangers.push(await ScriptedLane.dial(lane));
    const relay = await ScriptedLane.connect(lane);
    expect((await strangers[0]!.closedWith()).code).toBe(CLOSE.refused);
    expect((await strangers[0]!.next("refused")).code).toBe("LINK_BUSY");
    expect(strangers.at(-1)!.closed).toBeNull();
    await isServed(relay);
  });

  it("one that says nothing is closed in time", { timeout: 20_000 }, async () => {
    const relay = await ScriptedLane.dial(newLane());
    const closed = await eventually(() => relay.closed, "the deadline", LIMITS.handshakeMs + 5_000);
    expect(closed.code).toBe(CLOSE.timeout);
  });
});

describe("a hello", () => {
  it.each(Object.entries(WRONG))("with %s is refused in words", async (_, { hello, code }) => {
    const relay = await ScriptedLane.dial(newLane());
    await relay.hello(hello);
    expect((await relay.next("refused")).code).toBe(code);
    expect((await relay.closedWith()).code).toBe(CLOSE.refused);
    expect(relay.welcome).toBeNull();
  });

  it("signed with another key, or in the control socket's context, is refused", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.dial(lane);
    await relay.hello({}, makeKeys().privateKey);
    expect((await relay.next("refused")).code).toBe("LINK_SIGNATURE_INVALID");
  });

  it("of another socket, replayed, is refused", async () => {
    const lane = newLane();
    const first = await ScriptedLane.dial(lane);
    const recorded = await first.hello();
    await eventually(() => first.welcome, "a welcome");
    const second = await ScriptedLane.dial(lane);
    await second.next("challenge");
    second.ws.send(recorded);
    expect((await second.next("refused")).code).toBe("LINK_HELLO_INVALID");
    expect(first.closed).toBeNull();
    await isServed(first);
  });

  it("sent twice closes the link", async () => {
    const relay = await ScriptedLane.dial(newLane());
    const text = await relay.hello();
    await eventually(() => relay.welcome, "a welcome");
    relay.ws.send(text);
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
  });

  it("that is newer takes the lane, and the older socket is closed; an older one comes too late", async () => {
    const lane = newLane();
    const late = await ScriptedLane.dial(lane);
    await late.next("challenge");
    const first = await ScriptedLane.connect(lane);
    const second = await ScriptedLane.connect(lane);
    expect(second.welcome!.epoch).toBeGreaterThan(first.welcome!.epoch);
    expect((await first.closedWith()).code).toBe(CLOSE.replaced);
    await late.hello();
    expect((await late.next("refused")).code).toBe("LINK_EPOCH_STALE");
    await isServed(second);
  });

  it("is welcomed by the first instance as incomplete; its epoch is newer after a reset", async () => {
    const lane = newLane();
    const first = await ScriptedLane.connect(lane);
    expect(first.welcome).toMatchObject({ lane: 1, complete: false, channels: [] });
    await abort(lane);
    await first.closedWith();
    const second = await ScriptedLane.connect(lane);
    expect(second.welcome!.epoch).toBeGreaterThan(first.welcome!.epoch);
  });

  it("that was good holds over hibernation, and the heartbeat is answered without it", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    await hibernate(lane);
    relay.ws.send(LANE_HEARTBEAT.request);
    await eventually(() => relay.pongs === 1, "the answer");
    await isServed(relay);
    await runInDurableObject(stub(lane), (_, state) => {
      const [ws] = state.getWebSockets();
      expect(state.getWebSocketAutoResponseTimestamp(ws!)).not.toBeNull();
    });
  });
});

describe("a lane that is retired", () => {
  it("closes its relay's socket in words, and refuses", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const asked = ask(lane);
    await relay.opened();
    await stub(lane).fetch("http://lane/retire?code=HOST_REMOVED", { method: "POST" });
    expect((await relay.next("refused")).code).toBe("HOST_REMOVED");
    expect((await relay.closedWith()).code).toBe(CLOSE.removed);
    expect(refusalIn(await asked)).toMatchObject({ code: "LANE_UNAVAILABLE", untouched: false });
  });

  it("has a name of its own for each host and lane", () => {
    expect(laneName(12, 3)).toBe("lane-12-3");
  });
});
