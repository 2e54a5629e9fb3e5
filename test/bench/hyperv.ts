// The host agent of Hyper-V: from job to result, beside a bare PowerShell, with its parts by differences. The module is the fake of
// test/agents/hyperv: what Hyper-V itself takes is in none of these figures.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleAgent } from "../../agents/bundle.ts";
import { idFactory } from "../../protocol/ids.ts";
import { aheadId, markerOf, runProcess } from "../../relay/exec.ts";
import { baseEnvironment } from "../../relay/environment.ts";
import { Agent } from "../../relay/drivers/hyperv/agent.ts";
import { agentFile } from "../../relay/drivers/hyperv/bundle.ts";
import { hypervTableSchema } from "../../relay/drivers/hyperv/tables.ts";
import { PWSH, writeFakePowershell } from "../relay/drivers/hyperv/fake-world.ts";
import { until } from "../fixtures/until.ts";
import { interleaved, median, pssBytes, timed, tree, type Figure } from "./measure.ts";

const ROUNDS = 11;
const MiB = 1024 * 1024;
/** A process that waits is ready by then, on a machine that does nothing else; nothing says so. */
const READY_MS = 3_000;

interface Rig {
  readonly agent: Agent;
  /** Starts none ahead. */
  readonly cold: Agent;
  /** Milliseconds of PowerShell with these arguments. */
  readonly bare: (...args: string[]) => Promise<void>;
  readonly script: (name: string, text: string) => string;
  readonly stop: () => Promise<void>;
}

async function startRig(): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-bench-hyperv-"));
  writeFileSync(join(folder, "world.json"), "{}");
  const powershell = writeFakePowershell(folder);
  const table = hypervTableSchema.parse({ powershell });
  const agent = new Agent(table, agentFile(), aheadId(folder));
  const cold = new Agent(table, agentFile());
  return {
    agent,
    cold,
    async bare(...args) {
      const argv = [powershell, "-NoProfile", "-NonInteractive", ...args];
      const end = await runProcess({
        argv,
        env: baseEnvironment(),
        stdin: "",
        marker: null,
        signal: AbortSignal.timeout(60_000),
        output: () => undefined,
      });
      if (!end.started || end.exitCode !== 0) throw new Error(`${argv.join(" ")} did not run`);
    },
    script(name, text) {
      const path = join(folder, `${name}.ps1`);
      writeFileSync(path, text);
      return path;
    },
    async stop() {
      await Promise.all([agent.remove(), cold.remove()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const newId = idFactory(0);

function ask(agent: Agent, operation: string, spec: object = {}) {
  const id = newId();
  const metadata = { job_id: id, host: "bench", requested_by: "bench", requested_at: new Date(0).toISOString(), attempt: 1 };
  return agent
    .run({
      operation,
      spec,
      metadata: { ...metadata, timeout_ms: 60_000, plan: false, debug: false },
      correlationId: id,
      marker: markerOf(id),
      timeoutMs: 60_000,
      signal: AbortSignal.timeout(60_000),
      log: () => undefined,
    })
    .then((result) => {
      if (result.status !== "success") throw new Error(`${operation}: ${result.code} ${result.message}`);
    });
}

/** Where a job's time goes: each row is what it takes beyond the one before. */
async function partFigures({ bare, cold, script }: Rig): Promise<{ figures: Figure[]; start: readonly number[] }> {
  const text = bundleAgent();
  const leave = "[Environment]::Exit(0)\n";
  const entry = text.lastIndexOf("Set-StrictMode");
  const parsed = script("parsed", leave + text);
  const defined = script("defined", text.slice(0, entry) + leave);
  const works = [
    () => bare("-Command", "exit"),
    () => bare("-File", parsed),
    () => bare("-File", defined),
    () => ask(cold, "agent.noop"),
    () => ask(cold, "batch", { steps: [{ operation: "agent.noop", resource_spec: {} }] }),
  ];
  await interleaved(works, 2);
  const [start, parse, define, noop, batch] = (await interleaved(works, ROUNDS)) as [number[], number[], number[], number[], number[]];
  const more = (times: readonly number[], base: readonly number[]) => Math.max(0, median(times) - median(base));
  const figures: Figure[] = [
    { name: "pwsh -NoProfile -Command exit: the direct path", value: median(start), unit: "ms" },
    {
      name: "agent.noop, from job to result, a process of its own",
      value: median(noop),
      unit: "ms",
      against: { name: "bare pwsh", ratio: median(noop) / median(start) },
    },
    { name: `  of it: parsing the agent (${Math.round(text.length / 1024)} KiB)`, value: more(parse, start), unit: "ms" },
    { name: "  of it: defining its functions", value: more(define, parse), unit: "ms" },
    { name: "  of it: reading the job, work, writing, the relay", value: more(noop, define), unit: "ms" },
    { name: "a batch of one no-op, the fake module loaded", value: median(batch), unit: "ms" },
    { name: "  of it: loading the fake module", value: more(batch, noop), unit: "ms" },
  ];
  return { figures, start };
}

async function warmFigures({ agent, cold }: Rig, start: readonly number[]): Promise<Figure[]> {
  const waiting = () => tree(process.pid).find(({ command }) => command.endsWith(" ahead"));
  const ready = async () => {
    const found = await until("one that waits", () => waiting() ?? false);
    await sleep(READY_MS);
    return found.pid;
  };
  await ask(agent, "agent.noop");
  const [noops, lists, coldLists, sizes]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    sizes.push(pssBytes(await ready()) / MiB);
    noops.push(await timed(() => ask(agent, "agent.noop")));
    await ready();
    lists.push(await timed(() => ask(agent, "vm.list")));
    coldLists.push(await timed(() => ask(cold, "vm.list")));
  }
  const against = (times: readonly number[]) => ({ name: "bare pwsh", ratio: median(times) / median(start) });
  return [
    { name: "agent.noop, by the process that waits", value: median(noops), unit: "ms", against: against(noops) },
    { name: "vm.list of the fake, a process of its own", value: median(coldLists), unit: "ms" },
    {
      name: "vm.list of the fake, by the process that waits",
      value: median(lists),
      unit: "ms",
      against: { name: "its own process", ratio: median(lists) / median(coldLists) },
    },
    { name: "the process that waits: PSS", value: median(sizes), unit: "MiB" },
  ];
}

/** Null: no PowerShell is here, and nothing is measured. */
export async function hypervFigures(): Promise<Figure[] | null> {
  if (PWSH === null) return null;
  const rig = await startRig();
  try {
    const { figures, start } = await partFigures(rig);
    return [...figures, ...(await warmFigures(rig, start))];
  } finally {
    await rig.stop();
  }
}
