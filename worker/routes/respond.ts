// Answers: JSON, problem documents (RFC 9457), pages, streams. Every answer carries its request id and the security headers.
import { AppError, ERRORS, isErrorCode, type ErrorCode, type FieldErrors } from "../../protocol/errors.ts";
import { SIGN_IN_PAGE } from "../web/sign-in.ts";
import { styleSource } from "../web/style.ts";
import type { Problem } from "../../protocol/api/shapes.ts";

/** For everything that is not a page: nothing may be stored, guessed, framed or embedded elsewhere. */
const SECURITY = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** A page loads its own script and data from its own origin, and the one style sheet that it holds. */
const pagePolicy = () =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${styleSource()}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/**
 * The web app's page: scripts, styles and data of its own origin, its sockets included; nothing inline. What xterm.js would put into
 * `<style>` elements and attributes goes through the CSSOM instead (web/terminal/style-policy.ts), which needs no permission.
 */
const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "manifest-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

type HeaderRecord = Readonly<Record<string, string>>;

export function json(requestId: string, status: number, value: unknown, headers?: HeaderRecord): Response {
  return jsonText(requestId, status, JSON.stringify(value), headers);
}

/** JSON that is text already. */
export function jsonText(requestId: string, status: number, text: string, headers?: HeaderRecord): Response {
  return new Response(text, {
    status,
    headers: { ...SECURITY, "content-type": "application/json", "x-request-id": requestId, ...headers },
  });
}

export function empty(requestId: string, status: number, headers?: HeaderRecord): Response {
  return new Response(null, { status, headers: { ...SECURITY, "x-request-id": requestId, ...headers } });
}

export function stream(requestId: string, status: number, body: ReadableStream<Uint8Array> | null, headers: HeaderRecord): Response {
  return new Response(body, { status, headers: { ...SECURITY, "x-request-id": requestId, ...headers } });
}

export function bytes(requestId: string, type: string, body: Uint8Array): Response {
  return new Response(body, { headers: { ...SECURITY, "content-type": type, "x-request-id": requestId } });
}

export function page(requestId: string, contentType: string, text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: {
      ...SECURITY,
      "content-security-policy": pagePolicy(),
      "content-type": `${contentType}; charset=utf-8`,
      "x-request-id": requestId,
    },
  });
}

export function appPage(requestId: string, body: ReadableStream<Uint8Array>): Response {
  return stream(requestId, 200, body, { "content-security-policy": APP_POLICY, "content-type": "text/html; charset=utf-8" });
}

/** A file of the web app. */
export function file(requestId: string, body: ReadableStream<Uint8Array>, type: string, cache: string): Response {
  return stream(requestId, 200, body, { "content-type": type, "cache-control": cache });
}

/** 401 for a person: the page to sign in on instead of a problem document. */
export function signInPage(requestId: string): Response {
  const response = page(requestId, "text/html", SIGN_IN_PAGE, 401);
  response.headers.set("www-authenticate", "Bearer");
  return response;
}

/** A pointer may hold names that the caller made up: what it sent must not come back many times as large. */
const SHOWN_ERRORS = 50;
const POINTER_CHARS = 256;
const shown = ({ pointer, message }: { pointer: string; message: string }) => ({ pointer: pointer.slice(0, POINTER_CHARS), message });

export function problem(requestId: string, code: ErrorCode, details: FieldErrors = {}, headers?: HeaderRecord): Response {
  return problemDocument(requestId, code, ERRORS[code], details, headers);
}

/** A host that is busy says no time. */
const HOST_BUSY_MS = 1_000;

/** What a newer relay may say. */
const UNKNOWN_CODE = {
  status: 502,
  retryable: false,
  message: "The host failed with a code that this edge does not know.",
  remedy: "Read the message; update the edge.",
} as const;

/**
 * The problem that a host's result is; `job`: the job that had it. Who the caller is, is no word of a host's: a client would throw its
 * credential away.
 */
export function hostProblem(requestId: string, code: string, details: Details, headers?: HeaderRecord): Response {
  const entry = isErrorCode(code) && ERRORS[code].status !== 401 ? ERRORS[code] : UNKNOWN_CODE;
  const given = entry.status === 429 ? { retryAfterMs: HOST_BUSY_MS, ...details } : details;
  return problemDocument(requestId, code, entry, given, headers);
}

type Entry = (typeof ERRORS)[ErrorCode] | typeof UNKNOWN_CODE;
type Details = FieldErrors & { readonly job?: string };

function problemDocument(requestId: string, code: string, entry: Entry, details: Details, headers?: HeaderRecord): Response {
  const { status, message, remedy, retryable } = entry;
  const document: Problem = {
    type: `urn:farhand:error:${code}`,
    title: message,
    status,
    detail: details.detail ?? message,
    code,
    request_id: requestId,
    remedy,
    retryable,
    ...(details.errors ? { errors: details.errors.slice(0, SHOWN_ERRORS).map(shown) } : {}),
    ...(details.job === undefined ? {} : { job: details.job }),
  };
  const extra: Record<string, string> = { "content-type": "application/problem+json", ...headers };
  if (status === 401) extra["www-authenticate"] = "Bearer";
  if (details.retryAfterMs !== undefined) extra["retry-after"] = String(Math.max(1, Math.ceil(details.retryAfterMs / 1000)));
  return json(requestId, status, document, extra);
}

/** The answer to whatever a handler threw. What is not an AppError is a fault of ours: it is logged, and told without its text. */
export function problemOf(requestId: string, error: unknown, route: string): Response {
  if (error instanceof AppError) {
    if (error.code === "INTERNAL") logFault(requestId, error, route);
    return problem(requestId, error.code, error.details);
  }
  logFault(requestId, error, route);
  return problem(requestId, "INTERNAL");
}

function logFault(requestId: string, error: unknown, route: string): void {
  const fault = error instanceof Error ? { name: error.name, stack: error.stack ?? "" } : { name: typeof error, stack: "" };
  console.error(JSON.stringify({ level: "error", request_id: requestId, route, ...fault }));
}
