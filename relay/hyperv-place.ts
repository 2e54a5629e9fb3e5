// Where Windows has Hyper-V's PowerShell module. Only looks: starts nothing.
import { access, constants } from "node:fs/promises";
import { join } from "node:path";

/** None on other systems: nothing is said of Hyper-V there. */
export const HYPERV_MODULES: readonly string[] =
  process.platform === "win32"
    ? [join(process.env["SystemRoot"] ?? "C:\\Windows", "System32\\WindowsPowerShell\\v1.0\\Modules\\Hyper-V")]
    : [];

/** What is said of a Hyper-V that relay.toml does not use. */
export const HYPERV_UNUSED = "found; to use it add a [hyperv] table to relay.toml: docs/hyperv.md";

/** Its path; null: the module is not installed. Never throws. */
export async function findHypervModule(modules: readonly string[] = HYPERV_MODULES): Promise<string | null> {
  for (const path of modules) {
    const isThere = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}
