// Which headers pass, each way. Ours never reach an upstream, and what an upstream says of its connection, or would store in a
// browser, never reaches the edge.
import { isUtf8 } from "node:buffer";
import type { HeaderList } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";

const HOP_BY_HOP =
  "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split(" ");

/** Set anew here or not at all. `content-length` is looked at apart. */
const NEVER_UP: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ..."host origin referer cookie authorization x-api-key expect content-length http2-settings cdn-loop".split(" "),
]);
const NEVER_UP_PREFIX = /^(cf-|x-farhand-|sec-websocket-|sec-fetch-)/;
const NEVER_DOWN: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ..."set-cookie set-cookie2 alt-svc strict-transport-security clear-site-data".split(" "),
]);

/** Names that a Connection header makes hop-by-hop. */
function connectionNames(headers: HeaderList): ReadonlySet<string> | null {
  let names: Set<string> | null = null;
  for (const [name, value] of headers)
    if (name === "connection") for (const item of value.split(",")) (names ??= new Set()).add(item.trim().toLowerCase());
  return names;
}

const ASCII = /^[\t -~]*$/;
const NO_VALUE = /[^\t -~\u0080-\uffff]/;

/** Node takes a value as bytes, one a character, and throws at what it cannot send; the edge has text. */
const asBytes = (value: string): string => (ASCII.test(value) ? value : Buffer.from(value).toString("latin1"));

/** The other way; what is no UTF-8 is Latin-1. */
function asText(value: string): string {
  if (ASCII.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString() : value;
}

/** As Node sends them. One that no program may send is left out. */
export function headersUp(headers: HeaderList): HeaderList {
  const named = connectionNames(headers);
  return headers
    .filter(([name, value]) => !NEVER_UP.has(name) && !NEVER_UP_PREFIX.test(name) && !named?.has(name) && !NO_VALUE.test(value))
    .map(([name, value]) => [name, asBytes(value)]);
}

/** The declared length of a body: null when there is none or it contradicts itself. */
export function lengthOf(headers: HeaderList): number | null {
  const said = headers.filter(([name]) => name === "content-length");
  const value = said.length === 1 ? (said[0]?.[1] ?? "") : "";
  return /^\d{1,15}$/.test(value) ? Number(value) : null;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/;
const CONTROL = /[\0\r\n]/;

/** Of an upstream's raw headers (names and values in turn). null: more than a head may hold. */
export function headersDown(raw: readonly string[]): HeaderList | null {
  const all: HeaderList = [];
  for (let index = 0; index + 1 < raw.length; index += 2) all.push([raw[index]!.toLowerCase(), asText(raw[index + 1]!)]);
  const named = connectionNames(all);
  const kept = all.filter(
    ([name, value]) => !NEVER_DOWN.has(name) && !named?.has(name) && TOKEN.test(name) && !CONTROL.test(value) && value.length <= 16 * 1024,
  );
  if (kept.length > LIMITS.headersPerHead) return null;
  // As JSON a character may take two bytes, a quote too.
  const bytes = kept.reduce((sum, [name, value]) => sum + name.length + 2 * value.length + 8, 0);
  return bytes > LIMITS.headBytes - 64 ? null : kept;
}
