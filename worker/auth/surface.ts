// Which hostname a request came to, and what that hostname serves. A hostname that is not listed is refused (Host allow-list).
import type { Surface } from "../../protocol/api/routes.ts";
import { AppError } from "../../protocol/errors.ts";
import type { Settings } from "./settings.ts";

export interface Place {
  /** Scheme, hostname and port as the request has them. */
  readonly origin: string;
  readonly hostname: string;
  /** Hostname with its port. */
  readonly host: string;
  readonly surfaces: ReadonlySet<Surface>;
}

/** Origins seen, so that the hot path does not parse a URL. Callers choose ports, so the number is bounded. */
const PLACES = 64;
const places = new WeakMap<Settings, Map<string, Place>>();

export function placeOf(url: string, settings: Settings): Place {
  const slash = url.indexOf("/", 8);
  const origin = slash === -1 ? url : url.slice(0, slash);
  let known = places.get(settings);
  if (!known) places.set(settings, (known = new Map<string, Place>()));
  const place = known.get(origin);
  if (place) return place;
  // A Host header may hold anything, and two of them arrive joined by a comma.
  const parsed = URL.canParse(origin) ? new URL(origin) : null;
  const surfaces = parsed?.username === "" && parsed.password === "" ? settings.surfaces.get(parsed.hostname) : undefined;
  if (!parsed || !surfaces) throw new AppError("HOST_HEADER_REFUSED");
  const found: Place = { origin: parsed.origin, hostname: parsed.hostname, host: parsed.host, surfaces };
  if (known.size >= PLACES) known.clear();
  known.set(origin, found);
  return found;
}
