// What a host offers to be reached through its lanes: services, the models they serve, and the dialects of the model plane.
import * as z from "zod";
import { LIMITS } from "./limits.ts";

/** What a service is. `http`: any HTTP server, reachable on declared routes only; the others are model servers of a known shape. */
export const SERVICE_KINDS = ["ollama", "lmstudio", "openai", "http"] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** The shape of requests, answers and errors on a surface. `http`: no model, problem documents. */
export const DIALECTS = ["openai", "ollama", "lmstudio", "http"] as const;
export const dialectSchema = z.enum(DIALECTS);
export type Dialect = z.infer<typeof dialectSchema>;

/** Surfaces that a grant may name. `ingest` is `POST /api/generate` without a model. */
export const MODEL_SURFACES = ["openai", "ollama", "ingest", "lmstudio", "service"] as const;
export type ModelSurface = (typeof MODEL_SURFACES)[number];

/** Which kinds of service answer a dialect natively: bytes pass untouched. */
export const SPOKEN_BY: Readonly<Record<Exclude<Dialect, "http">, readonly ServiceKind[]>> = {
  openai: ["ollama", "lmstudio", "openai"],
  ollama: ["ollama"],
  lmstudio: ["lmstudio"],
};

export const serviceNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

/** Names as servers give them: `llama3.2:3b`, `qwen/qwen2.5-coder`. No `@`: that pins a host. */
export const modelIdSchema = z
  .string()
  .min(1)
  .max(LIMITS.modelChars)
  .regex(/^[^\p{Cc}@]+$/u);

export const modelSchema = z.strictObject({
  id: modelIdSchema,
  /** In memory now; null: the server does not say. */
  loaded: z.boolean().nullable(),
  /** Tokens; null: the server does not say. The loaded instance's where there is one. */
  context_length: z.int().min(1).nullable(),
  /** null: the server does not say. */
  kind: z.enum(["chat", "embedding"]).nullable(),
});
export type Model = z.infer<typeof modelSchema>;

/** A service as the relay tells it. A host's word: it grants nothing. */
export const serviceSchema = z.strictObject({
  name: serviceNameSchema,
  kind: z.enum(SERVICE_KINDS),
  /** It answered at the last look. */
  healthy: z.boolean(),
  /** One line for people: what was found, or why not and what to do. Never an address. */
  detail: z.string().max(300),
  /** `METHOD /path` patterns of an `http` service. Empty for model servers. */
  routes: z.array(z.string().max(200)).max(LIMITS.serviceRoutes),
  /** Model management (pull, delete, load, …) is enabled in the host's file. */
  manage: z.boolean(),
  /** Answers where a request names no model (the ingest contract). */
  default_model: modelIdSchema.nullable(),
  models: z.array(modelSchema).max(LIMITS.modelsPerService),
});
export type Service = z.infer<typeof serviceSchema>;
