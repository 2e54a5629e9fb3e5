// A job that is not ended, as memory holds it: a copy of what is durable, and what only this instance needs.
import type { JobState } from "../../protocol/job.ts";
import type { ChannelIntake } from "./channel-intake.ts";

/** Numbers of a job's first events: told by the row's times instead of rows of their own. Those of `logs` begin after. */
export const SEQ = { queued: 1, delivered: 2, running: 3, first: 4 } as const;
/** Bits of `shown`: which of the numbers above were used. */
export const SHOWN = { delivered: 1, running: 2 } as const;

export interface LiveJob {
  readonly id: string;
  readonly operation: string;
  readonly correlationId: string;
  readonly queuedAtMs: number;
  readonly expiresAtMs: number;
  status: JobState;
  cancelAtMs: number | null;
  /** Not before this moment: the relay said so. */
  retryAtMs: number;
  channel: number;
  /** Durable offset of the channel, and of the streams. */
  offset: number;
  stdout: number;
  stderr: number;
  nextSeq: number;
  shown: number;
  /** Bytes of log rows kept at the head, and the rows of the tail; null: not counted by this instance yet. */
  kept: { head: number; tail: { last: number; bytes: number }[]; tailBytes: number } | null;
  /** What came on the channel and is not durable; null: nothing yet on this link. */
  intake: ChannelIntake | null;
  /** Sent to the host after the hello of this link, by this instance: that hello's high-water mark cannot hold its claim. */
  isNewToLink: boolean;
}

export type LiveColumns = {
  id: string;
  status: JobState;
  operation: string;
  correlation_id: string;
  queued_at: number;
  expires_at: number;
  cancel_at: number | null;
  channel: number;
  offset: number;
  stdout: number;
  stderr: number;
  next_seq: number;
  shown: number;
};

export const LIVE_COLUMNS =
  "id, status, operation, correlation_id, queued_at, expires_at, cancel_at, channel, offset, stdout, stderr, next_seq, shown";

export function liveJob(row: LiveColumns): LiveJob {
  return {
    id: row.id,
    operation: row.operation,
    correlationId: row.correlation_id,
    queuedAtMs: row.queued_at,
    expiresAtMs: row.expires_at,
    status: row.status,
    cancelAtMs: row.cancel_at,
    retryAtMs: 0,
    channel: row.channel,
    offset: row.offset,
    stdout: row.stdout,
    stderr: row.stderr,
    nextSeq: row.next_seq,
    shown: row.shown,
    kept: null,
    intake: null,
    isNewToLink: false,
  };
}
