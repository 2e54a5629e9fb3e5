// The job request that reaches a relay and the job result that comes back (DESIGN 4), and what a caller may set of them.
import * as z from "zod";
import { LIMITS } from "./limits.ts";
import { ulidSchema } from "./ids.ts";

export const operationNameSchema = z
  .string()
  .max(64)
  .regex(/^[a-z]+(\.[a-z][a-z0-9-]*)+$/)
  .meta({ description: "noun.verb" });

/** Printable ASCII without spaces: it is echoed into logs and headers. */
export const correlationIdSchema = z
  .string()
  .min(1)
  .max(LIMITS.correlationIdChars)
  .regex(/^[!-~]+$/);

const annotationsSchema = z.record(z.string().regex(/^[a-z0-9_.-]{1,63}$/), z.string().max(LIMITS.annotationChars));

/** What a caller may say; anything else in `metadata` is the edge's and refused. */
export const callerMetadataSchema = z.strictObject({
  plan: z.boolean().optional().meta({ description: "Say what would change, change nothing" }),
  debug: z.boolean().optional(),
  timeout_ms: z.int().min(1).max(LIMITS.jobTimeoutMaxMs).optional(),
  annotations: annotationsSchema.optional(),
});

export const resourceSpecSchema = z.record(z.string(), z.unknown());

/** Body of `POST /hosts/{host}/jobs`. */
export const submitSchema = z.strictObject({
  operation: operationNameSchema,
  resource_spec: resourceSpecSchema.default({}),
  correlation_id: correlationIdSchema.optional(),
  metadata: callerMetadataSchema.optional(),
});

/** Body of `POST /hosts/{host}/calls`. */
export const callSchema = z.strictObject({ operation: operationNameSchema, resource_spec: resourceSpecSchema.default({}) });

/** What the relay gets, and a host agent on its standard input. */
export const jobRequestSchema = z.strictObject({
  operation: operationNameSchema,
  resource_spec: resourceSpecSchema,
  correlation_id: correlationIdSchema,
  metadata: z.strictObject({
    job_id: ulidSchema,
    host: z.string(),
    requested_by: z.string(),
    requested_at: z.string(),
    timeout_ms: z.int().min(1).max(LIMITS.jobTimeoutMaxMs),
    attempt: z.int().min(1),
    plan: z.boolean(),
    debug: z.boolean(),
    annotations: annotationsSchema.optional(),
  }),
});
export type JobRequest = z.infer<typeof jobRequestSchema>;

export const logLineSchema = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]),
  message: z.string().max(LIMITS.messageChars),
});

/** `code` is absent on success. `partial` lists in `data` what was and what was not done. */
export const jobResultSchema = z.strictObject({
  status: z.enum(["success", "error", "partial"]),
  code: z
    .string()
    .max(64)
    .regex(/^[A-Z][A-Z0-9_]+$/)
    .optional(),
  message: z.string().max(LIMITS.messageChars),
  data: z.unknown().optional(),
  logs: z.array(logLineSchema).max(200),
  correlation_id: correlationIdSchema,
});
export type JobResult = z.infer<typeof jobResultSchema>;
