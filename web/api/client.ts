// Requests to the edge: JSON in, JSON out, refusals as ApiProblem, silence as Unreachable. The browser's own session is the
// credential: nothing secret passes through here but what a person typed into a form.
import type { Problem } from "../../protocol/api/shapes.ts";
import { signedOut, suspect } from "./connection.ts";

const READ_MS = 15_000;
const CHANGE_MS = 30_000;

export interface FieldProblem {
  readonly pointer: string;
  readonly message: string;
}

/** The edge refused, and says why and what to do. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly errors: readonly FieldProblem[];
  constructor(status: number, about: Partial<Pick<Problem, "detail" | "code" | "remedy" | "errors">>) {
    super(about.detail ?? `The edge answered ${status}.`);
    this.status = status;
    this.code = about.code ?? `HTTP_${status}`;
    this.remedy = about.remedy ?? "";
    this.errors = about.errors ?? [];
  }
}

/** No answer: the network, the edge or the time ended. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

/** One part of a path. */
export const segment = (text: string): string => encodeURIComponent(text);

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer's head must be there; null: as long as it takes. */
  readonly timeoutMs?: number | null;
}

/** The error of an answer, from a problem document or from a surface's own shape (`{error: {message, code}}` or `{error: "…"}`). */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const inner = body?.["error"];
  if (typeof inner === "string") return new ApiProblem(response.status, { detail: inner });
  if (inner !== null && typeof inner === "object") {
    const { message, code } = inner as { message?: unknown; code?: unknown };
    return new ApiProblem(response.status, {
      ...(typeof message === "string" ? { detail: message } : {}),
      ...(typeof code === "string" ? { code } : {}),
    });
  }
  return new ApiProblem(response.status, body ?? {});
}

/** An answer whose head is there, of status 2xx; its body is still to be read. */
export async function open(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const { body, headers, signal, timeoutMs = method === "GET" ? READ_MS : CHANGE_MS } = options;
  const stop = new AbortController();
  let isLate = false;
  const timer = timeoutMs === null ? undefined : setTimeout(() => ((isLate = true), stop.abort()), timeoutMs);
  if (signal?.aborted) stop.abort();
  signal?.addEventListener("abort", () => stop.abort(), { once: true });
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: stop.signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    void suspect();
    throw new Unreachable(isLate ? "The edge did not answer in time." : "The edge cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  if (response.status === 401) signedOut();
  throw await problemOf(response);
}

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await open(method, path, options);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    void suspect();
    throw new Unreachable("The answer broke off.");
  }
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>("GET", path, { signal });

/** Query text of what is set. */
export function queryOf(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value != null && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
