// A built relay starts the agent that lies beside it, and no other.
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUILT_AGENT, digestOf } from "../../../../agents/bundle.ts";
import type { agentFile, agentsDigest } from "../../../../relay/drivers/hyperv/bundle.ts";

const TEXT = "'an agent'\n";
let folder: string;
let built: { agentFile: typeof agentFile; agentsDigest: typeof agentsDigest };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-built-"));
  const outfile = join(folder, "relay.mjs");
  const entry = join(import.meta.dirname, "../../../../relay/drivers/hyperv/bundle.ts");
  const define = { __HYPERV_AGENT_DIGEST__: JSON.stringify(digestOf(TEXT)) };
  await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile, define });
  await mkdir(join(folder, "agents"));
  await writeFile(join(folder, BUILT_AGENT), TEXT);
  built = (await import(pathToFileURL(outfile).href)) as typeof built;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("is verified before each start", async () => {
  const file = built.agentFile();
  expect(built.agentsDigest()).toBe(digestOf(TEXT));
  expect(await file.verified()).toBe(join(folder, BUILT_AGENT));
  await file.remove();
  expect(await file.verified()).toBe(join(folder, BUILT_AGENT));
  await appendFile(join(folder, BUILT_AGENT), "#\n");
  await expect(file.verified()).rejects.toThrow("is not the one that this relay was built with");
  await rm(join(folder, BUILT_AGENT));
  await expect(file.verified()).rejects.toThrow("cannot be read (ENOENT)");
});
