// The reader of tmux's control mode, fed what tmux writes and what a hostile program would have it write, cut at every byte.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ControlParser, decodeOctal, type Block } from "../../../relay/drivers/tmux/control-parser.ts";

interface Heard {
  readonly outputs: [number, string][];
  readonly blocks: { isError: boolean; isOurs: boolean; lines: string[] }[];
  readonly notes: string[];
  readonly errors: string[];
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

function reader(wanted: () => number | null = () => null) {
  const heard: Heard = { outputs: [], blocks: [], notes: [], errors: [] };
  const parser = new ControlParser({
    output: (pane, bytes) => heard.outputs.push([pane, latin1(bytes)]),
    wanted,
    block: ({ isError, isOurs, lines }: Block) => heard.blocks.push({ isError, isOurs, lines: lines.map(latin1) }),
    notification: (name, rest) => heard.notes.push(`${name} ${rest}`),
  });
  const push = (text: string) => {
    const error = parser.push(Buffer.from(text, "latin1"));
    if (error !== null) heard.errors.push(error);
  };
  return { heard, push };
}

/** The same, whatever the pieces in which it arrives. */
function read(text: string, wanted?: () => number | null): Heard {
  const whole = reader(wanted);
  whole.push(text);
  const bytewise = reader(wanted);
  for (const char of text) bytewise.push(char);
  expect(bytewise.heard).toEqual(whole.heard);
  return whole.heard;
}

describe("octal escapes", () => {
  it.each([
    ["plain", "plain"],
    ["\\033[1m\\015\\012", "\u001b[1m\r\n"],
    ["a\\134b", "a\\b"],
    ["\\", "\\"],
    ["\\0", "\\0"],
    ["\\03", "\\03"],
    ["\\999", "\\999"],
    ["\\777", "\\777"],
    ["\\377", "\u00ff"],
    ["\\134033", "\\033"],
    ["\\\\033", "\\\u001b"],
  ])("%s", (written, meant) => {
    expect(latin1(decodeOctal(Buffer.from(written, "latin1")))).toBe(meant);
  });

  it("give back any bytes that tmux escaped", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const escaped = [...bytes].map((byte) =>
          byte < 32 || byte === 92 ? `\\${byte.toString(8).padStart(3, "0")}` : String.fromCharCode(byte),
        );
        expect(Buffer.from(decodeOctal(Buffer.from(escaped.join(""), "latin1")))).toEqual(Buffer.from(bytes));
      }),
    );
  });
});

describe("the parser", () => {
  it("tells output of panes, with multi-byte characters cut anywhere", () => {
    const line = Buffer.from("%output %12 h\\303\\251llo \u00e9\\012\n", "utf8").toString("latin1");
    expect(read(line).outputs).toEqual([[12, Buffer.from("h\u00e9llo \u00e9\n", "utf8").toString("latin1")]]);
  });

  it("correlates the end of a block by time, number and flags", () => {
    const { blocks } = read("%begin 10 5 1\none\n%end 10 4 1\n%end 11 5 1\n%end 10 5 0\n%end 10 5 1\n");
    expect(blocks).toEqual([{ isError: false, isOurs: true, lines: ["one", "%end 10 4 1", "%end 11 5 1", "%end 10 5 0"] }]);
  });

  it("tells errors, and blocks that are not ours", () => {
    const { blocks } = read("%begin 1 1 0\n%end 1 1 0\n%begin 1 2 1\ncan't find pane: %9\n%error 1 2 1\n");
    expect(blocks).toEqual([
      { isError: false, isOurs: false, lines: [] },
      { isError: true, isOurs: true, lines: ["can't find pane: %9"] },
    ]);
  });

  it("finds an end that is glued to a line without newline", () => {
    expect(read("%begin 1 2 1\nabc\nlast%end 1 2 1\n").blocks).toEqual([{ isError: false, isOurs: true, lines: ["abc", "last"] }]);
  });

  it("is not deceived by a screen that shows an end, an error or output of another pane", () => {
    const screen = ["%end 7 3 1", "%output %0 stolen", "x%end 7 3 1", "%error 7 3 1", "%begin 7 4 1"];
    const text = `%begin 7 3 1\n${screen.join("\n")}\n%end 7 3 1\n%output %1 real\n`;
    const heard = read(text, () => screen.length);
    expect(heard.blocks).toEqual([{ isError: false, isOurs: true, lines: screen }]);
    expect(heard.outputs).toEqual([[1, "real"]]);
  });

  it("tells notifications between blocks, never from inside of one", () => {
    const heard = read("%sessions-changed\n%begin 1 2 1\n%exit\n%end 1 2 1\n%layout-change @1 a1de,60x20,0,0,1 *\n%exit server exited\n");
    expect(heard.notes).toEqual(["sessions-changed ", "layout-change @1 a1de,60x20,0,0,1 *", "exit server exited"]);
  });

  it("skips what is no line of control mode", () => {
    const heard = read("hello\n%\n%output\n%output %\n%output %x y\n%output %99999999999 y\n%begin\n%begin a b c\n%Output %1 x\n\n");
    expect(heard).toEqual({ outputs: [], blocks: [], notes: ["output ", "begin ", "begin a b c"], errors: [] });
  });

  it("gives up on a line or an answer without end, within bounds", () => {
    const long = reader();
    for (let i = 0; i < 20 && long.heard.errors.length === 0; i++) long.push("x".repeat(100_000));
    expect(long.heard.errors).toEqual(["a line is too long"]);
    const deep = reader();
    deep.push("%begin 1 2 1\n");
    const lines = `${"y".repeat(1000)}\n`.repeat(1000);
    for (let i = 0; i < 100 && deep.heard.errors.length === 0; i++) deep.push(lines);
    expect(deep.heard.errors[0]).toBe("an answer is too long");
  });

  it("never throws, whatever it is fed", () => {
    const words = [
      "%begin 1 2 1\n",
      "%end 1 2 1\n",
      "%error 1 2 1\n",
      "%output %1 \\01",
      "2",
      "\n",
      "%",
      "\\",
      "\u00ff",
      "%exit\n",
      " ",
      "1 2 1",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (parts) => {
        const { push, heard } = reader();
        for (const part of parts) push(part);
        expect(heard.errors).toEqual([]);
      }),
    );
  });
});
