// Routes that anyone may call, each proven by a code. Shapes are checked and a flood is stopped before the Fleet is asked.
import { AppError, unwrap } from "../../protocol/errors.ts";
import { normalCode } from "../auth/code.ts";
import { PublicFlow } from "../auth/public-flow.ts";
import { sessionCookie } from "../auth/session.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import { fleetOf } from "../fleet/objects.ts";
import { type Handlers, type Incoming } from "./call.ts";
import { empty, json } from "./respond.ts";

const flow = new PublicFlow();

function checkFlow({ request }: Incoming): void {
  const waitMs = flow.take(request.headers.get("cf-connecting-ip") ?? "", Date.now());
  if (waitMs > 0) throw new AppError("RATE_LIMITED", { retryAfterMs: waitMs });
}

export const publicHandlers: Pick<Handlers, "healthz" | "sessionCreate" | "linkEnroll"> = {
  healthz: (call) => json(call.requestId, 200, { status: "ok" }),

  async sessionCreate(call) {
    if (normalCode(call.body.code) === null) throw new AppError("SIGN_IN_CODE_INVALID");
    checkFlow(call);
    const { secret, expiresAtMs } = unwrap(await fleetOf(call.env).sessionCreate(call.requestId, call.body.code));
    snapshotCacheOf(call.env).invalidate();
    const seconds = Math.floor((expiresAtMs - Date.now()) / 1000);
    return empty(call.requestId, 204, { "set-cookie": sessionCookie(call.settings, call.place, secret, seconds) });
  },

  async linkEnroll(call) {
    const { code, public_key: publicKey } = call.body;
    if (normalCode(code) === null) throw new AppError("ENROLLMENT_CODE_INVALID");
    checkFlow(call);
    const enrolled = unwrap(await fleetOf(call.env).enrollmentClaim(call.requestId, code, publicKey));
    snapshotCacheOf(call.env).invalidate();
    return json(call.requestId, 201, enrolled);
  },
};
