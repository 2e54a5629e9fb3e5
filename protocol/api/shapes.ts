// REST shapes of the control plane (API.md): bodies that are accepted, and resources that are answered.
import * as z from "zod";
import { callSchema, jobResultSchema, operationNameSchema, resourceSpecSchema, submitSchema } from "../envelope.ts";
import { ulidSchema } from "../ids.ts";
import { jobStateSchema } from "../job.ts";
import { LIMITS } from "../limits.ts";
import { catalogueSchema, factsSchema, hostNameSchema, labelSchema } from "../link/control.ts";
import { RISKS } from "../operations/define.ts";
import { ROLES, type Role } from "../roles.ts";
import { MODEL_SURFACES } from "../services.ts";

export const timeSchema = z.string().meta({ format: "date-time", description: "RFC 3339, UTC" });
const nullableTime = timeSchema.nullable();

// ---- access ----
export { ROLES, type Role };
export const roleSchema = z
  .enum(ROLES)
  .meta({ description: "reader: read operations, jobs and output; operator: every operation; admin: administration too" });

export const principalSchema = z
  .string()
  .max(300)
  .regex(/^(user|token|key|hook|schedule|email):[!-~]+$/)
  .meta({ description: "user:<sub>, email:<address>, token:<common name>, key:<id>" });
export const operationPatternSchema = z
  .string()
  .max(64)
  .regex(/^(\*|[a-z]+\.\*|[a-z]+(\.[a-z][a-z0-9-]*)+)$/)
  .meta({ description: "`*`, `noun.*` or an operation" });

/** Where a grant holds: hosts by name or id (`*`: all), or hosts that carry all of the labels (as set at the edge). Exactly one of the two. */
export const grantScopeSchema = z.strictObject({
  role: roleSchema,
  hosts: z
    .array(z.union([z.literal("*"), hostNameSchema]))
    .min(1)
    .max(100)
    .optional(),
  labels: z.array(labelSchema).min(1).max(LIMITS.labels).optional(),
  operations: z.array(operationPatternSchema).min(1).max(100).default(["*"]).meta({
    description: "operations, and uses: `model.use`, `model.list`, `model.manage`, `terminal.open`, `terminal.watch`, `service.<name>`",
  }),
  models: z
    .array(z.string().min(1).max(LIMITS.modelChars))
    .min(1)
    .max(100)
    .optional()
    .meta({ description: "only these models, `*` for any characters; absent: all" }),
  surfaces: z.array(z.enum(MODEL_SURFACES)).min(1).optional().meta({ description: "only these surfaces of the model plane; absent: all" }),
});
export type GrantScope = z.infer<typeof grantScopeSchema>;
export const grantCreateSchema = grantScopeSchema.extend({ principal: principalSchema });
export const grantSchema = grantCreateSchema.extend({ id: ulidSchema, created_at: timeSchema });
export type Grant = z.infer<typeof grantSchema>;

const keyNameSchema = z
  .string()
  .min(1)
  .max(LIMITS.nameChars)
  .regex(/^[^\p{Cc}]+$/u);
export const keyCreateSchema = z.strictObject({
  name: keyNameSchema,
  grants: z.array(grantScopeSchema).min(1).max(50).meta({ description: "what the key may do; a key without a grant may do nothing" }),
  expires_in_ms: z
    .int()
    .min(60_000)
    .max(10 * 365 * 24 * 3600_000)
    .optional(),
  import: z
    .string()
    .min(24)
    .max(512)
    .regex(/^[!-~]+$/)
    .optional()
    .meta({ description: "an existing secret to accept, so that callers keep theirs", writeOnly: true }),
});
export const keyUpdateSchema = z.strictObject({ name: keyNameSchema });
export const keySchema = z.object({
  id: ulidSchema,
  name: z.string(),
  prefix: z.string(),
  created_at: timeSchema,
  created_by: z.string(),
  expires_at: nullableTime,
  imported: z.boolean(),
});
export type Key = z.infer<typeof keySchema>;
export const keyCreatedSchema = keySchema.extend({
  key: z.string().nullable().meta({ description: "the secret, shown once; null for an imported one" }),
});

