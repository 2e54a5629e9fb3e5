// GET /link: the relay's socket goes to its host's object (lane 0) or to a lane's. Only numbers that a host has or had wake
// one: the object of a removed host tells its relay so. A lane's object knows no host, so it is told whose socket it is.
import { AppError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { checkRelaySocket } from "../auth/origin.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import { hostObject } from "../fleet/objects.ts";
import { laneName, RELAY_HEADER, type LaneRelay } from "../lane/contract.ts";
import { laneObject } from "../routing/lanes.ts";
import type { Call, Handlers } from "./call.ts";

export const linkHandlers: Pick<Handlers, "link"> = {
  async link(call) {
    const { request, env, ctx, query } = call;
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new AppError("UPGRADE_REQUIRED");
    checkRelaySocket(request.headers);
    if (query.lane > 0) return await laneLink(call);
    const cache = snapshotCacheOf(env);
    let state = await cache.usable(env, ctx);
    if (query.host >= state.snapshot.nextHost) state = await cache.newerThan(state, env, ctx);
    if (query.host >= state.snapshot.nextHost) throw new AppError("HOST_NOT_FOUND");
    return hostObject(env, query.host).fetch(request);
  },
};

async function laneLink({ env, ctx, query }: Call<"link">): Promise<Response> {
  if (query.lane > LIMITS.lanes) throw new AppError("NOT_FOUND");
  const cache = snapshotCacheOf(env);
  let state = await cache.usable(env, ctx);
  if (!state.hosts.has(query.host)) state = await cache.newerThan(state, env, ctx);
  const host = state.hosts.get(query.host);
  if (!host) throw new AppError(query.host < state.snapshot.nextHost ? "HOST_REMOVED" : "HOST_NOT_FOUND");
  const relay: LaneRelay = { hostNumber: host.number, lane: query.lane, publicKey: host.publicKey };
  return laneObject(env, laneName(host.number, query.lane)).fetch("http://lane/link", {
    headers: { upgrade: "websocket", [RELAY_HEADER]: encodeURIComponent(JSON.stringify(relay)) },
  });
}
