// What a Host object answers over RPC. It is named `host-<number>` and trusts the Worker to have authenticated, authorised
// and validated; visibility of single jobs is checked here because only here the job's operation is known.
import type { Job, JobSummary, JobsQuery } from "../../protocol/api/shapes.ts";
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import type { Outcome } from "../../protocol/errors.ts";
import type { InventoryItem } from "../../protocol/inventory.ts";
import type { OpenOf } from "../../protocol/link/lane.ts";
import type { StreamName } from "../../protocol/link/records.ts";
import type { Actor, Page, Visibility } from "../fleet/contract.ts";

export interface SubmitInput {
  readonly actor: Actor;
  readonly operation: string;
  /** Validated against the registry, defaults filled in; secrets still inside. */
  readonly resourceSpec: Record<string, unknown>;
  readonly correlationId: string | null;
  readonly metadata: { plan?: boolean; debug?: boolean; timeout_ms?: number; annotations?: Record<string, string> };
  readonly ttlMs: number;
  /** Scoped to the principal. Same key and same request → the first job again; another request → IDEMPOTENCY_MISMATCH. */
  readonly idempotencyKey: string | null;
  /** 0: answer at once. Otherwise answers when the job ended or this long after. */
  readonly waitMs: number;
  /** A child of a fan-out: its fixed id and its parent. Submitting the same id again answers the same job. */
  readonly child?: { readonly id: string; readonly parentId: string };
}

export interface CallInput {
  readonly actor: Actor;
  readonly operation: string;
  readonly resourceSpec: Record<string, unknown>;
}

/** What a ticket opens. */
export type TicketGrant =
  | Pick<OpenOf<"terminal">, "kind" | "terminal" | "mode" | "columns" | "rows">
  | Pick<OpenOf<"console">, "kind" | "vm" | "console" | "take_over">;

export interface TicketInput {
  readonly actor: Actor;
  readonly opens: TicketGrant;
  /** Lower-case hex SHA-256 of the ticket, which itself never reaches the object. */
  readonly hash: string;
}

export interface MachineList extends Page<InventoryItem> {
  /** When the host's word was last known to be true; null: it has told nothing, or has no hypervisor. */
  readonly asOfMs: number | null;
  readonly stale: boolean;
}

export interface HostRpc {
  /** From the Fleet, at enrolment (again with another key when a host is enrolled anew). Idempotent. */
  initialise(identity: { number: number; id: string; name: string; publicKey: string }): Promise<void>;
  /** From the Fleet, at removal: closes the socket, ends what waits, answers HOST_REMOVED from then on. */
  retire(actor: Actor): Promise<void>;
  submit(input: SubmitInput): Promise<Outcome<Job>>;
  call(input: CallInput): Promise<Outcome<JobResult>>;
  job(id: string, visibility: Visibility): Promise<Outcome<Job>>;
  jobs(query: Omit<JobsQuery, "host">, visibility: Visibility): Promise<Page<JobSummary>>;
  cancel(actor: Actor, id: string, visibility: Visibility): Promise<Outcome<Job>>;
  /** Presence and queue at this moment, the newest report for the Fleet's list. */
  presence(): Promise<{
    online: boolean;
    lastSeenAtMs: number | null;
    queue: { held: number; queued: number; delivered: number; running: number };
    slots: number;
  }>;
  /** Answers when it expires. Audited. */
  ticketCreate(input: TicketInput): Promise<Outcome<{ expiresAtMs: number }>>;
  /** Single use, and only for the principal that it was made for: else TICKET_INVALID. What it opens is for the caller to look at. */
  ticketRedeem(hash: string, principal: string): Promise<Outcome<TicketGrant>>;
  /** The virtual machines as the relay last told them. */
  machines(query: VmListQuery): Promise<Outcome<MachineList>>;
  /** Ended by the Worker's cancel, by the job's end, or after LIMITS.eventStreamIdleMs without an event. */
  events(id: string, after: string | null, format: "sse" | "ndjson", visibility: Visibility): Promise<Outcome<ReadableStream<Uint8Array>>>;
  /** Bytes of a stream from `offset` to the end that is known now; `end` is exclusive (for a Range). */
  output(
    id: string,
    stream: StreamName,
    offset: number,
    end: number | null,
    visibility: Visibility,
  ): Promise<Outcome<{ body: ReadableStream<Uint8Array>; from: number; to: number; total: number }>>;
}

// fetch(request): only the relay's socket, `GET /link?host=N&lane=0`.
