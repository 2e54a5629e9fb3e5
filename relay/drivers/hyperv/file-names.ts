// Names that Windows gives no file or folder: machines and exports are folders of their names. The agent refuses them too.
import { fieldFailure } from "../virtual/failure.ts";

const DEVICE = /^(con|prn|aux|nul|(com|lpt)[0-9])(\.|$)/i;

/** Throws SPEC_INVALID. */
export function needFileName(name: string, pointer: string): void {
  if (name.endsWith(".") || DEVICE.test(name))
    throw fieldFailure("SPEC_INVALID", pointer, "is no name that Windows has files of: it ends with a dot, or is that of a device");
}
