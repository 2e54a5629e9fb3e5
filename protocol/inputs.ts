// Typed inputs, shared by commands, triggers and tools: how a file declares them, and how a caller's values are checked.
import * as z from "zod";
import { LIMITS } from "./limits.ts";

const inputNameSchema = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

export const inputDeclarationSchema = z.strictObject({
  type: z.enum(["string", "integer", "boolean", "choice"]),
  description: z.string().max(200).optional(),
  /** Regular expression over the whole value: always anchored. */
  pattern: z.string().max(500).optional(),
  minimum: z.int().optional(),
  maximum: z.int().optional(),
  choices: z.array(z.string().max(255)).min(1).max(100).optional(),
  secret: z.boolean().optional(),
  default: z.union([z.string().max(LIMITS.inputBytes), z.int(), z.boolean()]).optional(),
});
export type InputDeclaration = z.infer<typeof inputDeclarationSchema>;

export const inputDeclarationsSchema = z.record(inputNameSchema, inputDeclarationSchema);
export type InputDeclarations = z.infer<typeof inputDeclarationsSchema>;

export const inputValuesSchema = z.record(inputNameSchema, z.union([z.string().max(LIMITS.inputBytes), z.int(), z.boolean()]));
export type InputValues = z.infer<typeof inputValuesSchema>;

export interface FieldError {
  /** JSON pointer (RFC 6901) into the request. */
  pointer: string;
  message: string;
}

function checkString(value: unknown, declared: InputDeclaration, patterns: boolean): string | null {
  if (typeof value !== "string") return "must be a string";
  if (value.includes("\0")) return "must not contain NUL";
  if (patterns && declared.pattern !== undefined && !new RegExp(`^(?:${declared.pattern})$`, "u").test(value))
    return `must match ${declared.pattern}`;
  return null;
}

function checkInteger(value: unknown, declared: InputDeclaration): string | null {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return "must be an integer";
  if (declared.minimum !== undefined && value < declared.minimum) return `must be at least ${declared.minimum}`;
  if (declared.maximum !== undefined && value > declared.maximum) return `must be at most ${declared.maximum}`;
  return null;
}

function checkValue(value: unknown, declared: InputDeclaration, patterns: boolean): string | null {
  if (declared.type === "string") return checkString(value, declared, patterns);
  if (declared.type === "integer") return checkInteger(value, declared);
  if (declared.type === "boolean") return typeof value === "boolean" ? null : "must be true or false";
  return declared.choices?.includes(value as string) ? null : `must be one of ${declared.choices?.join(", ") ?? "nothing"}`;
}

/**
 * The values with defaults filled in, or what is wrong with them. `base` is the pointer of the inputs object. A message
 * never repeats a value: it may be secret. `patterns` is off at the edge, where a host's regular expression is a peer's
 * program without a bound; the host that declared it evaluates it.
 */
export function checkInputs(
  values: InputValues,
  declared: InputDeclarations,
  base: string,
  patterns: boolean,
): { values: InputValues; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const full: InputValues = {};
  for (const name of Object.keys(values))
    if (!Object.hasOwn(declared, name)) errors.push({ pointer: `${base}/${name}`, message: "is not an input of this command" });
  for (const [name, declaration] of Object.entries(declared)) {
    const value = Object.hasOwn(values, name) ? values[name] : declaration.default;
    if (value === undefined) {
      errors.push({ pointer: `${base}/${name}`, message: "is required" });
      continue;
    }
    const message = checkValue(value, declaration, patterns);
    if (message) errors.push({ pointer: `${base}/${name}`, message });
    else full[name] = value;
  }
  return { values: full, errors };
}
