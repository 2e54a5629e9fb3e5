// Cloudflare Access: the JWT of the header `Cf-Access-Jwt-Assertion`, and nothing else (never the cookie). PLATFORM 7.2.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { AppError } from "../../protocol/errors.ts";
import { principalSchema } from "../../protocol/api/shapes.ts";
import type { Settings } from "./settings.ts";

export const ACCESS_HEADER = "cf-access-jwt-assertion";

export interface AccessProof {
  readonly kind: "access";
  readonly principal: string;
  /** Lower case; only of people. */
  readonly email: string | null;
  readonly expiresAtMs: number;
}

/** An unknown `kid` fetches the keys again, at most this often: a flood of made-up kids must not become a flood of fetches. */
export const JWKS_COOLDOWN_MS = 5_000;
const JWKS_TIMEOUT_MS = 3_000;
const TOKEN_CHARS = 16 * 1024;

/** One key set per issuer for the life of the isolate. The issuer is a setting, so this never grows. */
const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

function keySetOf(issuer: string) {
  let keys = keySets.get(issuer);
  if (!keys) {
    keys = createRemoteJWKSet(new URL("/cdn-cgi/access/certs", issuer), {
      cooldownDuration: JWKS_COOLDOWN_MS,
      timeoutDuration: JWKS_TIMEOUT_MS,
      cacheMaxAge: 600_000,
    });
    keySets.set(issuer, keys);
  }
  return keys;
}

const filled = (value: unknown): value is string => typeof value === "string" && value !== "";

/** `user:<sub>`, else `token:<common_name>`, else null. A name that would read as two joined principals is refused. */
function principalOf(claims: JWTPayload): string | null {
  const name = filled(claims.sub) ? `user:${claims.sub}` : filled(claims["common_name"]) ? `token:${claims["common_name"]}` : null;
  if (name === null || /\+(user|token|key):/.test(name)) return null;
  return principalSchema.safeParse(name).success ? name : null;
}

function emailOf(claims: JWTPayload): string | null {
  const email = claims["email"];
  return filled(claims.sub) && filled(email) && email.length <= 254 ? email.toLowerCase() : null;
}

/** Verifies RS256 signature, issuer, audience, times and `type: app`. Throws AppError, never with the token in it. */
export async function verifyAccess(token: string, settings: Settings): Promise<AccessProof> {
  if (settings.accessIssuer === null || settings.accessAudiences.length === 0) throw new AppError("CREDENTIAL_NOT_ACCEPTED");
  if (token.length > TOKEN_CHARS) throw new AppError("CREDENTIAL_INVALID");
  const claims = await claimsOf(token, settings.accessIssuer, settings.accessAudiences);
  const principal = principalOf(claims);
  if (claims["type"] !== "app" || principal === null || claims.exp === undefined) throw new AppError("CREDENTIAL_INVALID");
  return { kind: "access", principal, email: emailOf(claims), expiresAtMs: claims.exp * 1000 };
}

async function claimsOf(token: string, issuer: string, audience: readonly string[]): Promise<JWTPayload> {
  try {
    const verified = await jwtVerify(token, keySetOf(issuer), {
      algorithms: ["RS256"],
      issuer,
      audience: [...audience],
      requiredClaims: ["exp", "iss", "aud"],
    });
    return verified.payload;
  } catch (cause) {
    throw new AppError(isTokensFault(cause) ? "CREDENTIAL_INVALID" : "ACCESS_KEYS_UNAVAILABLE", {}, { cause });
  }
}

/** False when the keys could not be read: a time-out, another status than 200, a document that is no key set, no connection. */
function isTokensFault(cause: unknown): boolean {
  if (!(cause instanceof errors.JOSEError)) return false;
  return !(cause instanceof errors.JWKSTimeout || cause instanceof errors.JWKSInvalid || cause.code === "ERR_JOSE_GENERIC");
}
