// Everything that the edge may ask of this host's jobs: deliveries, cancellations, calls, spool reads, and the two ends of
// a handshake. Enforces slots. Knows the link only as an uplink.
import type { EdgeMessage, HelloBody, MessageOf } from "../../protocol/link/control.ts";
import { FLAG, FRAME, frame, type Frame } from "../../protocol/link/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { reasonOf } from "../log.ts";
import { openDelivery } from "./admission.ts";
import { elapsed, momentOf } from "./clock.ts";
import { Calls } from "./calls.ts";
import { Job, type Delivery, type JobParts } from "./job.ts";
import { endJson, NO_OUTPUT, refusal, totalsOf, withoutResult, type Ending } from "./job-end.ts";
import type { Report, ReportPlace, Uplink } from "./reports.ts";

export type JobsMessage = MessageOf<EdgeMessage, "job" | "cancel" | "call" | "spool">;

export interface JobsOptions extends JobParts {
  readonly hostName: string;
}

/** Jobs that one hello names; the rest is named at the next one. */
const HELLO_JOBS = 5_000;
/** Jobs that run or whose end is not acknowledged, before nothing more is taken: bounds what an edge that never acknowledges costs. */
const OWED = 4 * LIMITS.slots;
const FULL_RETRY_MS = 500;
const DRAIN_RETRY_MS = 2_000;
/** Spool reads that wait; more are not answered. */
const SPOOL_QUEUE = 64;
const ACK_LOOK_MS = 10;
/** Beyond the grace of a cancel: for the journal. */
const LAST_MS = 1_500;

const placeOf = (message: Delivery): ReportPlace => ({ channel: message.channel, payloadHash: message.payload_hash });