export const meSchema = z.object({
  principal: z.string(),
  email: z.string().nullable(),
  credentials: z.array(z.string()),
  grants: z.array(grantSchema),
});
export const signInCodeSchema = z.object({ code: z.string(), path: z.string(), expires_at: timeSchema });
export const sessionCreateSchema = z.strictObject({ code: z.string().max(128) });

// ---- hosts ----
export const hostSchema = z.object({
  id: z.string(),
  name: z.string(),
  online: z.boolean(),
  labels: z.array(z.string()).meta({ description: "set at the edge; these count for grants" }),
  relay_labels: z.array(z.string()).meta({ description: "the host's own word, for choosing; they grant nothing" }),
  note: z.string(),
  capabilities: catalogueSchema.nullable(),
  facts: factsSchema.nullable(),
  relay_version: z.string().nullable(),
  last_seen_at: nullableTime,
  created_at: timeSchema,
  queue: z.object({ held: z.int(), queued: z.int(), delivered: z.int(), running: z.int() }),
  slots: z.int(),
});
export type Host = z.infer<typeof hostSchema>;
export const hostUpdateSchema = z.strictObject({
  labels: z.array(labelSchema).max(LIMITS.labels).optional(),
  note: z.string().max(LIMITS.noteChars).optional(),
});
export const enrollmentCreateSchema = z.strictObject({
  host: hostNameSchema,
  labels: z.array(labelSchema).max(LIMITS.labels).optional(),
  ttl_ms: z.int().min(1_000).max(LIMITS.enrollmentTtlMs).optional(),
});
export const enrollmentSchema = z.object({ code: z.string(), host: z.string(), expires_at: timeSchema });
/** `public_key`: Ed25519, SubjectPublicKeyInfo DER in base64 (RFC 8410), 44 bytes. */
export const enrollClaimSchema = z.strictObject({
  code: z.string().max(128),
  public_key: z
    .string()
    .length(60)
    .regex(/^[A-Za-z0-9+/]+=*$/),
});
export const enrolledSchema = z.object({ host: z.string(), host_id: z.string(), host_number: z.int() });

// ---- operations ----
export const operationSchema = z.object({
  name: operationNameSchema,
  summary: z.string(),
  risk: z.enum(RISKS),
  idempotent: z.boolean(),
  plannable: z.boolean(),
  timeout_ms: z.object({ default: z.int(), max: z.int() }),
  resource_spec: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema" }),
  data: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema" }),
  rules: z.array(z.object({ name: z.string(), pointer: z.string(), message: z.string() })),
});

// ---- jobs ----
export const targetSchema = z.union([
  z.strictObject({ host: hostNameSchema }),
  z.strictObject({ labels: z.array(labelSchema).min(1).max(LIMITS.labels), pick: z.enum(["one", "all"]) }),
]);
export const fanOutSchema = submitSchema.extend({ target: targetSchema });
const childSchema = z.object({ id: ulidSchema, host: z.string(), status: jobStateSchema });
export const jobSchema = z.object({
  id: ulidSchema,
  parent_id: ulidSchema.nullable(),
  host: z.string().nullable().meta({ description: "null for a parent over several hosts" }),
  operation: operationNameSchema,
  resource_spec: resourceSpecSchema.meta({ description: "secrets are null" }),
  status: jobStateSchema,
  correlation_id: z.string(),
  requested_by: z.string(),
  queued_at: timeSchema,
  delivered_at: nullableTime,
  started_at: nullableTime,
  ended_at: nullableTime,
  expires_at: nullableTime,
  cancel_requested_at: nullableTime,
  children: z.array(childSchema).optional(),
  output: z.object({ stdout_bytes: z.int(), stderr_bytes: z.int() }),
  result: jobResultSchema.nullable(),
  error: z
    .object({ code: z.string(), message: z.string(), remedy: z.string() })
    .optional()
    .meta({ description: "why a job ended without a result" }),
});
export type Job = z.infer<typeof jobSchema>;
/** A row of a list: a job without spec, result and children. */
export const jobSummarySchema = jobSchema.omit({ resource_spec: true, result: true, children: true, output: true });
export type JobSummary = z.infer<typeof jobSummarySchema>;

