// What a pane shows, as bytes that draw it on another terminal: its lines with colours, the alternate screen, modes, cursor.
// Reads what tmux answers to one atomic question; asks nothing itself.

/** Numbers only: nothing that a program in the terminal could have chosen as text. */
const NUMBERS = [
  "pane_width",
  "pane_height",
  "history_size",
  "cursor_x",
  "cursor_y",
  "alternate_on",
  "cursor_flag",
  "insert_flag",
  "keypad_cursor_flag",
  "keypad_flag",
  "wrap_flag",
  "origin_flag",
  "mouse_standard_flag",
  "mouse_button_flag",
  "mouse_all_flag",
  "mouse_sgr_flag",
  "scroll_region_upper",
  "scroll_region_lower",
] as const;

export type Facts = Readonly<Record<(typeof NUMBERS)[number], number>>;

export const FACTS_FORMAT = NUMBERS.map((name) => `#{${name}}`).join(",");

export function factsOf(line: string): Facts | null {
  const values = line.trim().split(",");
  if (values.length !== NUMBERS.length) return null;
  const entries = NUMBERS.map((name, index) => [name, /^\d{1,9}$/.test(values[index]!) ? Number(values[index]) : 0] as const);
  const facts = Object.fromEntries(entries) as Facts;
  // tmux says nothing of a pane that is gone.
  return facts.pane_width > 0 && facts.pane_height > 0 ? facts : null;
}

/** Lines that `capture-pane -S -<scrollback>` answers: exactly so many. */
export const lineCount = (facts: Facts, scrollback: number): number => Math.min(scrollback, facts.history_size) + facts.pane_height;

const decoder = new TextDecoder();
const C1 = /[\u0080-\u009f]/g;
// eslint-disable-next-line no-control-regex -- escape sequences
const SGR = /\u001b\[([0-9:;]*)m/g;

/** The attributes that are in force, so that a line can end without them: a coloured line end would colour what scrolls in. */
class Attributes {
  #set: string[] = [];
  #foreground = "";
  #background = "";
  #underline = "";

  take(parameters: string): void {
    const parts = parameters === "" ? ["0"] : parameters.split(";");
    for (let at = 0; at < parts.length; at++) {
      const code = parts[at]!.split(":")[0]!;
      if (code === "" || code === "0") this.#clear();
      else if (code === "38" || code === "48" || code === "58") {
        const whole = parts[at]!.includes(":") ? parts[at]! : parts.slice(at, at + (parts[at + 1] === "2" ? 5 : 3)).join(";");
        at += parts[at]!.includes(":") ? 0 : parts[at + 1] === "2" ? 4 : 2;
        this.#colour(code, whole);
      } else if (/^(3|9)\d$|^39$/.test(code)) this.#foreground = parts[at]!;
      else if (/^(4\d|10\d|49)$/.test(code)) this.#background = parts[at]!;
      else if (!this.#set.includes(parts[at]!)) this.#set.push(parts[at]!);
    }
  }

  #clear(): void {
    this.#set = [];
    this.#foreground = this.#background = this.#underline = "";
  }

  #colour(code: string, whole: string): void {
    if (code === "38") this.#foreground = whole;
    else if (code === "48") this.#background = whole;
    else this.#underline = whole;
  }

  get sequence(): string {
    const all = [...this.#set, this.#foreground, this.#background, this.#underline].filter(Boolean);
    return all.length === 0 ? "" : `\u001b[${all.join(";")}m`;
  }
}

/** Each line by itself: begins with what was in force, ends with nothing in force. */
export function closedLines(lines: readonly Uint8Array[]): string[] {
  const attributes = new Attributes();
  return lines.map((bytes) => {
    // Of what a program gave tmux to keep (a link's address), C1 controls would be obeyed by other terminals.
    const line = decoder.decode(bytes).replaceAll(C1, "");
    const before = attributes.sequence;
    let isCharset = line.includes("\u000e");
    for (const [, parameters] of line.matchAll(SGR)) attributes.take(parameters!);
    if (isCharset) isCharset = line.lastIndexOf("\u000e") > line.lastIndexOf("\u000f");
    return `${before}${line}${attributes.sequence === "" ? "" : "\u001b[0m"}${isCharset ? "\u000f" : ""}`;
  });
}

/** Leaves whatever was: other screen, modes, attributes, region; then an empty screen with the line drawing set in G1. */
const CLEAN =
  "\u001b[?1049l\u001b[!p\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?7h\u001b[r\u001b)0\u000f\u001b[0m\u001b[H\u001b[2J";

function modesOf(facts: Facts, bracketedPaste: boolean): string {
  const last = facts.pane_height - 1;
  const isRegion = facts.scroll_region_upper > 0 || (facts.scroll_region_lower > 0 && facts.scroll_region_lower < last);
  const isOrigin = facts.origin_flag === 1;
  const row = facts.cursor_y - (isOrigin ? facts.scroll_region_upper : 0) + 1;
  const column = Math.min(facts.cursor_x, facts.pane_width - 1) + 1;
  return [
    isRegion ? `\u001b[${facts.scroll_region_upper + 1};${facts.scroll_region_lower + 1}r` : "",
    isOrigin ? "\u001b[?6h" : "",
    facts.insert_flag ? "\u001b[4h" : "",
    facts.keypad_cursor_flag ? "\u001b[?1h" : "",
    facts.keypad_flag ? "\u001b=" : "",
    facts.wrap_flag ? "" : "\u001b[?7l",
    facts.mouse_standard_flag ? "\u001b[?1000h" : "",
    facts.mouse_button_flag ? "\u001b[?1002h" : "",
    facts.mouse_all_flag ? "\u001b[?1003h" : "",
    facts.mouse_sgr_flag ? "\u001b[?1006h" : "",
    bracketedPaste ? "\u001b[?2004h" : "",
    `\u001b[${Math.max(1, row)};${column}H`,
    facts.cursor_flag ? "\u001b[?25h" : "\u001b[?25l",
  ].join("");
}

/**
 * `lines`: those above the screen first, then the screen's own. Above a screen that a program has for itself, the ones above are
 * pushed out of sight. At most `maxBytes`, by leaving out the oldest lines; the screen itself always fits (500 × 300 cells may not,
 * then its upper lines are left empty).
 */
export function drawScreen(facts: Facts, lines: readonly Uint8Array[], bracketedPaste: boolean, maxBytes: number): Uint8Array {
  const closed = closedLines(lines);
  const screen = closed.slice(-facts.pane_height);
  const above = closed.slice(0, -facts.pane_height);
  const tail = modesOf(facts, bracketedPaste);
  let room = maxBytes - CLEAN.length - tail.length - 64;
  const size = (line: string) => Buffer.byteLength(line) + 2;
  for (let row = screen.length - 1; row >= 0; row--) {
    room -= size(screen[row]!);
    if (room < 0) screen[row] = "";
  }
  let first = above.length;
  while (first > 0 && room - size(above[first - 1]!) > facts.pane_height * 2) room -= size(above[--first]!);
  const history = above.slice(first).map((line) => `${line}\r\n`);
  const drawn = screen.join("\r\n");
  const isAlternate = facts.alternate_on === 1;
  const push = isAlternate && history.length > 0 ? "\r\n".repeat(facts.pane_height) : "";
  return Buffer.from(`${CLEAN}${history.join("")}${push}${isAlternate ? "\u001b[?1049h\u001b[H" : ""}${drawn}${tail}`, "utf8");
}
