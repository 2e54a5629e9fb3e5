// The Worker under test: its own fetch handler, with the settings that a test wants, on the real objects.
import { env as base } from "cloudflare:workers";
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { sha256Hex } from "../../../worker/auth/hash.ts";
import type { Env } from "../../../worker/env.ts";
import worker from "../../../worker/index.ts";

export const ADMIN_KEY = "fh_admin-key-of-the-tests-0123456789";
export const ORIGIN = "https://edge.test";

export const SETTINGS = {
  SURFACES: JSON.stringify({
    "edge.test": ["app", "api", "link"],
    "app.edge.test": ["app"],
    "api.edge.test": ["api"],
    "link.edge.test": ["link"],
  }),
  ADMIN_KEY_HASH: sha256Hex(ADMIN_KEY),
  EMBEDDED: "on",
} as const;

Object.assign(base, { SEAL_KEY: Buffer.alloc(32, 7).toString("base64") });

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What the text says as JSON; empty when it is none. What it holds is for the test to say. */
  readonly body: Body;
}
export type Body = {
  id: string;
  key: string;
  code: string;
  next_cursor: string | null;
  items?: Record<string, unknown>[];
  [field: string]: unknown;
};

export type More = Omit<RequestInit, "body" | "headers"> & {
  body?: unknown;
  headers?: Record<string, string>;
  origin?: string;
  /** A secret that an answer gave, or null for none. */
  key?: string | null;
};

/** A client of one edge. `key: null` sends none. */
export class Edge {
  readonly env: Env;

  constructor(settings: Partial<Env> = {}) {
    this.env = { ...base, ...SETTINGS, ...settings };
  }

  request(method: string, path: string, more: More = {}): Request {
    const { body, headers = {}, origin = ORIGIN, key = ADMIN_KEY, ...init } = more;
    const all: Record<string, string> = { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers };
    if (body !== undefined) all["content-type"] ??= "application/json";
    const isRaw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
    const text = body === undefined ? null : isRaw ? (body as BodyInit) : JSON.stringify(body);
    return new Request(origin + path, { ...init, method, headers: all, body: text });
  }

  /** The answer itself, for streams. What the Worker does behind it goes on. */
  async raw(method: string, path: string, more: More = {}): Promise<Response> {
    return await worker.fetch(this.request(method, path, more), this.env, createExecutionContext());
  }

  async ask(method: string, path: string, more: More = {}): Promise<Asked> {
    const ctx = createExecutionContext();
    const response = await worker.fetch(this.request(method, path, more), this.env, ctx);
    const text = await response.text();
    await waitOnExecutionContext(ctx);
    const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
    return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as Body };
  }

  readonly get = (path: string, more?: More) => this.ask("GET", path, more);
  readonly post = (path: string, body?: unknown, more?: More) =>
    this.ask("POST", path, { ...more, ...(body === undefined ? {} : { body }) });
}
