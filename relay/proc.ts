// Reads Linux's /proc: which processes there are, and what one is. Must not signal anything.
// A process may end between any two reads, so every reader answers null for one that is gone or may not be read.
import { readdir, readFile } from "node:fs/promises";

export interface ProcessStat {
  readonly pid: number;
  /** The kernel's short name, at most 15 bytes; never arguments. */
  readonly name: string;
  /** proc(5): R, S, D, Z, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** User and system time in clock ticks (USER_HZ: 100 a second on every Linux that Node runs on). */
  readonly cpuTicks: number;
  /** Clock ticks after boot. With the pid it identifies a process: a pid alone is reused. */
  readonly startTicks: number;
  /** Resident set in pages. */
  readonly residentPages: number;
}

/** Ids of all processes; empty where there is no /proc. */
export async function processIds(): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** The text of /proc/<pid>/stat. The name stands in parentheses and may itself contain spaces and parentheses. */
export function parseStat(pid: number, text: string): ProcessStat | null {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  const rest = text.slice(close + 2).split(" ");
  return {
    pid,
    name: text.slice(open + 1, close),
    state: rest[0] ?? "",
    parent: Number(rest[1]),
    group: Number(rest[2]),
    session: Number(rest[3]),
    cpuTicks: Number(rest[11]) + Number(rest[12]),
    startTicks: Number(rest[19]),
    residentPages: Number(rest[21]),
  };
}

export async function readStat(pid: number): Promise<ProcessStat | null> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => null);
  return text === null ? null : parseStat(pid, Buffer.from(text, "latin1").toString("utf8"));
}

/** The environment that the process was started with, NUL separated; null when it is gone or of another user. */
export function readEnvironment(pid: number): Promise<Buffer | null> {
  return readFile(`/proc/${pid}/environ`).catch(() => null);
}

/** Runs `visit` over all processes, a few at a time: a read of /proc may block on a stuck process, and then only these wait. */
export async function visitProcesses(visit: (pid: number) => Promise<void>): Promise<void> {
  const pids = await processIds();
  let next = 0;
  const worker = async () => {
    while (next < pids.length) await visit(pids[next++]!);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
