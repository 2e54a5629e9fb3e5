// Answers through a lane: byte for byte as the relay sent them, whole or as a stream, paced by their readers, over cuts and
// the object's sleep; and what is no answer.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE } from "../../../protocol/link/control.ts";
import { encodeFrames, FLAG, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import { encodeHead, type HeaderList } from "../../../protocol/link/lane.ts";
import { ENCODING_HEADER, LENGTH_HEADER, STREAM_HEADER } from "../../../worker/lane/contract.ts";
import { eventually } from "../host/scripted-relay.ts";
import { ask, bytesOf, refusalIn } from "./exchanges.ts";
import { newLane, ScriptedLane } from "./scripted-lane.ts";

interface Exchange {
  readonly relay: ScriptedLane;
  readonly channel: number;
  readonly asked: Promise<Response>;
}

async function begin(init: Parameters<typeof ask>[1] = {}): Promise<Exchange> {
  const lane = newLane();
  const relay = await ScriptedLane.connect(lane);
  const asked = ask(lane, init);
  asked.catch(() => {});
  const { channel } = await relay.opened();
  return { relay, channel, asked };
}

/** Sends as a relay does: at most a window beyond what was acknowledged. */
async function sendAll({ relay, channel }: Exchange, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    const acked = () => Math.max(0, ...relay.of(channel, FRAME.ack).map(({ offset }) => offset));
    await eventually(() => at + piece.length - acked() <= LIMITS.windowBytes, `an ack beyond ${acked()}`);
    relay.send(relay.data(channel, piece));
  }
  relay.send(relay.end(channel));
}

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 24);

