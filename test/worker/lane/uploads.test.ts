// Request bodies through a lane: as they come, at most a window of them, never gathered; over cuts of the link.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { FRAME, frame } from "../../../protocol/link/frames.ts";
import { eventually } from "../host/scripted-relay.ts";
import { ask, refusalIn } from "./exchanges.ts";
import { newLane, ScriptedLane } from "./scripted-lane.ts";

const MiB = 1024 * 1024;

/** A body that counts what was pulled from it. */
function source(total: number, pieceBytes: number): { body: ReadableStream<Uint8Array>; pulled: () => number } {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(to) {
        if (pulled >= total) return to.close();
        const piece = new Uint8Array(Math.min(pieceBytes, total - pulled));
        piece.fill(pulled / pieceBytes);
        pulled += piece.length;
        to.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, pulled: () => pulled };
}

async function begin(init: RequestInit): Promise<{ relay: ScriptedLane; channel: number; asked: Promise<Response> }> {
  const lane = newLane();
  const relay = await ScriptedLane.connect(lane);
  const asked = ask(lane, { method: "POST", ...init });
  asked.catch(() => {});
  const { channel } = await relay.opened();
  return { relay, channel, asked };
}

describe("a body", () => {
  it(
    "of 60 MB is never gathered: what is taken from it is a window ahead of the relay, and all of it arrives",
    { timeout: 60_000 },
    async () => {
      const total = 60 * MiB;
      const { body, pulled } = source(total, 128 * 1024);
      const { relay, channel, asked } = await begin({ body });
      let got = 0;
      let ahead = 0;
      for (let index = 0; got < total; index = relay.frames.length) {
        await eventually(() => relay.frames.length > index, `more than ${got} bytes`);
        const fresh = relay.frames.slice(index).filter((item) => item.type === FRAME.data && item.channel === channel);
        for (const { offset, bytes } of fresh) {
          expect(offset).toBe(got);
          expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
          got += bytes.length;
        }
        ahead = Math.max(ahead, pulled() - got);
        // What was heard is let go of, as a relay would.
        relay.frames.length = 0;
        index = 0;
        relay.send(frame(FRAME.ack, channel, got));
      }
      expect(ahead).toBeLessThan(2 * MiB);
      relay.send(relay.head(channel), relay.end(channel));
      expect((await asked).status).toBe(200);
    },
  );

  it("waits while the relay does not acknowledge, and goes on when it does", async () => {
    const { body, pulled } = source(8 * MiB, 64 * 1024);
    const { relay, channel } = await begin({ body });
    await eventually(() => relay.body(channel).bytes.length > LIMITS.windowBytes - 64 * 1024, "most of a window");
    const before = pulled();
    expect(relay.body(channel).bytes.length).toBeLessThanOrEqual(LIMITS.windowBytes);
    expect(before).toBeLessThan(2 * MiB);
    relay.send(frame(FRAME.ack, channel, relay.body(channel).bytes.length));
    await eventually(() => relay.body(channel).bytes.length > LIMITS.windowBytes, "more");
    relay.close();
  });

  it("in tiny pieces of unknown length arrives whole, with its end", async () => {
    const { body } = source(500, 1);
    const { relay, channel, asked } = await begin({ body });
    await eventually(() => relay.body(channel).isWhole, "the end");
    expect(relay.body(channel).bytes.length).toBe(500);
    relay.send(relay.head(channel, 204), relay.end(channel));
    expect((await asked).status).toBe(204);
  });

  it("over the limit is refused before a byte where it says so, and while it streams where it does not", { timeout: 60_000 }, async () => {
    const { body } = source(LIMITS.passedBodyBytes + 64 * 1024, 256 * 1024);
    const { relay, channel, asked } = await begin({ body });
    const answered = asked.then(refusalIn);
    const answer = { isThere: false };
    void answered.then(() => (answer.isThere = true));
    for (let got = 0; !answer.isThere;) {
      await eventually(() => answer.isThere || relay.frames.some((item) => item.type === FRAME.data), `more than ${got} bytes`);
      for (const { type, bytes } of relay.frames.splice(0)) if (type === FRAME.data) got += bytes.length;
      relay.send(frame(FRAME.ack, channel, got));
    }
    expect(await answered).toMatchObject({ code: "PASSED_BODY_TOO_LARGE", untouched: false });
  });

  it("is answered while it is still on its way: the rest is not read", async () => {
    const { body, pulled } = source(50 * MiB, 64 * 1024);
    const { relay, channel, asked } = await begin({ body });
    await relay.heardOf(channel, FRAME.data);
    relay.send(relay.head(channel, 413), relay.data(channel, "too large"), relay.end(channel));
    const response = await asked;
    expect(response.status).toBe(413);
    expect(await response.text()).toBe("too large");
    expect(pulled()).toBeLessThan(2 * MiB);
  });

  it("goes on where the relay says after a cut, without a gap and with its end", async () => {
    const total = 200_000;
    const bytes = Uint8Array.from({ length: total }, (_, i) => i % 251);
    const { relay, channel, asked } = await begin({ body: bytes });
    await eventually(() => relay.body(channel).isWhole, "the whole body");
    relay.close();
    const received = 70_001;
    const again = await ScriptedLane.connect(relay.lane, { channels: [{ channel, received }] });
    await again.heardOf(channel, FRAME.attach);
    const rest = again.of(channel, FRAME.data);
    expect(rest[0]!.offset).toBe(received);
    expect(Buffer.compare(Buffer.concat(rest.map((item) => item.bytes)), bytes.subarray(received))).toBe(0);
    expect(rest.at(-1)!.flags).toBe(1);
    again.send(again.head(channel), again.end(channel));
    expect((await asked).status).toBe(200);
  });

  it("that the relay says to have more of than was sent ends the exchange", async () => {
    const { relay, channel, asked } = await begin({ body: "abc" });
    relay.close();
    const again = await ScriptedLane.connect(relay.lane, { channels: [{ channel, received: 9 }] });
    expect(refusalIn(await asked)).toMatchObject({ code: "UPSTREAM_FAILED" });
    await again.heardOf(channel, FRAME.cancel);
  });
});
