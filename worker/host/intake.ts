// What a relay says of its jobs, from frames to rows: only whole records become durable, and only what is durable is
// acknowledged, in the same turn as the write. A relay speaks of its own open jobs on their own channels, or is not heard.
import type { JobResult } from "../../protocol/envelope.ts";
import { canTransition, hasEnded } from "../../protocol/job.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { decodeFrames, encodeFrames, FRAME, frame, type Frame } from "../../protocol/link/frames.ts";
import { jobEventSchema, RECORD, streamOf, type JobEvent, type RawRecord, type StreamName } from "../../protocol/link/records.ts";
import { ChannelIntake } from "./channel-intake.ts";
import { warn, type Core } from "./core.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { SEQ, SHOWN, type LiveJob } from "./live-job.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

interface Batch {
  readonly job: LiveJob;
  readonly starts: { stdout: number; stderr: number };
  readonly kept: RawRecord[];
  isClaimed: boolean;
  claimedAtMs: number;
  end: Extract<JobEvent, { type: "result" }> | null;
  isBroken: boolean;
}

export class Intake {
  readonly #core: Core;
  readonly #lifecycle: Lifecycle;
  readonly #onSpool: (frame: Frame) => void;
  readonly #onClaim: () => void;
  #held = 0;

  constructor(core: Core, lifecycle: Lifecycle, onSpool: (frame: Frame) => void, onClaim: () => void) {
    this.#core = core;
    this.#lifecycle = lifecycle;
    this.#onSpool = onSpool;
    this.#onClaim = onClaim;
  }

  /** A new link: beginnings of records were let go with the old one. */
  reset(): void {
    this.#held = 0;
  }

  /** One binary message. Why the socket must be closed, or null. */
  message(ws: WebSocket, bytes: Uint8Array): string | null {
    const decoded = decodeFrames(bytes);
    if ("error" in decoded) return decoded.error;
    const spoken = new Map<LiveJob, { records: RawRecord[]; end: number }>();
    for (const item of decoded.frames) {
      const error = this.#frame(item, spoken);
      if (error) return error;
    }
    const acks: Frame[] = [];
    for (const [job, { records, end }] of spoken) {
      if (end > job.offset || records.length > 0) this.#apply(job, records, end);
      acks.push(frame(FRAME.ack, job.channel, job.offset));
    }
    if (acks.length > 0) ws.send(encodeFrames(acks));
    return null;
  }

  #frame(item: Frame, spoken: Map<LiveJob, { records: RawRecord[]; end: number }>): string | null {
    if (item.type === FRAME.spool) {
      this.#onSpool(item);
      return null;
    }
    if (item.type === FRAME.ack) return "an edge sends no channel to acknowledge";
    const job = this.#core.jobs.byChannel(item.channel);
    if (!job) return null;
    job.intake ??= new ChannelIntake(job.offset);
    const heldBefore = job.intake.held;
    const taken = job.intake.take(item.offset, item.bytes);
    if ("error" in taken) return taken.error;
    this.#held += job.intake.held - heldBefore;
    if (this.#held > LIMITS.partialRecordsBytes) return "too many unfinished records";
    const before = spoken.get(job);
    if (before) {
      before.records.push(...taken.records);
      before.end = taken.end;
    } else spoken.set(job, { records: taken.records, end: taken.end });
    return null;
  }

