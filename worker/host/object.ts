// The Host object: RPC methods and socket handlers, each handed to the part that does it. Everything it needs after an
// eviction is in its database or in a socket's attachment.
import { DurableObject } from "cloudflare:workers";
import type { Job, JobsQuery, JobSummary } from "../../protocol/api/shapes.ts";
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import { AppError, done, refused, type ErrorCode, type Outcome } from "../../protocol/errors.ts";
import { hasEnded } from "../../protocol/job.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { CLOSE, HEARTBEAT, parseRelayMessage } from "../../protocol/link/control.ts";
import type { StreamName } from "../../protocol/link/records.ts";
import { retireLanes } from "../lane/retire.ts";
import { migrate } from "../storage/migrations.ts";
import type { Env } from "../env.ts";
import type { Actor, Page, Visibility } from "../fleet/contract.ts";
import type { CallInput, HostRpc, SubmitInput, TicketInput } from "./contract.ts";
import { warn } from "./core.ts";
import type { EventFormat } from "./event-reader.ts";
import { checkHello } from "./hello.ts";
import type { Attachment } from "./links.ts";
import type { Identity } from "./meta.ts";
import { Parts } from "./parts.ts";
import { HOST_STEPS } from "./schema.ts";

/** Who is named for what the object does by itself. */
const EDGE: Actor = { principal: "edge", requestId: "" };

export class HostDO extends DurableObject<Env> implements HostRpc {
  readonly #parts: Parts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(ctx.storage, HOST_STEPS);
    this.#parts = new Parts(ctx, env, () => this.#retire(EDGE));
    void ctx.blockConcurrencyWhile(async () => this.#parts.due.load());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(HEARTBEAT.request, HEARTBEAT.response));
  }