export class Jobs {
  readonly #options: JobsOptions;
  readonly #active = new Map<string, Job>();
  readonly #calls: Calls;
  #draining = false;
  #spoolReads: Promise<void> = Promise.resolve();
  #spoolWaiting = 0;
  #idle: (() => void) | null = null;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#calls = new Calls(options);
  }

  /** For a hello. Jobs that wait for locks are given back first: they are not claimed, so the edge owns them. */
  async hello(): Promise<Pick<HelloBody, "jobs" | "journal">> {
    const { journal, reports } = this.#options;
    this.detach();
    for (const job of this.#active.values()) if (job.withdraw()) this.#active.delete(job.id);
    const rows = await journal.open();
    const jobs = rows.slice(0, HELLO_JOBS).map((row) => ({
      job_id: row.id,
      state: row.ended ? ("ended" as const) : ("running" as const),
      channel: reports.get(row.id)?.channel.id ?? null,
    }));
    return { jobs, journal: { id: journal.id, high_water: journal.highWater } };
  }

  /** The link is up: goes on with every report where the edge has it. */
  async welcome(message: MessageOf<EdgeMessage, "welcome">, uplink: Uplink): Promise<void> {
    const { reports } = this.#options;
    reports.uplink = uplink;
    for (const jobId of message.gone) this.#gone(jobId);
    for (const entry of message.jobs) {
      await this.#resume(entry, uplink);
      if (reports.uplink !== uplink) return;
      if (entry.cancel) this.#active.get(entry.job_id)?.cancel();
    }
    if (this.#draining) uplink.message({ type: "draining" });
  }

  /** The link is down. Everything goes on; what is said waits in windows and spool. */
  detach(): void {
    this.#options.reports.uplink = null;
  }

  handle(message: JobsMessage, uplink: Uplink): void {
    switch (message.type) {
      case "job":
        return this.#deliver(message, uplink);
      case "cancel":
        return void this.#cancel(message.job_id);
      // Who asks and does not read gets no more answers; the questions end by their deadlines.
      case "call":
        return uplink.isClogged ? undefined : void this.#calls.answer(message, (answer) => uplink.message(answer));
      case "spool":
        return uplink.isClogged ? undefined : this.#queueSpool(message, uplink);
    }
  }

  /** A frame of the edge; false when it is no acknowledgement or acknowledges what was never sent. */
  take(received: Frame): boolean {
    return received.type === FRAME.ack && this.#options.reports.ack(received.channel, received.offset);
  }

  /** Settles when the edge has acknowledged every end, or after `waitMs`, or when there is no link to wait for. */
  async acknowledged(waitMs: number): Promise<void> {
    const { reports, clock } = this.#options;
    const start = momentOf(clock);
    while (reports.size > 0 && reports.uplink && elapsed(clock, start) < waitMs)
      await new Promise<void>((resolve) => void clock.after(ACK_LOOK_MS, resolve));
  }

  /** Claims nothing more, waits for what runs, then cancels it. Settles when all have ended, or could not end in time. */
  async drain(waitMs: number): Promise<void> {
    const { reports, clock } = this.#options;
    this.#draining = true;
    reports.uplink?.message({ type: "draining" });
    for (const job of this.#active.values()) if (job.withdraw()) this.#refuse(job.id, "The relay is stopping.", DRAIN_RETRY_MS);
    if (this.#active.size === 0) return;
    const stopWaiting = clock.after(waitMs, () => this.#active.forEach((job) => job.cancel()));
    const idle = Promise.withResolvers<void>();
    this.#idle = idle.resolve;
    // One whose end cannot be stored is told at the next start.
    const stopDeadline = clock.after(waitMs + LIMITS.cancelGraceMs + LAST_MS, idle.resolve);
    await idle.promise;
    stopWaiting();
    stopDeadline();
  }

  #deliver(message: Delivery, uplink: Uplink): void {
    const { reports } = this.#options;
    const known = reports.get(message.job_id);
    if (known) return this.#again(message, known, uplink);
    if (reports.size >= OWED) return this.#refuse(message.job_id, "The edge has too many ends to acknowledge.", FULL_RETRY_MS);
    const request = openDelivery(message);
    if (!request) {
      this.#options.log("warn", "a delivery contradicts itself and was refused", { job_id: message.job_id });
      return this.#answerOnly(message.job_id, message.channel, refusal("LINK_MESSAGE_INVALID", message.job_id));
    }
    if (this.#draining) return this.#refuse(message.job_id, "The relay is stopping.", DRAIN_RETRY_MS);
    if (this.#active.size >= this.#options.host.slots) return void this.#replayOrRefuse(message);
    const job = new Job(this.#options, message, request, reports.open(message.job_id, placeOf(message)), (ended) => this.#ended(ended));
    this.#active.set(job.id, job);
    job.start();
  }

  /** Delivered while this process still has it: no second run, only perhaps another channel. */
  #again(message: Delivery, report: Report, uplink: Uplink): void {
    if (report.payloadHash !== null && report.payloadHash !== message.payload_hash)
      return uplink.message({
        type: "not_claimed",
        job_id: message.job_id,
        code: "JOB_PAYLOAD_MISMATCH",
        message: "The host knows this job with another payload.",
        retry_after_ms: LIMITS.refusedRetryMs,
      });
    if (report.channel.id === message.channel) report.channel.repeat();
    else this.#options.reports.open(message.job_id, { channel: message.channel });
  }

  async #replayOrRefuse(message: Delivery): Promise<void> {
    const { journal, reports } = this.#options;
    const row = await journal.find(message.job_id).catch(() => null);
    if (reports.get(message.job_id)) return;
    if (row?.end && row.payload_hash === message.payload_hash)
      reports.finish(reports.open(message.job_id, placeOf(message)), row.end, totalsOf(row.end));
    else this.#refuse(message.job_id, "All slots of the host are taken.", FULL_RETRY_MS);
  }

  #refuse(jobId: string, message: string, retryAfterMs: number): void {
    this.#options.reports.uplink?.message({
      type: "not_claimed",
      job_id: jobId,
      code: "QUEUE_FULL",
      message,
      retry_after_ms: retryAfterMs,
    });
  }

  /** An end that no journal knows, because nothing was claimed. */
  #answerOnly(jobId: string, channel: number, ending: Ending): void {
    const { reports, clock } = this.#options;
    const report = reports.open(jobId, { channel });
    report.journaled = false;
    reports.finish(report, endJson(ending, NO_OUTPUT, clock.wall()), NO_OUTPUT);
  }

  async #cancel(jobId: string): Promise<void> {
    const { journal, reports, log } = this.#options;
    const active = this.#active.get(jobId);
    if (active) return active.cancel();
    if (reports.get(jobId)) return;
    await journal.tombstone(jobId).catch((error: unknown) => log("error", "a cancellation was not stored", { reason: reasonOf(error) }));
  }

  #gone(jobId: string): void {
    const { reports } = this.#options;
    // Still running: its end is stored, reported to a channel that no one reads, and acknowledged at the next hello.
    if (!this.#active.has(jobId)) reports.acknowledge(jobId);
  }

  async #resume(entry: MessageOf<EdgeMessage, "welcome">["jobs"][number], uplink: Uplink): Promise<void> {
    const { journal, reports } = this.#options;
    const jobId = entry.job_id;
    const place = {
      channel: entry.channel,
      offset: entry.offset,
      sent: { stdout: entry.stdout_offset, stderr: entry.stderr_offset },
    } satisfies ReportPlace;
    const report = reports.get(jobId);
    if (report) {
      if (report.channel.id !== entry.channel || !report.channel.resume(entry.offset)) reports.open(jobId, place);
      return;
    }
    if (reports.size >= OWED) return;
    const row = await journal.find(jobId).catch(() => null);
    if (reports.uplink !== uplink) return;
    if (row?.end) return reports.finish(reports.open(jobId, { ...place, payloadHash: row.payload_hash }), row.end, totalsOf(row.end));
    if (entry.cancel) {
      // Durable before it is said: the delivery may still be on its way somewhere. Not stored is not said; the next welcome asks again.
      const isStored = await journal.tombstone(jobId).then(
        () => true,
        () => false,
      );
      if (isStored && reports.uplink === uplink && !reports.get(jobId))
        this.#answerOnly(jobId, entry.channel, withoutResult("cancelled", "JOB_CANCELLED"));
    }
    // Otherwise the edge sends it again after this welcome: nothing may be said of it before that delivery is decided.
  }

  #queueSpool(message: MessageOf<EdgeMessage, "spool">, uplink: Uplink): void {
    if (this.#spoolWaiting >= SPOOL_QUEUE) return;
    this.#spoolWaiting += 1;
    this.#spoolReads = this.#spoolReads
      .then(() => this.#readSpool(message, uplink))
      .catch((error: unknown) => this.#options.log("warn", "the spool could not be read", { reason: reasonOf(error) }))
      .then(() => void (this.#spoolWaiting -= 1));
  }

  async #readSpool(message: MessageOf<EdgeMessage, "spool">, uplink: Uplink): Promise<void> {
    const { spool, journal } = this.#options;
    const { job_id: jobId, stream, offset, length } = message;
    const isLive = this.#active.has(jobId);
    const bytes = await spool.read(jobId, stream, offset, length);
    let total: number | null = null;
    if (!isLive) {
      const row = await journal.find(jobId);
      total = row?.end ? totalsOf(row.end)[stream] : (await spool.extent(jobId, stream)).total;
      if (!row && total === 0) total = null;
    } else total = spool.live(jobId)?.streams[stream].total ?? 0;
    const isMissing = bytes.length === 0 && (total === null || offset < total);
    const isEnd = !isMissing && !isLive && offset + bytes.length >= (total ?? 0);
    uplink.frames([frame(FRAME.spool, message.request, offset, bytes, (isMissing ? FLAG.missing : 0) | (isEnd ? FLAG.end : 0))]);
  }

  #ended(job: Job): void {
    if (this.#active.get(job.id) === job) this.#active.delete(job.id);
    if (this.#active.size === 0) this.#idle?.();
  }
}
