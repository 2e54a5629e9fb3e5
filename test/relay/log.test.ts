// The log bounds what a peer can cause.
import { expect, it } from "vitest";
import { bounded } from "../../relay/log.ts";

it("writes a message a hundred times a minute, others apart, and says what it left out", () => {
  const lines: [string, unknown][] = [];
  let now = 0;
  const log = bounded(
    (_level, message, fields) => lines.push([message, fields]),
    () => now,
  );
  for (let n = 0; n < 1_000; n++) log("warn", "flood", { n });
  log("info", "other");
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)![0]).toBe("other");
  now = 60_000;
  log("warn", "flood", { n: 1_000 });
  expect(lines.slice(101)).toEqual([
    ["lines were left out", { like: "flood", count: 900 }],
    ["flood", { n: 1_000 }],
  ]);
});
