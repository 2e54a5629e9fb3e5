// Starts a domain, or lets it go on from its saved state; says in the product's terms why it could not be.
import { codeOf } from "../codes.ts";
import { VmFailure } from "../../virtual/failure.ts";
import { LibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";

/** Reading a saved state of many gigabytes back takes its time. */
const START_MS = 15 * 60_000;

/** Throws VM_START_FAILED where libvirt's number says no more. */
export async function startDomain(session: Session, domain: DomainRef, signal: AbortSignal): Promise<void> {
  try {
    await session.client.call("domainCreateWithFlags", { domain, flags: 0 }, { signal, timeoutMs: START_MS });
  } catch (error) {
    if (!(error instanceof LibvirtError) || error.condition !== "daemon") throw error;
    const code = codeOf(error);
    const isVague = code === "HYPERVISOR_FAILED" || code === "VM_CONFIG_INVALID" || code === "DISK_NOT_FOUND";
    throw isVague ? new VmFailure("VM_START_FAILED", error.message, undefined, { cause: error }) : error;
  }
}
