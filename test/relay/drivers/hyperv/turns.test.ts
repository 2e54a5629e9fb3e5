// So many at once and no more; who waits may give up, and takes nobody's turn with him.
import { describe, expect, it } from "vitest";
import { Turns } from "../../../../relay/drivers/hyperv/turns.ts";

describe("turns", () => {
  it("lets so many run at once, the others in order", async () => {
    const turns = new Turns(2);
    const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const begun: number[] = [];
    const none = new AbortController().signal;
    const all = gates.map(({ promise }, index) =>
      turns.run(none, async () => {
        begun.push(index);
        await promise;
        return index;
      }),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    gates[1]!.resolve();
    await all[1];
    await new Promise(setImmediate);
    expect(begun).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4]);
  });

  it("are given on when the work fails, and not taken by who gave up", async () => {
    const turns = new Turns(1);
    const gate = Promise.withResolvers<void>();
    const none = new AbortController().signal;
    const first = turns.run(none, () => gate.promise);
    const cancel = new AbortController();
    const second = turns.run(cancel.signal, () => Promise.resolve("second"));
    const third = turns.run(none, () => Promise.resolve("third"));
    cancel.abort(new Error("cancelled"));
    await expect(second).rejects.toThrow("cancelled");
    await expect(turns.run(AbortSignal.abort(new Error("before")), () => Promise.resolve(1))).rejects.toThrow("before");
    gate.reject(new Error("failed"));
    await expect(first).rejects.toThrow("failed");
    expect(await third).toBe("third");
    expect(await turns.run(none, () => Promise.resolve("fourth"))).toBe("fourth");
  });
});
