// Whether the edge can be reached, for the whole page: a request that got no answer makes this ask /healthz; while that fails the
// connection is lost, and it is asked again until it heals. Knows no routes of the interface.
import { storeOf } from "../store.ts";

export type Connection = "up" | "lost" | "signed-out";
export const connection = storeOf<Connection>("up");
/** Counts returns of a lost connection: what shows data loads it again when this grows. */
export const healed = storeOf(0);

const PROBE_MS = 4_000;
const RETRY_MAX_MS = 5_000;
let isProbing = false;
let wakeUp: () => void = () => {};

async function answers(): Promise<boolean> {
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) })).ok;
  } catch {
    return false;
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wakeUp = () => {
      clearTimeout(timer);
      resolve();
    };
  });

/** A request got no answer, or the browser says that it is offline. */
export async function suspect(): Promise<void> {
  if (isProbing || connection.get() === "signed-out") return;
  isProbing = true;
  for (let failures = 0; !(await answers()); failures++) {
    connection.set("lost");
    await pause(Math.min(RETRY_MAX_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  }
  isProbing = false;
  if (connection.get() !== "lost") return;
  connection.set("up");
  healed.set(healed.get() + 1);
}

/** Ask now instead of at the next turn. */
export const retryNow = (): void => wakeUp();

export const signedOut = (): void => connection.set("signed-out");

export function watchNetwork(): void {
  addEventListener("offline", () => void suspect());
  addEventListener("online", () => wakeUp());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wakeUp();
  });
}
