// /hosts/{host}/services/{service}/…: a declared service of a host, bytes and path as they come, and its WebSockets. Which
// routes pass is the host's word; who may ask, and that nothing of the upstream becomes a page of this origin, is ours.
import { serviceUse } from "../../protocol/access.ts";
import { AppError } from "../../protocol/errors.ts";
import type { Service } from "../../protocol/services.ts";
import { identify, type Caller } from "../auth/authenticate.ts";
import { mayUse, mayUseEveryModel } from "../auth/authorize.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import type { SnapshotHost } from "../fleet/contract.ts";
import { exchange } from "../routing/exchange.ts";
import { headersUp } from "../routing/passed-headers.ts";
import { openSocket } from "../routing/sockets.ts";
import { accessOf, hostIn, type Call, type Handlers } from "./call.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
type Method = (typeof METHODS)[number];
const PATH_CHARS = 8 * 1024;
/** Segments before the service's own path: "", hosts, {host}, services, {service}. */
const PREFIX_SEGMENTS = 5;

export const serviceHandlers: Pick<Handlers, "service"> = {
  async service(call) {
    const { prefix, path } = split(call.request.url);
    if (path.length > PATH_CHARS) throw new AppError("BODY_INVALID", { errors: [{ pointer: "/path", message: "is too long" }] });
    const { host, service } = await findService(call);
    const isSocket = call.request.headers.get("upgrade")?.toLowerCase() === "websocket";
    // A socket may say anything: who may only read opens none.
    const method: Method = isSocket ? "POST" : (METHODS.find((known) => known === call.request.method) ?? "POST");
    check(accessOf(call).caller, host, service, method);
    return isSocket ? socket(call, host, service, path) : passed(call, host, service, { prefix, path, method });
  },
};

/** Path and query as they were sent: percent-encodings stay. `prefix`: the part that is ours. */
function split(url: string): { prefix: string; path: string } {
  const sent = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  let end = 0;
  for (let segment = 1; segment < PREFIX_SEGMENTS; segment++) end = sent.indexOf("/", end + 1);
  return { prefix: sent.slice(0, end), path: sent.slice(end) };
}

/** One that is not known may have been declared a moment ago. */
async function findService(call: Call<"service">): Promise<{ host: SnapshotHost; service: Service }> {
  const host = hostIn(call);
  const named = (one: SnapshotHost) => one.services.find(({ name }) => name === call.params.service);
  const known = named(host);
  if (known) return { host, service: known };
  const state = await snapshotCacheOf(call.env).newerThan(accessOf(call).state, call.env, call.ctx);
  const newer = state.hosts.get(host.number);
  const found = newer && named(newer);
  if (!found) throw new AppError("SERVICE_NOT_FOUND");
  return { host: newer, service: found };
}

/** Throws FORBIDDEN. On a model server's own interface every model can be named, so who may use some only must not. */
function check(caller: Caller, host: SnapshotHost, { name, kind }: Service, method: Method): void {
  const grantSets = caller.grantSets.map((grants) => grants.filter(({ models }) => kind === "http" || (models?.includes("*") ?? true)));
  if (!mayUse({ ...caller, grantSets }, host, serviceUse(name, method), { surface: "service", model: null }))
    throw new AppError("FORBIDDEN");
}

function socket(call: Call<"service">, host: SnapshotHost, { name }: Service, path: string): Promise<Response> {
  const { headers } = call.request;
  const protocol = headers.get("sec-websocket-protocol");
  const passed = headersUp(headers, null);
  if (protocol !== null) passed.push(["sec-websocket-protocol", protocol]);
  return openSocket({
    ...call,
    access: accessOf(call),
    host,
    open: { kind: "socket", service: name, path, headers: passed },
    use: serviceUse(name, "POST"),
  });
}

interface Asked {
  readonly prefix: string;
  readonly path: string;
  readonly method: Method;
}

async function passed(call: Call<"service">, host: SnapshotHost, service: Service, { prefix, path, method }: Asked): Promise<Response> {
  const { request, env, ctx, settings } = call;
  const access = accessOf(call);
  const declared = request.headers.get("content-length");
  const body = method === "HEAD" ? null : request.body;
  const result = await exchange({
    ...call,
    access,
    host,
    open: {
      service: service.name,
      method,
      path,
      dialect: "http",
      surface: "service",
      model: null,
      manage: mayUseEveryModel(access.caller, host, "model.manage", "service"),
    },
    body,
    contentLength: body === null || declared === null ? null : Number(declared),
    still: () => {
      const state = snapshotCacheOf(env).atHand(env, ctx) ?? access.state;
      const now = state.hosts.get(host.number);
      if (!now) throw new AppError("HOST_NOT_FOUND");
      check(identify(access.proofs, state, settings), now, service, method);
    },
  });
  if ("refused" in result) {
    const { code, message, retryAfterMs } = result.refused;
    throw new AppError(code, { detail: message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
  relocate(result.response.headers, prefix, path);
  return result.response;
}

/** A redirect inside the upstream stays below the service's path; one that leads elsewhere from there is dropped. */
function relocate(headers: Headers, prefix: string, path: string): void {
  for (const name of ["location", "content-location"]) {
    const value = headers.get(name);
    if (value === null) continue;
    const target = URL.parse(value, `http://upstream.invalid${path}`);
    const isInside = target?.hostname === "upstream.invalid" || (target !== null && isOwn(target.hostname));
    if (target && isInside && /^https?:$/.test(target.protocol))
      headers.set(name, `${prefix}${target.pathname}${target.search}${target.hash}`);
    else headers.delete(name);
  }
}

/** How an upstream on the host calls itself. The relay puts the service's own host in `Host`, which it does not tell. */
const isOwn = (hostname: string) => hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
