// Asks a guest to shut down or to restart, by its agent where one answers, else by its power button, and waits for it.
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../codes.ts";
import { isLibvirtError, LibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";

/** virDomainShutdownFlagValues and virDomainRebootFlagValues have the same numbers. */
const BY = { button: 1, agent: 2 } as const;

const LIMITS = {
  /** An agent that shuts down says nothing; one that has not by then is not listening. */
  agentMs: 5_000,
  /** Between looks at the state: 0.1 ms each. */
  lookMs: 200,
  /** A button that was pressed while the firmware ran was pressed for nobody. */
  pressAgainMs: 15_000,
} as const;

type Call = "domainShutdownFlags" | "domainReboot";

/** It ended meanwhile, or is about to: what was wanted. */
const isEnded = (error: unknown): boolean =>
  error instanceof LibvirtError && error.condition === "daemon" && ["VM_STATE_INVALID", "VM_NOT_FOUND"].includes(codeOf(error));

export interface Asking {
  readonly session: Session;
  readonly domain: DomainRef;
  readonly hasAgent: boolean;
  readonly call: Call;
}

async function press({ session, domain, call }: Asking, signal: AbortSignal): Promise<void> {
  await session.client.call(call, { domain, flags: BY.button }, { signal }).catch((error: unknown) => {
    if (!isEnded(error)) throw error;
  });
}

/** False when the agent did not take it. */
async function tell({ session, domain, call }: Asking, signal: AbortSignal): Promise<boolean> {
  try {
    await session.client.call(call, { domain, flags: BY.agent }, { signal, timeoutMs: LIMITS.agentMs });
    return true;
  } catch (error) {
    if (error instanceof LibvirtError) return false;
    throw error;
  }
}

/** Asks, and asks again until `signal` aborts. Rejects when libvirt refuses to press the button. */
export async function keepAsking(asking: Asking, signal: AbortSignal): Promise<void> {
  try {
    if (asking.hasAgent && (await tell(asking, signal))) await sleep(LIMITS.pressAgainMs, undefined, { signal });
    while (!signal.aborted) {
      await press(asking, signal);
      await sleep(LIMITS.pressAgainMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A machine without a definition is gone when it is off. */
async function isOff({ session, domain }: Asking): Promise<boolean> {
  try {
    return ["off", "saved", "crashed"].includes(await session.state(domain));
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN")) return true;
    throw error;
  }
}

/** True when nothing runs any more; false when `signal` aborted before. */
export async function untilOff(asking: Asking, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await isOff(asking)) return true;
    await sleep(LIMITS.lookMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Asks until `wait` says that it happened; false when it did not within `waitMs`. Throws when the job is cancelled, or libvirt refuses. */
export async function askAndWait(
  asking: Asking,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  wait: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const end = new AbortController();
  const both = AbortSignal.any([signal, end.signal]);
  const timer = setTimeout(() => end.abort(), waitMs);
  try {
    const waited = wait(both);
    const refused = keepAsking(asking, both).then(() => waited);
    const happened = await Promise.race([waited, refused]);
    signal.throwIfAborted();
    return happened;
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}
