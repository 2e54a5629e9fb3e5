// API keys: made, imported, renamed, revoked. Only hashes are stored; a key's rights are ordinary grants of `key:<id>`.
import type * as z from "zod";
import { keyHash } from "../auth/key.ts";
import type { Key, keyCreatedSchema, keyCreateSchema } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { AccessSnapshot, Actor, Page } from "./contract.ts";
import { endEnrollmentsBy } from "./codes.ts";
import { deleteGrantsOf, insertGrant, targetErrors } from "./grants.ts";
import { randomSecret } from "./secret.ts";
import { endSessionsOf } from "./sessions.ts";
import { iso, isoOrNull, pageOf, type FleetStore } from "./store.ts";

interface KeyRow extends Record<string, SqlStorageValue> {
  id: string;
  name: string;
  prefix: string;
  created_at: number;
  created_by: string;
  expires_at: number | null;
  imported: number;
}

const SHOWN_CHARS = 8;
const COLUMNS = "id, name, prefix, created_at, created_by, expires_at, imported";

const toKey = (row: KeyRow): Key => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  created_at: iso(row.created_at),
  created_by: row.created_by,
  expires_at: isoOrNull(row.expires_at),
  imported: row.imported === 1,
});

const keyRow = (store: FleetStore, id: string) => store.row<KeyRow>(`SELECT ${COLUMNS} FROM keys WHERE id = ?`, id);

/** Newest first. */
export function listKeys(store: FleetStore, limit: number, cursor: string | null): Page<Key> {
  const rows = store.rows<KeyRow>(
    `SELECT ${COLUMNS} FROM keys WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?`,
    cursor,
    cursor,
    limit + 1,
  );
  const page = pageOf(rows, limit, (row) => row.id);
  return { items: page.items.map(toKey), next_cursor: page.next_cursor };
}

export function snapshotKeys(store: FleetStore): AccessSnapshot["keys"] {
  return store
    .rows<{ hash: string; id: string; expires_at: number | null }>("SELECT hash, id, expires_at FROM keys")
    .map((row) => ({ hash: row.hash, id: row.id, expiresAtMs: row.expires_at }));
}

export async function createKey(
  store: FleetStore,
  actor: Actor,
  input: z.infer<typeof keyCreateSchema>,
): Promise<Outcome<z.infer<typeof keyCreatedSchema>>> {
  const secret = input.import ?? `fh_${randomSecret()}`;
  const hash = keyHash(secret);
  const isImported = input.import !== undefined;
  const errors = input.grants.flatMap((scope, index) => targetErrors(scope, `/grants/${index}`));
  if (errors.length > 0) return refused("BODY_INVALID", { errors });
  return store.write(() => {
    if (hash === store.env.ADMIN_KEY_HASH || store.row("SELECT id FROM keys WHERE hash = ?", hash))
      return refused("BODY_INVALID", { errors: [{ pointer: "/import", message: "is a key already" }] });
    if (store.count("keys") >= LIMITS.keys || store.count("grants") + input.grants.length > LIMITS.grants) return refused("LIMIT_REACHED");
    const id = store.newId();
    const now = Date.now();
    store.sql.exec(
      "INSERT INTO keys (id, hash, name, prefix, created_at, created_by, expires_at, imported) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      hash,
      input.name,
      isImported ? "" : secret.slice(0, SHOWN_CHARS),
      now,
      actor.principal,
      input.expires_in_ms === undefined ? null : now + input.expires_in_ms,
      isImported ? 1 : 0,
    );
    for (const scope of input.grants) insertGrant(store, `key:${id}`, scope);
    store.audit(actor, { action: "key.create", subject: id, detail: { name: input.name, imported: isImported, grants: input.grants } });
    store.bump();
    return done({ ...toKey(keyRow(store, id)!), key: isImported ? null : secret });
  });
}

export async function updateKey(store: FleetStore, actor: Actor, id: string, name: string): Promise<Outcome<Key>> {
  return store.write(() => {
    if (!keyRow(store, id)) return refused("NOT_FOUND");
    store.sql.exec("UPDATE keys SET name = ? WHERE id = ?", name, id);
    store.audit(actor, { action: "key.update", subject: id, detail: { name } });
    return done(toKey(keyRow(store, id)!));
  });
}

/** The key, its grants, and the sessions and open codes that it made: a code would outlive it otherwise. */
export async function deleteKey(store: FleetStore, actor: Actor, id: string): Promise<Outcome<null>> {
  return store.write(() => {
    const row = keyRow(store, id);
    if (!row) return refused("NOT_FOUND");
    store.sql.exec("DELETE FROM keys WHERE id = ?", id);
    deleteGrantsOf(store, `key:${id}`);
    endSessionsOf(store, `key:${id}`);
    endEnrollmentsBy(store, `key:${id}`);
    store.audit(actor, { action: "key.delete", subject: id, detail: { name: row.name } });
    store.bump();
    return done(null);
  });
}
