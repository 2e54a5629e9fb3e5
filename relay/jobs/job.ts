// The life of one job on this host: locks, claim, run, store, report, in that order. Nothing acts before the claim is
// durable, and nothing is reported before its end is.
import type { JobRequest } from "../../protocol/envelope.ts";
import type { EdgeMessage, MessageOf } from "../../protocol/link/control.ts";
import type { JobEvent } from "../../protocol/link/records.ts";
import { reasonOf, type Log } from "../log.ts";
import { admit, type Host, type Runnable } from "./admission.ts";
import { elapsed, momentOf, type Clock, type Moment } from "./clock.ts";
import { passed } from "./garbage.ts";
import { HandlerRun } from "./handler-run.ts";
import { endJson, NO_OUTPUT, refusal, totalsOf, withoutResult, type Ending, type Totals } from "./job-end.ts";
import type { Claim, Journal } from "./journal.ts";
import type { Held, Locks } from "./locks.ts";
import type { Report, Reports } from "./reports.ts";
import type { Spool, SpoolJob } from "./spool.ts";

/** Named moments of a job's life, for tests that kill the relay there. */
export type Point =
  | "before-claim"
  | "after-claim"
  | "before-spawn"
  | "running"
  | "after-exit"
  | "before-stored"
  | "after-stored"
  | "after-reported";

export interface JobParts {
  readonly journal: Journal;
  readonly spool: Spool;
  readonly locks: Locks;
  readonly reports: Reports;
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
  readonly endProcesses: (jobIds: readonly string[]) => Promise<unknown>;
  readonly point: (point: Point, jobId: string) => void;
}

export type Delivery = MessageOf<EdgeMessage, "job">;
const STORE_RETRY_MS = 1_000;

export class Job {
  readonly id: string;
  readonly payloadHash: string;
  /** waiting: for locks, not claimed. claiming: with the journal. ended: stored and handed to its report, or not claimed. */
  phase: "waiting" | "claiming" | "running" | "ended" = "waiting";
  readonly #parts: JobParts;
  readonly #request: JobRequest;
  readonly #report: Report;
  readonly #arrived: Moment;
  readonly #expiresInMs: number;
  readonly #onEnded: (job: Job) => void;
  #cancelled = false;
  #held: Held | null = null;
  #stopWaiting: () => void = () => undefined;
  #run: HandlerRun | null = null;

  constructor(parts: JobParts, delivery: Delivery, request: JobRequest, report: Report, onEnded: (job: Job) => void) {
    this.id = delivery.job_id;
    this.payloadHash = delivery.payload_hash;
    this.#parts = parts;
    this.#request = request;
    this.#report = report;
    this.#arrived = momentOf(parts.clock);
    this.#expiresInMs = delivery.expires_in_ms;
    this.#onEnded = onEnded;
  }

