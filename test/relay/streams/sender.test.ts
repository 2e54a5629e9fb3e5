// The messages of one lane: their frames, in order and without gaps, and the memory that they share.
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { decodeFrames, FLAG, FRAME, type Frame } from "../../../protocol/link/frames.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { LaneSender } from "../../../relay/streams/sender.ts";

function lane() {
  const sender = new LaneSender();
  const messages: { message: Buffer; done: () => void }[] = [];
  sender.connect((message, done) => void messages.push({ message, done }));
  const frames = (): Frame[] =>
    messages.flatMap(({ message }) => {
      const decoded = decodeFrames(message);
      if ("error" in decoded) throw new Error(decoded.error);
      return decoded.frames;
    });
  return { sender, messages, frames };
}

const numbered = (length: number, from = 0) => Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));

describe("a lane's messages", () => {
  it("hold all of a turn; what follows in a channel joins its frame, with the end", async () => {
    const { sender, messages, frames } = lane();
    sender.word(FRAME.head, 7, 0, Buffer.from("{}"));
    sender.data(7, 0, numbered(10));
    sender.data(7, 10, numbered(10, 10));
    sender.data(7, 20, new Uint8Array(0), FLAG.end);
    sender.data(8, 5, numbered(1));
    expect(messages).toHaveLength(0);
    await turn();
    expect(messages).toHaveLength(1);
    expect(frames().map(({ type, channel, offset, flags, bytes }) => [type, channel, offset, flags, bytes.length])).toEqual([
      [FRAME.head, 7, 0, 0, 2],
      [FRAME.data, 7, 0, FLAG.end, 20],
      [FRAME.data, 8, 5, 0, 1],
    ]);
  });

  it("of any size carry every byte once, in order", () => {
    for (const size of [1, 17, 200, 16_365, 16_366, 17_390, 17_391, 40_000, 300_000]) {
      const { sender, frames } = lane();
      const all = numbered(600_000);
      for (let at = 0; at < all.length; at += size) sender.data(1, at, all.subarray(at, at + size), at + size >= all.length ? FLAG.end : 0);
      sender.flush();
      let next = 0;
      for (const { offset, bytes } of frames()) {
        expect(offset).toBe(next);
        next += bytes.length;
      }
      expect(Buffer.concat(frames().map(({ bytes }) => bytes)).equals(all)).toBe(true);
      expect(frames().map(({ flags }) => flags)).toEqual(frames().map((_, index) => (index === frames().length - 1 ? FLAG.end : 0)));
    }
  });

  it("take up the largest head behind other words", () => {
    const { sender, frames } = lane();
    sender.word(FRAME.head, 1, 0, numbered(100));
    sender.word(FRAME.head, 2, 0, numbered(LIMITS.headBytes));
    sender.data(2, 0, numbered(50));
    sender.flush();
    expect(frames().map(({ channel, bytes }) => [channel, bytes.length])).toEqual([
      [1, 100],
      [2, LIMITS.headBytes],
      [2, 50],
    ]);
  });

  it("are not written to again before they have gone", () => {
    const { sender, messages } = lane();
    const send = (byte: number) => {
      sender.data(1, byte, Uint8Array.of(byte));
      sender.flush();
    };
    for (let byte = 0; byte < 100; byte++) send(byte);
    expect(messages.map(({ message }) => message.at(-1))).toEqual(Array.from({ length: 100 }, (_, byte) => byte));
    messages[3]!.done();
    for (const byte of [200, 201]) send(byte);
    expect(messages.filter(({ message }) => message.at(-1)! >= 200)).toHaveLength(3);
    expect(messages[3]!.message.at(-1)).toBe(201);
  });
});
