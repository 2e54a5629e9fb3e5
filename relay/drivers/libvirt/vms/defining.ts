// Defines a machine that must not be there yet. libvirt would change one of the same UUID and name, and what is taken back when a
// later step fails must never be another's.
import type { JobContext } from "../../contract.ts";
import { VmFailure } from "../../virtual/failure.ts";
import type { Undo } from "../../virtual/undo.ts";
import { isLibvirtError } from "../rpc/errors.ts";
import type { DomainRef } from "../rpc/types.ts";
import type { Session } from "../session.ts";
import { isLost } from "../storage/removing.ts";
import { removeDomain, removeWhenDefined } from "./removing.ts";

interface NewDefinition {
  readonly uuid: string;
  readonly name: string;
  readonly xml: string;
  /** virDomainDefineFlags. */
  readonly flags: number;
}

/** Throws VM_EXISTS. */
export async function needFreeUuid({ client }: Session, uuid: string, pointer: string): Promise<void> {
  try {
    await client.call("domainLookupByUuid", { uuid });
  } catch (error) {
    if (isLibvirtError(error, "NO_DOMAIN")) return;
    throw error;
  }
  const errors = [{ pointer, message: "cannot be kept: the machine is there" }];
  throw new VmFailure("VM_EXISTS", "There is a virtual machine of that UUID already.", errors);
}

/** Throws VM_EXISTS. Pushes its own undo. */
export async function defineNew(
  session: Session,
  { uuid, name, xml, flags }: NewDefinition,
  undo: Undo,
  { log, signal }: Pick<JobContext, "log" | "signal">,
): Promise<DomainRef> {
  await needFreeUuid(session, uuid, "/identity");
  let isOurs = false;
  let mayBeOurs = false;
  undo.push(`the virtual machine ${name}`, async () => {
    if (isOurs) await removeDomain(session, uuid);
    else if (mayBeOurs) await removeWhenDefined(session, uuid, log);
  });
  try {
    const { domain } = await session.client.call("domainDefineXmlFlags", { xml, flags }, { signal });
    isOurs = true;
    return domain;
  } catch (error) {
    mayBeOurs = isLost(error);
    throw error;
  }
}
