// Keys as Linux numbers them (input-event-codes.h), which libvirt calls codeset 0, and where a US keyboard has its characters.
// Pure.
import type { SpecOf } from "../../contract.ts";

export type KeyName = NonNullable<SpecOf<"vm.send-keys">["chords"]>[number][number];

/** Rows of neighbours on the keyboard, whose codes follow one another. */
const ROWS: readonly (readonly [first: number, keys: readonly KeyName[]])[] = [
  [1, ["escape", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-", "=", "backspace", "tab"]],
  [16, ["q", "w", "e", "r", "t", "y", "u", "i", "o", "p", "[", "]", "enter", "ctrl"]],
  [30, ["a", "s", "d", "f", "g", "h", "j", "k", "l", ";", "'", "`", "shift", "\\"]],
  [44, ["z", "x", "c", "v", "b", "n", "m", ",", ".", "/"]],
  [56, ["alt", "space", "caps-lock"]],
  [59, ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10"]],
  [87, ["f11", "f12"]],
  [99, ["print-screen"]],
  [102, ["home", "up", "page-up", "left", "right", "end", "down", "page-down", "insert", "delete"]],
  [125, ["meta"]],
  [127, ["menu"]],
];

const CODES: ReadonlyMap<KeyName, number> = new Map(
  ROWS.flatMap(([first, keys]) => keys.map((key, index) => [key, first + index] as const)),
);

/** Every key of the contract has one. */
export function codeOf(key: KeyName): number {
  const code = CODES.get(key);
  if (code === undefined) throw new Error(`no code for the key ${key}`);
  return code;
}

const SHIFTED: Readonly<Record<string, KeyName>> = {
  "!": "1",
  "@": "2",
  "#": "3",
  $: "4",
  "%": "5",
  "^": "6",
  "&": "7",
  "*": "8",
  "(": "9",
  ")": "0",
  _: "-",
  "+": "=",
  "{": "[",
  "}": "]",
  ":": ";",
  '"': "'",
  "~": "`",
  "|": "\\",
  "<": ",",
  ">": ".",
  "?": "/",
};
const NAMED: Readonly<Record<string, KeyName>> = { " ": "space", "\n": "enter", "\t": "tab" };

/** The keys that type a character, held together. The contract's text has none that cannot be typed. */
export function chordOf(character: string): readonly KeyName[] {
  const shifted = SHIFTED[character];
  if (shifted) return ["shift", shifted];
  if (/[A-Z]/.test(character)) return ["shift", character.toLowerCase() as KeyName];
  return [NAMED[character] ?? (character as KeyName)];
}
