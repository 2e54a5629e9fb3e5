// The Fleet object: one a deployment, named "fleet". RPC and alarm only; every method is one of FleetRpc, the work is in the modules.
import { DurableObject } from "cloudflare:workers";
import type * as z from "zod";
import type { GrantScope, JobsQuery, keyCreateSchema } from "../../protocol/api/shapes.ts";
import type { VmListQuery } from "../../protocol/api/vm-routes.ts";
import { done, refused } from "../../protocol/errors.ts";
import type { Env } from "../env.ts";
import { listAudit, takeAudit } from "./audit-list.ts";
import { WrongCodes } from "./codes.ts";
import type { Actor, FanOutInput, FleetRpc, HostReport, UsageQuery } from "./contract.ts";
import { claimEnrollment, createEnrollment } from "./enrollment.ts";
import { fanOut } from "./fan-out.ts";
import { createGrant, deleteGrant, listGrants, snapshotGrants, updateGrant } from "./grants.ts";
import { deleteHost, hostOf, hostRow, listHosts, snapshotHosts, takePresence, updateHost } from "./hosts.ts";
import { indexJob, listJobs, seesParent } from "./job-index.ts";
import { createKey, deleteKey, listKeys, snapshotKeys, updateKey } from "./keys.ts";
import { listMachines, takeMachines } from "./machines.ts";
import { parentEvents } from "./parent-events.ts";
import { inputOf, parentRow, toParent } from "./parent-rows.ts";
import { ParentSteps } from "./parent-steps.ts";
import { runDue } from "./due-work.ts";
import { planPrune } from "./prune.ts";
import { createSession, createSignInCode, deleteSession, snapshotSessions } from "./sessions.ts";
import { FleetStore } from "./store.ts";
import { listUsage, takeUsage } from "./usage.ts";
import { byNumber, type Visible } from "./visible.ts";

export class FleetDO extends DurableObject<Env> implements FleetRpc {
  readonly #store: FleetStore;
  readonly #steps: ParentSteps;
  readonly #wrongEnrollments = new WrongCodes();
  readonly #wrongSignIns = new WrongCodes();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new FleetStore(ctx.storage, env);
    this.#steps = new ParentSteps(this.#store);
    void ctx.blockConcurrencyWhile(() => this.#store.open());
  }

  override async alarm(): Promise<void> {
    await runDue(this.#store, this.#steps);
  }

  async snapshot(version: number | null) {
    const store = this.#store;
    if (version === store.version) return null;
    const [keys, sessions, grants, hosts] = [snapshotKeys(store), snapshotSessions(store), snapshotGrants(store), snapshotHosts(store)];
    return { version: store.version, keys, sessions, grants, hosts, nextHost: store.nextHost };
  }

  async hosts(limit: number, cursor: string | null, numbers: readonly number[]) {
    return listHosts(this.#store, limit, cursor, numbers);
  }

  async host(number: number) {
    return hostOf(this.#store, number);
  }

  async hostUpdate(actor: Actor, number: number, change: { labels?: string[] | undefined; note?: string | undefined }) {
    return updateHost(this.#store, actor, number, change);
  }

  async hostDelete(actor: Actor, number: number) {
    return deleteHost(this.#store, actor, number);
  }

  async enrollmentCreate(actor: Actor, input: { host: string; labels: string[]; ttlMs: number; email?: string | null }) {
    return createEnrollment(this.#store, actor, input);
  }

  async enrollmentClaim(requestId: string, code: string, publicKey: string) {
    return claimEnrollment(this.#store, this.#wrongEnrollments, requestId, code, publicKey);
  }

  async keys(limit: number, cursor: string | null) {
    return listKeys(this.#store, limit, cursor);
  }

  async keyCreate(actor: Actor, input: z.infer<typeof keyCreateSchema>) {
    return createKey(this.#store, actor, input);
  }

  async keyUpdate(actor: Actor, id: string, name: string) {
    return updateKey(this.#store, actor, id, name);
  }

  async keyDelete(actor: Actor, id: string) {
    return deleteKey(this.#store, actor, id);
  }

  async grants(limit: number, cursor: string | null) {
    return listGrants(this.#store, limit, cursor);
  }

  async grantCreate(actor: Actor, principal: string, scope: GrantScope) {
    return createGrant(this.#store, actor, principal, scope);
  }

  async grantUpdate(actor: Actor, id: string, scope: GrantScope) {
    return updateGrant(this.#store, actor, id, scope);
  }

  async grantDelete(actor: Actor, id: string) {
    return deleteGrant(this.#store, actor, id);
  }

  async signInCodeCreate(actor: Actor, email: string | null) {
    return createSignInCode(this.#store, actor, email);
  }

  async sessionCreate(requestId: string, code: string) {
    return createSession(this.#store, this.#wrongSignIns, requestId, code);
  }

  async sessionDelete(actor: Actor, hash: string) {
    return deleteSession(this.#store, actor, hash);
  }

  async audit(query: { object?: string | undefined; principal?: string | undefined; limit: number; cursor?: string | undefined }) {
    return listAudit(this.#store, query);
  }

  async record(actor: Actor, told: { action: string; subject: string; host: string }) {
    await this.#store.write(() => this.#store.audit(actor, { ...told, outcome: "asked" }));
  }

  async report(report: HostReport) {
    const store = this.#store;
    const wakes = await store.write(() => {
      // Audit records and jobs are kept also when the host is gone: what it did remains told.
      takeAudit(store, report.audit);
      const isNew = takePresence(store, report);
      if (!isNew) return [];
      planPrune(store);
      takeUsage(store, report.hostNumber, report.usage ?? []);
      takeMachines(store, report.hostNumber, report.machines ?? []);
      return report.jobs.flatMap((job) => {
        indexJob(store, report.hostNumber, job);
        return job.parent_id === null ? [] : (this.#steps.take(job) ?? []);
      });
    });
    for (const wake of wakes) wake();
    const row = hostRow(store, report.hostNumber);
    return { revision: row?.revision ?? report.revision, removed: row === null };
  }

  async usage(query: UsageQuery, credentials: readonly string[] | null) {
    return listUsage(this.#store, query, credentials);
  }

  async machines(query: VmListQuery, hosts: readonly number[]) {
    return listMachines(this.#store, query, hosts);
  }

  async fanOut(input: FanOutInput) {
    return fanOut(this.#store, this.#steps, input);
  }

  async jobs(query: JobsQuery, visible: Visible) {
    const named =
      query.host === undefined
        ? null
        : (this.#store.row<{ number: number }>("SELECT number FROM hosts WHERE name = ? OR id = ?", query.host, query.host)?.number ?? -1);
    return listJobs(this.#store, query, named, visible);
  }

  async parent(id: string, visible: Visible) {
    const row = this.#visibleParent(id, visible);
    return row ? done(toParent(this.#store, row)) : refused("JOB_NOT_FOUND");
  }

  async parentCancel(actor: Actor, id: string, visible: Visible) {
    return this.#visibleParent(id, visible) ? this.#steps.cancel(actor, id) : refused("JOB_NOT_FOUND");
  }

  async parentEvents(id: string, after: string | null, format: "sse" | "ndjson", visible: Visible) {
    return this.#visibleParent(id, visible) ? parentEvents(this.#store, this.#steps, id, after, format) : refused("JOB_NOT_FOUND");
  }

  #visibleParent(id: string, visible: Visible) {
    const row = parentRow(this.#store, id);
    return row && seesParent(this.#store, id, inputOf(row).operation, byNumber(visible)) ? row : null;
  }
}
