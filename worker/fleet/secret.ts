// Random secrets of keys and sessions.

const SECRET_BYTES = 32;

/** 256 random bits in base64url: 43 characters. */
export function randomSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString("base64url");
}
