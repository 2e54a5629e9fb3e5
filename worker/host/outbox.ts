// What the Fleet is told: changed jobs, presence, what the host offers, its virtual machines, usage, audit records. At most one message a second, sent again
// until it is taken. Rows are not copied: a change carries a stamp, and a new instance finds what is newer than the last taken.
import type { HostReport } from "../fleet/contract.ts";
import type { AuditRecord, JobSummary } from "../../protocol/api/shapes.ts";
import { warn, type Core } from "./core.ts";
import type { Links } from "./links.ts";
import type { Told } from "./messages.ts";
import { SUMMARY_COLUMNS, summaryOf, type SummaryRow } from "./rows.ts";

const INTERVAL_MS = 1_000;
/** After the first change of a quiet time: enough to take its neighbours along. */
const FIRST_MS = 50;
/** The due row that a crash cannot lose; also the longest wait between attempts. */
const SAFETY_MS = 30_000;
const DEADLINE_MS = 10_000;
const JOBS_PER_REPORT = 500;
const AUDIT_PER_REPORT = 500;
const USAGE_PER_REPORT = 500;
const MACHINES_PER_REPORT = 500;
/** A host that lost its link this long ago is offline: a reconnect takes less. */
export const PRESENCE_MS = 10_000;

export class Outbox {
  readonly #core: Core;
  readonly #links: Links;
  readonly #told: Told;
  readonly #claims: () => number;
  readonly #onRemoved: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isSending = false;
  #lastSentMs = 0;
  #retryMs = INTERVAL_MS;
  /** Whether a due row watches over unsent changes; undefined: not asked yet by this instance. */
  #isSafe: boolean | undefined;
  /** Whether this instance looked for changes of the one before. */
  #isRecovered = false;
  /** The link was lost at this moment. */
  #lostAtMs: number | null = null;

