// Refusals that any driver may give: a row of the error table as a handler's result.
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { FieldError } from "../../protocol/inputs.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { HandlerResult } from "./contract.ts";

/** `detail` replaces the table's sentence; it never holds a secret. */
export function refuse(code: ErrorCode, detail?: string, errors?: readonly FieldError[]): HandlerResult {
  const message = (detail ?? ERRORS[code].message).slice(0, LIMITS.messageChars);
  return errors ? { status: "error", code, message, data: { errors } } : { status: "error", code, message };
}
