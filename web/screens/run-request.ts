// Running an operation as requests: a call for what only reads, a job for the rest; what the host itself finds wrong is an error of the
// form's fields like the edge's own.
import type { Host, Job } from "../../protocol/api/shapes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import { ApiProblem, request, segment, type FieldProblem } from "../api/client.ts";
import { call } from "../api/lookups.ts";
import type { Operation } from "../api/session.ts";
import type { Spec } from "../forms/contract.ts";
import { navigate } from "../router.ts";
import { pathTo } from "../routes.ts";

/** So long a submission waits for its end: what a host refuses at once is shown beside the field. */
const WAIT_S = 1;

/** A key of one submission; also where the page is not served over https. */
export function freshKey(): string {
  return `web-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Fields that the host itself found wrong. */
function hostErrors(result: JobResult | null): readonly FieldProblem[] {
  const refused = result?.code === "INPUT_INVALID" || result?.code === "SPEC_INVALID";
  return refused ? ((result.data as { errors?: readonly FieldProblem[] } | undefined)?.errors ?? []) : [];
}

class FieldsWrong extends ApiProblem {
  constructor(result: JobResult, errors: readonly FieldProblem[]) {
    super(422, { detail: result.message, code: result.code ?? "", remedy: "Correct the fields below.", errors: [...errors] });
  }
}

export interface Submission {
  readonly host: Host;
  readonly operation: Operation;
  readonly spec: Spec;
  readonly timeoutMs: number | null;
  readonly key: string;
}

/** Ends on the job's screen, or throws what is wrong. */
export async function submit({ host, operation, spec, timeoutMs, key }: Submission): Promise<void> {
  const body = { operation: operation.name, resource_spec: spec, ...(timeoutMs === null ? {} : { metadata: { timeout_ms: timeoutMs } }) };
  const headers = { "idempotency-key": key, prefer: `wait=${WAIT_S}` };
  const job = await request<Job>("POST", `/api/v1/hosts/${segment(host.name)}/jobs`, { body, headers });
  const errors = hostErrors(job.result);
  if (job.result && errors.length > 0) throw new FieldsWrong(job.result, errors);
  navigate(pathTo("job", { id: job.id }));
}

/** An answer at once. */
export async function ask(host: string, operation: string, spec: Spec): Promise<JobResult> {
  const result = await call(host, operation, spec);
  const wrong = hostErrors(result);
  if (wrong.length > 0) throw new FieldsWrong(result, wrong);
  return result;
}

/** What an earlier job was asked, without its secrets. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, withoutSecrets(item)]),
  );
}
