// The run of the agents' tests when PowerShell is not there, lacks a module, hangs or ends: said and counted, never passed over.
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../conventions/sources.ts";
import { agentTasks, runAgents, type Task } from "./pester.ts";

const TASKS: Task[] = [
  { kind: "pester", name: "One", paths: ["one"] },
  { kind: "pester", name: "Two", paths: ["two"] },
  { kind: "analyzer", name: "Analyzer", paths: [] },
];
const DONE = { passed: 2, failed: 0, skipped: 1, failures: [], slowest: [] };

/** A program in place of PowerShell: `body` sees `say` (a marked line) and `claim` (true once for each number). */
async function fakeShell(body: string): Promise<{ shell: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "farhand-shell-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const shell = join(folder, "fake-pwsh.mjs");
  const head = `import { writeFileSync } from "node:fs";
const say = (value) => process.stdout.write("farhand-result " + JSON.stringify(value) + "\\n");
const claim = (index) => { try { writeFileSync(process.argv.at(-1) + "/" + index, "", { flag: "wx" }); return true; } catch { return false; } };
const done = (index) => { say({ start: index }); say({ done: index, ...${JSON.stringify(DONE)} }); };
`;
  await writeFile(shell, `#!${process.execPath}\n${head}${body}`);
  await chmod(shell, 0o755);
  return { shell, folder };
}

const run = (shell: string, deadline = 60_000) => runAgents({ root, tasks: TASKS, shell, processes: 2, deadline, log: () => undefined });

it("knows every Pester file, the slow ones first, and the analyzer", () => {
  const names = agentTasks(root).map(({ name }) => name);
  expect(names[0]).toBe("Life");
  expect(names).toContain("fake-hyperv-world");
  expect(names).toContain("PSScriptAnalyzer");
  expect(names.length).toBeGreaterThan(12);
});

it("says that there is no PowerShell, and counts everything as skipped", async () => {
  const result = await run("farhand-no-such-pwsh");
  expect(result).toMatchObject({ passed: 0, failed: 0, skipped: 3 });
  expect(result.notRun).toEqual([expect.stringMatching(/^NOT RUN, .*farhand-no-such-pwsh.*One, Two, Analyzer/)]);
});

it("says which module is missing, and runs the rest", async () => {
  const { shell } = await fakeShell('say({ version: "7", modules: ["Pester"] }); for (const i of [0, 1]) if (claim(i)) done(i);');
  const result = await run(shell);
  expect(result).toMatchObject({ passed: 4, failed: 0, skipped: 3 });
  expect(result.notRun).toEqual([expect.stringMatching(/lacks PSScriptAnalyzer: Analyzer/)]);
});

it("ends what hangs, with what it started, counts it as failed and goes on", async () => {
  const { shell, folder } = await fakeShell(`import { spawn } from "node:child_process";
say({ version: "7", modules: ["Pester", "PSScriptAnalyzer"] });
for (const i of [0, 1, 2]) if (claim(i)) {
  if (i > 0) { done(i); continue; }
  say({ start: i });
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  writeFileSync(process.argv[1] + ".pid", String(child.pid));
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}`);
  expect(await run(shell, 3000)).toMatchObject({ passed: 4, failed: 1, skipped: 2, notRun: [] });
  const pid = Number(await readFile(join(folder, "fake-pwsh.mjs.pid"), "utf8"));
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

it("counts a PowerShell that ends early, or answers nothing, as failed", async () => {
  const { shell } = await fakeShell(
    'say({ version: "7", modules: ["Pester", "PSScriptAnalyzer"] }); if (claim(0)) { say({ start: 0 }); process.exit(3); }',
  );
  const result = await run(shell);
  expect(result.failed).toBeGreaterThanOrEqual(3);
  expect(result.passed).toBe(0);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
