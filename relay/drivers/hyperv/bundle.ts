// The host agent as the relay brings it along: one script text, locked to this relay by its digest, verified before each start.
// From source it is put together from agents/hyperv; a built relay has it beside itself (scripts/build.ts).
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AGENT_SOURCE, BUILT_AGENT, bundleAgent, digestOf } from "../../../agents/bundle.ts";

/** Set by esbuild in a built relay. */
declare const __HYPERV_AGENT_DIGEST__: string | undefined;

const builtDigest = (): string | null => (typeof __HYPERV_AGENT_DIGEST__ === "string" ? __HYPERV_AGENT_DIGEST__ : null);

let sourceText: string | null = null;
function textFromSource(): string {
  sourceText ??= bundleAgent();
  return sourceText;
}

/** Of the agent that this relay starts, for the hello; "none" where there is none. */
export function agentsDigest(): string {
  return builtDigest() ?? (existsSync(join(AGENT_SOURCE, "agent.ps1")) ? digestOf(textFromSource()) : "none");
}

/** The agent is not what this relay was built with: nothing is started. */
export class AgentChanged extends Error {
  override readonly name = "AgentChanged";
}

/** Where the agent lies. */
export interface AgentFile {
  /** Its path, verified now. Throws AgentChanged. */
  verified(): Promise<string>;
  /** Takes away what was written. */
  remove(): Promise<void>;
}

async function verify(path: string, digest: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new AgentChanged(`The host agent ${path} cannot be read (${error.code ?? "unknown"}); install the relay again.`);
  });
  if (digestOf(bytes) === digest) return path;
  throw new AgentChanged(
    `The host agent ${path} is not the one that this relay was built with; start the relay again after an update, or install it again.`,
  );
}

/** A folder that only this user may enter holds the text. */
function written(text: () => string): AgentFile {
  let folder: Promise<string> | null = null;
  // It may be swept away as a temporary file: the next job makes it anew.
  const again = (error: unknown): never => {
    folder = null;
    throw new AgentChanged(`The host agent cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown"}).`);
  };
  return {
    async verified() {
      folder ??= mkdtemp(join(tmpdir(), "farhand-agent-"));
      const path = join(await folder.catch(again), "hyperv.ps1");
      try {
        await writeFile(path, text(), { flag: "wx", mode: 0o600 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") again(error);
      }
      return verify(path, digestOf(text()));
    },
    async remove() {
      const made = await folder?.catch(() => null);
      folder = null;
      if (made) await rm(made, { recursive: true, force: true });
    },
  };
}

/** `text`: another agent than this relay's own, for tests. `folder`: where a built one lies, beside the program without. */
export function agentFile(text?: string, folder: string = import.meta.dirname): AgentFile {
  if (text !== undefined) return written(() => text);
  const digest = builtDigest();
  if (digest === null) return written(textFromSource);
  return { verified: () => verify(join(folder, BUILT_AGENT), digest), remove: () => Promise.resolve() };
}
