// One operation as a route: its specification out of path, query and body, its answer out of the host's result. Knows no
// operation by name.
import type { Job } from "../../../protocol/api/shapes.ts";
import type { JobResult } from "../../../protocol/envelope.ts";
import { AppError, unwrap, type ErrorCode, type FieldErrors, type Outcome } from "../../../protocol/errors.ts";
import type { FieldError } from "../../../protocol/inputs.ts";
import { checkSpec, type OperationDefinition } from "../../../protocol/operations/define.ts";
import { hostObject } from "../../fleet/objects.ts";
import { accessOf, actorOf, hostIn, type Access, type Incoming } from "../call.ts";
import { authoriseOperation, jobAnswer, jobHeaders, submissionOf, wasAwaited } from "../control/submission.ts";
import { hostProblem } from "../respond.ts";

type Values = Readonly<Record<string, unknown>>;

export interface OperationCall extends Incoming {
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  readonly access: Access | null;
}

/** A part of the path that can be no id of its kind names nothing. */
const MISSING: Readonly<Record<string, ErrorCode>> = {
  vm: "VM_NOT_FOUND",
  disk: "DISK_NOT_FOUND",
  nic: "NIC_NOT_FOUND",
  snapshot: "SNAPSHOT_NOT_FOUND",
};

/** A flag of the query arrives as text. */
const valueOf = (value: unknown): unknown => (value === "true" || value === "false" ? value === "true" : value);

/** Pointers of what is wrong are those of the body. */
function specOf({ params, query, body }: OperationCall, operation: OperationDefinition): Record<string, unknown> {
  const { host: _host, ...named } = params;
  const { plan: _plan, ttl_ms: _ttl, ...flags } = (query ?? {}) as Values;
  const given = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, valueOf(value)]));
  const { spec, errors } = checkSpec(operation, { ...(body as Values | undefined), ...given, ...named }, "");
  if (spec !== null) return spec as Record<string, unknown>;
  const missing = Object.keys(named).find((name) => errors.some(({ pointer }) => pointer === `/${name}`));
  throw new AppError(missing === undefined ? "BODY_INVALID" : (MISSING[missing] ?? "NOT_FOUND"), missing === undefined ? { errors } : {});
}

/** Edge and relay speak of a job's specification; here it is the body. */
const ofBody = (errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, message }) => ({ pointer: pointer.replace(/^\/resource_spec(?=\/|$)/, ""), message }));

function fieldsOf(data: unknown): { errors: FieldError[] } | Record<string, never> {
  const { errors } = (data ?? {}) as { errors?: unknown };
  if (!Array.isArray(errors)) return {};
  const isField = (one: unknown): one is FieldError => {
    const { pointer, message } = (one ?? {}) as Partial<FieldError>;
    return typeof pointer === "string" && typeof message === "string";
  };
  return { errors: ofBody(errors.filter(isField)) };
}

function taken<T>(outcome: Outcome<T>): T {
  if (outcome.ok || !outcome.details.errors) return unwrap(outcome);
  const details: FieldErrors = { ...outcome.details, errors: ofBody(outcome.details.errors) };
  throw new AppError(outcome.code, details);
}

const codeOf = (result: JobResult | null): string => result?.code ?? "DRIVER_FAILED";

/** Asks the host; `show` gets the data. A failure is a problem with the host's code. */
export async function answerRead(
  call: OperationCall,
  operation: OperationDefinition,
  show: (data: unknown) => Response,
): Promise<Response> {
  const resourceSpec = specOf(call, operation);
  const input = { actor: actorOf(call), operation: operation.name, resourceSpec };
  const result = taken(await hostObject(call.env, hostIn(call).number).call(input));
  if (result.status === "success") return show(result.data ?? null);
  return hostProblem(call.requestId, codeOf(result), { detail: result.message, ...fieldsOf(result.data) });
}

/** What a change needs besides the guest's own time. */
const BESIDE_WAIT_MS = 60_000;

/** A change that waits for a guest may take as long as it was told to wait. */
function patienceOf({ timeoutMs }: OperationDefinition, { wait_ms: waitMs }: Values): { metadata?: { timeout_ms: number } } {
  if (typeof waitMs !== "number" || waitMs + BESIDE_WAIT_MS <= timeoutMs.default) return {};
  return { metadata: { timeout_ms: Math.min(waitMs + BESIDE_WAIT_MS, timeoutMs.max) } };
}

/** Submits a job. One that was waited for and did not succeed is a problem: whoever drives machines must not see a success. */
export async function answerChange(call: OperationCall, operation: OperationDefinition): Promise<Response> {
  await authoriseOperation(accessOf(call), operation, () => hostIn(call));
  const { plan, ttl_ms } = (call.query ?? {}) as { plan?: "true" | "false"; ttl_ms?: number };
  const query = { ...(plan === undefined ? {} : { plan }), ...(ttl_ms === undefined ? {} : { ttl_ms }) };
  const spec = specOf(call, operation);
  const input = submissionOf(call, operation, spec, patienceOf(operation, spec), query);
  const job = taken(await hostObject(call.env, hostIn(call).number).submit(input));
  return wasAwaited(call, job) && job.status !== "succeeded" ? failure(call, job) : jobAnswer(call, job);
}

function failure(call: OperationCall, job: Job): Response {
  const { result, error } = job;
  const detail = error?.message ?? result?.message;
  const details = { ...(detail === undefined ? {} : { detail }), ...fieldsOf(result?.data), job: job.id };
  return hostProblem(call.requestId, error?.code ?? codeOf(result), details, jobHeaders(call, job));
}
