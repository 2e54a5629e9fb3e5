// The result of a change, done or planned (changedData of the contract): what changed, what was left and why, what waits for a
// restart. Same for each hypervisor.
import type * as z from "zod";
import type { ErrorCode } from "../../../protocol/errors.ts";
import type { changedData } from "../../../protocol/operations/vm-fields.ts";
import type { HandlerResult, JobContext } from "../contract.ts";

export type Changed = z.infer<typeof changedData>;
export type Change = Changed["changes"][number];

/** A field that was asked for and left as it was. */
export interface NotChanged {
  readonly field: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface Outcome {
  readonly id: string;
  readonly changes: readonly Change[];
  readonly notChanged?: readonly NotChanged[];
  /** For people, as done; a plan says "would". */
  readonly message: string;
  /** Fields that the operation adds to changedData. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export const isPlan = (context: Pick<JobContext, "request">): boolean => context.request.metadata.plan;

/** What a plan answers as the id of what is made only when it is carried out. */
export const NOT_YET = "00000000-0000-0000-0000-000000000000";

/** Success, or `partial` when something that was asked for was left; nothing but that is an error with the first code. */
export function changeResult(
  context: Pick<JobContext, "request">,
  { id, changes, notChanged = [], message, more }: Outcome,
): HandlerResult {
  const planned = isPlan(context);
  const data = {
    id,
    planned,
    changed: [...new Set(changes.map((change) => change.field))],
    changes: [...changes],
    not_changed: [...notChanged],
    needs_restart: changes.some((change) => change.needs_restart),
    ...more,
  } satisfies Changed;
  const said = planned ? `Planned, nothing was changed: ${message}` : message;
  const first = notChanged[0];
  if (!first) return { status: "success", message: said, data };
  return { status: changes.length > 0 ? "partial" : "error", code: first.code, message: said, data };
}

/** Fields that were said, from nothing. */
export const madeOf = (fields: Readonly<Record<string, unknown>>, needsRestart = false): Change[] =>
  Object.entries(fields).flatMap(([field, to]) => (to === undefined ? [] : [{ field, from: null, to, needs_restart: needsRestart }]));

/** Of facts and settings: plain values. */
export const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
