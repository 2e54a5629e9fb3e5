// Ids: ULIDs (github.com/ulid/spec). A job's id carries the number of its host in the first 24 of the 80 random bits,
// so that `GET /jobs/{id}` finds the object by itself. Number 0 is the Fleet.
import * as z from "zod";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Host numbers fill 24 bits. */
export const MAX_HOST_NUMBER = 2 ** 24 - 1;
const TAIL_BITS = 56n;
const TAIL_MAX = (1n << TAIL_BITS) - 1n;

/** 26 characters, upper case, the first at most 7 (48 bits of time). */
export const ulidSchema = z
  .string()
  .regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
  .meta({ description: "ULID" });

function encode(value: bigint): string {
  let text = "";
  for (let i = 0; i < 26; i++) {
    text = ALPHABET[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return text;
}

function decode(id: string): bigint {
  let value = 0n;
  for (const char of id) {
    const digit = ALPHABET.indexOf(char);
    if (digit < 0) throw new TypeError("not a ULID");
    value = (value << 5n) | BigInt(digit);
  }
  return value;
}

function compose(timeMs: number, hostNumber: number, tail: bigint): string {
  if (!Number.isInteger(hostNumber) || hostNumber < 0 || hostNumber > MAX_HOST_NUMBER) throw new RangeError("host number");
  return encode((BigInt(timeMs) << 80n) | (BigInt(hostNumber) << TAIL_BITS) | (tail & TAIL_MAX));
}

/** The host number inside a job id; null when the text is not an id. */
export function hostNumberOf(id: string): number | null {
  if (!ulidSchema.safeParse(id).success) return null;
  return Number((decode(id) >> TAIL_BITS) & BigInt(MAX_HOST_NUMBER));
}

/** Milliseconds since the epoch inside an id. */
export function timeOf(id: string): number {
  return Number(decode(id) >> 80n);
}

/** The smallest id of a moment: a cursor for `since`. */
export function firstIdAt(timeMs: number): string {
  return compose(timeMs, 0, 0n);
}

function randomTail(): bigint {
  const bytes = crypto.getRandomValues(new Uint8Array(7));
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Makes ids of one host that never decrease, also within one millisecond and when the clock goes back. */
export function idFactory(hostNumber: number, now: () => number = Date.now): () => string {
  let time = 0;
  let tail = 0n;
  return () => {
    const at = now();
    if (at > time) {
      time = at;
      tail = randomTail();
    } else if (tail === TAIL_MAX) {
      time += 1;
      tail = 0n;
    } else {
      tail += 1n;
    }
    return compose(time, hostNumber, tail);
  };
}

/** The id of a parent's step on a host: the same for the same parent, host and step. `digest` is at least 7 bytes of a hash over them. */
export function childId(parentId: string, hostNumber: number, digest: Uint8Array): string {
  const tail = digest.subarray(0, 7).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return compose(timeOf(parentId), hostNumber, tail);
}