describe("an answer", () => {
  it("that came in one message is whole, and the request went out in one", async () => {
    const { relay, channel, asked } = await begin({ method: "POST", body: '{"model":"m"}' });
    expect((await relay.opened()).open).toMatchObject({ kind: "http", service: "model", path: "/v1/chat" });
    expect(relay.messages).toHaveLength(1);
    expect(new TextDecoder().decode(relay.body(channel).bytes)).toBe('{"model":"m"}');
    expect(relay.body(channel).isWhole).toBe(true);
    relay.send(relay.head(channel, 201, [["x-a", "b"]]), relay.data(channel, "hello"), relay.end(channel));
    const response = await asked;
    expect(response.status).toBe(201);
    expect(response.headers.get("x-a")).toBe("b");
    expect(response.headers.has(STREAM_HEADER)).toBe(false);
    expect(await response.text()).toBe("hello");
  });

  it("that comes in pieces is a stream, and its length travels beside it", async () => {
    const { relay, channel, asked } = await begin();
    relay.send(
      relay.head(channel, 200, [
        ["content-length", "3"],
        ["content-encoding", "gzip"],
      ]),
    );
    const response = await asked;
    expect(response.headers.get(STREAM_HEADER)).toBe("1");
    expect(response.headers.get(LENGTH_HEADER)).toBe("3");
    expect(response.headers.get(ENCODING_HEADER)).toBe("gzip");
    relay.send(relay.data(channel, "a"));
    relay.send(relay.data(channel, "b"), relay.data(channel, "c"));
    relay.send(relay.end(channel));
    expect(await response.text()).toBe("abc");
  });

  it("of tiny events, CRLF and characters split at every byte is the same, byte for byte", async () => {
    const exchange = await begin();
    const { relay, channel, asked } = exchange;
    const text = 'data: {"t":"é€😀"}\r\n\r\n: \r\n\ndata: [DONE]\n\n'.repeat(40);
    const bytes = new TextEncoder().encode(text);
    relay.send(relay.head(channel, 200, [["content-type", "text/event-stream"]]));
    const got = bytesOf(await asked);
    await sendAll(exchange, bytes, 1);
    expect(await got).toEqual(bytes);
  });

  it("of one event of 8 MiB is the same, in frames of a whole window and of odd sizes", { timeout: 60_000 }, async () => {
    for (const size of [LIMITS.frameBytes, 65_537]) {
      const exchange = await begin();
      const bytes = noise(8 * 1024 * 1024);
      exchange.relay.send(exchange.relay.head(exchange.channel));
      const got = bytesOf(await exchange.asked);
      await sendAll(exchange, bytes, size);
      expect(Buffer.compare(await got, bytes)).toBe(0);
    }
  });

  it("with empty pieces, and ones that share messages with other channels, is the same", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const asked = [0, 1, 2].map(() => ask(lane));
    const channels = [];
    for (const index of asked.keys()) channels.push((await relay.opened(index)).channel);
    relay.send(...channels.map((channel) => relay.head(channel, 200, [["x-of", String(channel)]])));
    const responses = await Promise.all(asked);
    const expected = new Map<string, string>(channels.map((channel) => [String(channel), ""]));
    for (let round = 0; round < 30; round++) {
      const frames = channels.flatMap((channel, index) => {
        const text = `${round}:${index};`.repeat((round * 7 + index) % 5);
        expected.set(String(channel), expected.get(String(channel)) + text);
        return [relay.data(channel, ""), relay.data(channel, text)];
      });
      relay.send(...frames);
    }
    relay.send(...channels.map((channel) => relay.end(channel)));
    for (const response of responses) expect(await response.text()).toBe(expected.get(response.headers.get("x-of")!));
  });

  it.each([
    ["of HEAD", "HEAD", 200, [["content-length", "12"]]],
    ["204", "GET", 204, []],
    ["304", "GET", 304, [["etag", '"x"']]],
  ] as [string, "HEAD" | "GET", number, HeaderList][])("%s has no body", async (_, method, status, headers) => {
    const { relay, channel, asked } = await begin({ method, open: { method } });
    relay.send(relay.head(channel, status, headers), relay.end(channel));
    const response = await asked;
    expect(response.status).toBe(status);
    expect(response.headers.get(LENGTH_HEADER)).toBe(method === "HEAD" ? "12" : null);
    expect((await bytesOf(response)).length).toBe(0);
    expect(relay.of(channel, FRAME.cancel)).toEqual([]);
  });

  it("of 1xx is no answer", async () => {
    const { relay, channel, asked } = await begin();
    relay.send(relay.head(channel, 101));
    expect(refusalIn(await asked)).toMatchObject({ code: "UPSTREAM_FAILED" });
    await relay.heardOf(channel, FRAME.cancel);
  });

  it("that the relay refuses says so, as nothing that reached the upstream", async () => {
    const { relay, channel, asked } = await begin();
    const error = { code: "UPSTREAM_UNREACHABLE", message: "nobody there", retry_after_ms: 7 };
    relay.send(frame(FRAME.head, channel, 0, encodeHead({ status: 502, headers: [], error })), relay.end(channel));
    expect(refusalIn(await asked)).toEqual({ code: "UPSTREAM_UNREACHABLE", message: "nobody there", retryAfterMs: 7, untouched: true });
  });

  it("that breaks off before its head is a refusal; after it, a broken body and never a short one", async () => {
    const before = await begin();
    before.relay.send(before.relay.end(before.channel, true));
    expect(refusalIn(await before.asked)).toMatchObject({ code: "UPSTREAM_FAILED", untouched: false });
    const after = await begin();
    after.relay.send(after.relay.head(after.channel), after.relay.data(after.channel, "short"));
    const response = await after.asked;
    after.relay.send(after.relay.end(after.channel, true));
    await expect(response.text()).rejects.toThrow();
  });
});

