// Finds strings under chosen keys at the top level of a JSON object, byte by byte, without parsing the rest. Takes the body
// in pieces of any size. Knows no model and no dialect; never throws.

/** A string value: decoded, and where its bytes lie in the body, quotes included. */
export interface FoundString {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A longer key cannot be a wanted one, a longer value cannot be a name, however they are escaped. Bytes, with the last quote. */
const CAPTURE_BYTES = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const BOM = [0xef, 0xbb, 0xbf] as const;

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** Of a number, `true`, `false` or `null`. */
const isScalar = (byte: number) =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45;

/** Between tokens of the top level, or inside one that may go on in the next piece. */
type Mode =
  | "start"
  | "first key"
  | "key"
  | "in key"
  | "colon"
  | "value"
  | "in string"
  | "in scalar"
  | "nested"
  | "in nested string"
  | "after value"
  | "ended"
  | "broken";

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** What a raw JSON string says, given behind its first quote; null: it is none. */
function decoded(raw: Uint8Array): string | null {
  try {
    return JSON.parse(`"${decoder.decode(raw)}`) as string;
  } catch {
    return null;
  }
}

/** Go's decoder takes keys in any case, and two letters beyond ASCII that fold into it. */
const folded = (key: string) => key.toUpperCase().toLowerCase();

/**
 * What holds: for bytes that are one JSON object (a byte order mark before it is passed over), after all of it {@link found} is
 * what JSON.parse would give under that key when it is a string, and null when it is anything else or not there; of a key that
 * comes twice the last one counts. After only a part, the same for the pairs that are complete. For anything else the state is
 * `broken` or stays `open`, and what was found before is kept.
 *
 * Servers differ where a key comes twice or in another case (Go takes `Model` for `model`): {@link isAmbiguous} says so, and
 * whoever lets callers use some models only must then refuse.
 */
export class KeyScanner {
  readonly #wanted: ReadonlySet<string>;
  readonly #found = new Map<string, FoundString | null>();
  readonly #foldedSeen = new Set<string>();
  #mode: Mode = "start";
  /** Absolute offset of the piece's first byte. */
  #base = 0;
  #depth = 0;
  #isEscaped = false;
  #isAmbiguous = false;
  #bom = 0;
  /** The key whose value comes; null: not a wanted one. */
  #key: string | null = null;
  /** Of a string that began in an earlier piece: its bytes behind the first quote, copied. */
  #raw: Uint8Array[] = [];
  #rawBytes = 0;
  /** Absolute offset of its first quote. */
  #rawStart = 0;

  constructor(keys: readonly string[]) {
    this.#wanted = new Set(keys);
  }

  /** The string under a wanted key; null: none so far, or its last value is no string (or too long for a name). */
  found(key: string): FoundString | null {
    return this.#found.get(key) ?? null;
  }

  /** A wanted key came twice, or in another case, so that servers may read another value than the one found. */
  get isAmbiguous(): boolean {
    return this.#isAmbiguous;
  }

  /** `ended`: the object is closed, and nothing but white space followed so far. */
  get state(): "open" | "ended" | "broken" {
    return this.#mode === "ended" || this.#mode === "broken" ? this.#mode : "open";
  }

  /** The next bytes of the body. They are not kept, nor changed. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#mode !== "broken") at = this.#step(bytes, at);
    this.#base += bytes.length;
  }

  /** Takes at least one byte, or changes the mode. Answers where to go on. */
  #step(bytes: Uint8Array, at: number): number {
    const mode = this.#mode;
    if (mode === "in key" || mode === "in string") return this.#string(bytes, at);
    if (mode === "in nested string") return this.#nestedString(bytes, at);
    if (mode === "nested") return this.#nested(bytes, at);
    return mode === "in scalar" ? this.#scalar(bytes, at) : this.#between(bytes, at);
  }

  #between(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]!;
    if (this.#mode === "start" && byte === BOM[this.#bom] && this.#base + at === this.#bom) this.#bom += 1;
    else if (!isSpace(byte)) this.#token(byte, this.#base + at);
    return at + 1;
  }

