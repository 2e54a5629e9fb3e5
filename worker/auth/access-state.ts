// The snapshot of the Fleet's access data, indexed once for look-ups without a scan. Immutable; no I/O.
import type { Grant } from "../../protocol/api/shapes.ts";
import type { AccessSnapshot, SnapshotHost } from "../fleet/contract.ts";

export class AccessState {
  readonly snapshot: AccessSnapshot;
  readonly keys: ReadonlyMap<string, AccessSnapshot["keys"][number]>;
  readonly keyIds: ReadonlyMap<string, AccessSnapshot["keys"][number]>;
  readonly sessions: ReadonlyMap<string, AccessSnapshot["sessions"][number]>;
  readonly hosts: ReadonlyMap<number, SnapshotHost>;
  readonly #hostsByReference = new Map<string, SnapshotHost>();
  readonly #grants: ReadonlyMap<string, readonly Grant[]>;

  constructor(snapshot: AccessSnapshot) {
    this.snapshot = snapshot;
    this.keys = new Map(snapshot.keys.map((key) => [key.hash, key]));
    this.keyIds = new Map(snapshot.keys.map((key) => [key.id, key]));
    this.sessions = new Map(snapshot.sessions.map((session) => [session.hash, session]));
    this.hosts = new Map(snapshot.hosts.map((host) => [host.number, host]));
    for (const host of snapshot.hosts) this.#hostsByReference.set(host.name.toLowerCase(), host);
    for (const host of snapshot.hosts) this.#hostsByReference.set(host.id, host);
    this.#grants = Map.groupBy(snapshot.grants, (grant) => normalPrincipal(grant.principal));
  }

  /** By id (exactly) or by name (without case). An id wins over a host that took another's id for its name. */
  host(reference: string): SnapshotHost | null {
    return this.#hostsByReference.get(reference) ?? this.#hostsByReference.get(reference.toLowerCase()) ?? null;
  }

  grantsOf(principal: string): readonly Grant[] {
    return this.#grants.get(normalPrincipal(principal)) ?? [];
  }
}

/** E-mail addresses are compared without case, everything else exactly. */
function normalPrincipal(principal: string): string {
  return principal.startsWith("email:") ? principal.toLowerCase() : principal;
}
