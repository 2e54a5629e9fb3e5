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

/** The field that a refusal is about by its code, where nothing nearer to it said one. */
const ABOUT: Partial<Record<ErrorCode, string>> = {
  DISK_NOT_FOUND: "disk",
  DISK_IN_USE: "disk",
  DISK_HAS_CHILDREN: "disk",
  STORAGE_OUTSIDE: "disk",
  STORAGE_NOT_FOUND: "storage_class",
  NIC_NOT_FOUND: "nic",
  NETWORK_NOT_FOUND: "network",
  SNAPSHOT_NOT_FOUND: "snapshot",
  SNAPSHOT_EXISTS: "name",
};

function errorsOf({ code, message, errors }: VmFailure, spec: Readonly<Record<string, unknown>>): readonly FieldError[] | undefined {
  const field = ABOUT[code];
  return errors ?? (field !== undefined && spec[field] !== undefined ? [{ pointer: `/${field}`, message }] : undefined);
}

/** `explain` turns the hypervisor's own errors into failures; null: not one of these, and a fault of ours. */
export type Explain = (error: unknown) => VmFailure | null;

/** Runs a handler so that it gives a result whatever the hypervisor says. Faults of ours are thrown on: the runner reports them. */
export async function settle(
  explain: Explain,
  run: () => Promise<HandlerResult>,
  { signal, request }: Pick<JobContext, "signal" | "request">,
): Promise<HandlerResult> {
  try {
    return await run();
  } catch (error) {
    const failure = error instanceof VmFailure ? error : explain(error);
    if (signal.aborted) return refuse("JOB_CANCELLED", failure?.message);
    if (!failure) throw error;
    return refuse(failure.code, failure.message, errorsOf(failure, request.resource_spec));
  }
}

/** What a check refuses points at the field of the specification that is to blame. */
export async function pointed<T>(pointers: Partial<Record<ErrorCode, string>>, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    const pointer = error instanceof VmFailure ? pointers[error.code] : undefined;
    if (!(error instanceof VmFailure) || pointer === undefined || error.errors) throw error;
    throw new VmFailure(error.code, error.message, [{ pointer, message: error.message }], { cause: error });
  }
}
