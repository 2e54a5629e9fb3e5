// Hosts: the list, one, labels and note, removal; and the enrolment codes that make them.
import type { Host } from "../../../protocol/api/shapes.ts";
import { AppError, unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { AccessState } from "../../auth/access-state.ts";
import type { Caller } from "../../auth/authenticate.ts";
import { visibleHosts } from "../../auth/authorize.ts";
import { fleetOf, hostObject } from "../../fleet/objects.ts";
import { servicesSeenBy } from "../../routing/models.ts";
import { accessOf, actorOf, hostIn, type Handlers } from "../call.ts";
import { empty, json } from "../respond.ts";
import { reading } from "../rpc.ts";

const CURSOR = /^\d{1,8}$/;

export const hostHandlers: Pick<Handlers, "hosts" | "host" | "hostUpdate" | "hostDelete" | "enrollments"> = {
  async hosts(call) {
    const { caller, state } = accessOf(call);
    const { limit, cursor = null } = call.query;
    if (cursor !== null && !CURSOR.test(cursor)) throw badCursor();
    const numbers = visibleHosts(caller, state).map(({ number }) => number);
    const page = await reading(() => fleetOf(call.env).hosts(limit, cursor, numbers));
    return json(call.requestId, 200, { ...page, items: page.items.map((host) => seenBy(caller, state, host)) });
  },

  /** The Fleet's row, with the queue as the host's object has it now. */
  async host(call) {
    const { number } = hostIn(call);
    const [row, now] = await Promise.all([
      reading(() => fleetOf(call.env).host(number)),
      reading(() => hostObject(call.env, number).presence()).catch(() => null),
    ]);
    const { caller, state } = accessOf(call);
    const host = seenBy(caller, state, unwrap(row));
    if (now === null) return json(call.requestId, 200, host);
    const seen = now.lastSeenAtMs === null ? host.last_seen_at : new Date(now.lastSeenAtMs).toISOString();
    return json(call.requestId, 200, { ...host, online: now.online, queue: now.queue, slots: now.slots, last_seen_at: seen });
  },

  async hostUpdate(call) {
    return json(call.requestId, 200, unwrap(await fleetOf(call.env).hostUpdate(actorOf(call), hostIn(call).number, call.body)));
  },

  async hostDelete(call) {
    unwrap(await fleetOf(call.env).hostDelete(actorOf(call), hostIn(call).number));
    return empty(call.requestId, 204);
  },

  async enrollments(call) {
    const { host, labels = [], ttl_ms: ttlMs = LIMITS.enrollmentTtlDefaultMs } = call.body;
    const { email } = accessOf(call).caller;
    return json(call.requestId, 201, unwrap(await fleetOf(call.env).enrollmentCreate(actorOf(call), { host, labels, ttlMs, email })));
  },
};

/** A caller of some models only is told of those. */
function seenBy(caller: Caller, state: AccessState, host: Host): Host {
  const known = state.host(host.id);
  // What an older relay told has no services.
  const services = host.capabilities?.services;
  if (!host.capabilities || !services || !known) return host;
  return { ...host, capabilities: { ...host.capabilities, services: servicesSeenBy(caller, known, services) } };
}

export const badCursor = () =>
  new AppError("BODY_INVALID", { errors: [{ pointer: "/query/cursor", message: "is not a cursor of this list" }] });
