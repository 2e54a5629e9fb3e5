// Whether a caller may go on with what it was let begin: asked again while an answer streams.
import { AppError } from "../../../protocol/errors.ts";
import { identify } from "../../auth/authenticate.ts";
import { mayUse } from "../../auth/authorize.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import { mayUseModel, type Candidate, type Wanted } from "../../routing/models.ts";
import type { Access, Incoming } from "../call.ts";

/**
 * Throws AppError when the caller may not any more: credential, grants or host are gone, or nothing is known. Judges by the
 * snapshot as it is: exchange.ts renews it first.
 */
export function stillAllowed(
  { env, settings, access }: Incoming & { readonly access: Access },
  { use, surface }: Pick<Wanted, "use" | "surface">,
  { host, service, model }: Candidate,
): () => void {
  return () => {
    const state = snapshotCacheOf(env).known();
    if (!state) throw new AppError("ACCESS_STATE_UNAVAILABLE");
    const caller = identify(access.proofs, state, settings);
    const now = state.hosts.get(host.number);
    if (!now) throw new AppError("HOST_NOT_FOUND");
    const isAllowed = model
      ? mayUseModel({ caller, use, surface }, now, service, model.id)
      : mayUse(caller, now, use, { surface, model: null });
    if (!isAllowed) throw new AppError("FORBIDDEN");
  };
}
