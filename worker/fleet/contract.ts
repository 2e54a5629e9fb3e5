// What the Fleet object answers over RPC, and the shapes that travel. Refusals travel as Outcome, never as exceptions.
import type * as z from "zod";
import type {
  AuditRecord,
  enrolledSchema,
  enrollmentSchema,
  Grant,
  GrantScope,
  Host,
  Job,
  JobSummary,
  JobsQuery,
  Key,
  keyCreatedSchema,
  keyCreateSchema,
  signInCodeSchema,
  UsageItem,
  usageQuerySchema,
} from "../../protocol/api/shapes.ts";
import type { vmFleetListSchema, VmListQuery } from "../../protocol/api/vm-routes.ts";
import type { Outcome } from "../../protocol/errors.ts";
import type { JobState } from "../../protocol/job.ts";
import type { Catalogue, HostFacts, UsageRow } from "../../protocol/link/control.ts";
import type { Service } from "../../protocol/services.ts";
import type { SubmitInput } from "../host/contract.ts";

/** Who acts, for authorship and audit. `principal` is the first credential's; with two credentials both are named, joined by "+". */
export interface Actor {
  readonly principal: string;
  readonly requestId: string;
}

/**
 * What a caller may see on one host: for each credential the operation patterns of its grants. A job is visible when
 * every credential has a pattern that matches its operation. An empty outer list sees nothing.
 */
export type Visibility = readonly (readonly string[])[];

export interface SnapshotHost {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** Ed25519, SPKI DER in base64: a lane's object verifies its relay with it. */
  readonly publicKey: string;
  /** As last reported; the host's own lane knows better. */
  readonly online: boolean;
  readonly lanes: number;
  readonly terminals: boolean;
  /** Consoles of virtual machines: it offers `vm.console`, and its hypervisor has them. */
  readonly consoles: boolean;
  readonly services: readonly Service[];
}

/** The Worker's copy of everything that authorisation needs. Hashes are lower-case hex SHA-256. */
export interface AccessSnapshot {
  readonly version: number;
  readonly keys: readonly { hash: string; id: string; expiresAtMs: number | null }[];
  /** A session acts as the principal that made its code, and ends with it. */
  readonly sessions: readonly { hash: string; principal: string; email: string | null; expiresAtMs: number }[];
  readonly grants: readonly Grant[];
  readonly hosts: readonly SnapshotHost[];
  /** Numbers below this one were given to a host at some time. */
  readonly nextHost: number;
}

/** One message of a Host's outbox: coalesced, at most one a second. */
export interface HostReport {
  readonly hostNumber: number;
  /** Grows with every report of this host; an older one is ignored. */
  readonly revision: number;
  readonly presence: {
    online: boolean;
    lastSeenAtMs: number | null;
    relayVersion: string | null;
    slots: number;
    queue: Host["queue"];
    relayLabels: readonly string[];
    /** Only when they changed since the last report that was taken. */
    catalogue?: Catalogue | null;
    facts?: HostFacts | null;
  };
  readonly jobs: readonly JobSummary[];
  readonly audit: readonly AuditRecord[];
  /** Absent: none. */
  readonly usage?: readonly UsageTotal[];
  /** How far what it told of its virtual machines holds; absent: it has told nothing. */
  readonly inventory?: InventoryTold;
  /** Machines that changed since the last report that was taken; absent: none. */
  readonly machines?: readonly MachineChange[];
}

export interface InventoryTold {
  /** It holds for as long as the host is online. */
  readonly isCurrent: boolean;
  /** When it last held, where it does not; null: it never did. */
  readonly heldAtMs: number | null;
}

export interface MachineChange {
  readonly id: string;
  /** Its place in lists (storage/machine-list.ts). */
  readonly sort: string;
  /** JSON of an InventoryItem; null: it is gone. */
  readonly item: string | null;
}

/** A machine in the list over all hosts. */
export type FleetMachine = z.infer<typeof vmFleetListSchema>["items"][number];

/** What one principal used of one model on one host in a UTC day, as far as it is counted. */
export interface UsageTotal extends UsageRow {
  /** YYYY-MM-DD */
  readonly day: string;
}

export type UsageQuery = z.output<typeof usageQuerySchema>;

