// The window: a sender and a receiver over a link that drops, repeats and reconnects lose and double nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReceiveWindow, SendWindow } from "../../protocol/link/channel.ts";

describe("a channel", () => {
  it("takes no more than its window", () => {
    const sender = new SendWindow(0, 10);
    expect(sender.write(new Uint8Array(8))?.bytes.length).toBe(8);
    expect(sender.write(new Uint8Array(8))?.bytes.length).toBe(2);
    expect(sender.write(new Uint8Array(1))).toBeNull();
    expect(sender.ack(4)).toBe(true);
    expect(sender.room).toBe(4);
  });

  it("refuses an acknowledgement of what was never sent, and takes an old one", () => {
    const sender = new SendWindow(0, 10);
    sender.write(new Uint8Array(5));
    expect(sender.ack(6)).toBe(false);
    expect(sender.ack(5)).toBe(true);
    expect(sender.ack(2)).toBe(true);
    expect(sender.acked).toBe(5);
  });

  it("cannot resume before what was acknowledged", () => {
    const sender = new SendWindow(0, 10);
    sender.write(new Uint8Array(5));
    sender.ack(3);
    expect(sender.resumeAt(2)).toBeNull();
    expect(sender.resumeAt(9)).toBeNull();
    expect(sender.resumeAt(4)).toEqual([{ offset: 4, bytes: new Uint8Array(1) }]);
  });

  it("refuses a gap and what exceeds the window; drops a repeat", () => {
    const receiver = new ReceiveWindow(0, 10);
    expect(receiver.take(1, new Uint8Array(1))).toHaveProperty("error");
    expect(receiver.take(0, new Uint8Array(11))).toHaveProperty("error");
    expect(receiver.take(0, new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array([1, 2, 3]));
    expect(receiver.take(0, new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array(0));
    expect(receiver.take(2, new Uint8Array([3, 4]))).toEqual(new Uint8Array([4]));
  });

  it("keeps tiny neighbours as one piece, and sends them again so", () => {
    const sender = new SendWindow(0, 100);
    const block = new Uint8Array(10).map((_, i) => i);
    for (let at = 0; at < 10; at++)
      expect(sender.write(block.subarray(at, at + 1))).toEqual({ offset: at, bytes: block.subarray(at, at + 1) });
    sender.write(new Uint8Array([77]));
    expect(sender.resumeAt(3)).toEqual([
      { offset: 3, bytes: block.subarray(3) },
      { offset: 10, bytes: new Uint8Array([77]) },
    ]);
  });

  it("acknowledges what a slower reader took, and holds the sender to the window from there", () => {
    const receiver = new ReceiveWindow(0, 10);
    receiver.take(0, new Uint8Array(10));
    expect(receiver.ack(4)).toBe(4);
    expect(receiver.acked).toBe(4);
    expect(receiver.take(10, new Uint8Array(4))).toEqual(new Uint8Array(4));
    expect(receiver.take(14, new Uint8Array(1))).toHaveProperty("error");
    expect(receiver.ack()).toBe(14);
  });

  it("loses and doubles nothing over cuts at any point", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("write" as const), size: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant("deliver" as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.constant({ kind: "ack" as const }),
      fc.constant({ kind: "cut" as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sender = new SendWindow(0, 16);
        const receiver = new ReceiveWindow(0, 16);
        let flight: { offset: number; bytes: Uint8Array }[] = [];
        let value = 0;
        const sent: number[] = [];
        const got: number[] = [];
        const deliver = () => {
          const piece = flight.shift();
          if (!piece) return;
          const fresh = receiver.take(piece.offset, piece.bytes);
          if ("error" in fresh) throw new Error(fresh.error);
          got.push(...fresh);
        };
        const cut = () => {
          flight = sender.resumeAt(receiver.ack())!;
        };
        for (const item of steps) {
          if (item.kind === "write") {
            const data = Uint8Array.from({ length: item.size }, () => value++ & 255);
            const piece = sender.write(data);
            value -= item.size - (piece?.bytes.length ?? 0);
            if (piece) {
              sent.push(...piece.bytes);
              flight.push(piece);
            }
          } else if (item.kind === "deliver") for (let i = 0; i < item.count; i++) deliver();
          else if (item.kind === "ack") expect(sender.ack(receiver.ack())).toBe(true);
          else cut();
        }
        cut();
        while (flight.length > 0) deliver();
        expect(got).toEqual(sent);
      }),
      { numRuns: 1_000 },
    );
  });
});
