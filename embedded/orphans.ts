// Ends what a start that was killed left running on this data directory, if it is proven to be that.
import type { LockRecord } from "./lock.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

const GRACE_MS = 6_000;
const STEP_MS = 20;

async function isGone(identity: ProcessIdentity, deadline: number): Promise<boolean> {
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  return true;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(identity.pid, name);
  } catch {
    // It has ended meanwhile, or is another user's: then it is not ours to end and the port check says what is wrong.
  }
}

/** The lock is held, so the parent of these is dead; the same start time proves that they are not other processes. */
export async function endOrphans(left: LockRecord | null, log: (line: string) => void): Promise<void> {
  const end = async (name: string, identity: ProcessIdentity | null, first: "SIGTERM" | "SIGKILL") => {
    if (!identity || !isAlive(identity)) return;
    log(`ending the ${name} that an earlier start left running (pid ${identity.pid})`);
    signal(identity, first);
    if (await isGone(identity, Date.now() + GRACE_MS)) return;
    signal(identity, "SIGKILL");
    await isGone(identity, Date.now() + GRACE_MS);
  };
  await end("relay", left?.relay ?? null, "SIGTERM");
  await end("edge", left?.edge ?? null, "SIGKILL");
}
