// What a job request in a body means: its operation, the right to it, its specification, its bounds. For one host and for many.
import type * as z from "zod";
import type { submitQuerySchema, submitSchema, Job } from "../../../protocol/api/shapes.ts";
import { AppError } from "../../../protocol/errors.ts";
import { hasEnded } from "../../../protocol/job.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { checkSpec, type OperationDefinition } from "../../../protocol/operations/define.ts";
import { findOperation } from "../../../protocol/operations/index.ts";
import { mayOperate } from "../../auth/authorize.ts";
import type { Actor, SnapshotHost } from "../../fleet/contract.ts";
import type { SubmitInput } from "../../host/contract.ts";
import { actorOf, type Access, type Incoming } from "../call.ts";
import { json } from "../respond.ts";
import { idempotencyKeyIn, waitIn } from "./request-headers.ts";

/** What a job request says beside what is to be done. */
type About = Pick<z.output<typeof submitSchema>, "correlation_id" | "metadata">;
type SubmitQuery = z.output<typeof submitQuerySchema>;
type Given = Incoming & { readonly access: Access | null };

export function operationIn(name: string): OperationDefinition {
  const operation = findOperation(name);
  if (!operation) throw new AppError("OPERATION_UNKNOWN");
  return operation;
}

/** Throws FORBIDDEN unless every credential covers the operation there. What destroys is decided by the Fleet's own word. */
export async function authoriseOperation(access: Access, operation: OperationDefinition, host: () => SnapshotHost): Promise<void> {
  if (!mayOperate(access.caller, host(), operation)) throw new AppError("FORBIDDEN");
  if (operation.risk !== "destructive") return;
  await access.refresh();
  if (!mayOperate(access.caller, host(), operation)) throw new AppError("FORBIDDEN");
}

/** The specification with its defaults filled in. */
export function specOf(operation: OperationDefinition, value: unknown): Record<string, unknown> {
  const { spec, errors } = checkSpec(operation, value, "/resource_spec");
  if (spec === null) throw new AppError("BODY_INVALID", { errors });
  return spec as Record<string, unknown>;
}

type Parts = Omit<SubmitInput, "child">;

/** Everything of a submission but its target. `resourceSpec` was checked. */
export function submissionOf(
  call: Given,
  operation: OperationDefinition,
  resourceSpec: Record<string, unknown>,
  about: About,
  query: SubmitQuery,
): Parts {
  const metadata = metadataOf(operation, about, query);
  const { headers } = call.request;
  return {
    actor: actorOf(call) satisfies Actor,
    operation: operation.name,
    resourceSpec,
    correlationId: about.correlation_id ?? null,
    metadata,
    ttlMs: query.ttl_ms ?? LIMITS.jobTtlMs,
    idempotencyKey: idempotencyKeyIn(headers),
    waitMs: (waitIn(headers) ?? 0) * 1000,
  };
}

function metadataOf(operation: OperationDefinition, about: About, query: SubmitQuery): SubmitInput["metadata"] {
  const { plan = false, debug, timeout_ms, annotations } = about.metadata ?? {};
  const isPlan = plan || query.plan === "true";
  if (isPlan && !operation.plannable) throw new AppError("PLAN_UNSUPPORTED");
  if (timeout_ms !== undefined && timeout_ms > operation.timeoutMs.max)
    throw new AppError("BODY_INVALID", {
      errors: [{ pointer: "/metadata/timeout_ms", message: `must be at most ${operation.timeoutMs.max} for this operation` }],
    });
  if (annotations !== undefined && Object.keys(annotations).length > LIMITS.annotations)
    throw new AppError("BODY_INVALID", {
      errors: [{ pointer: "/metadata/annotations", message: `must be at most ${LIMITS.annotations}` }],
    });
  return {
    ...(isPlan ? { plan: true } : {}),
    ...(debug === undefined ? {} : { debug }),
    ...(timeout_ms === undefined ? {} : { timeout_ms }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

export const wasAwaited = (call: Given, job: Job): boolean => waitIn(call.request.headers) !== null && hasEnded(job.status);

export function jobHeaders(call: Given, job: Job): Record<string, string> {
  const wait = waitIn(call.request.headers);
  const location = `/api/v1/jobs/${job.id}`;
  return wait === null ? { location } : { location, "preference-applied": `wait=${wait}` };
}

/** 200 with the ended job when it was waited for, else 202. */
export function jobAnswer(call: Given, job: Job): Response {
  return json(call.requestId, wasAwaited(call, job) ? 200 : 202, job, jobHeaders(call, job));
}
