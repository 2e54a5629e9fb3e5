// Who you are; and the administration of keys, grants and the audit list.
import type { Grant } from "../../../protocol/api/shapes.ts";
import { unwrap } from "../../../protocol/errors.ts";
import { ulidSchema } from "../../../protocol/ids.ts";
import { ADMIN_SCOPE } from "../../auth/authenticate.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import { sessionCookie } from "../../auth/session.ts";
import { isAuditCursor } from "../../fleet/audit-list.ts";
import { fleetOf } from "../../fleet/objects.ts";
import { accessOf, actorOf, type Handlers } from "../call.ts";
import { empty, json } from "../respond.ts";
import { badCursor } from "./hosts.ts";

type Names =
  | "me"
  | "signOut"
  | "signInCodes"
  | "keys"
  | "keyCreate"
  | "keyUpdate"
  | "keyDelete"
  | "grants"
  | "grantCreate"
  | "grantUpdate"
  | "grantDelete"
  | "audit";

/** How the rights of an admin by setting are shown among grants. */
const BY_SETTING = { ...ADMIN_SCOPE, id: "0".repeat(26), created_at: new Date(0).toISOString() } as const;

function cursorIn(cursor: string | undefined): string | null {
  if (cursor !== undefined && !ulidSchema.safeParse(cursor).success) throw badCursor();
  return cursor ?? null;
}

export const accessHandlers: Pick<Handlers, Names> = {
  me(call) {
    const { caller } = accessOf(call);
    const grants = caller.grantSets.flatMap((set, index) =>
      set.map((grant) => (grant === ADMIN_SCOPE ? { ...BY_SETTING, principal: caller.credentials[index] } : (grant as Grant))),
    );
    const { principal, email, credentials } = caller;
    return json(call.requestId, 200, { principal, email, credentials, grants });
  },

  async signOut(call) {
    const { sessionHash } = accessOf(call).caller;
    if (sessionHash !== null) await fleetOf(call.env).sessionDelete(actorOf(call), sessionHash);
    snapshotCacheOf(call.env).invalidate();
    return empty(call.requestId, 204, { "set-cookie": sessionCookie(call.settings, call.place, "", 0) });
  },

  async signInCodes(call) {
    return json(call.requestId, 201, unwrap(await fleetOf(call.env).signInCodeCreate(actorOf(call), accessOf(call).caller.email)));
  },

  async keys(call) {
    return json(call.requestId, 200, await fleetOf(call.env).keys(call.query.limit, cursorIn(call.query.cursor)));
  },

  async keyCreate(call) {
    return json(call.requestId, 201, unwrap(await fleetOf(call.env).keyCreate(actorOf(call), call.body)));
  },

  async keyUpdate(call) {
    return json(call.requestId, 200, unwrap(await fleetOf(call.env).keyUpdate(actorOf(call), call.params.key, call.body.name)));
  },

  async keyDelete(call) {
    unwrap(await fleetOf(call.env).keyDelete(actorOf(call), call.params.key));
    return empty(call.requestId, 204);
  },

  async grants(call) {
    return json(call.requestId, 200, await fleetOf(call.env).grants(call.query.limit, cursorIn(call.query.cursor)));
  },

  async grantCreate(call) {
    const { principal, ...scope } = call.body;
    return json(call.requestId, 201, unwrap(await fleetOf(call.env).grantCreate(actorOf(call), principal, scope)));
  },

  async grantUpdate(call) {
    return json(call.requestId, 200, unwrap(await fleetOf(call.env).grantUpdate(actorOf(call), call.params.grant, call.body)));
  },

  async grantDelete(call) {
    unwrap(await fleetOf(call.env).grantDelete(actorOf(call), call.params.grant));
    return empty(call.requestId, 204);
  },

  async audit(call) {
    if (call.query.cursor !== undefined && !isAuditCursor(call.query.cursor)) throw badCursor();
    return json(call.requestId, 200, await fleetOf(call.env).audit(call.query));
  },
};
