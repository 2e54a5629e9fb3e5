// The agent that a relay brings along: one text, the same wherever it is made, that stands alone.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { helloBodySchema } from "../../../../protocol/link/control.ts";
import { bundleAgent, digestOf } from "../../../../agents/bundle.ts";
import { AgentChanged, agentFile, agentsDigest } from "../../../../relay/drivers/hyperv/bundle.ts";
import { PWSH } from "./fake-world.ts";

const FUNCTIONS = join(import.meta.dirname, "../../../../agents/hyperv/functions");

describe("the bundle", () => {
  it("holds every function and the entry, without marks and carriage returns of an editor", () => {
    const text = bundleAgent();
    for (const name of readdirSync(FUNCTIONS)) expect(text).toContain(`function ${name.replace(".ps1", "")} {`);
    expect(text).not.toMatch(/[\r\ufeff]/);
    expect(text.endsWith("[Environment]::Exit(0)\n")).toBe(true);
  });

  it("is told to the edge by its digest", () => {
    expect(agentsDigest()).toBe(digestOf(bundleAgent()));
    expect(agentsDigest()).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(helloBodySchema.shape.agents_digest.safeParse(agentsDigest()).success).toBe(true);
  });

  it.skipIf(PWSH === null)("needs no other file: it answers a job from a folder of its own", () => {
    const folder = mkdtempSync(join(tmpdir(), "farhand-bundle-"));
    try {
      const path = join(folder, "hyperv.ps1");
      writeFileSync(path, bundleAgent());
      const job = { operation: "agent.noop", resource_spec: {}, host: {}, correlation_id: "x", metadata: {} };
      const answer = execFileSync(PWSH!, ["-NoProfile", "-NonInteractive", "-File", path], {
        input: JSON.stringify(job),
        encoding: "utf8",
      });
      expect(JSON.parse(answer)).toMatchObject({ status: "success", correlation_id: "x" });
      expect(readdirSync(folder)).toEqual(["hyperv.ps1"]);
      expect(readFileSync(path, "utf8")).toBe(bundleAgent());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("is written anew after its folder was swept away, and until then nothing is started", async () => {
    const file = agentFile("# a text\n");
    const first = dirname(await file.verified());
    rmSync(first, { recursive: true });
    await expect(file.verified()).rejects.toThrow(AgentChanged);
    const second = await file.verified();
    expect(readFileSync(second, "utf8")).toBe("# a text\n");
    await file.remove();
    expect(readdirSync(tmpdir()).filter((name) => [first, dirname(second)].includes(join(tmpdir(), name)))).toEqual([]);
  });
});
