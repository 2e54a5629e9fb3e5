// SHA-256 as the stored form of every secret that is compared: keys, sessions, codes.
import { createHash } from "node:crypto";

/** Lower-case hex. Synchronous: an await on the hot path costs more than the hash. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