/** A submission whose host is not chosen yet. */
export interface FanOutInput extends Omit<SubmitInput, "child"> {
  readonly labels: readonly string[];
  readonly pick: "one" | "all";
  /** Hosts that the caller may use for this operation, by number; the Fleet picks among those with the labels (edge or relay labels, without case). */
  readonly allowedHosts: readonly number[];
}

type KeyCreate = z.infer<typeof keyCreateSchema>;
export interface Page<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

export interface FleetRpc {
  /** Null when nothing changed since `version`. */
  snapshot(version: number | null): Promise<AccessSnapshot | null>;
  hosts(limit: number, cursor: string | null, numbers: readonly number[]): Promise<Page<Host>>;
  host(number: number): Promise<Outcome<Host>>;
  hostUpdate(actor: Actor, number: number, change: { labels?: string[] | undefined; note?: string | undefined }): Promise<Outcome<Host>>;
  hostDelete(actor: Actor, number: number): Promise<Outcome<null>>;
  enrollmentCreate(
    actor: Actor,
    input: { host: string; labels: string[]; ttlMs: number; email?: string | null },
  ): Promise<Outcome<z.infer<typeof enrollmentSchema>>>;
  /** Same code and same key again answers the same host (a lost answer); any other second use is refused. */
  enrollmentClaim(requestId: string, code: string, publicKey: string): Promise<Outcome<z.infer<typeof enrolledSchema>>>;
  keys(limit: number, cursor: string | null): Promise<Page<Key>>;
  keyCreate(actor: Actor, input: KeyCreate): Promise<Outcome<z.infer<typeof keyCreatedSchema>>>;
  keyUpdate(actor: Actor, id: string, name: string): Promise<Outcome<Key>>;
  keyDelete(actor: Actor, id: string): Promise<Outcome<null>>;
  grants(limit: number, cursor: string | null): Promise<Page<Grant>>;
  grantCreate(actor: Actor, principal: string, scope: GrantScope): Promise<Outcome<Grant>>;
  grantUpdate(actor: Actor, id: string, scope: GrantScope): Promise<Outcome<Grant>>;
  grantDelete(actor: Actor, id: string): Promise<Outcome<null>>;
  /** `email` is the caller's, so that the session keeps the grants of the address. */
  signInCodeCreate(actor: Actor, email: string | null): Promise<Outcome<z.infer<typeof signInCodeSchema>>>;
  /** The session's secret, for the cookie. */
  sessionCreate(requestId: string, code: string): Promise<Outcome<{ secret: string; expiresAtMs: number }>>;
  sessionDelete(actor: Actor, hash: string): Promise<void>;
  audit(query: {
    object?: string | undefined;
    principal?: string | undefined;
    limit: number;
    cursor?: string | undefined;
  }): Promise<Page<AuditRecord>>;
  /** An audit record of what a caller is about to have done on a host without a job. */
  record(actor: Actor, told: { action: string; subject: string; host: string }): Promise<void>;
  /** From a Host object only. Answers the revision taken. */
  report(report: HostReport): Promise<{ revision: number; removed: boolean }>;
  /** `credentials`: only what was used with every one of these; null: everyone's. Newest day first. */
  usage(query: UsageQuery, credentials: readonly string[] | null): Promise<Page<UsageItem>>;
  /** Virtual machines of these hosts, as they told. */
  machines(query: VmListQuery, hosts: readonly number[]): Promise<Page<FleetMachine>>;
  fanOut(input: FanOutInput): Promise<Outcome<Job>>;
  /** `visible` maps host numbers to what the caller may see there. */
  jobs(query: JobsQuery, visible: readonly { number: number; visibility: Visibility }[]): Promise<Page<JobSummary>>;
  /** Parents only (host number 0 in the id). A parent is visible when every child's host is. */
  parent(id: string, visible: readonly { number: number; visibility: Visibility }[]): Promise<Outcome<Job>>;
  /** As HostRpc.events: `status` with the children whenever one changes, then `result`. */
  parentEvents(
    id: string,
    after: string | null,
    format: "sse" | "ndjson",
    visible: readonly { number: number; visibility: Visibility }[],
  ): Promise<Outcome<ReadableStream<Uint8Array>>>;
  parentCancel(actor: Actor, id: string, visible: readonly { number: number; visibility: Visibility }[]): Promise<Outcome<Job>>;
}

export type { JobState };
