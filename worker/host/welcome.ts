// A verified hello becomes the link: the older one is closed, the journal is compared with what was known, and both sides
// agree on every open job. One synchronous turn from the first write to the last message.
import type { HelloBody } from "../../protocol/link/control.ts";
import { warn, type Core } from "./core.ts";
import type { Delivery } from "./delivery.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Attachment, Links } from "./links.ts";
import type { LiveJob } from "./live-job.ts";
import { rememberHost } from "./host-facts.ts";
import type { Machines } from "./machines.ts";

/** Jobs in `unknown` that one link may correct. */
const CORRECTABLE = 1_000;

export class Welcome {
  readonly #core: Core;
  readonly #links: Links;
  readonly #machines: Machines;
  readonly #lifecycle: Lifecycle;
  readonly #delivery: Delivery;
  /** Undefined: not asked yet by this instance. */
  #claims: number | undefined;

  constructor(core: Core, links: Links, machines: Machines, lifecycle: Lifecycle, delivery: Delivery) {
    this.#core = core;
    this.#links = links;
    this.#machines = machines;
    this.#lifecycle = lifecycle;
    this.#delivery = delivery;
  }

  /** Claims seen on this link, for the next hello's comparison. Written with the reports: a floor, never too much. */
  get claims(): number {
    this.#claims ??= this.#core.meta.get("report")?.claims ?? 0;
    return this.#claims;
  }

  claimed(): void {
    this.#claims = this.claims + 1;
  }

  /** A restored copy, or another journal: what was sent before it may or may not have run. */
  #wentBack(journal: HelloBody["journal"]): boolean {
    const known = this.#core.meta.get("link")?.journal;
    if (!known) return false;
    return journal.id !== known.id || journal.high_water < known.high_water + this.claims;
  }

  #loseJob(job: LiveJob): void {
    this.#lifecycle.end(job, { status: "unknown", by: "edge", code: "JOURNAL_LOST", result: null, endedAtMs: Date.now() });
  }

  begin(ws: WebSocket, at: Attachment, hello: HelloBody): void {
    const { jobs, meta, changes } = this.#core;
    const identity = meta.get("identity");
    if (!identity) return;
    const isLost = this.#wentBack(hello.journal);
    if (isLost) warn(this.#core, "the relay's journal went back or was replaced", { journal: hello.journal.id });
    this.#machines.lost(this.#links.lastHeardMs() ?? meta.get("link")?.seenAtMs ?? null);
    const shift = Math.round(Date.now() - hello.now);
    this.#links.promote(ws, at);
    meta.set("link", {
      epoch: at.epoch,
      journal: hello.journal,
      slots: hello.slots,
      labels: hello.labels,
      relayVersion: hello.relay_version,
      shift,
      seenAtMs: Date.now(),
    });
    this.#resetClaims();
    rememberHost(this.#core, hello.catalogue, hello.facts);
    changes.host();
    jobs.resetChannels();
    const { again, gone } = this.#reconcile(hello, isLost);
    const open = [...jobs.open().values()].filter((job) => job.status !== "queued" && job.status !== "held");
    this.#links.sendTo(ws, {
      type: "welcome",
      host: identity.name,
      epoch: at.epoch,
      lane: 0,
      now: Date.now(),
      jobs: open.map((job) => ({
        job_id: job.id,
        channel: job.channel,
        offset: job.offset,
        stdout_offset: job.stdout,
        stderr_offset: job.stderr,
        cancel: job.cancelAtMs !== null,
      })),
      gone,
    });
    for (const job of again) {
      if (job.cancelAtMs !== null) this.#links.sendTo(ws, { type: "cancel", job_id: job.id });
      this.#delivery.sendAgain(job);
    }
    this.#delivery.pump();
  }

  #resetClaims(): void {
    this.#claims = 0;
    const report = this.#core.meta.get("report");
    if (report && report.claims !== 0) this.#core.meta.set("report", { ...report, claims: 0 });
  }

  /** Every open job against what the relay holds. `again`: to be sent once more; `gone`: ended here, or never of this edge. */
  #reconcile(hello: HelloBody, isLost: boolean): { again: LiveJob[]; gone: string[] } {
    const { jobs, meta } = this.#core;
    const held = new Set(hello.jobs.map((job) => job.job_id));
    const again: LiveJob[] = [];
    for (const job of jobs.busy().values()) {
      if (isLost || (job.status === "running" && !held.has(job.id))) this.#loseJob(job);
      else if (!held.has(job.id)) again.push(job);
    }
    for (const job of jobs.open().values()) if (job.status === "unknown" && !held.has(job.id)) jobs.settle(job);
    const gone: string[] = [];
    const correctable: string[] = [];
    for (const { job_id: id, channel } of hello.jobs) {
      const job = jobs.open().get(id) ?? (correctable.length < CORRECTABLE ? jobs.reopen(id) : null);
      if (!job) {
        gone.push(id);
        continue;
      }
      if (job.status === "queued") this.#lifecycle.delivered(job, Date.now());
      if (job.status === "unknown") correctable.push(id);
      if (channel !== job.channel) jobs.rechannel(job);
    }
    if (correctable.length > 0 || meta.get("correctable")) meta.set("correctable", correctable);
    return { again, gone };
  }
}
