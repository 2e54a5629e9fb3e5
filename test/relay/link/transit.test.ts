// How much longer a message was on its way than another: over sleeps and over clocks that are set.
import { describe, expect, it } from "vitest";
import { Transit } from "../../../relay/link/transit.ts";
import { FakeClock } from "./fake-clock.ts";

/** The edge's clock is its own: ten minutes behind ours. */
const EDGE_MS = 1_799_999_400_000;

describe("a message", () => {
  it("that was no longer on its way than the first has no excess, whatever the clocks say", async () => {
    const clock = new FakeClock();
    const transit = new Transit(clock, EDGE_MS);
    await clock.advance(5_000);
    expect(transit.excess(EDGE_MS + 5_000)).toBe(0);
    expect(transit.excess(EDGE_MS + 5_010)).toBe(0);
  });

  it("that was held back, or arrived before a sleep and is read after it, has what it waited", async () => {
    const clock = new FakeClock();
    const transit = new Transit(clock, EDGE_MS);
    await clock.advance(5_000);
    expect(transit.excess(EDGE_MS + 2_000)).toBe(3_000);
    clock.sleep(60_000);
    expect(transit.excess(EDGE_MS + 5_000)).toBe(60_000);
  });
});
