// Who reads an open socket, in a shape that survives an object's sleep, and whether the reader still may.
import type { serviceUse, Use } from "../../protocol/access.ts";
import { AppError } from "../../protocol/errors.ts";
import type { Env } from "../env.ts";
import { identify, type Proof } from "./authenticate.ts";
import { mayUse } from "./authorize.ts";
import { settingsOf } from "./settings.ts";
import { snapshotCacheOf } from "./snapshot.ts";

export interface Reader {
  readonly proofs: readonly Proof[];
  readonly hostNumber: number;
  /** What the socket was opened for: a use, or a service's. */
  readonly use: Use | ReturnType<typeof serviceUse>;
}

/** False once a credential or a grant was taken back, and while the access data cannot be had. */
export async function mayStillRead(env: Env, ctx: Pick<ExecutionContext, "waitUntil">, reader: Reader): Promise<boolean> {
  try {
    const state = await snapshotCacheOf(env).usable(env, ctx);
    const caller = identify(reader.proofs, state, settingsOf(env));
    const host = state.hosts.get(reader.hostNumber);
    return host !== undefined && mayUse(caller, host, reader.use);
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
