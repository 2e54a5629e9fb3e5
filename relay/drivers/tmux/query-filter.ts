// What a terminal's program writes, on its way to those who look: without the questions that a terminal answers. tmux has answered
// them already; each viewer's terminal would answer again, and its answer would arrive as typed text. Notes the modes that tmux cannot be asked for.

/** A sequence that is still open at the end of a piece is held back up to this; a longer one is no question and passes. */
const HELD_BYTES = 1024;

const ESC = 0x1b;
const ENQ = 0x05;
const BEL = 0x07;

// eslint-disable-next-line no-control-regex -- these are the point of it
const START = /[\u001b\u0005]/;

const isFinal = (byte: number) => byte >= 0x40 && byte <= 0x7e;

/** DA, DSR, DECREQTPARM, XTVERSION, DECRQM, kitty's keyboard and window reports. `body` is what stands between `ESC [` and the final byte. */
function isCsiQuestion(body: string, final: string): boolean {
  if (final === "c" || final === "n") return !body.startsWith("?") || final === "n" || body === "?";
  if (final === "x") return !body.includes("$") && !body.includes("*");
  if (final === "q") return body.startsWith(">");
  if (final === "p") return body.endsWith("$");
  if (final === "u") return body.startsWith("?");
  if (final === "t") return /^(1[1-9]|2[01])(;|$)/.test(body);
  return false;
}

/** Colours (`4;1;?`, `10;?`), the clipboard (`52;c;?`) and fonts; DECRQSS and XTGETTCAP. */
const isOscQuestion = (body: string) => /^(4|5|1[0-9]|52)\b.*;\?(;|$)/s.test(body) || body.startsWith("50;?");
const isDcsQuestion = (body: string) => body.startsWith("$q") || body.startsWith("+q");

interface Sequence {
  /** Behind its last byte. */
  readonly end: number;
  readonly isQuestion: boolean;
  readonly isWhole: boolean;
}

export class QueryFilter {
  #held = "";
  /** Bracketed paste, DECSET 2004. */
  bracketedPaste = false;
  /** The alternate screen was left since this was last set to false. */
  leftAlternate = false;

  /** The bytes to show; those of an unfinished sequence wait for the next call. */
  push(piece: Uint8Array): Uint8Array {
    if (this.#held === "" && piece.indexOf(ESC) === -1 && piece.indexOf(ENQ) === -1) return piece;
    const text = this.#held + Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
    this.#held = "";
    const kept: string[] = [];
    let from = 0;
    let at = text.search(START);
    while (at !== -1) {
      const sequence = this.#sequence(text, at);
      if (!sequence.isWhole) {
        if (text.length - at <= HELD_BYTES) {
          kept.push(text.slice(from, at));
          this.#held = text.slice(at);
          return Buffer.from(kept.join(""), "latin1");
        }
        break;
      }
      if (sequence.isQuestion) {
        kept.push(text.slice(from, at));
        from = sequence.end;
      }
      at = nextOf(text, sequence.end);
    }
    if (from === 0) return this.#whole(text, piece);
    kept.push(text.slice(from));
    return Buffer.from(kept.join(""), "latin1");
  }

  #whole(text: string, piece: Uint8Array): Uint8Array {
    return text.length === piece.length ? piece : Buffer.from(text, "latin1");
  }

  #sequence(text: string, at: number): Sequence {
    if (text.charCodeAt(at) === ENQ) return { end: at + 1, isQuestion: true, isWhole: true };
    const kind = text[at + 1];
    if (kind === undefined) return { end: at, isQuestion: false, isWhole: false };
    if (kind === "[") return this.#csi(text, at);
    if (kind === "]" || kind === "P" || kind === "X" || kind === "^" || kind === "_") return stringOf(text, at, kind);
    return { end: at + (kind === "\u001b" ? 1 : 2), isQuestion: kind === "Z", isWhole: true };
  }

  #csi(text: string, at: number): Sequence {
    for (let end = at + 2; end < text.length; end++) {
      const byte = text.charCodeAt(end);
      // A control character aborts (CAN, SUB) or begins anew (ESC); others are executed inside, and no program does that.
      if (byte < 0x20) return { end, isQuestion: false, isWhole: true };
      if (!isFinal(byte)) continue;
      const body = text.slice(at + 2, end);
      const final = text[end]!;
      if (body.startsWith("?") && (final === "h" || final === "l")) this.#mode(body, final === "h");
      return { end: end + 1, isQuestion: isCsiQuestion(body, final), isWhole: true };
    }
    return { end: at, isQuestion: false, isWhole: false };
  }

  #mode(body: string, isSet: boolean): void {
    for (const mode of body.slice(1).split(";")) {
      if (mode === "2004") this.bracketedPaste = isSet;
      else if (!isSet && (mode === "1049" || mode === "1047" || mode === "47")) this.leftAlternate = true;
    }
  }
}

function nextOf(text: string, from: number): number {
  const escape = text.indexOf("\u001b", from);
  const enquiry = text.indexOf("\u0005", from);
  return escape === -1 ? enquiry : enquiry === -1 ? escape : Math.min(escape, enquiry);
}

/** OSC ends with BEL or ST; DCS, SOS, PM and APC with ST. */
function stringOf(text: string, at: number, kind: string): Sequence {
  const st = text.indexOf("\u001b\\", at + 2);
  const bel = kind === "]" ? text.indexOf(String.fromCharCode(BEL), at + 2) : -1;
  const end = bel !== -1 && (st === -1 || bel < st) ? bel : st;
  if (end === -1) return { end: at, isQuestion: false, isWhole: false };
  const body = text.slice(at + 2, end);
  const isQuestion = kind === "]" ? isOscQuestion(body) : kind === "P" && isDcsQuestion(body);
  return { end: end + (end === bel ? 1 : 2), isQuestion, isWhole: true };
}
