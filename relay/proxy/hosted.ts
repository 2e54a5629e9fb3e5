// A service behind an upstream, put together: who may reach what of it, and what serves its channels.
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Service } from "../../protocol/services.ts";
import type { HostedService } from "../drivers/contract.ts";
import { DEAF, type Channel, type ChannelEvents } from "../streams/contract.ts";
import { HttpExchange } from "./http.ts";
import { MODEL_ROUTES } from "./model-routes.ts";
import { RouteList } from "./routes.ts";
import { SocketExchange } from "./socket.ts";
import type { TapFor } from "./tap.ts";
import type { Upstream } from "./upstream.ts";

export interface HostedOptions {
  readonly upstream: Upstream;
  /** Name, kind, routes and manage must stay the same; the rest is what the driver last saw. */
  readonly service: () => Service;
  readonly tap?: TapFor;
}

function refused(channel: Channel, code: ErrorCode, message: string): ChannelEvents {
  channel.refuse(code, message);
  return DEAF;
}

function routesOf({ kind, routes, manage }: Service): { always: RouteList; managing: RouteList } {
  if (kind === "http") return { always: new RouteList(routes), managing: new RouteList([]) };
  const { inference, management } = MODEL_ROUTES[kind];
  return { always: new RouteList(inference), managing: new RouteList(manage ? management : []) };
}

export function hosted({ upstream, service, tap }: HostedOptions): HostedService {
  const { name } = service();
  const { always, managing } = routesOf(service());
  const closed = (channel: Channel, method: string) =>
    refused(channel, "SERVICE_ROUTE_NOT_ALLOWED", `The host does not open this ${method} route of the service "${name}".`);
  return {
    name,
    service,
    serveHttp(open, channel) {
      if (!always.allows(open.method, open.path) && !(open.manage && managing.allows(open.method, open.path)))
        return closed(channel, open.method);
      if (upstream.unusable !== null) return refused(channel, "UPSTREAM_UNREACHABLE", upstream.unusable);
      return new HttpExchange(open, channel, upstream, tap?.(open) ?? null);
    },
    serveSocket(open, channel) {
      if (!always.allows("WS", open.path)) return closed(channel, "WS");
      if (upstream.unusable !== null) return refused(channel, "UPSTREAM_UNREACHABLE", upstream.unusable);
      return new SocketExchange(open, channel, upstream);
    },
  };
}
