// The scanner against JSON.parse: whatever is one JSON object, it finds what the parser finds; whatever is not, it survives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyScanner } from "../../worker/routing/scan.ts";
import { hostileRuns } from "./hostile.ts";

const encoder = new TextEncoder();
const KEYS = ["model", "name"] as const;

function scan(bytes: Uint8Array, cuts: readonly number[] = []): KeyScanner {
  const scanner = new KeyScanner(KEYS);
  let from = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    scanner.push(bytes.subarray(from, cut));
    from = cut;
  }
  return scanner;
}

const of = (text: string) => {
  const scanner = scan(encoder.encode(text));
  return { model: scanner.found("model")?.value ?? null, state: scanner.state, isAmbiguous: scanner.isAmbiguous };
};

/** What JSON.parse says of the bytes; undefined: they are not one object. */
function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The scanner agrees with the parser, its range holds the string, and a name that it found lies within the body. */
function check(bytes: Uint8Array, cuts: readonly number[]): void {
  const scanner = scan(bytes, cuts);
  const whole = parsed(bytes);
  for (const key of KEYS) {
    const found = scanner.found(key);
    if (found) {
      expect(found.end).toBeLessThanOrEqual(bytes.length);
      expect(JSON.parse(new TextDecoder().decode(bytes.subarray(found.start, found.end)))).toBe(found.value);
    }
    if (whole === undefined) continue;
    expect(scanner.state).toBe("ended");
    const value = Object.hasOwn(whole, key) ? whole[key] : null;
    expect(found?.value ?? null).toBe(typeof value === "string" ? value : null);
  }
}

const space = fc.constantFrom("", "", " ", "\n", "\t \r\n");
/** A JSON string of this text, its characters escaped or not as chance has it. */
const written = (text: string, how: number) =>
  `"${Array.from(text)
    .map((character, index) => {
      const code = character.charCodeAt(0);
      const mustEscape = code < 0x20 || character === '"' || character === "\\";
      if (character.length > 1 || (!mustEscape && (how >> (index % 8)) % 2 === 0)) return character;
      if (mustEscape && code >= 0x20 && (how >> (index % 7)) % 2 === 0) return `\\${character}`;
      return `\\u${code.toString(16).padStart(4, "0")}`;
    })
    .join("")}"`;
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom('"model":"x"', "\\", '\\"', "}", "{", "llama3.2:latest", "a@b", "€😀"),
);
const string = fc.tuple(text, fc.nat(255)).map(([value, how]) => written(value, how));
const key = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom("model", "name", "Model", "mode", "models", "stream"), fc.nat(255))
      .map(([name, how]) => written(name, how)),
  },
  { weight: 1, arbitrary: string },
);
const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    string,
    fc.constantFrom("0", "-1.5e+3", "true", "false", "null", "12E-2"),
    tie("object"),
    fc.tuple(fc.array(tie("value"), { maxLength: 3 }), space).map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
  ),
  object: fc
    .tuple(fc.array(fc.tuple(key, space, tie("value"), space), { maxLength: 5 }), space)
    .map(
      ([pairs, gap]) =>
        `{${gap}${pairs.map(([name, before, inner, after]) => `${before}${name}${after}:${before}${inner}${after}`).join(",")}}`,
    ),
}));
const object = fc
  .tuple(fc.array(fc.tuple(key, value, space), { maxLength: 6 }), space, fc.boolean())
  .map(
    ([pairs, gap, hasBom]) =>
      `${hasBom ? "\uFEFF" : ""}${gap}{${gap}${pairs.map(([name, inner, pad]) => `${name}${pad}:${gap}${inner}${pad}`).join(`,${gap}`)}}${gap}`,
  );
const cuts = fc.array(fc.nat(400), { maxLength: 6 });

describe("the scanner", () => {
  it.each([
    ['{"model":"a"}', "a"],
    ['{"messages":[{"model":"inner","x":"}"}],"model":"outer"}', "outer"],
    ['{"x":{"model":"inner"}}', null],
    ['{"\\u006dodel":"\\u0061\\"b\\\\"}', 'a"b\\'],
    ['{"model":"a","model":"b"}', "b"],
    ['{"model":"a","model":null}', null],
    ['{"model":7}', null],
    ['\uFEFF \n{ "model" : "a" } \n', "a"],
    ["{}", null],
    ['{"model":"日本語😀"}', "日本語😀"],
  ])("finds in %s what JSON.parse finds", (json, model) => {
    expect(of(json)).toMatchObject({ model, state: "ended" });
  });

  it.each([
    ['["model","a"]', "broken"],
    ['"model"', "broken"],
    ["", "open"],
    ['{"model":"a"', "open"],
    ['{"model":"a"} {"model":"b"}', "broken"],
    ['{"model":"a",}', "broken"],
    ['{model:"a"}', "broken"],
    ["{\"model\":'a'}", "broken"],
    ['{"model" "a"}', "broken"],
    ['{"model":"\\x"}', "broken"],
    ["\uFFFE{}", "broken"],
  ])("says of %s that it is no whole object", (json, state) => {
    expect(of(json)).toMatchObject({ state });
  });

  it("says when servers may read another name than the one found", () => {
    expect(of('{"model":"a","model":"b"}').isAmbiguous).toBe(true);
    expect(of('{"model":"a","MODEL":"b"}').isAmbiguous).toBe(true);
    expect(of('{"M\\u006fdel":"b"}').isAmbiguous).toBe(true);
    expect(of('{"model":"a","models":"b","x":{"model":"c"}}').isAmbiguous).toBe(false);
  });

  it("takes a name of thousands of bytes for none, and goes on after it", () => {
    expect(of(`{"model":"${"x".repeat(5_000)}","name":"n"}`)).toMatchObject({ model: null, state: "ended" });
    expect(of(`{"${"x".repeat(5_000)}":1,"model":"n"}`)).toMatchObject({ model: "n", state: "ended" });
  });

  it("finds the same wherever a body is cut in two", () => {
    const text = String.raw`{"a\"\\":{"b":"\\\"}","c":[1,"]"]},"model":"x\"\u0061é😀\\","n":-1.5e3,"mod\u0065ls":true} `;
    const bytes = encoder.encode(text);
    expect(parsed(bytes)).toBeDefined();
    for (let cut = 0; cut <= bytes.length; cut++) check(bytes, [cut]);
  });

  it("agrees with JSON.parse on any object, in pieces of any size", () => {
    fc.assert(
      fc.property(object, cuts, (json, where) => {
        const bytes = encoder.encode(json);
        check(bytes, where);
        expect(parsed(bytes), json).toBeDefined();
      }),
      { numRuns: hostileRuns },
    );
  });

  it("survives objects that were cut off, changed or made of chance", () => {
    const damage = fc.array(fc.tuple(fc.nat(400), fc.oneof(fc.constantFrom(...Buffer.from('{}[]":,\\"tu0')), fc.nat(255))), {
      maxLength: 3,
    });
    const damaged = fc.tuple(object, damage, fc.nat(400)).map(([json, changes, length]) => {
      const bytes = encoder.encode(json);
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, length > 300 ? bytes.length : length);
    });
    fc.assert(fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), cuts, check), { numRuns: hostileRuns });
  });
});
