// Errors of the model plane in the shape that the surface's own clients read. The code of the error table is in the header
// x-farhand-error, because Ollama's shape has no place for it.
import { AppError, ERRORS, type ErrorCode } from "../../../protocol/errors.ts";
import type { Dialect } from "../../../protocol/services.ts";
import { json, problemOf } from "../respond.ts";

type ModelDialect = Exclude<Dialect, "http">;

/** OpenAI's `type` of an error, by status. */
function openaiType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "api_error";
}

/** Statuses on which OpenAI's clients ask again by themselves. */
const asksAgain = (status: number) => status === 408 || status === 409 || status === 429 || status >= 500;

function headersOf(problem: Response, code: ErrorCode, hasBegun: boolean): Record<string, string> {
  const headers: Record<string, string> = { "x-farhand-error": code };
  for (const name of ["retry-after", "www-authenticate"]) {
    const value = problem.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  const { status, retryable } = ERRORS[code];
  if (asksAgain(status) && (hasBegun || !retryable)) headers["x-should-retry"] = "false";
  return headers;
}

/**
 * OpenAI and LM Studio: `{error: {message, type, param, code}}`. Ollama: `{error: "…"}`. `hasBegun`: the upstream may be at
 * work on the request, so a client that asks again by itself would have the work done twice.
 */
export function dialectError(dialect: ModelDialect, requestId: string, error: unknown, route: string, hasBegun = false): Response {
  const problem = problemOf(requestId, error, route);
  const known = error instanceof AppError ? error : new AppError("INTERNAL");
  const { status, remedy } = ERRORS[known.code];
  const message = `${known.message} ${remedy}`;
  const body =
    dialect === "ollama"
      ? { error: message }
      : { error: { message, type: openaiType(status), param: null, code: known.code.toLowerCase() } };
  return json(requestId, status, body, headersOf(problem, known.code, hasBegun));
}

/** Whose shape an error has on a path that is no route; null: a problem document. */
export function dialectOf(path: string): ModelDialect | null {
  if (path.startsWith("/v1/")) return "openai";
  if (path.startsWith("/lmstudio/")) return "lmstudio";
  return path.startsWith("/api/") && !path.startsWith("/api/v1/") ? "ollama" : null;
}
