// Usage on its way to the edge: one batch at a time, sent again on a new link, and never counted twice by number.
import { beforeEach, describe, expect, it } from "vitest";
import type { RelayMessage, UsageRow } from "../../../protocol/link/control.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { UsageUplink } from "../../../relay/link/usage-uplink.ts";
import { FakeClock } from "./fake-clock.ts";

const row = (model: string): UsageRow => ({
  principal: "key:a",
  surface: "openai",
  model,
  requests: 1,
  aborted: 0,
  input_tokens: 1,
  output_tokens: 2,
});

let clock: FakeClock;
let rows: UsageRow[];
let counted: () => void;
let sent: Extract<RelayMessage, { type: "usage" }>[];
let uplink: UsageUplink;

const link = {
  isClogged: false,
  frames: () => undefined,
  message: (message: RelayMessage) => void (message.type === "usage" && sent.push(message)),
};

function count(model: string): void {
  rows.push(row(model));
  counted();
}

beforeEach(() => {
  clock = new FakeClock();
  rows = [];
  sent = [];
  const source = { take: (most: number) => rows.splice(0, most), onCounted: (act: () => void) => void (counted = act) };
  uplink = new UsageUplink(source, clock);
});

describe("a usage report", () => {
  it("is sent once in an interval, and only when there is something", async () => {
    uplink.up(link);
    await clock.advance(10 * LIMITS.usageReportMs);
    expect(sent).toEqual([]);
    count("a");
    count("b");
    expect(sent).toEqual([]);
    await clock.advance(LIMITS.usageReportMs);
    expect(sent.map(({ batch, rows: some }) => [batch, some.map(({ model }) => model)])).toEqual([[1, ["a", "b"]]]);
  });

  it("waits for the one before, and for a link", async () => {
    count("a");
    await clock.advance(LIMITS.usageReportMs);
    expect(sent).toEqual([]);
    uplink.up(link);
    await clock.advance(LIMITS.usageReportMs);
    count("b");
    await clock.advance(3 * LIMITS.usageReportMs);
    expect(sent.map(({ batch }) => batch)).toEqual([1]);
    uplink.taken(7);
    await clock.advance(LIMITS.usageReportMs);
    expect(sent.length).toBe(1);
    uplink.taken(1);
    await clock.advance(LIMITS.usageReportMs);
    expect(sent.map(({ batch, rows: some }) => [batch, some[0]?.model])).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
  });

  it("that was not taken is sent again, the same, on the next link", async () => {
    uplink.up(link);
    count("a");
    await clock.advance(LIMITS.usageReportMs);
    uplink.down();
    count("b");
    uplink.up(link);
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[0]?.source).toMatch(/^[0-9a-f]{32}$/);
  });

  it("of many rows goes in several batches, and at a stop at once", async () => {
    uplink.up(link);
    for (let index = 0; index < LIMITS.usageRows + 1; index += 1) count(`m${index}`);
    await clock.advance(LIMITS.usageReportMs);
    uplink.taken(1);
    uplink.flush();
    expect(sent.map(({ rows: some }) => some.length)).toEqual([LIMITS.usageRows, 1]);
  });
});
