// Grants: who may do what. Allow only; what they mean is protocol/access.ts.
import type { Grant, GrantScope } from "../../protocol/api/shapes.ts";
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import type { FieldError } from "../../protocol/inputs.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Actor, Page } from "./contract.ts";
import { endEnrollmentsBy } from "./codes.ts";
import { iso, pageOf, type FleetStore } from "./store.ts";

interface GrantRow extends Record<string, SqlStorageValue> {
  id: string;
  principal: string;
  scope: string;
  created_at: number;
}

const toGrant = (row: GrantRow): Grant => ({
  ...(JSON.parse(row.scope) as GrantScope),
  id: row.id,
  principal: row.principal,
  created_at: iso(row.created_at),
});

const grantRow = (store: FleetStore, id: string) => store.row<GrantRow>("SELECT * FROM grants WHERE id = ?", id);

/** Only the fields of a scope: what is stored is what a grant says, whatever else an object carries. */
const scopeText = ({ role, hosts, labels, operations, models, surfaces }: GrantScope) =>
  JSON.stringify({ role, hosts, labels, operations, models, surfaces });

const hasOneTarget = (scope: GrantScope) => (scope.hosts === undefined) !== (scope.labels === undefined);

/** Where a scope names both hosts and labels, or neither; `base` is the pointer of the scope. */
export const targetErrors = (scope: GrantScope, base = ""): FieldError[] =>
  hasOneTarget(scope) ? [] : [{ pointer: `${base}/hosts`, message: "exactly one of `hosts` and `labels` is needed" }];

/** Newest first. */
export function listGrants(store: FleetStore, limit: number, cursor: string | null): Page<Grant> {
  const rows = store.rows<GrantRow>("SELECT * FROM grants WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?", cursor, cursor, limit + 1);
  const page = pageOf(rows, limit, (row) => row.id);
  return { items: page.items.map(toGrant), next_cursor: page.next_cursor };
}

export const snapshotGrants = (store: FleetStore): Grant[] => store.rows<GrantRow>("SELECT * FROM grants").map(toGrant);

/** Call inside a write that bumps. */
export function insertGrant(store: FleetStore, principal: string, scope: GrantScope): string {
  const id = store.newId();
  store.sql.exec("INSERT INTO grants (id, principal, scope, created_at) VALUES (?, ?, ?, ?)", id, principal, scopeText(scope), Date.now());
  return id;
}

export function deleteGrantsOf(store: FleetStore, principal: string): void {
  store.sql.exec("DELETE FROM grants WHERE principal = ?", principal);
}

export async function createGrant(store: FleetStore, actor: Actor, principal: string, scope: GrantScope): Promise<Outcome<Grant>> {
  const errors = targetErrors(scope);
  if (errors.length > 0) return refused("BODY_INVALID", { errors });
  return store.write(() => {
    if (store.count("grants") >= LIMITS.grants) return refused("LIMIT_REACHED");
    const id = insertGrant(store, principal, scope);
    store.audit(actor, { action: "grant.create", subject: id, detail: { principal, ...scope } });
    store.bump();
    return done(toGrant(grantRow(store, id)!));
  });
}

export async function updateGrant(store: FleetStore, actor: Actor, id: string, scope: GrantScope): Promise<Outcome<Grant>> {
  const errors = targetErrors(scope);
  if (errors.length > 0) return refused("BODY_INVALID", { errors });
  return store.write(() => {
    const row = grantRow(store, id);
    if (!row) return refused("NOT_FOUND");
    store.sql.exec("UPDATE grants SET scope = ? WHERE id = ?", scopeText(scope), id);
    endEnrollmentsBy(store, row.principal);
    store.audit(actor, { action: "grant.update", subject: id, detail: { principal: row.principal, ...scope } });
    store.bump();
    return done(toGrant(grantRow(store, id)!));
  });
}

export async function deleteGrant(store: FleetStore, actor: Actor, id: string): Promise<Outcome<null>> {
  return store.write(() => {
    const row = grantRow(store, id);
    if (!row) return refused("NOT_FOUND");
    store.sql.exec("DELETE FROM grants WHERE id = ?", id);
    endEnrollmentsBy(store, row.principal);
    store.audit(actor, { action: "grant.delete", subject: id, detail: { principal: row.principal } });
    store.bump();
    return done(null);
  });
}