  #apply(job: LiveJob, records: readonly RawRecord[], end: number): void {
    if (hasEnded(job.status) && !this.#core.jobs.open().has(job.id)) {
      job.offset = Math.max(job.offset, end);
      return;
    }
    const batch: Batch = {
      job,
      starts: { stdout: job.stdout, stderr: job.stderr },
      kept: [],
      isClaimed: false,
      claimedAtMs: 0,
      end: null,
      isBroken: false,
    };
    for (const record of records) {
      if (batch.end || batch.isBroken) break;
      if (record.kind === RECORD.event) this.#event(batch, record);
      else this.#output(batch, record);
    }
    this.#write(batch, end);
  }

  /** Times of a relay are shown, never decided upon: mapped by the clocks' difference, and never before the job nor after now. */
  #moment(job: LiveJob, at: number): number {
    const shift = this.#core.meta.get("link")?.shift ?? 0;
    return Math.round(Math.min(Math.max(at + shift, job.queuedAtMs), Date.now()));
  }

  #write(batch: Batch, channelEnd: number): void {
    const { job } = batch;
    job.offset = channelEnd;
    if (batch.kept.length > 0) this.#core.logs.append(job, batch.kept, batch.starts, this.#core.meta.get("link")?.shift ?? 0);
    if (batch.end) {
      this.#end(batch, batch.end);
      return;
    }
    if (batch.isBroken) {
      this.#lifecycle.end(job, { status: "unknown", by: "relay", code: "LINK_MESSAGE_INVALID", result: null, endedAtMs: Date.now() });
      return;
    }
    if (batch.isClaimed) {
      this.#core.jobs.write(job, "running", { started_at: batch.claimedAtMs });
      this.#claimed(job);
    } else if (batch.kept.length === 0) {
      this.#advance(job);
      return;
    }
    this.#core.wakers.wake(job.id);
  }

  /** Counts claims that the newest hello cannot have counted: a floor for the next one's high-water mark. */
  #claimed(job: LiveJob): void {
    if (job.isNewToLink) this.#onClaim();
  }

  #end(batch: Batch, event: Extract<JobEvent, { type: "result" }>): void {
    const { job } = batch;
    if (batch.isClaimed) this.#claimed(job);
    if (job.status === "unknown" && event.status === "unknown") {
      // The relay has no better word: both sides are done with it.
      this.#advance(job);
      this.#core.jobs.settle(job);
      return;
    }
    const result: JobResult | null = event.result && { ...event.result, correlation_id: job.correlationId };
    const isEnded = this.#lifecycle.end(job, {
      status: event.status,
      by: "relay",
      code: event.code ?? event.result?.code ?? null,
      result,
      endedAtMs: this.#moment(job, event.at),
      ...(batch.isClaimed ? { startedAtMs: batch.claimedAtMs } : {}),
      stdoutBytes: event.stdout_bytes,
      stderrBytes: event.stderr_bytes,
    });
    if (!isEnded) this.#advance(job);
  }

  /** Nothing new, but the channel moved on: the sender lets go what is acknowledged, so the offset must be durable. */
  #advance(job: LiveJob): void {
    this.#core.sql.exec("UPDATE jobs SET offset = ?, channel = ? WHERE id = ?", job.offset, job.channel, job.id);
  }

  #output(batch: Batch, record: RawRecord): void {
    const stream = streamOf(record.kind);
    const have = batch.job[stream];
    const end = record.offset + record.bytes.length;
    if (end <= have) return;
    if (record.offset > have) this.#gap(batch, { stream, from: have, to: record.offset, lost: false });
    const skip = Math.max(0, have - record.offset);
    batch.kept.push(skip === 0 ? record : { kind: record.kind, offset: record.offset + skip, bytes: record.bytes.subarray(skip) });
    batch.job[stream] = end;
  }

  #gap(batch: Batch, gap: { stream: StreamName; from: number; to: number; lost: boolean }): void {
    const from = Math.max(gap.from, batch.job[gap.stream]);
    if (gap.to <= from) return;
    batch.kept.push({ kind: RECORD.event, offset: 0, bytes: encoder.encode(JSON.stringify({ type: "gap", ...gap, from })) });
    batch.job[gap.stream] = gap.to;
  }

  #event(batch: Batch, record: RawRecord): void {
    const { job } = batch;
    const event = this.#parse(job, record.bytes, batch);
    if (!event) return;
    switch (event.type) {
      case "status": {
        if (batch.isClaimed || !canTransition(job.status, "running", "relay")) return;
        batch.isClaimed = true;
        batch.claimedAtMs = this.#moment(job, event.at);
        // Told by the row's own time when nothing was told before it, else by an event of its own.
        if (job.nextSeq === SEQ.first && batch.kept.length === 0) job.shown |= SHOWN.running;
        else batch.kept.push(record);
        return;
      }
      case "gap":
        this.#gap(batch, event);
        return;
      case "result":
        batch.end = event;
        return;
      case "log":
      case "progress":
        if (job.status !== "unknown") batch.kept.push(record);
    }
  }

  #parse(job: LiveJob, bytes: Uint8Array, batch: Batch): JobEvent | null {
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(bytes));
    } catch {
      value = null;
    }
    const parsed = jobEventSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    warn(this.#core, "a job's event is not valid", { job: job.id });
    // An end that cannot be read is still an end.
    if ((value as { type?: unknown } | null)?.type === "result" && canTransition(job.status, "unknown", "relay")) batch.isBroken = true;
    return null;
  }
}
