// The settings of env, read once per isolate: surfaces by hostname, API_KEYS, ADMIN, Access. A setting that cannot be read refuses.
import type { Surface } from "../../protocol/api/routes.ts";
import type { Env } from "../env.ts";

type KeyMode = "allow" | "with-access" | "off";

export interface Settings {
  readonly surfaces: ReadonlyMap<string, ReadonlySet<Surface>>;
  readonly apiKeys: KeyMode;
  /** E-mail addresses in lower case, and principals. */
  readonly admins: ReadonlySet<string>;
  readonly embedded: boolean;
  /** Issuer of Access tokens; null: none is accepted. */
  readonly accessIssuer: string | null;
  readonly accessAudiences: readonly string[];
  readonly adminKeyHash: string | null;
  /** Lower case; null: none. Requests to it came over https, whatever they look like here. */
  readonly httpsHostname: string | null;
}

const SURFACES: readonly string[] = ["app", "api", "link"] satisfies Surface[];

/** Hostname → surfaces; anything that is not such a table is an empty one, which refuses every hostname. */
function readSurfaces(text: string | undefined): ReadonlyMap<string, ReadonlySet<Surface>> {
  const table = new Map<string, ReadonlySet<Surface>>();
  if (!text) return table;
  try {
    for (const [hostname, list] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
      if (!Array.isArray(list) || !list.every((item) => SURFACES.includes(item as string))) throw new TypeError("surfaces");
      table.set(hostname.toLowerCase(), new Set(list as Surface[]));
    }
    return table;
  } catch {
    console.error(JSON.stringify({ level: "error", message: "the setting SURFACES is not valid; every hostname is refused" }));
    return new Map();
  }
}

const isLoopback = (hostname: string) => hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/** `team.cloudflareaccess.com` or a full origin. Plain http only for this machine. Null for what is neither. */
function readIssuer(text: string | undefined): string | null {
  const value = text?.trim() ?? "";
  if (value === "") return null;
  try {
    const url = new URL(value.includes("://") ? value : `https://${value}`);
    if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) return null;
    return url.pathname === "/" && url.search === "" && url.username === "" ? url.origin : null;
  } catch {
    return null;
  }
}

/** Absent means `allow`; an unknown word means `off`. */
function readKeyMode(text: string | undefined): KeyMode {
  if (!text || text === "allow") return "allow";
  return text === "with-access" ? "with-access" : "off";
}

function readHttpsHostname(text: string | undefined): string | null {
  if (!text || !URL.canParse(text)) return null;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" ? hostname : null;
}

const list = (text: string | undefined) =>
  (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** Principals are compared exactly, e-mail addresses (also as `email:…`) without case. */
const adminName = (item: string) => (/^(user|token|key):/.test(item) ? item : item.replace(/^email:/i, "").toLowerCase());

const cache = new WeakMap<Env, Settings>();

export function settingsOf(env: Env): Settings {
  const known = cache.get(env);
  if (known) return known;
  const settings: Settings = {
    surfaces: readSurfaces(env.SURFACES),
    apiKeys: readKeyMode(env.API_KEYS),
    admins: new Set(list(env.ADMIN).map(adminName)),
    embedded: env.EMBEDDED === "on",
    accessIssuer: readIssuer(env.ACCESS_TEAM_DOMAIN),
    accessAudiences: list(env.ACCESS_AUD),
    adminKeyHash: env.ADMIN_KEY_HASH && /^[0-9a-f]{64}$/.test(env.ADMIN_KEY_HASH) ? env.ADMIN_KEY_HASH : null,
    httpsHostname: readHttpsHostname(env.PUBLIC_URL),
  };
  cache.set(env, settings);
  return settings;
}
