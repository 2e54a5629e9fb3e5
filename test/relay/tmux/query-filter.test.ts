// What viewers get of a program's output: everything but the questions that only one terminal must answer.
import { Terminal } from "@xterm/xterm";
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
    ["DECRQSS with parameters", `${E}P0$qm${ST}`],
    ["graphics features", `${E}[?1;1;0S`],
    ["key modifiers", `${E}[?4m`],
    ["checksum", `${E}[1;1;1;1;2;2*y`],
    ["title report with zeros", `${E}[0021t`],
    ["foreground with zeros", `${E}]0010;?\u0007`],
    ["writing the clipboard", `${E}]52;c;aGVsbG8=\u0007`],
    ["kitty graphics", `${E}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA${ST}`],
    ["a control character inside", `${E}[\u0007c`],
    ["ENQ inside", `${E}[\u00056n`],
    ["NUL and DEL inside", `${E}[?\u00002026$\u007fp`],
    ["NUL in a string", `${E}]10;?\u0000\u0007`],
    ["many zeros", `${E}[${"0".repeat(3000)}c`],
    ["a long palette", `${E}]4;1;?;2;${"r".repeat(3000)}\u0007`],
    ["a long clipboard", `${E}]52;c;${"A".repeat(3000)}\u0007`],
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
    ["aborted", `${E}[12\u0018x`],
  ])("%s passes as it is", (_name, text) => {
    expect(once(text)).toBe(text);
    expect(bytewise(text)).toBe(text);
  });

  it.each([
    ["two escapes", `${E}${E}[A`, `${E}[A`],
    ["a question behind a lone escape", `${E}${E}[c[c`, "[c"],
    ["a question in a string", `${E}]10;${E}[c?\u0007`, "?\u0007"],
    ["a string in a string", `${E}]0;a${E}]11;?\u0007b`, "b"],
    ["tmux's passthrough", `${E}Ptmux;${E}${E}[c${ST}`, ST],
    ["a control character behind ESC", `${E}\u0007[c`, "\u0007[c"],
    ["C1 controls", "a\u00c2\u009bcb", "acb"],
    ["C1 controls in each other", "a\u00c2\u00c2\u009b\u009bcb", "a\u009bcb"],
    ["C1 around a question", `\u00c2${E}[c\u009bc`, "\u009bc"],
  ])("%s cannot join to a new one", (_name, text, shown) => {
    expect(once(text)).toBe(shown);
    expect(bytewise(text)).toBe(shown);
  });

  it("ends a long string where what ended it is left out", () => {
    const long = `${E}]1337;File=${"A".repeat(2000)}`;
    expect(bytewise(`${long}${E}[cB`)).toBe(`${long}${ST}B`);
  });

  it("leaves a real terminal nothing to answer, whatever is written and however it is cut", async () => {
    const terminal = new Terminal({ allowProposedApi: true, logLevel: "off" });
    const answers: string[] = [];
    terminal.onData((text) => answers.push(text));
    for (const code of [4, 5, 10, 11, 12, 52])
      terminal.parser.registerOscHandler(code, (body) => {
        if (code === 52 || body.split(";").includes("?")) answers.push(`OSC ${code} ${body}`);
        return true;
      });
    const written = (bytes: Uint8Array) => new Promise<void>((resolve) => terminal.write(bytes, resolve));
    const bits = `${E} [ ] P X ^ _ \\ ? > = ! $ $q +q * 0 0010 2026 6 4;1;? 10; 11;? 52;c; m c n p q u x t Z ( G tmux;`.split(" ");
    const odd = [
      "\u0000",
      "\u0005",
      "\u0007",
      "\u0018",
      "\u001a",
      "\u007f",
      "\u00c2",
      "\u009b",
      "\u009c",
      "\u009d",
      "\u0090",
      "\u00e2",
      "\u00a0",
      " ",
    ];
    const whole = [`${E}[`, `${E}]`, `${E}P`, ST, `${E}[c`, `${E}[6n`, "\u00c2\u009b", "\u00c2\u009d", "\u00c2\u009c", "0".repeat(600)];
    const pieces = fc.array(fc.array(fc.constantFrom(...bits, ...odd, ...whole), { maxLength: 12 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, async (some) => {
        const filter = new QueryFilter();
        const shown = some.map((piece) => filter.push(Buffer.from(piece.join(""), "latin1")));
        answers.length = 0;
        await written(Buffer.concat([...shown, Buffer.from(`\u0018${E}c`)]));
        expect(answers).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
    terminal.dispose();
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
