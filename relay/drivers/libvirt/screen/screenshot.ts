// The screen of a running machine: vm.screenshot. QEMU's own PNG where it fits, else made smaller or into PNG here.
import { VmFailure } from "../../virtual/failure.ts";
import { fit, type Screenshot } from "../../virtual/picture/fit.ts";
import { RasterError } from "../../virtual/picture/raster.ts";
import { runningVm } from "../consoles/open.ts";
import { readDomain } from "../domain/facts.ts";
import { gather } from "../rpc/stream.ts";
import type { Session } from "../session.ts";

/** Throws VM_STATE_INVALID, CONSOLE_UNSUPPORTED. */
export async function screenshot(session: Session, vm: string, maxWidth: number | undefined, signal: AbortSignal): Promise<Screenshot> {
  const { domain, xml } = await runningVm(session, vm);
  if (!readDomain(xml).hasVideo) throw new VmFailure("CONSOLE_UNSUPPORTED", "The virtual machine has no screen.");
  const { stream } = await session.client.openStream("domainScreenshot", { domain, screen: 0, flags: 0 }, { signal });
  const stop = () => stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await fit(await gather(stream), maxWidth);
  } catch (cause) {
    if (!(cause instanceof RasterError)) throw cause;
    throw new VmFailure("HYPERVISOR_FAILED", `The hypervisor's picture of the screen cannot be read: ${cause.message}.`, undefined, {
      cause,
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
