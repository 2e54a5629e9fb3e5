// What a set of grants allows, without I/O. Grants only allow; there is no precedence and no deny.
import { ROLES, type Grant, type Role } from "./api/shapes.ts";
import { matchesOperation } from "./operations/index.ts";
import type { Risk } from "./operations/define.ts";

/** What authorisation needs to know of a host. `labels` are those set at the edge. */
export interface HostFactsForAccess {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
}

export type AccessGrant = Pick<Grant, "role" | "hosts" | "labels" | "operations">;

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