  constructor(core: Core, links: Links, told: Told, claims: () => number, onRemoved: () => void) {
    this.#core = core;
    this.#links = links;
    this.#told = told;
    this.#claims = claims;
    this.#onRemoved = onRemoved;
    core.changes.onChange(() => this.#schedule());
  }

  #schedule(): void {
    if (this.#isSafe === undefined) this.#isSafe = this.#core.due.at("outbox", "") !== null;
    if (!this.#isSafe) {
      this.#isSafe = true;
      this.#isRecovered = true;
      this.#core.due.set("outbox", "", Date.now() + SAFETY_MS);
    }
    if (this.#timer !== null || this.#isSending || this.#retryMs > INTERVAL_MS) return;
    const wait = Math.max(FIRST_MS, this.#lastSentMs + INTERVAL_MS - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, wait);
  }

  linkLost(): void {
    this.#lostAtMs = Date.now();
    this.#core.due.set("presence", "", Date.now() + PRESENCE_MS);
  }

  linkUp(): void {
    this.#lostAtMs = null;
  }

  /** The due row of presence was taken: the host did not come back, or did. */
  presenceDue(): void {
    this.#lostAtMs = null;
    this.#core.changes.host();
  }

  /** The due row of the outbox was taken. */
  async due(): Promise<void> {
    this.#isSafe = false;
    this.#recover();
    if (!this.#core.changes.isEmpty || this.#core.audit.list(1).length > 0 || !this.#isToldOn()) await this.flush();
  }

  /** The Fleet has what the relay told. */
  #isToldOn(): boolean {
    return this.#told.usage.isSent && this.#told.machines.isSent;
  }

  #recover(): void {
    if (this.#isRecovered) return;
    this.#isRecovered = true;
    const taken = this.#core.meta.get("report")?.taken ?? 0;
    for (const row of this.#core.sql.exec<{ id: string; changed: number }>("SELECT id, changed FROM jobs WHERE changed > ?", taken))
      this.#core.changes.found(row.id, row.changed);
  }

  #isOnline(): boolean {
    if (this.#links.current()) return true;
    return this.#lostAtMs !== null && Date.now() - this.#lostAtMs < PRESENCE_MS;
  }

  #presence(taken: number): HostReport["presence"] {
    const { meta, jobs } = this.#core;
    const link = meta.get("link");
    const catalogue = meta.get("catalogue");
    const facts = meta.get("facts");
    return {
      online: this.#isOnline(),
      lastSeenAtMs: this.#links.lastHeardMs() ?? link?.seenAtMs ?? null,
      relayVersion: link?.relayVersion ?? null,
      slots: link?.slots ?? 0,
      queue: jobs.counts(),
      relayLabels: link?.labels ?? [],
      ...(catalogue && catalogue.stamp > taken ? { catalogue: catalogue.value } : {}),
      ...(facts && facts.stamp > taken ? { facts: facts.value } : {}),
    };
  }

  #summaries(ids: readonly string[], host: string): JobSummary[] {
    return ids.flatMap((id) =>
      this.#core.sql
        .exec<SummaryRow>(`SELECT ${SUMMARY_COLUMNS} FROM jobs WHERE id = ?`, id)
        .toArray()
        .map((row) => summaryOf(row, host)),
    );
  }

  /** Sends what there is. Never throws; one at a time. */
  async flush(): Promise<void> {
    const identity = this.#core.meta.get("identity");
    if (this.#isSending || !identity) return;
    this.#recover();
    this.#isSending = true;
    const { changes, audit, meta } = this.#core;
    const pending = changes.pending(JOBS_PER_REPORT);
    const records = audit.list(AUDIT_PER_REPORT);
    const usage = this.#told.usage.pending(USAGE_PER_REPORT);
    const machines = this.#told.machines.pending(MACHINES_PER_REPORT);
    const inventory = this.#told.machines.told();
    // Never the same twice: what the Fleet has already is not taken again, and a report that is repeated may hold more.
    const revision = changes.stamp();
    // All there is: the report's own number covers it. Else only up to the newest change that it holds.
    const upTo = pending.isAll ? revision : pending.upTo;
    const report: HostReport = {
      hostNumber: identity.number,
      revision,
      presence: this.#presence(meta.get("report")?.taken ?? 0),
      jobs: this.#summaries(pending.ids, identity.name),
      audit: records,
      ...(usage.totals.length > 0 ? { usage: usage.totals } : {}),
      ...(inventory ? { inventory } : {}),
      ...(machines.changes.length > 0 ? { machines: machines.changes } : {}),
    };
    try {
      const answer = await this.#send(report);
      this.#lastSentMs = Date.now();
      if (answer.removed) this.#onRemoved();
      else if (answer.revision > revision) changes.raise(answer.revision);
      else {
        this.#taken(upTo, records);
        this.#told.usage.sent(usage.upTo);
        this.#told.machines.sent(machines.upTo);
      }
      this.#retryMs = INTERVAL_MS;
    } catch (error) {
      this.#failed(error);
    }
    this.#isSending = false;
    if (!changes.isEmpty || records.length === AUDIT_PER_REPORT || !this.#isToldOn()) this.#schedule();
    await this.#core.due.arm();
  }

  /** `upTo`: the stamp of the newest change that was taken. */
  #taken(upTo: number, records: readonly AuditRecord[]): void {
    const { changes, audit, meta, jobs } = this.#core;
    changes.taken(upTo);
    const last = records.at(-1);
    if (last) audit.forget(last.seq);
    meta.set("report", { taken: upTo, openFrom: jobs.openFrom(), claims: this.#claims() });
  }

  #failed(error: unknown): void {
    warn(this.#core, "the Fleet did not take a report", { error: error instanceof Error ? error.message : "unknown" });
    this.#retryMs = Math.min(this.#retryMs * 2, SAFETY_MS);
    this.#isSafe = true;
    this.#core.due.set("outbox", "", Date.now() + this.#retryMs);
  }

  async #send(report: HostReport): Promise<{ revision: number; removed: boolean }> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer in time")), DEADLINE_MS);
    });
    try {
      return await Promise.race([this.#core.env.FLEET.getByName("fleet").report(report), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}
