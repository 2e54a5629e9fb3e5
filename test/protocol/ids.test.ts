// Ids carry the host's number, sort by time, and never go back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { childId, firstIdAt, hostNumberOf, idFactory, MAX_HOST_NUMBER, timeOf, ulidSchema } from "../../protocol/ids.ts";

describe("job ids", () => {
  it("carry host number and time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_HOST_NUMBER }), fc.integer({ min: 0, max: 2 ** 47 }), (host, time) => {
        const id = idFactory(host, () => time)();
        expect(ulidSchema.safeParse(id).success).toBe(true);
        expect(hostNumberOf(id)).toBe(host);
        expect(timeOf(id)).toBe(time);
        expect(id >= firstIdAt(time)).toBe(true);
      }),
    );
  });

  it("increase within one millisecond and when the clock goes back", () => {
    const clock = [5, 5, 5, 4, 1, 6];
    const next = idFactory(3, () => clock.shift() ?? 6);
    const ids = Array.from({ length: 7 }, next);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(7);
  });

  it.each(["", "01JD", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01jd0000000000000000000000", "01JD000000000000000000000U", `${firstIdAt(1)}0`])(
    "is not %j",
    (text) => {
      expect(hostNumberOf(text)).toBeNull();
    },
  );

  it("of children are the same for the same step and carry the child's host", () => {
    const parent = idFactory(0)();
    const digest = new Uint8Array([1, 2, 3, 4, 5, 6, 7]);
    expect(childId(parent, 9, digest)).toBe(childId(parent, 9, digest));
    expect(hostNumberOf(childId(parent, 9, digest))).toBe(9);
    expect(childId(parent, 9, digest)).not.toBe(childId(parent, 9, new Uint8Array([1, 2, 3, 4, 5, 6, 8])));
  });
});
