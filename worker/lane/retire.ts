// Tells the lanes of a host that its relay is nobody's any more: the host was removed, or has a new key. Nothing waits for it;
// a lane that does not hear of it serves nobody, because no Worker knows its host.
import { LIMITS } from "../../protocol/limits.ts";
import type { Env } from "../env.ts";
import { laneName } from "./contract.ts";

export function retireLanes(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  hostNumber: number,
  code: "HOST_REMOVED" | "LINK_SIGNATURE_INVALID",
): void {
  const told = Array.from({ length: LIMITS.lanes }, (_, index) =>
    env.LANE.getByName(laneName(hostNumber, index + 1)).fetch(`http://lane/retire?code=${code}`, { method: "POST" }),
  );
  ctx.waitUntil(Promise.allSettled(told));
}
