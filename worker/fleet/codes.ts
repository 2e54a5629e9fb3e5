// One-time codes: 128 random bits, stored hashed, single use. For enrolling a host and for signing in.
import { normalCode } from "../auth/code.ts";
import { sha256Hex } from "../auth/hash.ts";
import { refused } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { planPrune } from "./prune.ts";
import type { FleetStore } from "./store.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_BYTES = 16;
const GROUP = 5;

type CodeKind = "enroll" | "sign-in";

export interface CodeRow extends Record<string, SqlStorageValue> {
  hash: string;
  kind: string;
  data: string;
  expires_at: number;
  used_at: number | null;
  used_by: string | null;
  result: number | null;
}

/** Readable aloud: base32 without I, L, O and U, in groups. */
export function newCode(): string {
  const bits = crypto.getRandomValues(new Uint8Array(CODE_BYTES)).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += ALPHABET[Number((bits >> shift) & 31n)];
  return text.replaceAll(new RegExp(`.{${GROUP}}(?=.{${GROUP}})`, "g"), "$&-");
}

const codeHash = (kind: CodeKind, code: string): string => sha256Hex(`${kind} ${normalCode(code) ?? ""}`);

/** Call inside a write. False when too many of the kind are open: whoever fills one kind does not lock out the other. */
export function keepCode(store: FleetStore, kind: CodeKind, code: string, data: unknown, expiresAtMs: number): boolean {
  store.sql.exec("DELETE FROM codes WHERE expires_at <= ?", Date.now());
  // A used code is kept until it expires, to answer the same claim again; it is no longer open.
  const open = store.row<{ n: number }>("SELECT count(*) AS n FROM codes WHERE kind = ? AND used_at IS NULL", kind)!.n;
  if (open >= LIMITS.openCodes) return false;
  planPrune(store);
  store.sql.exec(
    "INSERT INTO codes (hash, kind, data, expires_at) VALUES (?, ?, ?, ?)",
    codeHash(kind, code),
    kind,
    JSON.stringify(data),
    expiresAtMs,
  );
  return true;
}

/** Open enrolment codes that a principal made, also as one of two, or by its e-mail address. Call inside a write. */
export function endEnrollmentsBy(store: FleetStore, principal: string): void {
  store.sql.exec(
    `DELETE FROM codes WHERE kind = 'enroll' AND used_at IS NULL
     AND (instr('+' || json_extract(data, '$.by') || '+', '+' || ? || '+') > 0 OR 'email:' || json_extract(data, '$.email') = ?)`,
    principal,
    principal.toLowerCase(),
  );
}

/** The row of a code that has not expired, used or not. */
export function codeRow(store: FleetStore, kind: CodeKind, code: string): CodeRow | null {
  return store.row<CodeRow>("SELECT * FROM codes WHERE hash = ? AND kind = ? AND expires_at > ?", codeHash(kind, code), kind, Date.now());
}

const WINDOW_MS = 60_000;
const FAILURES = 20;

/**
 * Counts wrong codes. A right one is always taken, so nobody can lock others out; wrong ones soon get 429, so that a
 * guesser is told to stop and learns nothing more. In memory: 128 bits are what makes guessing hopeless.
 */
export class WrongCodes {
  #since = 0;
  #count = 0;

  refuse(code: "ENROLLMENT_CODE_INVALID" | "SIGN_IN_CODE_INVALID"): ReturnType<typeof refused> {
    const now = Date.now();
    if (now - this.#since >= WINDOW_MS || now < this.#since) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > FAILURES ? refused("RATE_LIMITED", { retryAfterMs: this.#since + WINDOW_MS - now }) : refused(code);
  }
}
