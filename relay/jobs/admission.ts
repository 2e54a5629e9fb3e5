// Whether a delivered job or a call may run here at all: hash, shape, operation, relay.toml, specification. Decides, changes
// nothing, starts nothing.
import { hash } from "node:crypto";
import { jobRequestSchema, type JobRequest } from "../../protocol/envelope.ts";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { EdgeMessage, MessageOf } from "../../protocol/link/control.ts";
import { checkSpec } from "../../protocol/operations/define.ts";
import { findOperation } from "../../protocol/operations/index.ts";
import type { Allowance } from "../config.ts";
import type { FoundOperation } from "../drivers/index.ts";

/** What the host offers now; it may change between two questions. */
export interface Host {
  readonly slots: number;
  find(operation: string): FoundOperation | null;
  allows(operation: string): Allowance;
}

export interface Runnable {
  readonly spec: unknown;
  readonly found: FoundOperation;
  readonly maxTimeoutMs: number;
}

export interface Refused {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data?: unknown;
}

export type Admission = { readonly run: Runnable } | { readonly refused: Refused };
const refuse = (code: ErrorCode, message: string = ERRORS[code].message, data?: unknown): { refused: Refused } => ({
  refused: data === undefined ? { code, message } : { code, message, data },
});

/** The request of a delivery, or null when the edge contradicts itself: then nothing is claimed. */
export function openDelivery(message: MessageOf<EdgeMessage, "job">): JobRequest | null {
  if (hash("sha256", message.salt + message.payload) !== message.payload_hash) return null;
  let value: unknown;
  try {
    value = JSON.parse(message.payload);
  } catch {
    return null;
  }
  const parsed = jobRequestSchema.safeParse(value);
  return parsed.success && parsed.data.metadata.job_id === message.job_id ? parsed.data : null;
}

/** Checks in the order in which a person would want to know: is there such a thing, may it, is it well said. */
export function admit(host: Host, name: string, spec: unknown, options: { plan: boolean; call: boolean }): Admission {
  const operation = findOperation(name);
  if (!operation) return refuse("OPERATION_UNKNOWN");
  const allowance = host.allows(name);
  if (!allowance.allowed) return refuse(allowance.code, allowance.message);
  if (options.call && operation.risk !== "read") return refuse("OPERATION_NOT_A_CALL");
  const found = host.find(name);
  if (!found) return refuse("OPERATION_UNSUPPORTED");
  if (options.plan && !operation.plannable) return refuse("PLAN_UNSUPPORTED");
  const checked = checkSpec(operation, spec, "/resource_spec");
  if (checked.errors.length > 0) return refuse("SPEC_INVALID", ERRORS.SPEC_INVALID.message, { errors: checked.errors.slice(0, 50) });
  const own = found.timeoutMs(checked.spec);
  return { run: { spec: checked.spec, found, maxTimeoutMs: Math.min(operation.timeoutMs.max, own ?? operation.timeoutMs.max) } };
}
