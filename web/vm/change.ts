// One change of a virtual machine as requests: submitted under its own key, followed to its end, its failure an error like the
// edge's own. Draws nothing.
import type { Job } from "../../protocol/api/shapes.ts";
import type { JobResult } from "../../protocol/envelope.ts";
import { hasEnded } from "../../protocol/job.ts";
import { VM_ERRORS } from "../../protocol/vm-errors.ts";
import { ApiProblem, request, segment, type FieldProblem } from "../api/client.ts";
import { followed } from "../api/event-stream.ts";
import { freshKey } from "../screens/run-request.ts";
import { hostPath, type Changed } from "./contract.ts";

export interface ChangeRequest {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** An operation that has no route of its own. */
export const asJob = (host: string, operation: string, resource_spec: object): ChangeRequest => ({
  method: "POST",
  path: `${hostPath(host)}/jobs`,
  body: { operation, resource_spec },
});

export interface Progress {
  readonly percent: number | null;
  readonly message: string;
}

export interface Told {
  /** The job is there: its id. */
  readonly job: (id: string) => void;
  readonly progress: (progress: Progress) => void;
}

interface End {
  readonly status: Job["status"];
  readonly result: JobResult | null;
  readonly error?: Job["error"];
}

/** Data of a change: what the contract says of its operation, `Changed` and more. */
export type Done = Changed & { readonly state?: string };

const remedyOf = (code: string): string => (Object.hasOwn(VM_ERRORS, code) ? VM_ERRORS[code as keyof typeof VM_ERRORS].remedy : "");

const WORDS: Partial<Record<Job["status"], string>> = {
  cancelled: "It was cancelled.",
  expired: "The host did not take it in time.",
  unknown: "Nobody knows whether it was done: look before you ask again.",
};

/** The data of an ended job; throws what went wrong. A part done is data: it says what was left. */
function settled({ status, result, error }: End): Done {
  if (result && (result.status === "success" || result.status === "partial")) return (result.data ?? {}) as Done;
  const code = error?.code ?? result?.code ?? "";
  const errors = (result?.data as { errors?: readonly FieldProblem[] } | undefined)?.errors ?? [];
  throw new ApiProblem(422, {
    detail: error?.message ?? result?.message ?? WORDS[status] ?? "It failed.",
    code,
    remedy: error?.remedy ?? remedyOf(code),
    errors: [...errors],
  });
}

async function ended(job: Job, told: Told, signal: AbortSignal): Promise<End> {
  const path = `/api/v1/jobs/${segment(job.id)}/events`;
  const isLast = ({ event }: { readonly event: string }) => event === "result";
  for await (const { event, data } of followed(path, signal, isLast, () => {})) {
    const value = JSON.parse(data) as Record<string, unknown>;
    if (event === "progress") told.progress(value as unknown as Progress);
    if (event === "result") return value as unknown as End;
  }
  throw new DOMException("nobody follows it any more", "AbortError");
}

/** `key`: the same for a repeat after silence, so that nothing is done twice. The signal ends the watching, never the job. */
export async function carryOut(
  change: ChangeRequest,
  { key = freshKey(), plan = false, told, signal }: { key?: string; plan?: boolean; told: Told; signal: AbortSignal },
): Promise<Done> {
  const query = new URLSearchParams({ ...change.query, ...(plan ? { plan: "true" } : {}) }).toString();
  const body = change.method === "DELETE" ? undefined : (change.body ?? {});
  const job = await request<Job>(change.method, `${change.path}${query === "" ? "" : `?${query}`}`, {
    ...(body === undefined ? {} : { body }),
    headers: { "idempotency-key": key },
  });
  told.job(job.id);
  return settled(hasEnded(job.status) ? job : await ended(job, told, signal));
}
