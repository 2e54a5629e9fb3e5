// Rows of parents and their steps: how they are written, how a parent is shown, and how its state follows from its steps.
import { errorOf } from "../host/rows.ts";
import type { Job, JobSummary } from "../../protocol/api/shapes.ts";
import { hasEnded, parentState, type JobState } from "../../protocol/job.ts";
import { hideSecrets } from "../../protocol/secret.ts";
import type { FanOutInput } from "./contract.ts";
import { indexJob, replaces } from "./job-index.ts";
import { iso, isoOrNull, type FleetStore } from "./store.ts";

export interface ParentRow extends Record<string, SqlStorageValue> {
  id: string;
  principal: string;
  request_id: string;
  input: string;
  pointers: string;
  secrets: ArrayBuffer | null;
  queued_at: number;
  expires_at: number;
  cancel_requested_at: number | null;
  ended_at: number | null;
}

export interface StepRow extends Record<string, SqlStorageValue> {
  child_id: string;
  parent_id: string;
  host_number: number;
  host: string;
  taken: number;
  attempts: number;
  status: string;
  code: string | null;
}

/** What a parent keeps of its request; secrets are cut out of the spec. */
export type ParentInput = Pick<FanOutInput, "operation" | "resourceSpec" | "metadata"> & { correlationId: string };

export const parentRow = (store: FleetStore, id: string): ParentRow | null =>
  store.row<ParentRow>("SELECT * FROM parents WHERE id = ?", id);

export const stepsOf = (store: FleetStore, id: string): StepRow[] =>
  store.rows<StepRow>("SELECT * FROM steps WHERE parent_id = ? ORDER BY host_number", id);

export const inputOf = (row: ParentRow): ParentInput => JSON.parse(row.input) as ParentInput;

export function stateOf(steps: readonly StepRow[]): JobState {
  return parentState(steps.map((step) => step.status as JobState));
}

function summaryOf(row: ParentRow, status: JobState): JobSummary {
  const input = inputOf(row);
  const hasResult = status === "succeeded" || status === "failed" || status === "partial";
  const error = errorOf({ status, code: null, has_result: hasResult ? 1 : 0 });
  return {
    id: row.id,
    parent_id: null,
    host: null,
    operation: input.operation,
    status,
    correlation_id: input.correlationId,
    requested_by: row.principal,
    queued_at: iso(row.queued_at),
    delivered_at: null,
    started_at: null,
    ended_at: isoOrNull(row.ended_at),
    expires_at: row.ended_at === null ? iso(row.expires_at) : null,
    cancel_requested_at: isoOrNull(row.cancel_requested_at),
    ...(error ? { error } : {}),
  };
}

export function toParent(store: FleetStore, row: ParentRow): Job {
  const steps = stepsOf(store, row.id);
  return {
    ...summaryOf(row, stateOf(steps)),
    resource_spec: hideSecrets(inputOf(row).resourceSpec, JSON.parse(row.pointers) as string[]) as Record<string, unknown>,
    children: steps.map((step) => ({ id: step.child_id, host: step.host, status: step.status as JobState })),
    output: { stdout_bytes: 0, stderr_bytes: 0 },
    result: null,
  };
}

/** A step's word, from its host's answer or report. Inside a write. True when something changed. */
export function setStep(store: FleetStore, step: StepRow, status: JobState, taken: boolean, code: string | null = null): boolean {
  if (step.taken === 1 && !replaces(step.status as JobState, status)) return false;
  if (step.status === status && step.taken === (taken ? 1 : 0) && step.code === code) return false;
  store.sql.exec("UPDATE steps SET status = ?, taken = ?, code = ? WHERE child_id = ?", status, taken ? 1 : 0, code, step.child_id);
  return true;
}

/** The index row of a parent that was just written. Inside a write. */
export function indexParent(store: FleetStore, id: string): void {
  const row = parentRow(store, id);
  if (row) indexJob(store, 0, summaryOf(row, stateOf(stepsOf(store, id))));
}

/** Brings the parent's end, its secrets and its index row in line with its steps. Inside a write. */
export function settleParent(store: FleetStore, id: string): void {
  const row = parentRow(store, id);
  if (!row) return;
  const steps = stepsOf(store, id);
  const status = stateOf(steps);
  const endedAt = hasEnded(status) ? (row.ended_at ?? Date.now()) : null;
  const isDelivered = steps.every((step) => step.taken === 1 || hasEnded(step.status as JobState));
  if (isDelivered) store.due.clear("parent", id);
  store.sql.exec("UPDATE parents SET ended_at = ?, secrets = ? WHERE id = ?", endedAt, isDelivered ? null : row.secrets, id);
  indexJob(store, 0, summaryOf({ ...row, ended_at: endedAt }, status));
}
