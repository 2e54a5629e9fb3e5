// Output of programs as lines of styled text, in whatever pieces it comes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnsiText, type Line } from "../../web/parts/ansi.ts";

const textOf = (line: Line) => line.map((run) => run.text).join("");
function read(pieces: readonly string[], keep = 1_000): AnsiText {
  const text = new AnsiText(keep);
  for (const piece of pieces) text.feed(piece);
  return text;
}
const lines = (...pieces: string[]) => read(pieces).lines.map(textOf);

describe("text", () => {
  it("is split into lines", () => {
    expect(lines("one\ntwo\r\nthree")).toEqual(["one", "two", "three"]);
  });

  it("is overwritten after a carriage return, as a progress display does", () => {
    expect(lines("10 %\r20 %\r100 %\n")).toEqual(["100 %", ""]);
    expect(lines("abcdef\rXY")).toEqual(["XYcdef"]);
    expect(lines("abcdef\rXY\x1b[K")).toEqual(["XY"]);
    expect(lines("abc\b\bX")).toEqual(["aXc"]);
  });

  it("keeps its last lines and counts the others", () => {
    const text = read(["1\n2\n3\n4\n5"], 3);
    expect(text.lines.map(textOf)).toEqual(["3", "4", "5"]);
    expect(text.dropped).toBe(2);
  });

  it("may hold markup, which stays text", () => {
    expect(lines("<img src=x onerror=alert(1)>")).toEqual(["<img src=x onerror=alert(1)>"]);
  });
});

describe("colours", () => {
  it("are those of the sequences", () => {
    const [line] = read(["\x1b[1;31mred\x1b[0m plain \x1b[38;5;2mgreen\x1b[48;2;0;0;255mblue behind\x1b[m"]).lines;
    expect(line!.map(({ text, style }) => [text, style.color, style.back, style.isBold])).toEqual([
      ["red", 1, null, true],
      [" plain ", null, null, false],
      ["green", 2, null, false],
      ["blue behind", 2, 12, false],
    ]);
  });

  it("stay on over the end of a line", () => {
    expect(read(["\x1b[32ma\nb"]).lines.map((line) => line[0]!.style.color)).toEqual([2, 2]);
  });
});

describe("other sequences", () => {
  it("leave nothing behind", () => {
    expect(lines("a\x1b]0;title\x07b\x1b[2Jc\x1b[?25ld\x1b(Be\x1bPq\x1b\\f")).toEqual(["abcdef"]);
  });
});

describe("pieces", () => {
  it("may end anywhere: the result is the same", () => {
    const whole = "a\x1b[31mred\x1b[0m\r\nb\x1b]0;t\x07\x1b[38;5;200mc\x1b[0m\n";
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
        expect(merged(read(pieces))).toEqual(merged(read([whole])));
      }),
    );
  });

  it("of anything never fail", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("\x1b", "[", "]", "m", "K", ";", "3", "8", "\r", "\n", "\b", "x", "\x07", "\\", "P") })),
        (pieces) => void read(pieces, 5),
      ),
    );
  });
});

/** Neighbours of one colour together: how text is cut into runs is nobody's business. */
function merged({ lines }: AnsiText): [text: string, color: number | null][][] {
  return lines.map((line) => {
    const out: [string, number | null][] = [];
    for (const { text, style } of line) {
      const last = out.at(-1);
      if (last && last[1] === style.color) last[0] += text;
      else if (text !== "") out.push([text, style.color]);
    }
    return out;
  });
}
