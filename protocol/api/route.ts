// What an entry of the table of routes is, who may call it, and the builders of entries. The entries are in routes.ts and
// vm-routes.ts.
import type * as z from "zod";
import type { Use } from "../access.ts";
import type { Dialect } from "../services.ts";
import * as shape from "./shapes.ts";

export type Surface = "app" | "api" | "link";

/**
 * Who may call a route.
 * - public: anyone; what it does is proven by a code, a signature or a challenge.
 * - authenticated: any principal; the handler shows only what the principal may see.
 * - fleet: a grant of this role on all hosts and all operations.
 * - host: any grant of this role on the host in the path; for `admin` one of all operations.
 * - operation: a grant on the host that covers the operation, `reader` for risk `read`, else `operator`: that of the rule, else the one
 *   that the body names, which the handler looks at.
 * - use: a grant that covers the use (protocol/access.ts) somewhere, on the host where the path has one; which model or service is
 *   looked at by the handler, with the same grants.
 * - service: a grant on the host in the path that covers `service.<name>` in the role that the method takes.
 * - job: a grant of this role on the job's host that covers the job's operation.
 */
export type RouteRule =
  | { who: "public" }
  | { who: "authenticated" }
  | { who: "fleet"; role: shape.Role }
  | { who: "host"; role: shape.Role }
  | { who: "operation"; operation?: string }
  | { who: "use"; use: Use }
  | { who: "service" }
  | { who: "job"; role: shape.Role };

export interface Route {
  /** ALL: whatever the request says; what stands behind it decides. */
  readonly method: "GET" | "POST" | "HEAD" | "PATCH" | "DELETE" | "ALL";
  /** OpenAPI style: `{host}`; `{path*}` takes the rest, slashes included. */
  readonly path: string;
  readonly summary: string;
  readonly rule: RouteRule;
  readonly surfaces: readonly Surface[];
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  /** Status → JSON schema, or a media type for what is not JSON, or null for no body. */
  readonly answers: Readonly<Record<number, z.ZodType | string | null>>;
  /** Changes something: same origin and JSON only for browsers, and an audit record. */
  readonly changes: boolean;
  /** Asks the Fleet itself instead of the snapshot (destructive and administrative). */
  readonly fresh?: boolean;
  readonly socket?: boolean;
  /** Errors have this surface's own shape instead of a problem document, and the body is not read before the handler. */
  readonly dialect?: Dialect;
}

export const people: readonly Surface[] = ["app", "api"];
export const everywhere: readonly Surface[] = ["app", "api", "link"];
export const admin = { who: "fleet", role: "admin" } as const;
export const v1 = <const P extends string>(path: P) => `/api/v1${path}` as const;

/** A route with the types of its own path, query and body, so that handlers need no casts. */
type RouteWith<P extends string, M extends Partial<Route>> = Omit<Route, "path" | keyof M> & { readonly path: P } & Readonly<M>;

export const get = <const P extends string, M extends Partial<Route> = Pick<Route, "method">>(
  path: P,
  summary: string,
  rule: RouteRule,
  answer: z.ZodType | string,
  more?: M,
): RouteWith<P, M> =>
  ({ method: "GET", path, summary, rule, surfaces: people, answers: { 200: answer }, changes: false, ...more }) as unknown as RouteWith<
    P,
    M
  >;
export const change = <const P extends string, M extends Partial<Route> = Pick<Route, "method">>(
  method: Route["method"],
  path: P,
  summary: string,
  rule: RouteRule,
  answers: Route["answers"],
  more?: M,
): RouteWith<P, M> => ({ method, path, summary, rule, surfaces: people, answers, changes: true, ...more }) as unknown as RouteWith<P, M>;

/** A submitted job: ended and waited for, or not. */
export const accepted = { 200: shape.jobSchema, 202: shape.jobSchema } as const;
