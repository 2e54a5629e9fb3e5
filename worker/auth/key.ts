// API keys: where a request carries one, and the hash that it is looked up by. Ours are `fh_…`; imported ones any printable text.
import { AppError } from "../../protocol/errors.ts";
import { sha256Hex } from "./hash.ts";

const SECRET = /^[!-~]{1,512}$/;
const BEARER = /^bearer +(\S+) *$/i;

/** The key in `Authorization: Bearer` or `x-api-key`; null when neither is there. Two different ones, or another scheme, are refused. */
export function keyIn(headers: Headers): string | null {
  const authorization = headers.get("authorization");
  const named = headers.get("x-api-key");
  if (authorization === null && named === null) return null;
  const bearer = authorization === null ? null : (BEARER.exec(authorization)?.[1] ?? "");
  const key = bearer ?? named ?? "";
  if (!SECRET.test(key) || (bearer !== null && named !== null && bearer !== named)) throw new AppError("CREDENTIAL_INVALID");
  return key;
}

/** Of secrets seen, so that the hot path makes no hash object. Callers make secrets up, so the number is bounded. */
const HASHES = 256;
const hashes = new Map<string, string>();

/** What the Fleet stores and the snapshot carries instead of a key. */
export function keyHash(secret: string): string {
  const known = hashes.get(secret);
  if (known !== undefined) return known;
  const hash = sha256Hex(secret);
  if (hashes.size >= HASHES) hashes.clear();
  hashes.set(secret, hash);
  return hash;
}
