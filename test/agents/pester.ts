// The agents' own tests in real PowerShell: Pester by files and PSScriptAnalyzer as one check, shared out to a few processes.
// Where `pwsh` or a module is not there, it says what did not run and counts that as skipped; it never fails for want of them.
import { globSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type Line, startShell } from "./pester-process.ts";

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** What one process does at a time; `name` is for people. */
export interface Task {
  kind: "pester" | "analyzer";
  name: string;
  /** A test file; or the analyzer's settings and the folders that it reads. */
  paths: readonly string[];
}

export interface Options {
  root: string;
  tasks: readonly Task[];
  /** The PowerShell to start. */
  shell?: string;
  /** Side by side. */
  processes?: number;
  /** For each task, in milliseconds; its process is ended then, with all that it started. */
  deadline?: number;
  log?: (line: string) => void;
}

/** These start many processes or wait: first, so that nobody waits for them at the end. */
const LONG = ["Life", "fake-hyperv-world", "Faults", "fake-hyperv", "PSScriptAnalyzer"];
const MODULE = { pester: "Pester", analyzer: "PSScriptAnalyzer" } as const;

/** Every Pester file under test/agents, and the analyzer for the agents and the fake that they are tested with. */
export function agentTasks(root: string): Task[] {
  const pester = globSync("test/agents/**/*.Tests.ps1", { cwd: root }).map((file): Task => ({
    kind: "pester",
    name: file.replaceAll(/^.*[\\/]|\.Tests\.ps1$/g, ""),
    paths: [join(root, file)],
  }));
  const paths = ["agents/hyperv/PSScriptAnalyzerSettings.psd1", "agents/hyperv", "test/agents/hyperv/fake-hyperv"];
  const analyzer: Task = { kind: "analyzer", name: "PSScriptAnalyzer", paths: paths.map((path) => join(root, path)) };
  const rank = (task: Task) => (LONG.includes(task.name) ? LONG.indexOf(task.name) : LONG.length);
  return [...pester, analyzer].toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** The sums of all processes, what did not run and why. */
class Run {
  readonly sum = { passed: 0, failed: 0, skipped: 0, notRun: [] as string[] };
  readonly #tasks: readonly Task[];
  readonly #log: (line: string) => void;
  readonly #left: Set<number>;

  constructor(tasks: readonly Task[], log: (line: string) => void) {
    this.#tasks = tasks;
    this.#log = log;
    this.#left = new Set(tasks.keys());
  }

  done(index: number, line: Extract<Line, { done: number }>, seconds: string): void {
    this.#left.delete(index);
    const { passed, failed, skipped, failures } = line;
    this.sum.passed += passed;
    this.sum.failed += failed;
    this.sum.skipped += skipped;
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    this.#log(`${failed === 0 ? "✓" : "✗"} ${this.#tasks[index]!.name} (${counts}) ${seconds} s`);
    for (const failure of failures) this.#log(`    ${failure}`);
  }

  /** Its process ended, or was ended, while this was under way. */
  lost(index: number | null, seconds: string): void {
    this.sum.failed += 1;
    if (index === null) return this.#log("✗ PowerShell ended before its first task");
    this.#left.delete(index);
    this.#log(`✗ ${this.#tasks[index]!.name}: no result; its PowerShell ended, or was ended, after ${seconds} s`);
  }

  /** Every task has a result, was lost, or is said not to have run. */
  end(): void {
    for (const index of this.#left) this.lost(index, "0");
  }

  without(reason: string, kinds: readonly Task["kind"][]): void {
    const names = [...this.#left].filter((index) => kinds.includes(this.#tasks[index]!.kind));
    if (names.length === 0) return;
    for (const index of names) this.#left.delete(index);
    this.sum.skipped += names.length;
    this.sum.notRun.push(
      `NOT RUN, ${reason}: ${names.map((index) => this.#tasks[index]!.name).join(", ")}. (Parse gate and rules of 5.1: part unit.)`,
    );
  }
}

/** The sums, and lines that say what did not run. */
export async function runAgents(options: Options): Promise<Tally & { notRun: string[] }> {
  const {
    root,
    tasks,
    shell = "pwsh",
    processes = Math.min(3, availableParallelism()),
    deadline = 10 * 60_000,
    log = console.log,
  } = options;
  const run = new Run(tasks, log);
  const folder = await mkdtemp(join(tmpdir(), "farhand-pester-"));
  const [list, claims] = [join(folder, "tasks.json"), join(folder, "claims")];
  await mkdir(claims);
  await writeFile(list, JSON.stringify(tasks));
  const argv = [shell, "-NoProfile", "-NonInteractive", "-File", join(root, "test/agents/run.ps1"), "-List", list, "-Claims", claims];

  /** One process after the other, until every task is taken: a task that loses its process takes no other with it. */
  const work = async (): Promise<void> => {
    let again = true;
    while (again) {
      again = false;
      let [current, since]: [number | null, number] = [null, performance.now()];
      const seconds = () => ((performance.now() - since) / 1000).toFixed(1);
      const child = startShell(argv, root);
      try {
        for (let line = await child.next(deadline); line !== "end"; line = await child.next(deadline)) {
          if (line === "no-program") return run.without(`there is no \`${shell}\` on PATH`, ["pester", "analyzer"]);
          if (line === "lost") {
            run.lost(current, seconds());
            again = current !== null;
            break;
          }
          if ("modules" in line) {
            for (const kind of ["pester", "analyzer"] as const)
              if (!line.modules.includes(MODULE[kind])) run.without(`PowerShell ${line.version} lacks ${MODULE[kind]}`, [kind]);
          } else if ("start" in line) [current, since] = [line.start, performance.now()];
          else {
            run.done(line.done, line, seconds());
            current = null;
          }
        }
      } finally {
        child.kill();
      }
    }
  };

  try {
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  run.end();
  return run.sum;
}
