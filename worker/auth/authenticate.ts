// Who is asking: the credentials of a request become proofs (verified, no Fleet), and proofs become a caller by the snapshot.
// Explicit credentials that do not hold refuse the request; they are never skipped in favour of another one.
import type { Grant } from "../../protocol/api/shapes.ts";
import type { AccessGrant } from "../../protocol/access.ts";
import { AppError } from "../../protocol/errors.ts";
import { ACCESS_HEADER, verifyAccess, type AccessProof } from "./access.ts";
import type { AccessState } from "./access-state.ts";
import { keyHash, keyIn } from "./key.ts";
import { sessionIn } from "./session.ts";
import type { Settings } from "./settings.ts";
import type { Place } from "./surface.ts";

interface KeyProof {
  readonly kind: "key";
  readonly hash: string;
}
interface SessionProof {
  readonly kind: "session";
  readonly hash: string;
}
export type Proof = AccessProof | KeyProof | SessionProof;

export interface Caller {
  /** For authorship and audit: principals joined by "+". */
  readonly principal: string;
  readonly email: string | null;
  readonly credentials: readonly string[];
  /** One set of grants for each credential; everything must be allowed by every set. */
  readonly grantSets: readonly (readonly AccessGrant[])[];
  readonly sessionHash: string | null;
}

/** The rights of an admin by setting, in the shape of a grant. */
export const ADMIN_SCOPE = { role: "admin", hosts: ["*"], operations: ["*"] } as const satisfies AccessGrant;

/** The key that lies in the data directory of an embedded edge. */
const ADMIN_KEY_PRINCIPAL = "key:admin";

const NO_PROOFS: readonly Proof[] = [];

/** A promise only when there is a token to verify. No credential at all: an empty list. */
export function proofsOf(headers: Headers, settings: Settings, place: Place): readonly Proof[] | Promise<readonly Proof[]> {
  const token = headers.get(ACCESS_HEADER);
  const key = keyIn(headers);
  if (key !== null && (settings.apiKeys === "off" || (settings.apiKeys === "with-access" && token === null)))
    throw new AppError("CREDENTIAL_NOT_ACCEPTED");
  const keyProof = key === null ? null : ({ kind: "key", hash: keyHash(key) } as const);
  if (token !== null) return verifyAccess(token, settings).then((access) => (keyProof ? [access, keyProof] : [access]));
  if (keyProof) return [keyProof];
  const session = place.surfaces.has("app") ? sessionIn(headers, settings, place) : null;
  return session === null ? NO_PROOFS : [{ kind: "session", hash: keyHash(session) }];
}

/** True when a proof refers to something that this state has never heard of: worth one look at a newer state. */
export function isUnknown(proofs: readonly Proof[], state: AccessState, settings: Settings): boolean {
  return proofs.some(
    (proof) =>
      (proof.kind === "key" && proof.hash !== settings.adminKeyHash && !state.keys.has(proof.hash)) ||
      (proof.kind === "session" && !state.sessions.has(proof.hash)),
  );
}

/** Throws AppError 401 for what does not hold at this moment. Synchronous: also asked every 2 s for open streams. */
export function identify(proofs: readonly Proof[], state: AccessState, settings: Settings): Caller {
  const first = proofs[0];
  if (first === undefined) throw new AppError("CREDENTIAL_MISSING");
  const now = Date.now();
  const email = first.kind === "access" ? first.email : null;
  const credentials = proofs.flatMap((proof) => principalsOf(proof, state, settings, now));
  return {
    principal: credentials.join("+"),
    email: email ?? sessionEmail(first, state),
    credentials,
    grantSets: credentials.map((principal) => grantsOf(principal, email ?? sessionEmail(first, state), state, settings)),
    sessionHash: first.kind === "session" ? first.hash : null,
  };
}

function principalsOf(proof: Proof, state: AccessState, settings: Settings, now: number): string[] {
  if (proof.kind === "access") {
    if (proof.expiresAtMs <= now) throw new AppError("CREDENTIAL_INVALID");
    return [proof.principal];
  }
  if (proof.kind === "key") return [keyPrincipal(proof.hash, state, settings, now)];
  const session = state.sessions.get(proof.hash);
  if (!session || session.expiresAtMs <= now) throw new AppError("CREDENTIAL_INVALID");
  const principals = session.principal.split(/\+(?=(?:user|token|key):)/);
  if (!principals.every((principal) => stillHolds(principal, state, settings, now))) throw new AppError("CREDENTIAL_INVALID");
  return principals;
}

function keyPrincipal(hash: string, state: AccessState, settings: Settings, now: number): string {
  if (hash === settings.adminKeyHash) return ADMIN_KEY_PRINCIPAL;
  const key = state.keys.get(hash);
  if (!key || (key.expiresAtMs !== null && key.expiresAtMs <= now)) throw new AppError("CREDENTIAL_INVALID");
  return `key:${key.id}`;
}

/** A session ends with the key that made it, and with the setting that lets keys in by themselves. */
function stillHolds(principal: string, state: AccessState, settings: Settings, now: number): boolean {
  if (!principal.startsWith("key:")) return true;
  if (settings.apiKeys !== "allow") return false;
  if (principal === ADMIN_KEY_PRINCIPAL) return settings.adminKeyHash !== null;
  const key = state.keyIds.get(principal.slice(4));
  return key !== undefined && (key.expiresAtMs === null || key.expiresAtMs > now);
}

const sessionEmail = (proof: Proof, state: AccessState) =>
  proof.kind === "session" ? (state.sessions.get(proof.hash)?.email ?? null) : null;

/** Grants of a principal; of a person also those of the e-mail address. */
export function grantsOf(principal: string, email: string | null, state: AccessState, settings: Settings): readonly AccessGrant[] {
  const own: readonly Grant[] = state.grantsOf(principal);
  const isPerson = principal.startsWith("user:") && email !== null;
  const byEmail = isPerson ? state.grantsOf(`email:${email}`) : [];
  const isAdmin = principal === ADMIN_KEY_PRINCIPAL || settings.admins.has(principal) || (isPerson && settings.admins.has(email));
  return isAdmin ? [...own, ...byEmail, ADMIN_SCOPE] : byEmail.length > 0 ? [...own, ...byEmail] : own;
}
