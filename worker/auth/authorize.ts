// What a caller may do, by the rule of a route and the snapshot. Decides on hosts and operations; single jobs are decided by
// the object that knows their operation, from the Visibility made here. Invisible things are answered like missing ones.
import type { Role } from "../../protocol/api/shapes.ts";
import type { RouteRule } from "../../protocol/api/routes.ts";
import {
  allowsFleet,
  allowsOperation,
  allowsUse,
  patternsOn,
  roleForRisk,
  serviceUse,
  USES,
  type ModelUse,
} from "../../protocol/access.ts";
import { AppError } from "../../protocol/errors.ts";
import { hostNumberOf } from "../../protocol/ids.ts";
import type { ModelSurface } from "../../protocol/services.ts";
import type { OperationDefinition } from "../../protocol/operations/define.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import type { SnapshotHost, Visibility } from "../fleet/contract.ts";
import type { AccessState } from "./access-state.ts";
import type { Caller } from "./authenticate.ts";
import type { Settings } from "./settings.ts";

export interface Visible {
  readonly number: number;
  readonly visibility: Visibility;
}

/** What the rule found in the path. */
export type Target =
  | { readonly kind: "none" }
  | { readonly kind: "host"; readonly host: SnapshotHost }
  /** A job of one host. */
  | { readonly kind: "job"; readonly id: string; readonly hostNumber: number; readonly visibility: Visibility }
  /** A parent: the Fleet decides, from all that the caller may see. */
  | { readonly kind: "parent"; readonly id: string; readonly visible: readonly Visible[] };

const NO_TARGET: Target = { kind: "none" };
export const NOTHING: Visibility = [];

/** The caller's patterns on a host for a role; empty unless every credential has one. */
export function visibilityOn(caller: Caller, host: SnapshotHost, role: Role): Visibility {
  const sets = caller.grantSets.map((grants) => patternsOn(grants, host, role));
  return sets.every((patterns) => patterns.length > 0) ? sets : NOTHING;
}

const seesHost = (caller: Caller, host: SnapshotHost): boolean => visibilityOn(caller, host, "reader").length > 0;

/** Hosts on which the caller has the role, with what it may do there. */
export function visibleHosts(caller: Caller, state: AccessState, role: Role = "reader"): Visible[] {
  const found: Visible[] = [];
  for (const host of state.hosts.values()) {
    const visibility = visibilityOn(caller, host, role);
    if (visibility.length > 0) found.push({ number: host.number, visibility });
  }
  return found;
}

export const isFleet = (caller: Caller, role: Role): boolean =>
  caller.grantSets.length > 0 && caller.grantSets.every((grants) => allowsFleet(grants, role));

export function mayOperate(caller: Caller, host: SnapshotHost, operation: OperationDefinition): boolean {
  const role = roleForRisk(operation.risk);
  return caller.grantSets.length > 0 && caller.grantSets.every((grants) => allowsOperation(grants, host, role, operation.name));
}

/** `use` of {@link USES}, or of a service with its role; `of`: which model on which surface. Every credential must allow it. */
export function mayUse(caller: Caller, host: SnapshotHost, use: keyof typeof USES | ReturnType<typeof serviceUse>, of?: ModelUse): boolean {
  const asked = typeof use === "string" ? { use, role: USES[use] } : use;
  return caller.grantSets.length > 0 && caller.grantSets.every((grants) => allowsUse(grants, host, asked, of));
}

function mayUseSomewhere(caller: Caller, state: AccessState, use: keyof typeof USES): boolean {
  for (const host of state.hosts.values()) if (mayUse(caller, host, use)) return true;
  return false;
}

/** The use is the caller's for every model there is: no credential's grants name some only. */
export function mayUseEveryModel(caller: Caller, host: SnapshotHost, use: keyof typeof USES, surface: ModelSurface): boolean {
  const grantSets = caller.grantSets.map((grants) => grants.filter(({ models }) => models?.includes("*") ?? true));
  return mayUse({ ...caller, grantSets }, host, use, { surface, model: null });
}

/** The host by name or id, when the caller may see it. */
export function findHost(caller: Caller, state: AccessState, reference: string): SnapshotHost {
  const host = state.host(reference);
  if (!host || !seesHost(caller, host)) throw new AppError("HOST_NOT_FOUND");
  return host;
}

/** A deployment in the cloud that nobody was made admin of refuses everyone. */
export function checkConfigured(settings: Settings, state: AccessState): void {
  const isOpen = settings.embedded || settings.admins.size > 0 || settings.adminKeyHash !== null || state.snapshot.grants.length > 0;
  if (!isOpen) throw new AppError("ADMIN_NOT_CONFIGURED");
}

/** Throws AppError when the rule refuses. What a body names is decided later by {@link mayOperate} and {@link mayUse}. */
export function authorise(
  rule: RouteRule,
  caller: Caller,
  state: AccessState,
  params: Readonly<Record<string, string>>,
  method = "GET",
): Target {
  switch (rule.who) {
    case "fleet":
      if (!isFleet(caller, rule.role)) throw new AppError("FORBIDDEN");
      return NO_TARGET;
    case "host": {
      const host = findHost(caller, state, params["host"] ?? "");
      const patterns = visibilityOn(caller, host, rule.role);
      // An admin of some operations must not give himself others: labels are what grants are counted by.
      const isWhole = rule.role !== "admin" || patterns.every((own) => own.includes("*"));
      if (patterns.length === 0 || !isWhole) throw new AppError("FORBIDDEN");
      return { kind: "host", host };
    }
    case "operation": {
      const host = findHost(caller, state, params["host"] ?? "");
      if (rule.operation === undefined) return { kind: "host", host };
      const operation = findOperation(rule.operation);
      // A name that is no operation's is nobody's right.
      if (!operation || !mayOperate(caller, host, operation)) throw new AppError("FORBIDDEN");
      return { kind: "host", host };
    }
    case "use": {
      if (params["host"] === undefined) {
        if (!mayUseSomewhere(caller, state, rule.use) && !isFleet(caller, USES[rule.use])) throw new AppError("FORBIDDEN");
        return NO_TARGET;
      }
      const host = findHost(caller, state, params["host"]);
      if (!mayUse(caller, host, rule.use)) throw new AppError("FORBIDDEN");
      return { kind: "host", host };
    }
    case "service": {
      const host = findHost(caller, state, params["host"] ?? "");
      if (!mayUse(caller, host, serviceUse(params["service"] ?? "", method))) throw new AppError("FORBIDDEN");
      return { kind: "host", host };
    }
    case "job":
      return jobTarget(caller, state, params["id"] ?? "", rule.role);
    case "public":
    case "authenticated":
    default:
      return NO_TARGET;
  }
}

function jobTarget(caller: Caller, state: AccessState, id: string, role: Role): Target {
  const hostNumber = hostNumberOf(id);
  if (hostNumber === null) throw new AppError("JOB_NOT_FOUND");
  if (hostNumber === 0) return { kind: "parent", id, visible: visibleHosts(caller, state, role) };
  const host = state.hosts.get(hostNumber);
  if (!host || !seesHost(caller, host)) throw new AppError("JOB_NOT_FOUND");
  const visibility = visibilityOn(caller, host, role);
  if (visibility.length === 0) throw new AppError("FORBIDDEN");
  return { kind: "job", id, hostNumber, visibility };
}
