// What an operation is, and the subset of zod that its schemas may use: refinements vanish from JSON Schema, and Date and
// bigint throw, so both are refused here; rules across fields are named entries beside the schema.
import * as z from "zod";
import type { FieldError } from "../inputs.ts";
import { secretPointers } from "../secret.ts";

export const RISKS = ["read", "change", "destructive"] as const;
export type Risk = (typeof RISKS)[number];

export interface Rule<Spec> {
  /** kebab-case; documented with the operation. */
  readonly name: string;
  /** JSON pointer into the spec that is reported. */
  readonly pointer: string;
  readonly message: string;
  /** True when the spec obeys. */
  readonly holds: (spec: Spec) => boolean;
}

export interface OperationDefinition<S extends z.ZodType = z.ZodType, D extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly summary: string;
  readonly risk: Risk;
  /** May be run again by itself after an end that was not observed. */
  readonly idempotent: boolean;
  /** Can say what it would do without doing it. */
  readonly plannable: boolean;
  readonly timeoutMs: { readonly default: number; readonly max: number };
  /** Resources that two jobs must not hold at once; taken in sorted order. */
  readonly locks: (spec: z.infer<S>) => readonly string[];
  readonly spec: S;
  readonly data: D;
  readonly rules: readonly Rule<z.infer<S>>[];
}

const SUBSET = new Set([
  "object",
  "string",
  "number",
  "boolean",
  "enum",
  "literal",
  "array",
  "record",
  "optional",
  "nullable",
  "default",
  "union",
  "unknown",
  "null",
]);
const CHECKS = new Set([
  "min_length",
  "max_length",
  "length_equals",
  "string_format",
  "number_format",
  "greater_than",
  "less_than",
  "multiple_of",
]);

type Def = { type: string; checks?: { _zod: { def: { check: string } } }[] } & Record<string, unknown>;

function childrenOf(schema: z.ZodType): z.ZodType[] {
  const def = schema._zod.def as unknown as Def;
  if (def.type === "object") return Object.values(def["shape"] as Record<string, z.ZodType>);
  if (def.type === "record") return [def["keyType"], def["valueType"]] as z.ZodType[];
  if (def.type === "array") return [def["element"] as z.ZodType];
  if (def.type === "union") return def["options"] as z.ZodType[];
  return def["innerType"] ? [def["innerType"] as z.ZodType] : [];
}

/** Throws when a schema leaves the subset. Runs when the registry loads, so a bad entry never ships. */
export function assertSubset(schema: z.ZodType, path: string): void {
  const def = schema._zod.def as unknown as Def;
  if (!SUBSET.has(def.type)) throw new TypeError(`${path}: zod ${def.type} is outside the subset of operation schemas`);
  for (const check of def.checks ?? []) {
    const kind = check._zod.def.check;
    if (!CHECKS.has(kind)) throw new TypeError(`${path}: check ${kind} is outside the subset; write a named rule instead`);
  }
  if (def.type === "object" && !(def["catchall"] instanceof z.ZodNever) && path.endsWith(".spec"))
    throw new TypeError(`${path}: objects of a spec must be strict`);
  for (const child of childrenOf(schema)) assertSubset(child, path);
}

export function defineOperation<S extends z.ZodType, D extends z.ZodType>(
  definition: Omit<OperationDefinition<S, D>, "rules" | "plannable" | "locks"> &
    Partial<Pick<OperationDefinition<S, D>, "rules" | "plannable" | "locks">>,
): OperationDefinition<S, D> {
  assertSubset(definition.spec, `${definition.name}.spec`);
  assertSubset(definition.data, `${definition.name}.data`);
  return { rules: [], plannable: false, locks: () => [], ...definition };
}

/** Field errors of a zod failure as JSON pointers below `base`. Messages name the expectation, never the value: it may be secret. */
export function fieldErrors(error: z.ZodError, base = ""): FieldError[] {
  return error.issues.flatMap((issue) => {
    const pointer = base + issue.path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
        message: "is not a known field",
      }));
    return [{ pointer, message: issue.message }];
  });
}

/** Validates a spec against schema and rules; pointers start with `base`. */
export function checkSpec<S extends z.ZodType, D extends z.ZodType>(
  operation: OperationDefinition<S, D>,
  spec: unknown,
  base: string,
): { spec: z.infer<S> | null; errors: FieldError[] } {
  const parsed = operation.spec.safeParse(spec);
  if (!parsed.success) return { spec: null, errors: fieldErrors(parsed.error, base) };
  const errors = operation.rules
    .filter((rule) => !rule.holds(parsed.data))
    .map((rule) => ({ pointer: base + rule.pointer, message: rule.message }));
  return { spec: errors.length > 0 ? null : parsed.data, errors };
}

/** Pointers of the secrets that a valid spec holds. */
export function secretsOf(operation: OperationDefinition, spec: unknown): string[] {
  return secretPointers(operation.spec, spec);
}
