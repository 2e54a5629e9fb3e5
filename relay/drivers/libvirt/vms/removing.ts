// Takes a domain away with everything that libvirt keeps for it, disks excepted. Knows no protection and asks nobody.
import { setTimeout as sleep } from "node:timers/promises";
import type { JobContext } from "../../contract.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { Session } from "../session.ts";

/** virDomainUndefineFlags: saved state, metadata of snapshots and checkpoints, and the firmware's variables go with it. */
const EVERYTHING = 1 | 2 | 4 | 16;

/** How long a definition that was not answered may still come, and how often it is looked for. */
const LATE_MS = 10 * 60_000;
const LATE_EVERY_MS = 1_000;

/** Turns it off where it runs. That it is off already is no failure. */
export async function turnOff(session: Session, uuid: string): Promise<void> {
  try {
    await session.client.call("domainDestroyFlags", { domain: { name: "-", uuid, id: -1 }, flags: 0 });
  } catch (error) {
    if (!isLibvirtError(error, "OPERATION_INVALID") && !isLibvirtError(error, "NO_DOMAIN")) throw error;
  }
}

/** Whether it was there: that it is not (any more) is no failure. */
export async function removeDomain(session: Session, uuid: string): Promise<boolean> {
  await turnOff(session, uuid);
  try {
    await session.client.call("domainUndefineFlags", { domain: { name: "-", uuid, id: -1 }, flags: EVERYTHING });
    return true;
  } catch (error) {
    if (!isLibvirtError(error, "NO_DOMAIN")) throw error;
    return false;
  }
}

/**
 * For a definition that was asked for and not answered: libvirt may still be at it. What is there is removed now, what appears
 * within a while as soon as it does, beside.
 */
export async function removeWhenDefined(session: Session, uuid: string, log: JobContext["log"]): Promise<void> {
  if (await removeDomain(session, uuid)) return;
  log("warn", "libvirt did not answer and may still define the machine: it is removed when it appears");
  void (async () => {
    for (const end = performance.now() + LATE_MS; performance.now() < end;) {
      await sleep(LATE_EVERY_MS, undefined, { ref: false });
      if (await removeDomain(session, uuid).catch(() => false)) return;
    }
  })();
}
