// `npm test`: every check and every test project, one after the other, and one closing line with the sums.
// Arguments name parts (`node test/run.ts worker relay`); without any, all of them run.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentTasks, runAgents, type Tally } from "./agents/pester.ts";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const CHECKS: Record<string, string[]> = {
  format: [bin("oxfmt"), "--check"],
  lint: [bin("oxlint"), "--type-aware"],
  types: [bin("tsc"), "-b"],
  generated: [process.execPath, "scripts/generate.ts", "--check"],
};
const PROJECTS = ["unit", "worker", "relay", "e2e", "web"];

/** Runs to its end; a part that hangs is ended after 30 minutes. */
function run(argv: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: "inherit", cwd: root });
    const timer = setTimeout(() => child.kill("SIGKILL"), 30 * 60_000);
    child.on("error", () => resolve(1));
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

async function check(name: string, argv: readonly string[]): Promise<Tally> {
  const code = await run(argv);
  console.log(`${code === 0 ? "✓" : "✗"} ${name}`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function project(name: string, reports: string): Promise<Tally> {
  const file = join(reports, `${name}.json`);
  const code = await run([bin("vitest"), "run", "--project", name, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`]);
  const report = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as { numPassedTests: number; numFailedTests: number; numPendingTests: number; numTodoTests: number },
    () => null,
  );
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  // A project that failed outside a test (a file that does not load, an unhandled rejection) has failed all the same.
  const failed = report.numFailedTests > 0 || code === 0 ? report.numFailedTests : 1;
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}

const wanted = process.argv.slice(2);
const has = (part: string) => wanted.length === 0 || wanted.includes(part);
const reports = await mkdtemp(join(tmpdir(), "farhand-test-"));
const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
const notRun: string[] = [];
const add = (tally: Tally) => {
  sum.passed += tally.passed;
  sum.failed += tally.failed;
  sum.skipped += tally.skipped;
};
try {
  if (has("check")) for (const [name, argv] of Object.entries(CHECKS)) add(await check(name, argv));
  if ((has("e2e") || has("web")) && sum.failed === 0) add(await check("build", [process.execPath, "scripts/build.ts"]));
  for (const name of PROJECTS) if (has(name)) add(await project(name, reports));
  if (has("agents")) {
    const agents = await runAgents({ root, tasks: agentTasks(root) });
    add(agents);
    notRun.push(...agents.notRun);
  }
} finally {
  await rm(reports, { recursive: true, force: true });
}
for (const line of notRun) console.log(line);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 ? 0 : 1;
