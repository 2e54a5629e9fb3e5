// The shape of a row of `jobs`, and how it is shown. Shows no secret: a place that held one is null.
import type { Job, JobSummary } from "../../protocol/api/shapes.ts";
import type { JobRequest, JobResult } from "../../protocol/envelope.ts";
import { ERRORS, isErrorCode, type ErrorCode } from "../../protocol/errors.ts";
import { hasEnded, type JobState } from "../../protocol/job.ts";
import { hideSecrets } from "../../protocol/secret.ts";

/** Columns of a list. A type, not an interface: rows of the SQL interface need an index signature. */
export type SummaryRow = {
  id: string;
  status: JobState;
  operation: string;
  parent_id: string | null;
  correlation_id: string;
  requested_by: string;
  queued_at: number;
  delivered_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  expires_at: number;
  cancel_at: number | null;
  code: string | null;
  has_result: number;
};

export type JobRow = SummaryRow & {
  channel: number;
  offset: number;
  stdout: number;
  stderr: number;
  next_seq: number;
  shown: number;
  result_seq: number | null;
  kept: number;
  pointers: string | null;
  payload: string;
  result: string | null;
};

export const SUMMARY_COLUMNS = `id, status, operation, parent_id, correlation_id, requested_by, queued_at, delivered_at, started_at, ended_at,
  expires_at, cancel_at, code, result IS NOT NULL AS has_result`;
export const JOB_COLUMNS = `${SUMMARY_COLUMNS}, channel, offset, stdout, stderr, next_seq, shown, result_seq, kept, pointers, payload, result`;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const END_CODES: Partial<Record<JobState, ErrorCode>> = {
  cancelled: "JOB_CANCELLED",
  expired: "JOB_EXPIRED",
  unknown: "JOB_UNKNOWN",
};

/** Why a job ended without a result; null for one that has a result or has not ended. */
export function errorOf(row: Pick<SummaryRow, "status" | "code" | "has_result">): { code: string; message: string; remedy: string } | null {
  if (!hasEnded(row.status) || row.has_result) return null;
  const code = row.code !== null && isErrorCode(row.code) ? row.code : (END_CODES[row.status] ?? "DRIVER_FAILED");
  return { code: row.code ?? code, message: ERRORS[code].message, remedy: ERRORS[code].remedy };
}

export function summaryOf(row: SummaryRow, host: string): JobSummary {
  const error = errorOf(row);
  const mayExpire = row.status === "held" || row.status === "queued" || row.status === "delivered";
  return {
    id: row.id,
    parent_id: row.parent_id,
    host,
    operation: row.operation,
    status: row.status,
    correlation_id: row.correlation_id,
    requested_by: row.requested_by,
    queued_at: new Date(row.queued_at).toISOString(),
    delivered_at: iso(row.delivered_at),
    started_at: iso(row.started_at),
    ended_at: iso(row.ended_at),
    expires_at: mayExpire ? iso(row.expires_at) : null,
    cancel_requested_at: iso(row.cancel_at),
    ...(error ? { error } : {}),
  };
}

export const pointersOf = (row: { pointers: string | null }): string[] =>
  row.pointers === null ? [] : (JSON.parse(row.pointers) as string[]);

export function jobOf(row: JobRow, host: string): Job {
  const request = JSON.parse(row.payload) as JobRequest;
  return {
    ...summaryOf(row, host),
    resource_spec: hideSecrets(request.resource_spec, pointersOf(row)) as Record<string, unknown>,
    output: { stdout_bytes: row.stdout, stderr_bytes: row.stderr },
    result: row.result === null ? null : (JSON.parse(row.result) as JobResult),
  };
}
