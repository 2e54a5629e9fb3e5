// Ends everything that a job started, by signals. Finds it in /proc by marker, session, group and parent. Must not spawn.
import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS } from "../protocol/limits.ts";
import { readEnvironment, readStat, visitProcesses, type ProcessStat } from "./proc.ts";

/** The variable that every process of a job inherits. Its value is `<job id>.<random token of the relay process>`. */
export const MARKER_VARIABLE = "FARHAND_JOB";

/** How long processes may use to end themselves after SIGTERM; SIGKILL follows. */
const TERM_MS = 2_000;
const POLL_MS = 50;

export interface TreeTarget {
  /** Exact marker, or (with `prefix`) the job ids whose markers count whatever their token. */
  readonly markers: readonly string[];
  readonly prefix: boolean;
  /** The process that led the job's session; null when it is not known any more (after a crash of the relay). */
  readonly leader: number | null;
}

interface Found extends ProcessStat {
  readonly marked: boolean;
}

const key = (stat: ProcessStat) => `${stat.pid}:${stat.startTicks}`;

function patternsOf(target: TreeTarget): Buffer[] {
  return target.markers.map((marker) => Buffer.from(`\0${MARKER_VARIABLE}=${marker}${target.prefix ? "." : "\0"}`));
}

function isMarked(environment: Buffer | null, patterns: readonly Buffer[]): boolean {
  if (environment === null || environment.length === 0) return false;
  return patterns.some(
    (pattern) => environment.includes(pattern) || environment.subarray(0, pattern.length - 1).equals(pattern.subarray(1)),
  );
}

async function readAll(patterns: readonly Buffer[]): Promise<Found[]> {
  const all: Found[] = [];
  await visitProcesses(async (pid) => {
    if (pid === process.pid) return;
    const [stat, environment] = await Promise.all([readStat(pid), readEnvironment(pid)]);
    // A zombie has ended; its parent has only not looked yet.
    if (stat === null || stat.state === "Z" || stat.state === "X") return;
    all.push({ ...stat, marked: isMarked(environment, patterns) });
  });
  return all;
}

/** The living processes of the target: marked, in the leader's session or group, known from an earlier look, or a child of one of these. */
async function look(target: TreeTarget, patterns: readonly Buffer[], known: ReadonlySet<string>): Promise<ProcessStat[]> {
  const all = await readAll(patterns);
  const victims = new Map<number, ProcessStat>();
  const belongs = (one: Found) =>
    one.marked || known.has(key(one)) || (target.leader !== null && (one.session === target.leader || one.group === target.leader));
  for (const one of all) if (belongs(one)) victims.set(one.pid, one);
  for (let grew = victims.size > 0; grew;) {
    grew = false;
    for (const one of all) {
      if (victims.has(one.pid) || !victims.has(one.parent)) continue;
      victims.set(one.pid, one);
      grew = true;
    }
  }
  return [...victims.values()];
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or of another user: the next look says which.
  }
}

/**
 * SIGTERM to the whole tree, SIGKILL two seconds later, again and again until no process of it is left (forks race with
 * the look) or `LIMITS.cancelGraceMs` has passed. Returns how many processes were signalled. Found are grandchildren,
 * `setsid` children and daemons, by the marker in the environment that they were started with. What escapes: a process
 * that cleared or overwrote its environment AND left the session AND whose parent had ended before this began; and on
 * systems without /proc whatever left the process group.
 */
export async function endTree(target: TreeTarget): Promise<number> {
  const patterns = patternsOf(target);
  const known = new Set<string>();
  const started = performance.now();
  for (;;) {
    const victims = await look(target, patterns, known);
    const elapsed = performance.now() - started;
    const kill = elapsed >= TERM_MS;
    for (const victim of victims) {
      if (kill) send(victim.pid, "SIGKILL");
      else if (!known.has(key(victim))) send(victim.pid, "SIGTERM");
      known.add(key(victim));
    }
    if (victims.length === 0 || elapsed >= LIMITS.cancelGraceMs - POLL_MS) return known.size;
    await sleep(POLL_MS);
  }
}

/** Where there is no /proc: the process group only, with the same times. */
export async function endGroup(leader: number): Promise<void> {
  const alive = () => {
    try {
      return process.kill(-leader, 0);
    } catch {
      return false;
    }
  };
  const started = performance.now();
  send(-leader, "SIGTERM");
  while (alive() && performance.now() - started < TERM_MS) await sleep(POLL_MS);
  while (alive() && performance.now() - started < LIMITS.cancelGraceMs) {
    send(-leader, "SIGKILL");
    await sleep(POLL_MS);
  }
}