// ---- terminals, usage ----
export const terminalTicketCreateSchema = z.strictObject({
  terminal: z.string().max(64).optional().meta({ description: "of terminal.list; absent: a new one, which ends with its shell" }),
  mode: z.enum(["write", "read"]).default("write"),
  columns: z.int().min(2).max(LIMITS.terminalColumns).default(80),
  rows: z.int().min(2).max(LIMITS.terminalRows).default(24),
});
export const terminalTicketSchema = z.object({
  ticket: z.string(),
  url: z.string().meta({ description: "path of the WebSocket on this hostname, with the ticket" }),
  mode: z.enum(["write", "read"]),
  expires_at: timeSchema,
});
export const usageItemSchema = z.object({
  day: z.string().meta({ description: "UTC, YYYY-MM-DD: the day on which it was counted" }),
  principal: z.string(),
  host: z.string(),
  surface: z.enum(MODEL_SURFACES),
  model: z.string(),
  requests: z.int(),
  aborted: z.int().meta({ description: "ended before the final chunk: their tokens are not known and not counted" }),
  input_tokens: z.int(),
  output_tokens: z.int(),
});
export type UsageItem = z.infer<typeof usageItemSchema>;

export const auditRecordSchema = z.object({
  object: z.string().meta({ description: "`fleet` or a host's id: each keeps a chain of its own" }),
  seq: z.int(),
  at: timeSchema,
  principal: z.string(),
  action: z.string().meta({ description: "an operation, or noun.verb of the administration" }),
  subject: z.string().meta({ description: "job, host, key or grant" }),
  host: z.string().nullable(),
  outcome: z.string(),
  request_id: z.string(),
  detail: z.record(z.string(), z.unknown()),
  prev_hash: z.string(),
  hash: z.string().meta({ description: "SHA-256 over prev_hash and the record (docs/jobs.md)" }),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  request_id: z.string(),
  remedy: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  job: ulidSchema.optional().meta({ description: "the job that was waited for and failed" }),
});
export type Problem = z.infer<typeof problemSchema>;

export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next_cursor: z.string().nullable() });

// ---- queries: every value arrives as text ----
const limit = z.coerce.number().int().min(1).max(LIMITS.pageItems).default(LIMITS.pageItemsDefault);
const cursor = z.string().max(200).optional();
export const pageQuerySchema = z.strictObject({ limit, cursor });
export const jobsQuerySchema = z.strictObject({
  host: hostNameSchema.optional(),
  operation: operationNameSchema.optional(),
  status: jobStateSchema.optional(),
  parent: ulidSchema.optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  limit,
  cursor,
});
export type JobsQuery = z.infer<typeof jobsQuerySchema>;
export const auditQuerySchema = z.strictObject({
  object: z.string().max(64).optional(),
  principal: z.string().max(300).optional(),
  limit,
  cursor,
});
const day = z.iso.date();
export const usageQuerySchema = z.strictObject({
  since: day.optional(),
  until: day.optional(),
  principal: z.string().max(300).optional(),
  model: z.string().max(LIMITS.modelChars).optional(),
  host: hostNameSchema.optional(),
  limit,
  cursor,
});
export const submitQuerySchema = z.strictObject({
  ttl_ms: z.coerce.number().int().min(1).max(LIMITS.jobTtlMaxMs).optional(),
  plan: z.enum(["true", "false"]).optional(),
});
export const outputQuerySchema = z.strictObject({
  stream: z.enum(["stdout", "stderr"]).default("stdout"),
  offset: z.coerce.number().int().min(0).default(0),
});
export { callSchema, submitSchema };
