// What a terminal's program writes, on its way to those who look: without the questions that a terminal answers. tmux has answered
// them already; each viewer's terminal would answer again, and its answer would arrive as typed text. Cuts the bytes into sequences
// as terminals do, hostile ones too: what is left out never joins its neighbours to a new sequence. Notes the modes that tmux cannot be asked for.
import { isCsiQuestion, isStringQuestion } from "./questions.ts";

/** A sequence that is still open at the end of a piece is held back up to this. Of a longer one its beginning decides. */
const HELD_BYTES = 1024;

const ESC = 0x1b;
const ENQ = 0x05;
/** Begins U+0080 to U+009F in UTF-8: to many terminals these are ESC and a letter. tmux shows nothing for them. */
const C1_LEAD = 0xc2;
const LEAD = String.fromCharCode(C1_LEAD);
const ST = "\u001b\\";

// eslint-disable-next-line no-control-regex -- these are the point of it
const START = /[\u001b\u0005]/g;
const C1 = /\u00c2(?:[\u0080-\u009f]|(?![\u00a0-\u00bf]))/g;
/** Ends a string: BEL ends an OSC only; CAN and SUB abort; ESC begins another sequence, of which ST is one. */
// eslint-disable-next-line no-control-regex -- as above
const STRING_END = { osc: /[\u0007\u0018\u001a\u001b]/g, other: /[\u0018\u001a\u001b]/g };
const STRINGS = "]PX^_";

const isFinal = (byte: number) => byte >= 0x40 && byte <= 0x7e;
const isAbort = (byte: number) => byte === 0x18 || byte === 0x1a;

/** Where `pattern` is found from there on; -1: nowhere. */
function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}

interface Sequence {
  /** Behind its last byte. */
  readonly end: number;
  readonly isShown: boolean;
}
/** Its end has not come. */
type Unfinished = null;

export class QueryFilter {
  #held = "";
  /** A last byte that may begin a C1 control. */
  #lead = "";
  /** The kind of a long sequence whose rest is left out. */
  #dropping: string | null = null;
  /** A long string is being shown: what is left out behind it must not leave it open. */
  #isInString = false;
  /** Bracketed paste, DECSET 2004. */
  bracketedPaste = false;
  /** The alternate screen was left since this was last set to false. */
  leftAlternate = false;

  /** The bytes to show; those of an unfinished sequence wait for the next call. */
  push(piece: Uint8Array): Uint8Array {
    const isPlain = piece.indexOf(ESC) === -1 && piece.indexOf(ENQ) === -1 && piece.indexOf(C1_LEAD) === -1;
    if (isPlain && this.#held === "" && this.#lead === "" && this.#dropping === null) return piece;
    const text = this.#held + this.#withoutC1(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1"));
    this.#held = "";
    return Buffer.from(this.#shown(text), "latin1");
  }

  #withoutC1(piece: string): string {
    const text = this.#lead + piece;
    this.#lead = text.endsWith(LEAD) ? LEAD : "";
    return text.slice(0, text.length - this.#lead.length).replaceAll(C1, "");
  }

  #shown(text: string): string {
    const kept: string[] = [];
    let from = this.#dropRest(text);
    for (let at = find(START, text, from); at !== -1; at = find(START, text, at)) {
      const sequence = this.#sequence(text, at);
      if (sequence === null) {
        kept.push(text.slice(from, at), this.#unfinished(text, at));
        return kept.join("");
      }
      if (!sequence.isShown) {
        kept.push(text.slice(from, at), this.#isInString ? ST : "");
        from = sequence.end;
      }
      this.#isInString = false;
      at = sequence.end;
    }
    kept.push(text.slice(from));
    return kept.join("");
  }

  /** Behind what is left of a long sequence that is not shown. */
  #dropRest(text: string): number {
    if (this.#dropping === null) return 0;
    const end = this.#dropping === "[" ? csiEnd(text, 0) : find(stringEnd(this.#dropping), text, 0);
    if (end === -1) return text.length;
    this.#dropping = null;
    return text.charCodeAt(end) === ESC ? end : end + 1;
  }

  /** Holds it back, or decides on what is too long for that: answers what is shown of it. */
  #unfinished(text: string, at: number): string {
    if (text.length - at <= HELD_BYTES) {
      this.#held = text.slice(at);
      return "";
    }
    const kind = text[at + 1]!;
    const before = this.#isInString ? ST : "";
    this.#isInString = kind !== "[" && !isStringQuestion(kind, text.slice(at + 2, at + HELD_BYTES), true);
    if (this.#isInString) return text.slice(at);
    this.#dropping = kind;
    return before;
  }

  #sequence(text: string, at: number): Sequence | Unfinished {
    if (text.charCodeAt(at) === ENQ) return { end: at + 1, isShown: false };
    const kind = text[at + 1];
    if (kind === undefined) return null;
    if (kind === "[") return this.#csi(text, at);
    if (STRINGS.includes(kind)) return stringOf(text, at, kind);
    // Terminals wait for what follows a control character; this ESC is forgotten instead.
    if (kind < " " || kind === "\u007f") return { end: at + 1, isShown: false };
    return { end: at + 2, isShown: kind !== "Z" };
  }

  #csi(text: string, at: number): Sequence | Unfinished {
    const end = csiEnd(text, at + 2);
    if (end === -1) return null;
    const byte = text.charCodeAt(end);
    if (byte === ESC) return { end, isShown: false };
    const body = text.slice(at + 2, end);
    const isOdd = end - at > HELD_BYTES || body.includes("\u0005");
    if (isAbort(byte)) return { end: end + 1, isShown: !isOdd };
    const final = text[end]!;
    const isShown = !isOdd && !isCsiQuestion(body, final);
    if (isShown && body.startsWith("?") && (final === "h" || final === "l")) this.#mode(body, final === "h");
    return { end: end + 1, isShown };
  }

  #mode(body: string, isSet: boolean): void {
    for (const mode of body.slice(1).split(";")) {
      if (mode === "2004") this.bracketedPaste = isSet;
      else if (!isSet && (mode === "1049" || mode === "1047" || mode === "47")) this.leftAlternate = true;
    }
  }
}

/** Of the final byte, or of what aborts; control characters before it are executed inside. -1: it has not come. */
function csiEnd(text: string, from: number): number {
  for (let end = from; end < text.length; end++) {
    const byte = text.charCodeAt(end);
    if (isFinal(byte) || byte === ESC || isAbort(byte)) return end;
  }
  return -1;
}

const stringEnd = (kind: string) => (kind === "]" ? STRING_END.osc : STRING_END.other);

/** OSC, DCS, SOS, PM and APC. One that another sequence ends is not shown: without that sequence it would stay open. */
function stringOf(text: string, at: number, kind: string): Sequence | Unfinished {
  const end = find(stringEnd(kind), text, at + 2);
  if (end === -1) return null;
  const isEscape = text.charCodeAt(end) === ESC;
  if (isEscape && end + 1 === text.length) return null;
  const isBroken = isEscape && text[end + 1] !== "\\";
  const body = text.slice(at + 2, end);
  const isLong = end - at > HELD_BYTES;
  const isShown = !isBroken && !body.includes("\u0005") && !isStringQuestion(kind, isLong ? body.slice(0, HELD_BYTES - 2) : body, isLong);
  return { end: isBroken ? end : end + (isEscape ? 2 : 1), isShown };
}
