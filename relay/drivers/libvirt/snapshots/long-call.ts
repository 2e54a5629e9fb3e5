// A call of libvirt that works on a domain for long: progress as far as libvirt tells it, and an end on cancellation where
// libvirt can end it. Knows no operation.
import { LIMITS } from "../../../../protocol/limits.ts";
import type { CallOptions } from "../rpc/calls.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Ask, Session } from "../session.ts";

const POLL_MS = 1_000;
const QUICK_MS = 5_000;

/** null: nothing that could be told. */
async function percentOf(session: Session, domain: DomainRef): Promise<number | null> {
  const { parameters } = await session.client.call("domainGetJobStats", { domain, flags: 0 }, { timeoutMs: QUICK_MS });
  const numberOf = (field: string) => Number(parameters.find((parameter) => parameter.field === field)?.value ?? 0);
  const total = numberOf("data_total");
  return total > 0 ? Math.min(99, Math.floor((100 * numberOf("data_processed")) / total)) : null;
}

/** Reports until it is told to stop. Asks again only when it was answered. */
function report(session: Session, domain: DomainRef, { progress }: Ask, what: string): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const percent = await percentOf(session, domain).catch(() => null);
    if (isOver) return;
    progress(percent, what);
    timer = setTimeout(() => void look(), POLL_MS);
  };
  progress(null, what);
  timer = setTimeout(() => void look(), POLL_MS);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/**
 * `run` gets the options of its call. When the job is cancelled libvirt is asked to end it; whether it does or goes on to the end,
 * its answer is waited for as long as a handler may take to settle, because a finished effect counts.
 */
export async function longCall<T>(
  session: Session,
  { domain, ask, what }: { readonly domain: DomainRef; readonly ask: Ask; readonly what: string },
  run: (options: CallOptions) => Promise<T>,
): Promise<T> {
  ask.signal.throwIfAborted();
  const giveUp = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const onAbort = () => {
    session.client.call("domainAbortJob", { domain }, { timeoutMs: QUICK_MS }).catch(() => undefined);
    patience = setTimeout(() => giveUp.abort(), LIMITS.cancelGraceMs * 0.8);
  };
  ask.signal.addEventListener("abort", onAbort, { once: true });
  const stop = report(session, domain, ask, what);
  try {
    return await run({ signal: giveUp.signal, timeoutMs: ask.request.metadata.timeout_ms });
  } finally {
    stop();
    clearTimeout(patience);
    ask.signal.removeEventListener("abort", onAbort);
  }
}
