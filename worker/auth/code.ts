// The shape of a one-time code, checked before anything is asked: 26 characters of Crockford's base32, dashes as one likes.

/** Upper case without dashes, look-alikes resolved; null when this cannot be a code. */
export function normalCode(text: string): string | null {
  const code = text.trim().toUpperCase().replaceAll("-", "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(code) ? code : null;
}
