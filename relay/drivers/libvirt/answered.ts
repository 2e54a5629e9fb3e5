// Calls that QEMU has to answer, under a job that may be cancelled. A finished effect counts and most come within milliseconds, so a
// cancelled job gives the call a moment more; one that hangs is given up, within what a handler may take to settle.
import { ERRORS } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { CallOptions } from "./rpc/calls.ts";
import { LibvirtError } from "./rpc/errors.ts";

/** From the cancel to the end of the call, and of all calls that undo what was done. */
const ANSWER_MS = LIMITS.cancelGraceMs * 0.3;
const UNDO_MS = LIMITS.cancelGraceMs * 0.4;

/** `call` gets the options of its call. One that is given up may still have its effect: throws `timeout`, and says so. */
export async function answered<T>(signal: AbortSignal, call: (options: CallOptions) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const onAbort = () => (patience = setTimeout(() => giveUp.abort(), ANSWER_MS));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await call({ signal: giveUp.signal });
  } catch (cause) {
    if (!(cause instanceof LibvirtError) || cause.condition !== "cancelled" || !cause.sent) throw cause;
    throw new LibvirtError("timeout", ERRORS.HYPERVISOR_TIMEOUT.message, { procedure: cause.procedure ?? "", sent: true, cause });
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Options of the calls that undo one change: as patient as any, but of a cancelled job all of them together have a moment. */
export function undoing(signal: AbortSignal): () => CallOptions {
  let deadline: number | null = null;
  return () => {
    if (!signal.aborted) return {};
    deadline ??= performance.now() + UNDO_MS;
    return { timeoutMs: Math.max(1, Math.round(deadline - performance.now())) };
  };
}
