// Which model and which host a request names: in its body, else in a header. `model@host` pins a host, and the upstream must
// not see the pin. Decides nothing about rights.
import { AppError } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { FoundString } from "../../routing/scan.ts";
import type { Edit, PassedBody } from "./passed-body.ts";

export interface Names {
  /** The model, without a pin; null: none is named. */
  readonly model: string | null;
  /** Every name in the body, without pins: for those that must all be allowed. */
  readonly all: readonly string[];
  /** The name stood in the body, not in a header. */
  readonly isInBody: boolean;
  readonly pin: string | null;
  readonly edits: readonly Edit[];
}

const AT = 0x40;
const BACKSLASH = 0x5c;
const EMPTY = new Uint8Array(0);

/** Model and pin of a name; ids of models have no `@`. */
export function splitPin(name: string): { model: string; pin: string | null } {
  const at = name.lastIndexOf("@");
  return at === -1 ? { model: name, pin: null } : { model: name.slice(0, at), pin: name.slice(at + 1) };
}

/** A name in a path, percent-encoded or not. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Throws AppError where two pins differ. `keys` in the order in which they count. */
export function namesIn(body: PassedBody | null, headers: Headers, keys: readonly string[]): Names {
  const found = keys.map((key) => body?.names?.found(key) ?? null).filter((one) => one !== null && one.value !== "") as FoundString[];
  const named = found.map((one) => splitPin(one.value));
  const inHeader = found.length === 0 ? headers.get("x-farhand-model") : null;
  const header = inHeader === null ? null : splitPin(inHeader);
  const pins = [...named.map(({ pin }) => pin), header?.pin ?? null, headers.get("x-farhand-host")].filter((pin) => pin !== null);
  if (new Set(pins.map((pin) => pin.toLowerCase())).size > 1)
    throw new AppError("HOST_AMBIGUOUS", { detail: "The request names different hosts." });
  const model = named[0]?.model ?? header?.model ?? null;
  if (model !== null && (model === "" || model.length > LIMITS.modelChars)) throw new AppError("MODEL_MISSING");
  return {
    model,
    all: named.map((one) => one.model),
    isInBody: found.length > 0,
    pin: pins[0] ?? null,
    edits: body === null ? [] : found.flatMap((one) => cut(body.head, one)),
  };
}

/** Takes the pin out of a name's bytes: only those where nothing is escaped, else the whole string is written anew. */
function cut(head: Uint8Array, found: FoundString): Edit[] {
  const { model, pin } = splitPin(found.value);
  if (pin === null) return [];
  const raw = head.subarray(found.start, found.end);
  if (raw.includes(BACKSLASH)) return [{ start: found.start, end: found.end, bytes: new TextEncoder().encode(JSON.stringify(model)) }];
  return [{ start: found.start + raw.lastIndexOf(AT), end: found.end - 1, bytes: EMPTY }];
}
