// What this host still owes the edge: one report for each job whose end is not acknowledged, with its channel. Survives
// reconnects in memory, and a restart of the relay through journal and spool.
import type { Frame } from "../../protocol/link/frames.ts";
import type { RelayMessage } from "../../protocol/link/control.ts";
import { STREAMS, type StreamName } from "../../protocol/link/records.ts";
import type { Clock } from "./clock.ts";
import { JobChannel } from "./job-channel.ts";
import { NO_OUTPUT, type Totals } from "./job-end.ts";
import type { Journal } from "./journal.ts";
import type { Spool } from "./spool.ts";

/** The link while it is up. Frames of one turn of the event loop travel together. */
export interface Uplink {
  /** The peer does not read: much of what was sent still waits here. */
  readonly isClogged: boolean;
  frames(frames: readonly Frame[]): void;
  message(message: RelayMessage): void;
}

export interface Report {
  readonly jobId: string;
  channel: JobChannel;
  /** Stored (or, for a refusal that no journal knows, final). */
  end: { readonly json: string; readonly totals: Totals } | null;
  readonly payloadHash: string | null;
  /** The journal has a row: an acknowledgement goes there. */
  journaled: boolean;
}

export interface ReportPlace {
  readonly channel: number;
  readonly offset?: number;
  readonly sent?: Totals;
  /** Of the delivery; null when this process does not know it. */
  readonly payloadHash?: string;
}

export interface ReportsOptions {
  readonly journal: Journal;
  readonly spool: Spool;
  readonly clock: Clock;
}

export class Reports {
  readonly #options: ReportsOptions;
  readonly #reports = new Map<string, Report>();
  readonly #channels = new Map<number, Report>();
  uplink: Uplink | null = null;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  get(jobId: string): Report | undefined {
    return this.#reports.get(jobId);
  }

  /** Ends that the edge has not acknowledged, and jobs that run. */
  get size(): number {
    return this.#reports.size;
  }

  /** A report on the channel that the edge named; moves an older one of the same job there. */
  open(jobId: string, place: ReportPlace): Report {
    const known = this.#reports.get(jobId);
    if (known) this.#unlist(known);
    const channel = this.#channelFor(jobId, place);
    const report: Report = known ?? { jobId, channel, end: null, payloadHash: place.payloadHash ?? null, journaled: true };
    report.channel = channel;
    this.#reports.set(jobId, report);
    this.#channels.set(place.channel, report);
    if (report.end) channel.end(report.end.json, report.end.totals);
    return report;
  }

  /** The last word of a job; sent at once. */
  finish(report: Report, json: string, totals: Totals): void {
    report.end = { json, totals };
    report.channel.end(json, totals);
  }

  /** Forgets a report without a word, because its job was not claimed. */
  drop(report: Report): void {
    this.#unlist(report);
    this.#reports.delete(report.jobId);
  }

  /** The edge has the end, or wants none. */
  acknowledge(jobId: string): void {
    const report = this.#reports.get(jobId);
    if (report) this.drop(report);
    if (report && !report.journaled) return;
    this.#options.journal.acknowledged(jobId);
    this.#options.spool.acknowledged(jobId);
  }

  /** False when the edge acknowledged what was never sent. A channel that is gone is no fault. */
  ack(channel: number, offset: number): boolean {
    return this.#channels.get(channel)?.channel.ack(offset) ?? true;
  }

  #unlist(report: Report): void {
    report.channel.close();
    if (this.#channels.get(report.channel.id) === report) this.#channels.delete(report.channel.id);
  }

  #channelFor(jobId: string, place: ReportPlace): JobChannel {
    const { spool, clock } = this.#options;
    const channel = new JobChannel({
      id: place.channel,
      offset: place.offset ?? 0,
      sent: place.sent ?? NO_OUTPUT,
      clock,
      source: {
        extent: (stream) => spool.extent(jobId, stream),
        read: (stream, offset, length) => spool.read(jobId, stream, offset, length),
      },
      send: (frames) => this.uplink?.frames(frames),
      onDone: () => this.acknowledge(jobId),
    });
    const live = spool.live(jobId);
    if (live)
      channel.known(Object.fromEntries(STREAMS.map((stream) => [stream, live.streams[stream].total])) as Record<StreamName, number>);
    return channel;
  }
}
