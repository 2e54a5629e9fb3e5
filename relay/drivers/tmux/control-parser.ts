// Reads what tmux's control mode writes (tmux(1), CONTROL MODE): output of panes, blocks that answer commands, notifications.
// Everything in it may have been chosen by a program in a terminal. No I/O.

/** What answers one command: its lines without newlines, in bytes as they came. */
export interface Block {
  /** It answers a command of ours, not one of another client or of the start. */
  readonly isOurs: boolean;
  readonly isError: boolean;
  readonly lines: readonly Uint8Array[];
}

export interface ControlEvents {
  /** Bytes that a pane's program wrote. The view stays valid. */
  output(pane: number, bytes: Uint8Array): void;
  /**
   * A block begins that answers us: how many lines it has, where a program in the terminal chose them and could write a line that
   * looks like the block's end; null: the first line that looks like the end is it.
   */
  wanted(): number | null;
  block(block: Block): void;
  /** `%name rest`, without the percent sign. */
  notification(name: string, rest: string): void;
}

/** More than any line of 500 columns with colours, and than tmux puts into one %output. */
const LINE_BYTES = 1024 * 1024;
const BLOCK_BYTES = 32 * 1024 * 1024;

const NEWLINE = 10;
const BACKSLASH = 92;
const PERCENT = 37;
const ZERO = 48;
const SEVEN = 55;

const isOctal = (byte: number | undefined): byte is number => byte !== undefined && byte >= ZERO && byte <= SEVEN;

/** tmux writes bytes below 32 and the backslash as `\ooo`; anything else behind a backslash stays as it is. */
export function decodeOctal(bytes: Uint8Array): Uint8Array {
  let from = bytes.indexOf(BACKSLASH);
  if (from === -1) return bytes;
  const out = new Uint8Array(bytes.length);
  let length = 0;
  let at = 0;
  while (from !== -1) {
    out.set(bytes.subarray(at, from), length);
    length += from - at;
    const [a, b, c] = [bytes[from + 1], bytes[from + 2], bytes[from + 3]];
    const isEscape = isOctal(a) && a <= 51 && isOctal(b) && isOctal(c);
    out[length++] = isEscape ? ((a - ZERO) << 6) | ((b - ZERO) << 3) | (c - ZERO) : BACKSLASH;
    at = from + (isEscape ? 4 : 1);
    from = bytes.indexOf(BACKSLASH, at);
  }
  out.set(bytes.subarray(at), length);
  return out.subarray(0, length + bytes.length - at);
}

interface Open {
  /** `time number flags`, as the end must repeat it. */
  readonly guard: string;
  readonly isOurs: boolean;
  readonly wanted: number | null;
  readonly lines: Uint8Array[];
  bytes: number;
}

export class ControlParser {
  readonly #events: ControlEvents;
  #rest: Buffer = Buffer.alloc(0);
  #open: Open | null = null;

  constructor(events: ControlEvents) {
    this.#events = events;
  }

  /** Null, or why nothing more can be read. Events are called in the order of the bytes. */
  push(piece: Uint8Array): string | null {
    const bytes = this.#rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      if (end - at > LINE_BYTES) return "a line is too long";
      if (this.#open) this.#inside(this.#open, bytes.subarray(at, end));
      else this.#outside(bytes.subarray(at, end));
      if (this.#open && this.#open.bytes > BLOCK_BYTES) return "an answer is too long";
      at = end + 1;
    }
    // A copy: what is held on to must not pin a whole read.
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return this.#rest.length > LINE_BYTES ? "a line is too long" : null;
  }

  #inside(open: Open, line: Buffer): void {
    if (open.wanted === null || open.lines.length >= open.wanted) {
      const end = endOf(line, open.guard, open.wanted === null);
      if (end) {
        if (end.before.length > 0) open.lines.push(end.before);
        this.#open = null;
        this.#events.block({ isOurs: open.isOurs, isError: end.isError, lines: open.lines });
        return;
      }
    }
    open.lines.push(line);
    open.bytes += line.length + 64;
  }

  #outside(line: Buffer): void {
    if (line[0] !== PERCENT) return;
    if (line.toString("latin1", 0, 9) === "%output %") {
      const space = line.indexOf(32, 9);
      const pane = line.toString("latin1", 9, space === -1 ? line.length : space);
      if (space !== -1 && /^\d{1,9}$/.test(pane)) this.#events.output(Number(pane), decodeOctal(line.subarray(space + 1)));
      return;
    }
    const text = line.toString("utf8");
    const guard = /^%begin (\d{1,20} \d{1,20} (\d{1,10}))$/.exec(text);
    if (guard) {
      const isOurs = (Number(guard[2]) & 1) === 1;
      this.#open = { guard: guard[1]!, isOurs, wanted: isOurs ? this.#events.wanted() : null, lines: [], bytes: 0 };
      return;
    }
    const note = /^%([a-z][a-z-]{0,40})(?: (.*))?$/.exec(text);
    if (note) this.#events.notification(note[1]!, note[2] ?? "");
  }
}

/** tmux may glue the end of a block to a last line that had no newline. */
function endOf(line: Buffer, guard: string, mayFail: boolean): { before: Buffer; isError: boolean } | null {
  for (const word of mayFail ? ["%end", "%error"] : ["%end"]) {
    const mark = `${word} ${guard}`;
    const at = line.length - mark.length;
    if (at >= 0 && line.toString("latin1", at) === mark) return { before: line.subarray(0, at), isError: word === "%error" };
  }
  return null;
}