describe("a reader", () => {
  it("that does not read holds the relay to one window, and gets everything when it does", async () => {
    const { relay, channel, asked } = await begin();
    relay.send(relay.head(channel));
    const response = await asked;
    const bytes = noise(LIMITS.windowBytes);
    for (let at = 0; at < bytes.length; at += 32_768) relay.send(relay.data(channel, bytes.subarray(at, at + 32_768)));
    const other = ask(relay.lane);
    const second = await relay.opened(1);
    relay.send(relay.head(second.channel), relay.data(second.channel, "free"), relay.end(second.channel));
    expect(await (await other).text()).toBe("free");
    const unread = Math.max(0, ...relay.of(channel, FRAME.ack).map(({ offset }) => offset));
    // What the platform itself buffers between object and reader.
    expect(unread).toBeLessThanOrEqual(LIMITS.windowBytes / 2);
    relay.send(relay.end(channel));
    expect(Buffer.compare(await bytesOf(response), bytes)).toBe(0);
  });

  it("is acknowledged for what it took, and only for that", async () => {
    const { relay, channel, asked } = await begin();
    relay.send(relay.head(channel));
    const reader = (await asked).body!.getReader();
    let got = 0;
    for (let i = 0; i < 40; i++) {
      relay.send(relay.data(channel, noise(16_384)));
      while (got < (i + 1) * 16_384) got += (await reader.read()).value!.length;
    }
    const acks = relay.of(channel, FRAME.ack).map(({ offset }) => offset);
    expect(acks).toEqual(acks.toSorted((a, b) => a - b));
    expect(acks.length).toBeGreaterThanOrEqual(8);
    expect(acks.at(-1)!).toBeLessThanOrEqual(got);
    expect(acks.at(-1)!).toBeGreaterThan(got - LIMITS.ackEveryBytes - 16_384);
    await reader.cancel();
    await relay.heardOf(channel, FRAME.cancel);
  });

  it.each(["before the head", "after the head", "in the upload"])("that goes %s cancels the channel", async (phase) => {
    const gone = new AbortController();
    const body =
      phase === "in the upload" ? new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(10)) }, { highWaterMark: 0 }) : null;
    const { relay, channel, asked } = await begin({ signal: gone.signal, ...(body ? { method: "POST", body } : {}) });
    if (phase === "after the head") {
      relay.send(relay.head(channel), relay.data(channel, "x"));
      await asked;
    }
    gone.abort();
    await relay.heardOf(channel, FRAME.cancel);
    await asked.catch(() => {});
  });
});

describe("a cut of the link", () => {
  it("in the middle costs a pause and no byte, however much was on its way", async () => {
    const { relay, channel, asked } = await begin();
    relay.send(relay.head(channel), relay.data(channel, "one "));
    const response = await asked;
    relay.send(relay.data(channel, "two "));
    relay.close();
    const again = await ScriptedLane.connect(relay.lane, { channels: [{ channel, received: 0 }] });
    const { offset } = await again.heardOf(channel, FRAME.attach);
    const all = "one two three";
    again.offsets.set(channel, Math.max(0, offset - 2));
    again.send(again.head(channel), again.data(channel, all.slice(Math.max(0, offset - 2))), again.end(channel));
    expect(await response.text()).toBe(all);
  });

  it("after which the relay does not know the channel breaks the answer, or refuses it", async () => {
    const streaming = await begin();
    streaming.relay.send(streaming.relay.head(streaming.channel), streaming.relay.data(streaming.channel, "x"));
    const response = await streaming.asked;
    const waiting = ask(streaming.relay.lane);
    await streaming.relay.opened(1);
    streaming.relay.close();
    await ScriptedLane.connect(streaming.relay.lane);
    await expect(response.text()).rejects.toThrow();
    expect(refusalIn(await waiting)).toMatchObject({ code: "UPSTREAM_FAILED", untouched: false });
  });

  it("that stays breaks the answer after as long as a relay keeps it", { timeout: 60_000 }, async () => {
    const { relay, channel, asked } = await begin();
    relay.send(relay.head(channel), relay.data(channel, "x"));
    const response = await asked;
    relay.close();
    await expect(response.text()).rejects.toThrow();
  });
});

