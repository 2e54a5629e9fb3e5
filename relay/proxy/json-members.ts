// Where the members of a JSON object stand in its bytes, without building it: for changing one value and leaving all other bytes
// as they came. Nothing nested is looked into. Not a validator: what is not JSON may be answered with members or with null.

export interface Member {
  readonly key: string;
  /** Of the value: first byte, and the byte after its last. */
  readonly start: number;
  readonly end: number;
}

const BYTE = { quote: 0x22, backslash: 0x5c, comma: 0x2c, colon: 0x3a, open: 0x7b, close: 0x7d, openList: 0x5b, closeList: 0x5d } as const;

const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  while (isSpace(bytes[next])) next += 1;
  return next;
}

/** The byte after the string that begins at `at`; -1: it does not end. */
function afterString(bytes: Uint8Array, at: number): number {
  for (let quote = bytes.indexOf(BYTE.quote, at + 1); quote !== -1; quote = bytes.indexOf(BYTE.quote, quote + 1)) {
    let slashes = 0;
    while (bytes[quote - 1 - slashes] === BYTE.backslash) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return -1;
}

/** The byte after the value that begins at `at`; -1: it does not end. */
export function afterValue(bytes: Uint8Array, at: number): number {
  if (bytes[at] === BYTE.quote) return afterString(bytes, at);
  let depth = 0;
  for (let next = at; next < bytes.length;) {
    const byte = bytes[next]!;
    if (byte === BYTE.quote) {
      next = afterString(bytes, next);
      if (next === -1) return -1;
      continue;
    }
    if (byte === BYTE.open || byte === BYTE.openList) depth += 1;
    else if (byte === BYTE.close || byte === BYTE.closeList) {
      if (depth === 0) return next;
      depth -= 1;
      if (depth === 0) return next + 1;
    } else if (depth === 0 && (byte === BYTE.comma || isSpace(byte))) return next;
    next += 1;
  }
  return -1;
}

function text(bytes: Uint8Array, start: number, end: number): string | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)));
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Members in order, repeated keys too; null: not one whole object. */
export function membersOf(bytes: Uint8Array): { readonly members: readonly Member[]; readonly open: number } | null {
  const open = skipSpace(bytes, 0);
  if (bytes[open] !== BYTE.open) return null;
  const members: Member[] = [];
  let at = skipSpace(bytes, open + 1);
  if (bytes[at] === BYTE.close) return skipSpace(bytes, at + 1) === bytes.length ? { members, open } : null;
  for (;;) {
    if (bytes[at] !== BYTE.quote) return null;
    const afterKey = afterString(bytes, at);
    const key = afterKey === -1 ? null : text(bytes, at, afterKey);
    const colon = skipSpace(bytes, afterKey);
    if (key === null || bytes[colon] !== BYTE.colon) return null;
    const start = skipSpace(bytes, colon + 1);
    const end = afterValue(bytes, start);
    if (end <= start) return null;
    members.push({ key, start, end });
    const next = skipSpace(bytes, end);
    if (bytes[next] === BYTE.close) return skipSpace(bytes, next + 1) === bytes.length ? { members, open } : null;
    if (bytes[next] !== BYTE.comma) return null;
    at = skipSpace(bytes, next + 1);
  }
}
