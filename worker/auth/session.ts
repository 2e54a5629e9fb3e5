// The browser session's cookie: its name, how it is read and written. What a session may do is the snapshot's matter.
import type { Settings } from "./settings.ts";

const NAME = "farhand_session";
const SECURE_NAME = `__Host-${NAME}`;
/** 32 random bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Only a machine that serves itself over plain http does without Secure; everywhere else the `__Host-` prefix holds. */
const isSecure = (settings: Settings, origin: string) => !(settings.embedded && origin.startsWith("http://"));

/** The session's secret; null when there is none that could be ours. */
export function sessionIn(headers: Headers, settings: Settings, origin: string): string | null {
  const cookies = headers.get("cookie");
  if (cookies === null) return null;
  const name = isSecure(settings, origin) ? SECURE_NAME : NAME;
  for (const part of cookies.split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) {
      const secret = part.slice(at + 1).trim();
      return SECRET.test(secret) ? secret : null;
    }
  }
  return null;
}

/** A `Set-Cookie` value; an empty secret with 0 seconds removes the cookie. */
export function sessionCookie(settings: Settings, origin: string, secret: string, maxAgeSeconds: number): string {
  const secure = isSecure(settings, origin);
  const name = secure ? SECURE_NAME : NAME;
  return `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? "; Secure" : ""}`;
}
