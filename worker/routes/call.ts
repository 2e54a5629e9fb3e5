// What a handler gets: one authenticated, authorised and validated request, typed by its entry in ROUTES.
import type * as z from "zod";
import type { Route, ROUTES, RouteName } from "../../protocol/api/routes.ts";
import { AppError } from "../../protocol/errors.ts";
import type { AccessState } from "../auth/access-state.ts";
import type { Target } from "../auth/authorize.ts";
import type { Caller, Proof } from "../auth/authenticate.ts";
import type { Settings } from "../auth/settings.ts";
import type { Place } from "../auth/surface.ts";
import type { Env } from "../env.ts";
import type { Actor, SnapshotHost } from "../fleet/contract.ts";

type Value<R, K extends "body" | "query"> = R extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;
type ParamNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Plain<Name> | ParamNames<Rest> : never;
type Plain<Name extends string> = Name extends `${infer Base}*` ? Base : Name;

/** Parts of a request that no rule or schema has touched yet. */
export interface Incoming {
  readonly request: Request;
  readonly env: Env;
  readonly ctx: ExecutionContext;
  readonly settings: Settings;
  readonly place: Place;
  readonly requestId: string;
}

/** The caller and the state it was judged by. Replaced by {@link Call.refresh} when the Fleet itself was asked. */
export interface Access {
  readonly proofs: readonly Proof[];
  caller: Caller;
  state: AccessState;
  target: Target;
  /** Asks the Fleet itself, and judges the caller and the rule again. */
  readonly refresh: () => Promise<void>;
}

export interface Call<N extends RouteName = RouteName> extends Incoming {
  readonly params: Readonly<Record<ParamNames<(typeof ROUTES)[N]["path"]>, string>>;
  readonly query: Value<(typeof ROUTES)[N], "query">;
  readonly body: Value<(typeof ROUTES)[N], "body">;
  /** Null on public routes. */
  readonly access: Access | null;
}

export type Handler<N extends RouteName> = (call: Call<N>) => Response | Promise<Response>;
export type Handlers = { readonly [N in RouteName]: Handler<N> };
export type { Route };

/** Of a route that is not public. */
export function accessOf(call: { readonly access: Access | null }): Access {
  if (!call.access) throw new AppError("INTERNAL");
  return call.access;
}

export function actorOf(call: Incoming & { readonly access: Access | null }): Actor {
  return { principal: accessOf(call).caller.principal, requestId: call.requestId };
}

/** Of a route whose rule names a host. */
export function hostIn(call: { readonly access: Access | null }): SnapshotHost {
  const { target } = accessOf(call);
  if (target.kind !== "host") throw new AppError("INTERNAL");
  return target.host;
}
