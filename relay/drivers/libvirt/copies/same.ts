// Whether a machine that was copied is still what was read of it: others than this driver may have changed it meanwhile.
import { VmFailure } from "../../virtual/failure.ts";
import type { ReadVm, Session } from "../session.ts";

/** Throws VM_BUSY: what was copied may be half the old and half the new. */
export async function needSame(session: Session, { domain, defined }: Pick<ReadVm, "domain" | "defined">): Promise<void> {
  const [state, now] = await Promise.all([session.state(domain), session.xml(domain, "defined")]);
  if (state !== "off" || now.toString() !== defined.toString())
    throw new VmFailure("VM_BUSY", "The virtual machine was changed while it was copied; the copy was thrown away.");
}
