// What a set of grants allows, without I/O. Grants only allow; there is no precedence and no deny.
import type { Grant } from "./api/shapes.ts";
import { ROLES, type Role } from "./roles.ts";
import { matchesOperation } from "./operations/pattern.ts";
import type { Risk } from "./operations/define.ts";
import type { ModelSurface } from "./services.ts";

/** What authorisation needs to know of a host. `labels` are those set at the edge. */
export interface HostFactsForAccess {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
}

export type AccessGrant = Pick<Grant, "role" | "hosts" | "labels" | "operations" | "models" | "surfaces">;

/**
 * What grants allow besides operations. Named like operations, so that one list of patterns covers both: `*`, `model.*`,
 * `service.shenron`. The role is the least that a grant must have.
 */
export const USES = {
  /** See models and their state. */
  "model.list": "reader",
  /** Chat, complete, embed. */
  "model.use": "operator",
  /** Pull, delete, load: only where the host's file enables it too. */
  "model.manage": "operator",
  /** See a terminal without typing. */
  "terminal.watch": "reader",
  /** Type into one, or make one. */
  "terminal.open": "operator",
} as const satisfies Record<string, Role>;
export type Use = keyof typeof USES;

/** A declared service is used under a name of its own: `service.<name>`; reading (GET, HEAD) takes a reader, all else an operator. */
export const serviceUse = (service: string, method: string): { use: string; role: Role } => ({
  use: `service.${service}`,
  role: method === "GET" || method === "HEAD" ? "reader" : "operator",
});

/** What a grant's `models` and `surfaces` are asked about. */
export interface ModelUse {
  readonly surface: ModelSurface;
  /** null: the request is about no particular model. */
  readonly model: string | null;
}

const hasRole = (grant: AccessGrant, role: Role) => ROLES.indexOf(grant.role) >= ROLES.indexOf(role);
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function coversHost(grant: AccessGrant, host: HostFactsForAccess): boolean {
  if (grant.hosts?.some((entry) => entry === "*" || entry === host.id || same(entry, host.name))) return true;
  return (
    grant.labels !== undefined && grant.labels.length > 0 && grant.labels.every((label) => host.labels.some((own) => same(own, label)))
  );
}

/** Operation patterns that the grants give on a host for a role; empty: nothing. */
export function patternsOn(grants: readonly AccessGrant[], host: HostFactsForAccess, role: Role): string[] {
  return grants.filter((grant) => hasRole(grant, role) && coversHost(grant, host)).flatMap((grant) => grant.operations);
}

export function allowsOperation(grants: readonly AccessGrant[], host: HostFactsForAccess, role: Role, operation: string): boolean {
  return patternsOn(grants, host, role).some((pattern) => matchesOperation(pattern, operation));
}

export function allowsFleet(grants: readonly AccessGrant[], role: Role): boolean {
  return grants.some((grant) => hasRole(grant, role) && (grant.hosts?.includes("*") ?? false) && grant.operations.includes("*"));
}

export const roleForRisk = (risk: Risk): Role => (risk === "read" ? "reader" : "operator");

/** `*` stands for any number of characters; the rest is compared exactly, without case. */
export function matchesModel(pattern: string, model: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const name = model.toLowerCase();
  const first = parts[0]!;
  if (parts.length === 1) return name === first;
  const last = parts.at(-1)!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

const coversModel = (grant: AccessGrant, { surface, model }: ModelUse): boolean =>
  (grant.surfaces?.includes(surface) ?? true) &&
  (model === null || (grant.models?.some((pattern) => matchesModel(pattern, model)) ?? true));

/** Whether the grants give `use` (of {@link USES}, or a service's) on a host. */
export function allowsUse(
  grants: readonly AccessGrant[],
  host: HostFactsForAccess,
  { use, role }: { readonly use: string; readonly role: Role },
  of?: ModelUse,
): boolean {
  return grants.some(
    (grant) =>
      hasRole(grant, role) &&
      coversHost(grant, host) &&
      grant.operations.some((pattern) => matchesOperation(pattern, use)) &&
      (of === undefined || coversModel(grant, of)),
  );
}
