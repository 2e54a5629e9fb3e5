// Wire literals of the binary frames and records, in both directions, and hostile input.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrames, encodeFrames, FLAG, FRAME, frame, HEADER_BYTES } from "../../protocol/link/frames.ts";
import { decodeRecords, encodeEvent, encodeRecord, RECORD } from "../../protocol/link/records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { hostileRuns } from "./hostile.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

const LITERALS = [
  ["data", [frame(FRAME.data, 2, 5, new TextEncoder().encode("hi"))], "01 00 00000002 0000000000000005 00000002 6869"],
  ["end of a channel", [frame(FRAME.data, 2, 7, new Uint8Array(0), FLAG.end)], "01 01 00000002 0000000000000007 00000000"],
  ["ack", [frame(FRAME.ack, 0xffffffff, 2 ** 40, new Uint8Array(0))], "02 00 ffffffff 0000010000000000 00000000"],
  ["spool, missing", [frame(FRAME.spool, 9, 0, new Uint8Array(0), FLAG.missing)], "03 02 00000009 0000000000000000 00000000"],
  [
    "open without a body",
    [frame(FRAME.open, 7, 0, new TextEncoder().encode("{}"), FLAG.end)],
    "04 01 00000007 0000000000000000 00000002 7b7d",
  ],
  ["head", [frame(FRAME.head, 7, 0, new TextEncoder().encode("{}"))], "05 00 00000007 0000000000000000 00000002 7b7d"],
  ["cancel", [frame(FRAME.cancel, 7, 0)], "06 00 00000007 0000000000000000 00000000"],
  ["attach", [frame(FRAME.attach, 7, 2 ** 33 + 5)], "07 00 00000007 0000000200000005 00000000"],
  ["a broken end", [frame(FRAME.data, 7, 9, new Uint8Array(0), FLAG.end | FLAG.broken)], "01 05 00000007 0000000000000009 00000000"],
  [
    "two frames in one message",
    [frame(FRAME.ack, 1, 1), frame(FRAME.ack, 2, 2)],
    "02 00 00000001 0000000000000001 00000000 02 00 00000002 0000000000000002 00000000",
  ],
] as const;

describe("frames", () => {
  it.each(LITERALS)("%s is this on the wire, and comes back", (_name, frames, literal) => {
    expect(hex(encodeFrames(frames))).toBe(literal.replaceAll(" ", ""));
    const decoded = decodeFrames(bytes(literal));
    expect(decoded).toEqual({ frames: frames.map((item) => ({ ...item, bytes: new Uint8Array(item.bytes) })) });
  });

  it.each([
    ["an empty message", "", "empty message"],
    ["a truncated header", "01 00 00", "truncated header"],
    ["a truncated frame", "01 00 00000002 0000000000000000 00000005 61", "truncated frame"],
    ["an unknown type", "08 00 00000002 0000000000000000 00000000", "unknown frame type"],
    ["unknown flags", "01 80 00000002 0000000000000000 00000000", "unknown flags"],
    ["type 0", "00 00 00000002 0000000000000000 00000000", "unknown frame type"],
    ["an offset one beyond 2^53", "01 00 00000002 0020000000000000 00000000", "offset too large"],
    ["an attach with bytes", "07 00 00000002 0000000000000000 00000001 61", "bytes in a frame that has none"],
    ["a cancel with bytes", "06 00 00000002 0000000000000000 00000001 61", "bytes in a frame that has none"],
    ["an offset beyond 2^53", "01 00 00000002 ffffffffffffffff 00000000", "offset too large"],
    ["a frame over the limit", "01 00 00000002 0000000000000000 00ffffff", "frame too large"],
    ["an ack with bytes", "02 00 00000002 0000000000000000 00000001 61", "bytes in a frame that has none"],
  ])("refuses %s", (_name, literal, error) => {
    expect(decodeFrames(bytes(literal))).toEqual({ error });
  });

  it("refuses a message over the limit and one of too many frames", () => {
    expect(decodeFrames(new Uint8Array(LIMITS.binaryMessageBytes + 1))).toEqual({ error: "message too large" });
    const many = encodeFrames(Array.from({ length: LIMITS.framesPerMessage + 1 }, () => frame(FRAME.ack, 1, 0)));
    expect(decodeFrames(many)).toEqual({ error: "too many frames" });
  });

  it("survives hostile messages: an answer or an error, never an exception, never more than the message", () => {
    fc.assert(
      fc.property(hostileMessage(), (message) => {
        const decoded = decodeFrames(message);
        if ("error" in decoded) return;
        const total = decoded.frames.reduce((sum, item) => sum + HEADER_BYTES + item.bytes.length, 0);
        expect(total).toBe(message.length);
        for (const item of decoded.frames) expect(item.bytes.buffer).toBe(message.buffer);
      }),
      { numRuns: hostileRuns },
    );
  });

  it("gives back what it encoded", () => {
    const one = fc.record({
      type: fc.constantFrom(FRAME.data, FRAME.open, FRAME.head),
      channel: fc.integer({ min: 0, max: 0xffffffff }),
      offset: fc.maxSafeNat(),
      data: fc.uint8Array({ maxLength: 200 }),
      end: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 20 }), (list) => {
        const frames = list.map((item) => frame(item.type, item.channel, item.offset, item.data, item.end ? FLAG.end : 0));
        expect(decodeFrames(encodeFrames(frames))).toEqual({ frames });
      }),
      { numRuns: 500 },
    );
  });
});

/** Random bytes, and valid messages with some bytes overwritten or cut. */
function hostileMessage(): fc.Arbitrary<Uint8Array> {
  const valid = fc
    .array(fc.uint8Array({ maxLength: 64 }), { minLength: 1, maxLength: 5 })
    .map((list) => encodeFrames(list.map((data, index) => frame(FRAME.data, index + 1, 0, data))));
  const damaged = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }), fc.nat())
    .map(([message, edits, cut]) => {
      const copy = message.slice();
      for (const [at, value] of edits) copy[at % copy.length] = value;
      return cut % 3 === 0 ? copy.slice(0, cut % copy.length) : copy;
    });
  return fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged);
}

describe("records", () => {
  it("are these on the wire, and come back", () => {
    const out = encodeRecord(RECORD.stdout, 3, new TextEncoder().encode("ok\n"));
    expect(hex(out)).toBe("020000000000000003000000036f6b0a");
    const event = encodeEvent({ type: "status", status: "running", at: 1 });
    expect(Buffer.from(event.subarray(13)).toString()).toBe('{"type":"status","status":"running","at":1}');
    const decoded = decodeRecords(new Uint8Array([...out, ...event, 1, 0]));
    expect(decoded).toMatchObject({
      taken: out.length + event.length,
      records: [
        { kind: 2, offset: 3 },
        { kind: 1, offset: 0 },
      ],
    });
  });

  it.each([
    ["an unknown kind", "09 0000000000000000 00000000", "unknown record kind"],
    ["an offset beyond 2^53", "02 ffffffffffffffff 00000000", "record offset too large"],
    ["a length over the limit", "02 0000000000000000 7fffffff", "record too large"],
  ])("refuse %s before its bytes arrive", (_name, literal, error) => {
    expect(decodeRecords(bytes(literal))).toEqual({ error });
  });

  it("survive hostile bytes however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        const decoded = decodeRecords(data);
        if (!("error" in decoded)) expect(decoded.taken).toBeLessThanOrEqual(data.length);
      }),
      { numRuns: hostileRuns },
    );
  });
});