  /** The host, or why there is none. */
  #identity(): Outcome<Identity> {
    const identity = this.#parts.meta.get("identity");
    if (!identity) return refused("HOST_NOT_FOUND");
    return this.#parts.meta.get("retired") === null ? done(identity) : refused("HOST_REMOVED");
  }

  // ---- from the Fleet ----

  async initialise(identity: Identity): Promise<void> {
    const { meta } = this.#parts;
    const known = meta.get("identity");
    const isSameKey = known?.publicKey === identity.publicKey;
    if (JSON.stringify(known) !== JSON.stringify(identity)) meta.set("identity", identity);
    if (isSameKey) return;
    if (meta.get("retired") !== null) meta.delete("retired");
    if (!known) return;
    const seenAtMs = this.#parts.links.lastHeardMs() ?? meta.get("link")?.seenAtMs ?? null;
    this.#parts.links.closeAll(CLOSE.refused, "LINK_SIGNATURE_INVALID");
    retireLanes(this.env, this.ctx, identity.number, "LINK_SIGNATURE_INVALID");
    this.#parts.linkLost(seenAtMs);
    await this.#parts.due.arm();
  }

  async retire(actor: Actor): Promise<void> {
    this.#retire(actor);
    await this.#parts.due.arm();
  }

  #retire(actor: Actor): void {
    const { meta, audit } = this.#parts;
    const identity = meta.get("identity");
    if (!identity || meta.get("retired") !== null) return;
    meta.set("retired", Date.now());
    audit.append(identity.id, {
      principal: actor.principal,
      action: "host.retire",
      subject: identity.id,
      host: identity.name,
      outcome: "done",
      requestId: actor.requestId,
    });
    this.#parts.lifecycle.endAll();
    this.#parts.links.closeAll(CLOSE.removed, "HOST_REMOVED");
    retireLanes(this.env, this.ctx, identity.number, "HOST_REMOVED");
    this.#parts.calls.lost();
    this.#parts.spool.lost();
    this.#parts.changes.host();
  }

  // ---- from the Worker ----

  async submit(input: SubmitInput): Promise<Outcome<Job>> {
    const identity = this.#identity();
    if (!identity.ok) return identity;
    const submitted = this.#parts.submit.submit(input, identity.value);
    if (!submitted.ok) return submitted;
    const id = submitted.value;
    const armed = this.#parts.due.arm();
    const isDone = (): boolean => hasEnded(this.#parts.jobs.open().get(id)?.status ?? this.#parts.jobs.status(id) ?? "unknown");
    if (input.waitMs > 0 && !isDone()) await this.#parts.wakers.until(id, Math.min(input.waitMs, LIMITS.waitMaxMs), isDone);
    await armed;
    const row = this.#parts.jobs.row(id);
    return row ? done(this.#parts.queries.show(row)) : refused("JOB_NOT_FOUND");
  }

  async call(input: CallInput): Promise<Outcome<JobResult>> {
    const identity = this.#identity();
    return identity.ok ? await this.#parts.calls.call(input) : identity;
  }

  async job(id: string, visibility: Visibility): Promise<Outcome<Job>> {
    const identity = this.#identity();
    return identity.ok ? this.#parts.queries.job(id, visibility) : identity;
  }

  async jobs(query: Omit<JobsQuery, "host">, visibility: Visibility): Promise<Page<JobSummary>> {
    return this.#parts.queries.jobs(query, visibility);
  }

  async cancel(actor: Actor, id: string, visibility: Visibility): Promise<Outcome<Job>> {
    const identity = this.#identity();
    if (!identity.ok) return identity;
    const row = this.#parts.queries.visible(id, visibility);
    if (!row) return refused("JOB_NOT_FOUND");
    const live = this.#parts.jobs.open().get(id);
    const isOpen = live !== undefined && !hasEnded(live.status);
    this.#parts.audit.append(identity.value.id, {
      principal: actor.principal,
      action: "job.cancel",
      subject: id,
      host: identity.value.name,
      outcome: isOpen ? "accepted" : "already-ended",
      requestId: actor.requestId,
      detail: { operation: row.operation, status: row.status },
    });
    this.#parts.changes.host();
    if (isOpen) this.#parts.lifecycle.cancel(live, () => this.#parts.links.send({ type: "cancel", job_id: id }));
    await this.#parts.due.arm();
    return done(this.#parts.queries.show(this.#parts.jobs.row(id) ?? row));
  }

  async presence(): ReturnType<HostRpc["presence"]> {
    const { meta, jobs } = this.#parts;
    const link = meta.get("link");
    return {
      online: this.#parts.links.current() !== null,
      lastSeenAtMs: this.#parts.links.lastHeardMs() ?? link?.seenAtMs ?? null,
      queue: jobs.counts(),
      slots: link?.slots ?? 0,
    };
  }

  async ticketCreate(input: TicketInput): ReturnType<HostRpc["ticketCreate"]> {
    const identity = this.#identity();
    if (!identity.ok) return identity;
    const expiresAtMs = this.#parts.tickets.create(input, identity.value);
    await this.#parts.due.arm();
    return done({ expiresAtMs });
  }

  async ticketRedeem(hash: string, principal: string): ReturnType<HostRpc["ticketRedeem"]> {
    const identity = this.#identity();
    return identity.ok ? this.#parts.tickets.redeem(hash, principal) : identity;
  }

  async machines(query: VmListQuery): ReturnType<HostRpc["machines"]> {
    const identity = this.#identity();
    return identity.ok ? done(this.#parts.machines.list(query)) : identity;
  }

  async events(
    id: string,
    after: string | null,
    format: EventFormat,
    visibility: Visibility,
  ): Promise<Outcome<ReadableStream<Uint8Array>>> {
    const identity = this.#identity();
    if (!identity.ok) return identity;
    return this.#parts.queries.visible(id, visibility) ? done(this.#parts.events.stream(id, after, format)) : refused("JOB_NOT_FOUND");
  }

  async output(id: string, stream: StreamName, offset: number, end: number | null, visibility: Visibility): ReturnType<HostRpc["output"]> {
    const identity = this.#identity();
    if (!identity.ok) return identity;
    return this.#parts.queries.visible(id, visibility) ? await this.#parts.outputs.read(id, stream, offset, end) : refused("JOB_NOT_FOUND");
  }

  // ---- the relay's socket ----

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return refusal("UPGRADE_REQUIRED");
    const identity = this.#identity();
    if (identity.ok) return this.#parts.links.accept();
    return identity.code === "HOST_REMOVED" ? this.#parts.links.refuseNew("HOST_REMOVED", CLOSE.removed) : refusal(identity.code);
  }

  override async webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (this.#parts.links.isLink(ws)) this.#linkMessage(ws, message);
    else {
      const at = this.#parts.links.attachment(ws);
      if (at?.phase === "challenged") this.#handshake(ws, at, message);
    }
    await this.#parts.due.arm();
  }

  #linkMessage(ws: WebSocket, message: string | ArrayBuffer): void {
    this.#parts.links.heard();
    const ended = this.#parts.jobs.busy().size;
    const error =
      typeof message === "string" ? this.#parts.messages.message(ws, message) : this.#parts.intake.message(ws, new Uint8Array(message));
    if (error !== null) {
      warn(this.#parts, "the link was closed", { error });
      this.#parts.links.close(ws, CLOSE.invalid, error);
      this.#parts.linkLost();
    } else if (this.#parts.jobs.busy().size < ended) this.#parts.delivery.pump();
  }

  #handshake(ws: WebSocket, at: Attachment, message: string | ArrayBuffer): void {
    const hello = typeof message === "string" ? parseRelayMessage(message) : null;
    if (!hello || "error" in hello || hello.type !== "hello") {
      this.#parts.links.close(ws, CLOSE.invalid, "a hello was expected");
      return;
    }
    const identity = this.#identity();
    if (!identity.ok) {
      this.#parts.links.refuse(ws, identity.code, {}, CLOSE.removed);
      return;
    }
    const checked = checkHello(hello, at, identity.value, this.#parts.meta.get("link")?.epoch ?? 0);
    if ("code" in checked) {
      this.#parts.links.refuse(ws, checked.code, checked.message === undefined ? {} : { message: checked.message });
      return;
    }
    this.#parts.calls.lost();
    this.#parts.spool.lost();
    this.#parts.intake.reset();
    this.#parts.outbox.linkUp();
    this.#parts.welcome.begin(ws, at, checked.body);
  }

  /** A hibernating socket that the peer closed keeps its descriptor until it is closed here too. */
  override async webSocketClose(ws: WebSocket): Promise<void> {
    ws.close(1000);
    await this.#gone(ws);
  }

  async #gone(ws: WebSocket): Promise<void> {
    if (this.#parts.links.lost(ws)) this.#parts.linkLost();
    await this.#parts.due.arm();
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    await this.#gone(ws);
  }

  // ---- time ----

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#parts.due.fired();
    let isOutboxDue = false;
    for (const { kind } of this.#parts.due.take(now)) {
      if (kind === "queue") this.#parts.lifecycle.sweepQueue(now);
      else if (kind === "retention") this.#parts.retention.run(now);
      else if (kind === "presence") this.#parts.outbox.presenceDue();
      else if (kind === "outbox") isOutboxDue = true;
    }
    this.#parts.delivery.pump();
    if (isOutboxDue) await this.#parts.outbox.due();
    await this.#parts.due.arm();
  }
}

/** A refusal before the upgrade. The Worker checks hosts first, so people do not see this. */
function refusal(code: ErrorCode): Response {
  const error = new AppError(code);
  return Response.json({ code, detail: error.message }, { status: code === "UPGRADE_REQUIRED" ? 426 : 404 });
}