describe("a lane", () => {
  it("without a relay refuses in time, and an open that comes while it connects waits for it", { timeout: 20_000 }, async () => {
    const nobody = newLane();
    expect(refusalIn(await ask(nobody))).toMatchObject({ code: "LANE_UNAVAILABLE", untouched: true });
    const lane = newLane();
    const asked = ask(lane);
    const relay = await ScriptedLane.connect(lane);
    const { channel } = await relay.opened();
    relay.send(relay.head(channel), relay.data(channel, "late"), relay.end(channel));
    expect(await (await asked).text()).toBe("late");
  });

  it("takes as many channels as it may, and one more when one has ended", { timeout: 60_000 }, async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const gone = new AbortController();
    const asked = Array.from({ length: LIMITS.channelsPerLane }, (_, i) => ask(lane, i === 0 ? { signal: gone.signal } : {}));
    for (const one of asked) one.catch(() => {});
    await relay.opened(LIMITS.channelsPerLane - 1);
    expect(refusalIn(await ask(lane))).toMatchObject({ code: "STREAMS_EXHAUSTED", untouched: true });
    gone.abort();
    await eventually(() => relay.frames.some(({ type }) => type === FRAME.cancel), "the cancel");
    const more = ask(lane);
    const { channel } = await relay.opened(LIMITS.channelsPerLane);
    relay.send(relay.head(channel), relay.end(channel));
    expect((await more).status).toBe(200);
    relay.close();
  });

  const channel = 7;
  const big = (count: number) => encodeFrames(Array.from({ length: count }, () => frame(FRAME.ack, 1, 0)));
  it.each([
    ["text after the welcome", "hello"],
    ["no frame", new Uint8Array(5)],
    ["an unknown type", encodeFrames([{ ...frame(FRAME.data, channel, 0), type: 9 as Frame["type"] }])],
    ["an open", encodeFrames([frame(FRAME.open, channel, 0)])],
    ["an attach", encodeFrames([frame(FRAME.attach, channel, 0)])],
    ["a spool frame", encodeFrames([frame(FRAME.spool, channel, 0)])],
    ["broken without an end", encodeFrames([frame(FRAME.data, channel, 0, new Uint8Array(0), FLAG.broken)])],
    ["too many frames", big(LIMITS.framesPerMessage + 1)],
  ])("closes a link that sends %s, and serves the next one", async (_, message) => {
    const { relay, channel: known, asked } = await begin();
    const bytes = typeof message === "string" ? message : message.slice();
    if (typeof bytes !== "string" && bytes.length >= 6) new DataView(bytes.buffer).setUint32(2, known);
    relay.ws.send(bytes);
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
    const again = await ScriptedLane.connect(relay.lane, { channels: [{ channel: known, received: 0 }] });
    again.send(again.head(known), again.data(known, "fine"), again.end(known));
    expect(await (await asked).text()).toBe("fine");
  });

  it.each([
    ["a head that is not JSON", (c: number) => [frame(FRAME.head, c, 0, new Uint8Array([1, 2]))]],
    ["a head of status 99", (c: number) => [frame(FRAME.head, c, 0, encodeHead({ status: 99, headers: [] }))]],
    ["an acknowledgement of what was not sent", (c: number) => [frame(FRAME.ack, c, 10)]],
    [
      "an end before what it sent",
      (c: number) => [frame(FRAME.data, c, 0, noise(9)), frame(FRAME.data, c, 3, new Uint8Array(0), FLAG.end)],
    ],
    [
      "more than two windows",
      (c: number) => [0, 1, 2].map((i) => frame(FRAME.data, c, i * LIMITS.frameBytes, new Uint8Array(LIMITS.frameBytes))),
    ],
  ])("ends the one channel that gets %s", async (_, frames) => {
    const { relay, channel: known, asked } = await begin();
    relay.send(...frames(known));
    expect(refusalIn(await asked)).toMatchObject({ code: "UPSTREAM_FAILED", untouched: false });
    await relay.heardOf(known, FRAME.cancel);
    const other = ask(relay.lane);
    const second = await relay.opened(1);
    relay.send(relay.head(second.channel), relay.data(second.channel, "fine"), relay.end(second.channel));
    expect(await (await other).text()).toBe("fine");
  });

  it("asks once for what is missing, and goes on with it", async () => {
    const { relay, channel: known, asked } = await begin();
    relay.send(relay.head(known), frame(FRAME.data, known, 3, noise(2)), frame(FRAME.data, known, 5, noise(2)));
    const response = await asked;
    const wanted = await relay.heardOf(known, FRAME.attach);
    expect(wanted.offset).toBe(0);
    relay.send(relay.data(known, "abcdefg"), relay.end(known));
    expect(await response.text()).toBe("abcdefg");
    expect(relay.of(known, FRAME.attach)).toHaveLength(1);
  });
});
