// How a job ended, as the `result` event that the journal stores and the channel carries: always small enough for a record.
import type { JobResult } from "../../protocol/envelope.ts";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { JobEnd, StreamName } from "../../protocol/link/records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { HandlerResult } from "../drivers/contract.ts";

export type Totals = Readonly<Record<StreamName, number>>;
export const NO_OUTPUT: Totals = { stdout: 0, stderr: 0 };

export type Ending = Pick<JobEnd, "status" | "result"> & { readonly code?: string | undefined };

const STATUS_OF = { success: "succeeded", error: "failed", partial: "partial" } as const;

/** An end without a result: nothing ran, or no one saw how it ended. */
export function withoutResult(status: "cancelled" | "expired" | "unknown", code: ErrorCode): Ending {
  return { status, code, result: null };
}

/** A refusal by the host. */
export function refusal(code: ErrorCode, correlationId: string, message?: string, data?: unknown): Ending {
  const result: JobResult = {
    status: "error",
    code,
    message: bounded(message ?? ERRORS[code].message),
    ...(data === undefined ? {} : { data }),
    logs: [],
    correlation_id: correlationId,
  };
  return { status: "failed", code, result };
}

export function ofResult(found: HandlerResult, logs: JobResult["logs"], correlationId: string): Ending {
  const result: JobResult = { ...found, message: bounded(found.message), logs, correlation_id: correlationId };
  return { status: STATUS_OF[found.status], ...(found.code === undefined ? {} : { code: found.code }), result };
}

const bounded = (message: string) => message.slice(0, LIMITS.messageChars);

/** The event as JSON, at most LIMITS.recordBytes: what does not fit loses its logs, then its data. */
export function endJson(ending: Ending, total: Totals, at: number): string {
  const event = { type: "result" as const, status: ending.status, at, ...(ending.code === undefined ? {} : { code: ending.code }) };
  const counts = { stdout_bytes: total.stdout, stderr_bytes: total.stderr };
  const json = JSON.stringify({ ...event, result: ending.result, ...counts } satisfies JobEnd);
  if (json.length < LIMITS.recordBytes / 3 || Buffer.byteLength(json) <= LIMITS.recordBytes) return json;
  const { result } = ending;
  if (result && result.logs.length > 0) return endJson({ ...ending, result: { ...result, logs: [] } }, total, at);
  if (!result) return json;
  const { data: _dropped, ...rest } = result;
  const message = bounded(`The result's data was too large and is left out. ${result.message}`);
  return endJson({ ...ending, result: { ...rest, message } }, total, at);
}

/** Counts of a stored end. */
export function totalsOf(json: string): Totals {
  const end = JSON.parse(json) as JobEnd;
  return { stdout: end.stdout_bytes, stderr: end.stderr_bytes };
}
