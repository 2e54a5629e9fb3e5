// The screen of a running machine: vm.screenshot. QEMU's own PNG where it fits, else made smaller or into PNG here.
import { VmFailure } from "../../virtual/failure.ts";
import { runningVm } from "../consoles/open.ts";
import { readDomain } from "../domain/facts.ts";
import { gather } from "../rpc/stream.ts";
import type { Session } from "../session.ts";
import { isPng, pngSize, readPng, writePng } from "./png.ts";
import { RasterError, readPpm, shrink, type Raster } from "./raster.ts";

/** The contract's 900,000 characters of base64. */
const PNG_BYTES = 675_000;
/** Where the bytes are too many, the next try has half the pixels. */
const STEP = Math.SQRT1_2;
const WIDTH_MIN = 64;

export interface Screenshot {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
}

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

/** As PNG, at most that wide and within the bound of the contract. */
export async function fit(bytes: Buffer, maxWidth: number = Number.POSITIVE_INFINITY, maxBytes: number = PNG_BYTES): Promise<Screenshot> {
  if (isPng(bytes)) {
    const size = pngSize(bytes);
    if (size.width <= maxWidth && bytes.length <= maxBytes) return { png: bytes, ...size };
  }
  const whole: Raster = isPng(bytes) ? await readPng(bytes) : readPpm(bytes);
  let width = Math.min(maxWidth, whole.width);
  for (;;) {
    const picture = shrink(whole, width);
    const png = await writePng(picture);
    if (png.length <= maxBytes || picture.width <= WIDTH_MIN) return { png, width: picture.width, height: picture.height };
    width = Math.max(WIDTH_MIN, Math.floor(picture.width * STEP));
  }
}
