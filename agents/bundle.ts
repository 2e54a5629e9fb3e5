// Host agents as the relay brings them along: one script text of each, and its digest. Run by the build and by a relay from source.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where a relay from source finds the agent. */
export const AGENT_SOURCE = join(import.meta.dirname, "hyperv");
/** Beside the built relay. */
export const BUILT_AGENT = "agents/hyperv.ps1";

const lines = (path: string) =>
  readFileSync(path, "utf8")
    .replace(/^\ufeff/, "")
    .replaceAll("\r\n", "\n")
    .trimEnd();

/** One text: the functions, each from its own file, above agent.ps1, which reads the files only where they are not there yet. */
export function bundleAgent(folder = AGENT_SOURCE): string {
  const functions = readdirSync(join(folder, "functions"))
    .filter((name) => name.endsWith(".ps1"))
    .toSorted()
    .map((name) => lines(join(folder, "functions", name)));
  return `${[...functions, lines(join(folder, "agent.ps1"))].join("\n\n")}\n`;
}

export const digestOf = (text: string | Uint8Array): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
