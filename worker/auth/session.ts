// The browser session's cookie: its name, how it is read and written. What a session may do is the snapshot's matter.
import type { Settings } from "./settings.ts";
import type { Place } from "./surface.ts";

const NAME = "farhand_session";
const SECURE_NAME = `__Host-${NAME}`;
/** 32 random bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Only a machine that serves itself over plain http does without Secure; everywhere else the `__Host-` prefix holds. */
const isSecure = (settings: Settings, { origin, hostname }: Place) =>
  !(settings.embedded && origin.startsWith("http://")) || hostname === settings.httpsHostname;

/**
 * The session's secret; null when there is none that could be ours, and when there are two: cookies know no port, so another
 * program of this machine can set one beside ours, and nobody can tell which is whose.
 */
export function sessionIn(headers: Headers, settings: Settings, place: Place): string | null {
  const cookies = headers.get("cookie");
  if (cookies === null) return null;
  const name = isSecure(settings, place) ? SECURE_NAME : NAME;
  const found = new Set<string>();
  for (const part of cookies.split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) found.add(part.slice(at + 1).trim());
  }
  const [secret] = found;
  return secret !== undefined && found.size === 1 && SECRET.test(secret) ? secret : null;
}

/** A `Set-Cookie` value; an empty secret with 0 seconds removes the cookie. */
export function sessionCookie(settings: Settings, place: Place, secret: string, maxAgeSeconds: number): string {
  const secure = isSecure(settings, place);
  const name = secure ? SECURE_NAME : NAME;
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? "; Secure" : ""}`;
}
