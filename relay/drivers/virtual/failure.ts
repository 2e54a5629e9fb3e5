// How a driver of a hypervisor says no: an exception within the driver, a result at its border. Same for each hypervisor.
import { ERRORS, type ErrorCode } from "../../../protocol/errors.ts";
import type { FieldError } from "../../../protocol/inputs.ts";
import type { HandlerResult, JobContext } from "../contract.ts";
import { refuse } from "../refusal.ts";

/** A refusal or failure with its code. `detail` replaces the table's sentence; `errors` point into the specification. */
export class VmFailure extends Error {
  override readonly name = "VmFailure";
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ErrorCode, detail?: string, errors?: readonly FieldError[], options?: { cause?: unknown }) {
    super(detail ?? ERRORS[code].message, options);
    this.code = code;
    this.errors = errors;
  }
}

/** A field of the specification that is refused: its pointer, why, and the code of the whole. */
export const fieldFailure = (code: ErrorCode, pointer: string, message: string): VmFailure =>
  new VmFailure(code, `${pointer.slice(1)} ${message}.`, [{ pointer, message }]);

/** `explain` turns the hypervisor's own errors into failures; null: not one of these, and a fault of ours. */
export type Explain = (error: unknown) => VmFailure | null;

/** Runs a handler so that it gives a result whatever the hypervisor says. Faults of ours are thrown on: the runner reports them. */
export async function settle(
  explain: Explain,
  run: () => Promise<HandlerResult>,
  { signal }: Pick<JobContext, "signal">,
): Promise<HandlerResult> {
  try {
    return await run();
  } catch (error) {
    const failure = error instanceof VmFailure ? error : explain(error);
    if (signal.aborted) return refuse("JOB_CANCELLED", failure?.message);
    if (!failure) throw error;
    return refuse(failure.code, failure.message, failure.errors);
  }
}
