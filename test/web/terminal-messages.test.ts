// What a page makes of a terminal's words, which a hostile host may choose.
import { expect, it } from "vitest";
import { messageIn } from "../../web/terminal/link.ts";

const state = { type: "state", terminal: "t-1", title: "a", columns: 80, rows: 24, writer: true, viewers: 1, reset: true };
const said = (change: object) => messageIn(JSON.stringify({ ...state, ...change }));

it("takes a state and an end as they are", () => {
  expect(said({})).toEqual(state);
  expect(messageIn('{"type":"ended","reason":"over"}')).toEqual({ type: "ended", reason: "over" });
});

it("draws nothing larger than a terminal may be", () => {
  expect(said({ columns: 1e9, rows: 1e9 })).toMatchObject({ columns: 500, rows: 300 });
  expect(said({ columns: -5, rows: "many", viewers: null })).toMatchObject({ columns: 1, rows: 300, viewers: 32 });
  expect(said({ terminal: { a: 1 }, title: "x".repeat(9_000), writer: 1 })).toMatchObject({ terminal: "[object Object]", writer: false });
});

it.each(["", "null", "7", "[]", '{"type":"resize","columns":1,"rows":1}', "{"])("overlooks %j", (text) => {
  expect(messageIn(text)).toBe(null);
});
