// GET /usage: an admin of the whole fleet sees everyone's, others what was used with their own credentials.
import { isFleet } from "../../auth/authorize.ts";
import { fleetOf } from "../../fleet/objects.ts";
import { isUsageCursor } from "../../fleet/usage.ts";
import { accessOf, type Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { reading } from "../rpc.ts";
import { badCursor } from "./hosts.ts";

export const usageHandlers: Pick<Handlers, "usage"> = {
  async usage(call) {
    const { caller } = accessOf(call);
    if (call.query.cursor !== undefined && !isUsageCursor(call.query.cursor)) throw badCursor();
    const credentials = isFleet(caller, "admin") ? null : caller.credentials;
    return json(call.requestId, 200, await reading(() => fleetOf(call.env).usage(call.query, credentials)));
  },
};
