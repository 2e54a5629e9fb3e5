// Output of programs as styled text: colours of SGR sequences, lines that carriage returns overwrite; every other sequence is left
// out. Pure: text in, lines out; what shows them makes text nodes, never markup.

export interface Style {
  /** 0 to 15, or null: as the page has it. */
  readonly color: number | null;
  readonly back: number | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
}
export interface Run {
  readonly text: string;
  readonly style: Style;
}
export type Line = readonly Run[];

const PLAIN: Style = { color: null, back: null, isBold: false, isDim: false, isItalic: false, isUnderlined: false };
/** An escape sequence that a piece of text may have cut; longer than this it is no sequence. */
const SEQUENCE_CHARS = 4096;
const TOKEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what this reads
  /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-OQ-WYZ\\`-~]|[\r\n\b]|[^\x1b\r\n\b]+|\x1b/g;

/** The nearest of the 16 colours to one of the 256 or of true colour. */
function nearest(red: number, green: number, blue: number): number {
  const top = Math.max(red, green, blue);
  if (top < 48) return 0;
  const low = Math.min(red, green, blue);
  if (top - low < 40) return top > 200 ? 15 : top > 120 ? 7 : 8;
  const bits = (red > (top + low) / 2 ? 1 : 0) | (green > (top + low) / 2 ? 2 : 0) | (blue > (top + low) / 2 ? 4 : 0);
  return bits + (top > 190 ? 8 : 0);
}

function indexed(index: number): number {
  if (index < 16) return index;
  if (index >= 232) return nearest((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8);
  const cube = index - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

/** `38;5;n` and `38;2;r;g;b`: the colour, and how many codes it took. */
function extended(codes: readonly number[], at: number): readonly [color: number | null, taken: number] {
  if (codes[at + 1] === 5) return [indexed(codes[at + 2] ?? 0), 2];
  if (codes[at + 1] === 2) return [nearest(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0), 4];
  return [null, 0];
}

const FLAGS: Readonly<Record<number, Partial<Style>>> = {
  0: PLAIN,
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  39: { color: null },
  49: { back: null },
};

function styled(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    const flag = FLAGS[code];
    if (flag) next = { ...next, ...flag };
    else if (code >= 30 && code <= 37) next = { ...next, color: code - 30 };
    else if (code >= 90 && code <= 97) next = { ...next, color: code - 82 };
    else if (code >= 40 && code <= 47) next = { ...next, back: code - 40 };
    else if (code >= 100 && code <= 107) next = { ...next, back: code - 92 };
    else if (code === 38 || code === 48) {
      const [color, taken] = extended(codes, at);
      next = code === 38 ? { ...next, color } : { ...next, back: color };
      at += taken;
    }
  }
  return next;
}

/** Puts `text` at `column` of a line, over what is there. */
function written(line: Line, column: number, text: string, style: Style): Line {
  const before: Run[] = [];
  const after: Run[] = [];
  let at = 0;
  for (const run of line) {
    const end = at + run.text.length;
    if (at < column) before.push({ ...run, text: run.text.slice(0, column - at) });
    if (end > column + text.length) after.push({ ...run, text: run.text.slice(Math.max(0, column + text.length - at)) });
    at = end;
  }
  if (at < column) before.push({ text: " ".repeat(column - at), style: PLAIN });
  const last = before.at(-1);
  if (last && last.style === style) before[before.length - 1] = { text: last.text + text, style };
  else before.push({ text, style });
  return [...before, ...after];
}

/** One stream of output. `lines` grows at the end; at most `keep` are kept, `dropped` counts the rest. */
export class AnsiText {
  lines: Line[] = [[]];
  dropped = 0;
  #style = PLAIN;
  #column = 0;
  #rest = "";
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  feed(piece: string): void {
    const text = this.#rest + piece;
    const cut = text.lastIndexOf("\x1b");
    const isCut = cut >= 0 && text.length - cut < SEQUENCE_CHARS && !isWhole(text.slice(cut));
    this.#rest = isCut ? text.slice(cut) : "";
    for (const [token, parameters, final] of (isCut ? text.slice(0, cut) : text).matchAll(TOKEN)) this.#take(token, parameters, final);
    if (this.lines.length <= this.#keep) return;
    const more = this.lines.length - this.#keep;
    this.dropped += more;
    this.lines = this.lines.slice(more);
  }

  #take(token: string, parameters: string | undefined, final: string | undefined): void {
    if (token === "\n") this.#newLine();
    else if (token === "\r") this.#column = 0;
    else if (token === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (final === "m") this.#style = styled(this.#style, parameters ?? "");
    else if (final === "K") this.#erase(parameters ?? "");
    else if (!token.startsWith("\x1b")) {
      const at = this.lines.length - 1;
      this.lines[at] = written(this.lines[at]!, this.#column, token, this.#style);
      this.#column += token.length;
    }
  }

  #newLine(): void {
    this.lines.push([]);
    this.#column = 0;
  }

  /** To the end of the line, or all of it. */
  #erase(parameters: string): void {
    const at = this.lines.length - 1;
    const keep = parameters === "2" ? 0 : this.#column;
    let left = keep;
    const line: Run[] = [];
    for (const run of this.lines[at]!) {
      if (left > 0) line.push({ ...run, text: run.text.slice(0, left) });
      left -= run.text.length;
    }
    this.lines[at] = line;
  }
}

function isWhole(sequence: string): boolean {
  const [first] = sequence.matchAll(TOKEN);
  return first !== undefined && first[0] !== "\x1b";
}