  /** One structural byte of the top level. */
  #token(byte: number, position: number): void {
    const mode = this.#mode;
    if (mode === "value") this.#beginValue(byte, position);
    else if (byte === QUOTE && (mode === "key" || mode === "first key")) {
      this.#mode = "in key";
      this.#beginCapture(position);
    } else this.#mode = this.#after(mode, byte);
  }

  /** What a structural byte makes of a mode. */
  #after(mode: Mode, byte: number): Mode {
    if (mode === "start") return byte === OPEN_OBJECT && this.#bom % BOM.length === 0 ? "first key" : "broken";
    if (mode === "colon") return byte === COLON ? "value" : "broken";
    if (mode === "after value" && byte === COMMA) return "key";
    return byte === CLOSE_OBJECT && (mode === "after value" || mode === "first key") ? "ended" : "broken";
  }

  #beginValue(byte: number, position: number): void {
    if (byte === QUOTE) {
      this.#mode = "in string";
      this.#beginCapture(position);
      return;
    }
    if (this.#key !== null) this.#found.set(this.#key, null);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#mode = "nested";
      this.#depth = 1;
    } else this.#mode = isScalar(byte) ? "in scalar" : "broken";
  }

  #scalar(bytes: Uint8Array, at: number): number {
    let next = at;
    while (next < bytes.length && isScalar(bytes[next]!)) next += 1;
    if (next < bytes.length) this.#mode = "after value";
    return next;
  }

  #nested(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#mode = "in nested string";
        return at + 1;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          this.#mode = "after value";
          return at + 1;
        }
      }
    }
    return bytes.length;
  }

  #nestedString(bytes: Uint8Array, at: number): number {
    const end = this.#endOfString(bytes, at);
    if (end === -1) return bytes.length;
    this.#mode = "nested";
    return end;
  }

  #string(bytes: Uint8Array, at: number): number {
    const end = this.#endOfString(bytes, at);
    const next = end === -1 ? bytes.length : end;
    const isKey = this.#mode === "in key";
    const isWanted = isKey || this.#key !== null;
    if (end === -1) {
      if (isWanted) this.#keep(bytes.subarray(Math.max(0, this.#rawStart + 1 - this.#base), next));
    } else if (isKey) this.#endKey(this.#captured(bytes, end));
    else this.#endValue(isWanted ? this.#captured(bytes, end) : null, this.#base + end);
    return next;
  }

  /** Where the string that `at` lies in has ended; -1: not in this piece. Quotes are looked for by the platform, not byte by byte. */
  #endOfString(bytes: Uint8Array, from: number): number {
    let at = this.#isEscaped ? from + 1 : from;
    this.#isEscaped = false;
    for (;;) {
      const quote = bytes.indexOf(QUOTE, at);
      const end = quote === -1 ? bytes.length : quote;
      let slashes = 0;
      while (end - slashes > at && bytes[end - slashes - 1] === BACKSLASH) slashes += 1;
      const isOdd = slashes % 2 === 1;
      if (quote === -1) {
        this.#isEscaped = isOdd;
        return -1;
      }
      at = quote + 1;
      if (!isOdd) return at;
    }
  }

  #beginCapture(position: number): void {
    this.#raw = [];
    this.#rawBytes = 0;
    this.#rawStart = position;
  }

  #keep(bytes: Uint8Array): void {
    const room = CAPTURE_BYTES - this.#rawBytes;
    this.#rawBytes += bytes.length;
    if (bytes.length > 0 && room >= bytes.length) this.#raw.push(bytes.slice());
  }

  /** What the string that ends at `end` of this piece says; null: too long, or not a JSON string, and then the state is `broken`. */
  #captured(bytes: Uint8Array, end: number): string | null {
    let raw = bytes.subarray(Math.max(0, this.#rawStart + 1 - this.#base), end);
    if (this.#rawBytes + raw.length > CAPTURE_BYTES) return null;
    if (this.#rawBytes > 0) raw = Buffer.concat([...this.#raw, raw]);
    const value = decoded(raw);
    if (value === null) this.#mode = "broken";
    return value;
  }

  #endKey(key: string | null): void {
    if (this.#mode !== "broken") this.#mode = "colon";
    this.#key = key !== null && this.#wanted.has(key) ? key : null;
    if (key !== null) this.#note(key);
  }

  #note(key: string): void {
    const fold = folded(key);
    if (!this.#wanted.has(fold)) return;
    if (this.#foldedSeen.has(fold) || !this.#wanted.has(key)) this.#isAmbiguous = true;
    this.#foldedSeen.add(fold);
  }

  #endValue(value: string | null, end: number): void {
    if (this.#mode !== "broken") this.#mode = "after value";
    if (this.#key === null) return;
    this.#found.set(this.#key, value === null ? null : { value, start: this.#rawStart, end });
  }
}
