// Browser sessions and the one-time codes that open them. A session acts as the principal that made its code.
import type * as z from "zod";
import { keyHash } from "../auth/key.ts";
import type { signInCodeSchema } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { codeRow, keepCode, newCode, type WrongCodes } from "./codes.ts";
import type { AccessSnapshot, Actor } from "./contract.ts";
import { planPrune } from "./prune.ts";
import { randomSecret } from "./secret.ts";
import { iso, type FleetStore } from "./store.ts";

interface CodeData {
  readonly principal: string;
  readonly email: string | null;
}

export async function createSignInCode(
  store: FleetStore,
  actor: Actor,
  email: string | null,
): Promise<Outcome<z.infer<typeof signInCodeSchema>>> {
  return store.write(() => {
    const code = newCode();
    const expiresAt = Date.now() + LIMITS.signInTtlMs;
    const data: CodeData = { principal: actor.principal, email };
    dropOldestCodes(store, actor.principal);
    if (!keepCode(store, "sign-in", code, data, expiresAt)) return refused("LIMIT_REACHED");
    store.audit(actor, { action: "sign-in.create", subject: actor.principal });
    return done({ code, path: `/sign-in#${code}`, expires_at: iso(expiresAt) });
  });
}

export async function createSession(
  store: FleetStore,
  wrong: WrongCodes,
  requestId: string,
  code: string,
): Promise<Outcome<{ secret: string; expiresAtMs: number }>> {
  const found = codeRow(store, "sign-in", code);
  if (!found || found.used_at !== null) return wrong.refuse("SIGN_IN_CODE_INVALID");
  const { principal, email } = JSON.parse(found.data) as CodeData;
  const secret = randomSecret();
  const now = Date.now();
  const expiresAtMs = now + LIMITS.sessionTtlMs;
  return store.write(() => {
    store.sql.exec("UPDATE codes SET used_at = ? WHERE hash = ?", now, found.hash);
    store.sql.exec(
      "INSERT INTO sessions (hash, principal, email, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
      keyHash(secret),
      principal,
      email,
      now,
      expiresAtMs,
    );
    planPrune(store);
    dropOldest(store, principal);
    store.audit({ principal, requestId }, { action: "session.create", subject: principal });
    store.bump();
    return done({ secret, expiresAtMs });
  });
}

/** Makes room for one more. Anyone may make links, so a principal's newest few are kept: nobody fills the table for all. */
function dropOldestCodes(store: FleetStore, principal: string): void {
  store.sql.exec(
    `DELETE FROM codes WHERE kind = 'sign-in' AND json_extract(data, '$.principal') = ? AND hash NOT IN (
      SELECT hash FROM codes WHERE kind = 'sign-in' AND used_at IS NULL AND json_extract(data, '$.principal') = ?
      ORDER BY expires_at DESC, hash LIMIT ?)`,
    principal,
    principal,
    LIMITS.signInCodesPerPrincipal - 1,
  );
}

function dropOldest(store: FleetStore, principal: string): void {
  store.sql.exec(
    `DELETE FROM sessions WHERE principal = ? AND hash NOT IN (
      SELECT hash FROM sessions WHERE principal = ? ORDER BY created_at DESC, hash LIMIT ?)`,
    principal,
    principal,
    LIMITS.sessionsPerPrincipal,
  );
  store.sql.exec(
    "DELETE FROM sessions WHERE hash NOT IN (SELECT hash FROM sessions ORDER BY created_at DESC, hash LIMIT ?)",
    LIMITS.sessions,
  );
}

export async function deleteSession(store: FleetStore, actor: Actor, hash: string): Promise<void> {
  await store.write(() => {
    if (!store.row("SELECT hash FROM sessions WHERE hash = ?", hash)) return;
    store.sql.exec("DELETE FROM sessions WHERE hash = ?", hash);
    store.audit(actor, { action: "session.delete", subject: actor.principal });
    store.bump();
  });
}

/** Sessions and open sign-in codes of a principal that is gone, also where it is one of two. Call inside a write that bumps. */
export function endSessionsOf(store: FleetStore, principal: string): void {
  store.sql.exec("DELETE FROM sessions WHERE instr('+' || principal || '+', '+' || ? || '+') > 0", principal);
  store.sql.exec(
    "DELETE FROM codes WHERE kind = 'sign-in' AND instr('+' || json_extract(data, '$.principal') || '+', '+' || ? || '+') > 0",
    principal,
  );
}

export function snapshotSessions(store: FleetStore): AccessSnapshot["sessions"] {
  return store
    .rows<{ hash: string; principal: string; email: string | null; expires_at: number }>(
      "SELECT hash, principal, email, expires_at FROM sessions WHERE expires_at > ?",
      Date.now(),
    )
    .map((row) => ({ hash: row.hash, principal: row.principal, email: row.email, expiresAtMs: row.expires_at }));
}
