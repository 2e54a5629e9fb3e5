// The Worker's bindings and settings. wrangler.toml and embedded/ provide the same names.
import type { FleetDO } from "./fleet/object.ts";
import type { HostDO } from "./host/object.ts";
import type { LaneDO } from "./lane/object.ts";

export interface Env {
  readonly FLEET: DurableObjectNamespace<FleetDO>;
  readonly HOST: DurableObjectNamespace<HostDO>;
  readonly LANE: DurableObjectNamespace<LaneDO>;
  /** The web app's files (dist/web), read through routes/app-files.ts alone. */
  readonly ASSETS: Fetcher;
  /** `<team>.cloudflareaccess.com`; empty: no Access in front. A full http(s) origin is accepted for tests and self-hosted issuers. */
  readonly ACCESS_TEAM_DOMAIN?: string;
  /** Audience tags of the Access applications, separated by commas. */
  readonly ACCESS_AUD?: string;
  /** allow: keys alone suffice; with-access: only together with an Access token; off: never. */
  readonly API_KEYS?: string;
  /** First admins: e-mail addresses or principals, separated by commas. */
  readonly ADMIN?: string;
  /** 32 random bytes in base64: seals secrets at rest. */
  readonly SEAL_KEY?: string;
  /** JSON object: hostname (without port) → list of surfaces `app`, `api`, `link`. A hostname that is not listed is refused. */
  readonly SURFACES?: string;
  /** Embedded only: lower-case hex SHA-256 of the admin key that lies in the data directory. */
  readonly ADMIN_KEY_HASH?: string;
  /** Embedded only: `on`. Enables what a single machine needs (cookies without Secure on http). */
  readonly EMBEDDED?: string;
  /** Embedded only: the origin of a proxy in front (`--public-url`). With https, cookies of its hostname are Secure. */
  readonly PUBLIC_URL?: string;
}
