// What viewers get of a program's output: everything but the questions that only one terminal must answer.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueryFilter } from "../../../relay/drivers/tmux/query-filter.ts";

const through = (filter: QueryFilter, text: string) => Buffer.from(filter.push(Buffer.from(text, "latin1"))).toString("latin1");
const once = (text: string) => through(new QueryFilter(), text);
function bytewise(text: string): string {
  const filter = new QueryFilter();
  return text
    .split("")
    .map((char) => through(filter, char))
    .join("");
}

const E = "\u001b";
const ST = `${E}\\`;

describe("questions", () => {
  it.each([
    ["DA1", `${E}[c`],
    ["DA1 with 0", `${E}[0c`],
    ["DA2", `${E}[>c`],
    ["DA3", `${E}[=c`],
    ["status", `${E}[5n`],
    ["cursor", `${E}[6n`],
    ["DEC cursor", `${E}[?6n`],
    ["XTVERSION", `${E}[>0q`],
    ["DECRQM", `${E}[?2026$p`],
    ["kitty keyboard", `${E}[?u`],
    ["window size", `${E}[18t`],
    ["title report", `${E}[21t`],
    ["parameters", `${E}[x`],
    ["DECID", `${E}Z`],
    ["ENQ", "\u0005"],
    ["foreground", `${E}]10;?\u0007`],
    ["background with ST", `${E}]11;?${ST}`],
    ["palette", `${E}]4;1;?${ST}`],
    ["clipboard", `${E}]52;c;?\u0007`],
    ["DECRQSS", `${E}P$qm${ST}`],
    ["XTGETTCAP", `${E}P+q544e${ST}`],
  ])("%s is left out", (_name, question) => {
    expect(once(`before${question}after`)).toBe("beforeafter");
    expect(bytewise(`before${question}after`)).toBe("beforeafter");
  });

  it.each([
    ["colours", `${E}[1;31mred${E}[0m`],
    ["cursor moves", `${E}[10;5H${E}[2J${E}[K`],
    ["cursor shape", `${E}[4 q`],
    ["soft reset", `${E}[!p`],
    ["kitty push", `${E}[>1u`],
    ["restore cursor", `${E}[u`],
    ["resize", `${E}[8;24;80t`],
    ["title", `${E}]0;what? who; me${ST}`],
    ["link", `${E}]8;;http://example.com/?a=1;?b${ST}link${E}]8;;${ST}`],
    ["set colour", `${E}]11;#000000\u0007`],
    ["charset", `${E}(0lqk${E}(B`],
    ["rectangle", `${E}[32;1;1;2;2$x`],
    ["sixel", `${E}Pq#0;2;0;0;0${ST}`],
    ["UTF-8", Buffer.from("h\u00e9llo \u{1f642}", "utf8").toString("latin1")],
    ["two escapes", `${E}${E}[A`],
    ["aborted", `${E}[12\u0018x`],
  ])("%s passes as it is", (_name, text) => {
    expect(once(text)).toBe(text);
    expect(bytewise(text)).toBe(text);
  });

  it("lets a long string pass, whole and in pieces", () => {
    const text = `${E}]1337;File=:${"A".repeat(5000)}\u0007after`;
    expect(once(text)).toBe(text);
    expect(bytewise(text)).toBe(text);
  });

  it("gives the same for every way to cut it", () => {
    const parts = fc.constantFrom(`${E}[c`, `${E}[31m`, "text", `${E}]0;t\u0007`, `${E}]11;?${ST}`, "\n", `${E}[?1049h`, `${E}Z`, E);
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 20 }), (some) => {
        const text = `${some.join("")} end`;
        expect(bytewise(text)).toBe(once(text));
      }),
    );
  });

  it("notes bracketed paste and the end of the other screen", () => {
    const filter = new QueryFilter();
    through(filter, `${E}[?1049h${E}[?1;2004h`);
    expect([filter.bracketedPaste, filter.leftAlternate]).toEqual([true, false]);
    through(filter, `${E}[?2004l${E}[?10`);
    through(filter, "49l");
    expect([filter.bracketedPaste, filter.leftAlternate]).toEqual([false, true]);
  });
});
