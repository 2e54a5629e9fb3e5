// GET /link: the relay's socket goes to its host's object. Only numbers that a host has or had wake one: the object of a
// removed host tells its relay so.
import { AppError } from "../../protocol/errors.ts";
import { checkRelaySocket } from "../auth/origin.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import { hostObject } from "../fleet/objects.ts";
import { type Handlers } from "./call.ts";

export const linkHandlers: Pick<Handlers, "link"> = {
  async link(call) {
    const { request, env, ctx, query } = call;
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new AppError("UPGRADE_REQUIRED");
    checkRelaySocket(request.headers);
    const cache = snapshotCacheOf(env);
    let state = await cache.usable(env, ctx);
    if (query.host >= state.snapshot.nextHost) state = await cache.newerThan(state, env, ctx);
    if (query.host >= state.snapshot.nextHost) throw new AppError("HOST_NOT_FOUND");
    return hostObject(env, query.host).fetch(request);
  },
};
