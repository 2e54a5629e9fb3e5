// What the tests of exec ask of the machine: does a process live, which carry a marker, wait for a condition.
import { setTimeout as sleep } from "node:timers/promises";
import { baseEnvironment } from "../../../relay/environment.ts";
import { markerOf, runProcess, type ProcessEnd, type ProcessSpec } from "../../../relay/exec.ts";
import { MARKER_VARIABLE } from "../../../relay/process-tree.ts";
import { processIds, readEnvironment, readStat } from "../../../relay/proc.ts";

let jobs = 0;
/** A job id of this test process, never used twice. */
export const newJobId = () => `TEST${process.pid}X${++jobs}`;

export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readStat(pid);
  return stat !== null && stat.state !== "Z" && stat.state !== "X";
}

export async function until(condition: () => boolean | Promise<boolean>, what: string, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await sleep(10);
  }
}

/** Living processes whose environment begins a value of the marker with this text. */
export async function markedWith(start: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processIds()) {
    const environment = await readEnvironment(pid);
    if (environment?.includes(`${MARKER_VARIABLE}=${start}`) && (await isAlive(pid))) found.push(pid);
  }
  return found;
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

export interface Running {
  readonly jobId: string;
  readonly end: Promise<ProcessEnd>;
  readonly stop: () => void;
  readonly text: () => string;
  /** Waits for this many lines that are numbers: the processes that the script says it started. */
  pids(count: number): Promise<number[]>;
}

/** Starts `sh -c script` (or an argv) through runProcess and gathers its output. */
export function start(script: string | readonly string[], more: Partial<ProcessSpec> = {}): Running {
  const controller = new AbortController();
  const jobId = newJobId();
  let text = "";
  const end = runProcess({
    argv: typeof script === "string" ? ["sh", "-c", script] : script,
    env: baseEnvironment(),
    marker: markerOf(jobId),
    signal: controller.signal,
    output: (_, bytes) => {
      text += Buffer.from(bytes).toString("utf8");
      return undefined;
    },
    ...more,
  });
  const numbers = () => [...text.matchAll(/^(\d+)$/gm)].map((match) => Number(match[1]));
  return {
    jobId,
    end,
    stop: () => controller.abort(),
    text: () => text,
    async pids(count) {
      await until(() => numbers().length >= count, `${count} processes, got: ${text}`);
      return numbers();
    },
  };
}
