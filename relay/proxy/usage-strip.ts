// Takes the usage event that the relay asked for out of a stream of server-sent events again. Every other byte passes as it
// came: bytes are only looked at for the key, and only an event that is not whole yet is held back.
import { skipSpace } from "./json-members.ts";

/** A usage event is a few hundred bytes: a longer one passes on before it is whole. */
const HELD_BYTES = 64 * 1024;
const NONE = Buffer.alloc(0);
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** Found ten times as fast as the key with its quotes, and as rare. */
const TRACE = Buffer.from("usage");

/** The byte after the first blank line at or after `from`; -1: none. Lines end with LF, CRLF or CR. */
function afterBlankLine(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length - 1; at++) {
    const byte = bytes[at];
    if (byte !== NEWLINE && byte !== RETURN) continue;
    const next = byte === RETURN && bytes[at + 1] === NEWLINE ? at + 2 : at + 1;
    if (bytes[next] === NEWLINE) return next + 1;
    // A CR at the end may be half of a CRLF: the event is whole only when it is known.
    if (bytes[next] === RETURN && next + 1 < bytes.length) return bytes[next + 1] === NEWLINE ? next + 2 : next + 1;
    at = next - 1;
  }
  return -1;
}

/** The byte after the last event that is whole; 0: none is. Looks from the end, which is mostly the end of an event. */
function afterLastEvent(bytes: Buffer): number {
  for (let at = bytes.length - 1; at > 0; at--) {
    if (bytes[at] !== NEWLINE) {
      if (bytes[at] === RETURN && bytes[at - 1] === RETURN) return at + 1;
      continue;
    }
    const before = bytes[at - 1];
    if (before === NEWLINE || (before === RETURN && bytes[at - 2] === NEWLINE)) return at + 1;
  }
  return 0;
}

/** Behind `key`, white space allowed, stands what `is` says. */
function hasValue(event: Buffer, key: string, is: (at: number) => boolean): boolean {
  for (let at = event.indexOf(key); at !== -1; at = event.indexOf(key, at + 1)) {
    const colon = skipSpace(event, at + key.length);
    if (event[colon] === 0x3a && is(skipSpace(event, colon + 1))) return true;
  }
  return false;
}

/** Of an event that has begun: it has a choice, or is too long, so it is not only usage, whatever follows. */
const isOther = (begun: Buffer) =>
  begun.length > HELD_BYTES ||
  hasValue(begun, '"choices"', (at) => {
    const first = begun[at] === OPEN_LIST ? begun[skipSpace(begun, at + 1)] : undefined;
    return first !== undefined && first !== CLOSE_LIST;
  });

/** Without the line ends at its end: they may be half of the blank line that ends an event. */
function beforeNewlines(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end > from && (bytes[end - 1] === NEWLINE || bytes[end - 1] === RETURN)) end -= 1;
  return end;
}

/** Only usage: an object of it, and an empty list of choices. Parsed, because a stream has one of these. */
function isUsageOnly(event: Buffer): boolean {
  const looksSo =
    hasValue(event, '"usage"', (at) => event[at] === 0x7b) &&
    hasValue(event, '"choices"', (at) => event[at] === OPEN_LIST && event[skipSpace(event, at + 1)] === CLOSE_LIST);
  if (!looksSo) return false;
  const data = event
    .toString("utf8")
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5));
  try {
    const value = JSON.parse(data.join("\n")) as { choices?: unknown; usage?: unknown } | null;
    return Array.isArray(value?.choices) && value.choices.length === 0 && typeof value.usage === "object" && value.usage !== null;
  } catch {
    return false;
  }
}

const asBuffer = (bytes: Uint8Array) => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));

export class UsageStrip {
  #held: Buffer = NONE;
  /** The event that began is another one, or too long: the rest of it passes. */
  #isPassing = false;

  /** The bytes to pass on now; an empty array: none. Mostly the same array. */
  push(piece: Uint8Array): Uint8Array {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : asBuffer(piece);
    const whole = afterLastEvent(bytes);
    this.#isPassing = whole < bytes.length && ((whole === 0 && this.#isPassing) || isOther(bytes.subarray(whole)));
    const passed = this.#isPassing ? beforeNewlines(bytes, whole) : whole;
    this.#held = passed < bytes.length ? Buffer.from(bytes.subarray(passed)) : NONE;
    const region = passed === bytes.length ? bytes : bytes.subarray(0, passed);
    return region.indexOf(TRACE) === -1 ? region : this.#without(region);
  }

  /** What was held: an event that never became whole. */
  end(): Uint8Array {
    const left = this.#held;
    this.#held = NONE;
    return left;
  }

  #without(region: Buffer): Uint8Array {
    const kept: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < region.length;) {
      const next = afterBlankLine(region, at);
      const end = next === -1 ? region.length : next;
      if (next !== -1 && isUsageOnly(region.subarray(at, end))) {
        if (at > from) kept.push(region.subarray(from, at));
        from = end;
      }
      at = end;
    }
    if (from === 0) return region;
    if (from < region.length) kept.push(region.subarray(from));
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept);
  }
}
