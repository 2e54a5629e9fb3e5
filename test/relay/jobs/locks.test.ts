import { describe, expect, it } from "vitest";
import { Locks, type Held } from "../../../relay/jobs/locks.ts";

describe("locks", () => {
  it("are given in the order of asking", () => {
    const locks = new Locks();
    const order: string[] = [];
    const held: Held[] = [];
    for (const who of ["a", "b", "c"]) locks.acquire(["x"], (given) => (order.push(who), held.push(given)));
    expect(order).toEqual(["a"]);
    held[0]!.release();
    held[0]!.release();
    expect(order).toEqual(["a", "b"]);
    held[1]!.release();
    expect(order).toEqual(["a", "b", "c"]);
  });

  it("taken in any order of names never stand against each other", () => {
    const locks = new Locks();
    let done = 0;
    const held: Held[] = [];
    const take = (given: Held) => void (held.push(given), (done += 1));
    for (let n = 0; n < 50; n++) locks.acquire(n % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a", "a"], take);
    while (held.length > 0) held.shift()!.release();
    expect(done).toBe(50);
    expect(locks.tryAcquire(["a", "b", "c"])).not.toBeNull();
  });

  it("of a request that is taken back go to the next", () => {
    const locks = new Locks();
    const first = locks.tryAcquire(["b"])!;
    const takeBack = locks.acquire(["a", "b"], () => expect.unreachable());
    expect(locks.tryAcquire(["a"])).toBeNull();
    let got = false;
    locks.acquire(["a"], () => (got = true));
    takeBack();
    expect(got).toBe(true);
    first.release();
    expect(locks.tryAcquire(["b"])).not.toBeNull();
  });

  it("are all or none for who will not wait", () => {
    const locks = new Locks();
    locks.tryAcquire(["b"]);
    expect(locks.tryAcquire(["a", "b"])).toBeNull();
    expect(locks.tryAcquire(["a"])).not.toBeNull();
  });
});
