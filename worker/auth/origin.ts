// Requests that a browser was made to send by another site change nothing: same origin only. Sockets: exact origin.
import { AppError } from "../../protocol/errors.ts";
import type { Place } from "./surface.ts";

/** A proxy in front may speak https where this edge speaks http; never the other way round. */
function isSameOrigin(origin: string, place: Place): boolean {
  if (origin === place.origin) return true;
  return origin === `https://${place.host}`;
}

/**
 * For requests that change something. A request with a session's cookie must show that it comes from this origin; any other
 * must not show that it comes from elsewhere. Access tokens ride along by themselves like cookies, hence the second half.
 */
export function checkOrigin(headers: Headers, place: Place, hasSession: boolean): void {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  if (origin !== null && !isSameOrigin(origin, place)) throw new AppError("ORIGIN_REFUSED");
  if (site !== null && site !== "same-origin" && site !== "none") throw new AppError("ORIGIN_REFUSED");
  if (hasSession && origin === null && site !== "same-origin") throw new AppError("ORIGIN_REFUSED");
}

/** A relay sends no Origin; a page that does is not a relay. */
export function checkRelaySocket(headers: Headers): void {
  if (headers.get("origin") !== null) throw new AppError("ORIGIN_REFUSED");
}
