// Characters of XML: what may stand in it, and the way between a value and how it is written. No declared entities: only the five
// that XML knows and character references.

/** The text is not well-formed, or over a bound. `at`: the position in UTF-16 units; never the text itself, which may hold a secret. */
export class XmlError extends Error {
  override readonly name = "XmlError";
  readonly at: number;
  constructor(message: string, at: number) {
    super(`${message} at ${at}`);
    this.at = at;
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));|&/g;
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** The position of a character that XML does not allow; -1 without. */
export function forbiddenAt(text: string): number {
  return text.search(FORBIDDEN);
}

function character(code: number, at: number): string {
  const text = code <= 0x10_ffff ? String.fromCodePoint(code) : "\0";
  if (forbiddenAt(text) >= 0) throw new XmlError("a reference to a character that XML does not allow", at);
  return text;
}

/** Resolves references. `at` is where `raw` stands, for errors. */
export function decodeText(raw: string, at: number): string {
  const lines = raw.includes("\r") ? raw.replaceAll(/\r\n?/g, "\n") : raw;
  if (!lines.includes("&")) return lines;
  return lines.replaceAll(REFERENCE, (_match, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
    if (name !== undefined) return NAMED[name]!;
    if (decimal !== undefined) return character(Number.parseInt(decimal, 10), at);
    if (hex !== undefined) return character(Number.parseInt(hex, 16), at);
    throw new XmlError("a reference that is not one of XML's own", at);
  });
}

/** Literal white space in an attribute is a blank; written as a reference it is itself. */
export function decodeAttribute(raw: string, at: number): string {
  return decodeText(/[\t\n\r]/.test(raw) ? raw.replaceAll(/\r\n|[\t\n\r]/g, " ") : raw, at);
}

function assertAllowed(value: string): void {
  const at = forbiddenAt(value);
  if (at >= 0) throw new XmlError("a value with a character that XML does not allow", at);
}

const WRITTEN: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

export function encodeText(value: string): string {
  assertAllowed(value);
  return value.replaceAll(/[&<>\r]/g, (found) => WRITTEN[found]!);
}

/** For single quotes, as libvirt writes them. */
export function encodeAttribute(value: string): string {
  assertAllowed(value);
  return value.replaceAll(/[&<>'\t\n\r]/g, (found) => WRITTEN[found]!);
}