  start(): void {
    const { host, locks } = this.#parts;
    const { operation, resource_spec: spec, correlation_id: correlationId, metadata } = this.#request;
    const admission = admit(host, operation, spec, { plan: metadata.plan, call: false });
    if ("refused" in admission) {
      const { code, message, data } = admission.refused;
      return void this.#claim(null, refusal(code, correlationId, message, data));
    }
    const names = admission.run.found.locks(admission.run.spec);
    this.#held = locks.tryAcquire(names);
    if (this.#held || this.#isExpired()) void this.#claim(admission.run, null);
    else void this.#wait(names, admission.run);
  }

  cancel(): void {
    if (this.#cancelled || this.phase === "ended") return;
    this.#cancelled = true;
    if (this.phase === "waiting") this.#leaveQueue(withoutResult("cancelled", "JOB_CANCELLED"));
    else this.#run?.cancel();
  }

  /** Takes back a job that waits for its locks: nothing is claimed, the edge may deliver it again. False: too late. */
  withdraw(): boolean {
    if (this.phase !== "waiting") return false;
    this.#stopWaiting();
    this.#leave();
    this.#parts.reports.drop(this.#report);
    return true;
  }

  #isExpired(): boolean {
    return elapsed(this.#parts.clock, this.#arrived) >= this.#expiresInMs;
  }

  /** A repeat of what the journal knows must not wait for the locks of a run that it will not have. */
  async #wait(names: readonly string[], run: Runnable): Promise<void> {
    const row = await this.#parts.journal.find(this.id).catch(() => null);
    if (this.phase !== "waiting") return;
    if (row) return this.#claim(run, null);
    const left = this.#expiresInMs - elapsed(this.#parts.clock, this.#arrived);
    const stopTimer = this.#parts.clock.after(Math.max(0, left), () => this.#leaveQueue(withoutResult("expired", "JOB_EXPIRED")));
    const stopQueue = this.#parts.locks.acquire(names, (held) => {
      this.#held = held;
      stopTimer();
      void this.#claim(run, null);
    });
    this.#stopWaiting = () => {
      stopTimer();
      stopQueue();
    };
  }

  #leaveQueue(ending: Ending): void {
    if (this.phase !== "waiting") return;
    this.#stopWaiting();
    void this.#claim(null, ending);
  }

  /** Claims, with an end when there is nothing to run, and goes on from what the journal says. */
  async #claim(run: Runnable | null, known: Ending | null): Promise<void> {
    const { journal, clock, point } = this.#parts;
    const end = known ?? (this.#isExpired() ? withoutResult("expired", "JOB_EXPIRED") : null);
    const json = end ? endJson(end, NO_OUTPUT, clock.wall()) : null;
    const cancelledJson = endJson(withoutResult("cancelled", "JOB_CANCELLED"), NO_OUTPUT, clock.wall());
    this.phase = "claiming";
    point("before-claim", this.id);
    let claim: Claim;
    try {
      claim = await journal.claim({
        id: this.id,
        payloadHash: this.payloadHash,
        operation: this.#request.operation,
        correlationId: this.#request.correlation_id,
        end: json,
        cancelledEnd: cancelledJson,
      });
    } catch (error) {
      this.#parts.log("error", "a job was not claimed", { job_id: this.id, reason: reasonOf(error) });
      return this.#notClaimed(STORE_RETRY_MS);
    }
    point("after-claim", this.id);
    if (claim.outcome === "known") this.#repeat(claim.row);
    else if (claim.outcome === "cancelled") this.#tell(cancelledJson, NO_OUTPUT);
    else if (json) this.#tell(json, NO_OUTPUT);
    else await this.#act(run!);
  }

  /** A second delivery: the stored end again, or a refusal when it is not the same job. */
  #repeat(row: Extract<Claim, { outcome: "known" }>["row"]): void {
    if (row.payload_hash !== this.payloadHash) {
      this.#report.journaled = false;
      const ending = refusal("JOB_PAYLOAD_MISMATCH", this.#request.correlation_id);
      return this.#tell(endJson(ending, NO_OUTPUT, this.#parts.clock.wall()), NO_OUTPUT);
    }
    if (row.end === null) return this.#notClaimed(STORE_RETRY_MS);
    this.#tell(row.end, totalsOf(row.end));
  }

  #notClaimed(retryAfterMs: number): void {
    const { reports } = this.#parts;
    this.#leave();
    reports.drop(this.#report);
    reports.uplink?.message({
      type: "not_claimed",
      job_id: this.id,
      code: "DRIVER_FAILED",
      message: "The host's journal took no claim.",
      retry_after_ms: retryAfterMs,
    });
  }

  /** Claimed: from here on something must be stored. */
  async #act(runnable: Runnable): Promise<void> {
    const { spool, clock, log, point } = this.#parts;
    if (this.#cancelled) return this.#store(withoutResult("cancelled", "JOB_CANCELLED"), null);
    if (this.#isExpired()) return this.#store(withoutResult("expired", "JOB_EXPIRED"), null);
    this.phase = "running";
    const output = spool.begin(this.id);
    const event = (event: JobEvent) => this.#report.channel.event(event);
    event({ type: "status", status: "running", at: clock.wall() });
    this.#run = new HandlerRun({
      request: this.#request,
      run: runnable,
      clock,
      log,
      sinks: {
        output: (stream, bytes) => {
          passed(bytes.length);
          const wait = output.streams[stream].append(bytes);
          this.#report.channel.output(stream, bytes, output.streams[stream].total);
          return wait;
        },
        progress: (percent, message) => event({ type: "progress", at: clock.wall(), percent, message }),
        log: (level, message) => event({ type: "log", at: clock.wall(), level, message }),
      },
      endProcesses: () => this.#parts.endProcesses([this.id]),
    });
    point("before-spawn", this.id);
    const outcome = this.#run.outcome();
    point("running", this.id);
    const ending = await outcome;
    point("after-exit", this.id);
    await this.#store(ending, output);
  }

  async #store(ending: Ending, output: SpoolJob | null): Promise<void> {
    const { journal, clock, log, point } = this.#parts;
    if (output?.hasOutput) await output.finish();
    else void output?.finish();
    const totals = output ? { stdout: output.streams.stdout.total, stderr: output.streams.stderr.total } : NO_OUTPUT;
    const json = endJson(ending, totals, clock.wall());
    point("before-stored", this.id);
    for (let attempt = 1; ; attempt++) {
      try {
        await journal.finish(this.id, json);
        break;
      } catch (error) {
        if (attempt === 1)
          log("error", "an end could not be stored; it is tried again each second", { job_id: this.id, reason: reasonOf(error) });
        if (journal.isClosed) return this.#leave();
        await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
      }
    }
    point("after-stored", this.id);
    this.#tell(json, totals);
    point("after-reported", this.id);
  }

  #tell(json: string, totals: Totals): void {
    this.#leave();
    this.#parts.reports.finish(this.#report, json, totals);
  }

  #leave(): void {
    this.phase = "ended";
    this.#held?.release();
    this.#held = null;
    this.#onEnded(this);
  }
}
