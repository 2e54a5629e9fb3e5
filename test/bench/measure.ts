// Taking and printing figures: medians, percentiles, rates, memory. Nothing here asserts.
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with in the same run, and the ratio. */
  readonly against?: { readonly name: string; readonly ratio: number };
  readonly goal?: string;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Times each of several works in turn (A B C A B C …), so that drift of the machine hits all alike. Milliseconds per work. */
export async function interleaved(works: readonly (() => Promise<unknown>)[], rounds: number): Promise<number[][]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < rounds; round++) for (const [index, work] of works.entries()) times[index]!.push(await timed(work));
  return times;
}

/** Works per second with `width` in flight. */
export async function rate(work: () => Promise<unknown>, count: number, width: number): Promise<number> {
  let left = count;
  const start = performance.now();
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: width }, worker));
  return count / ((performance.now() - start) / 1000);
}

/** Proportional set size of a process in bytes (smaps_rollup); 0 when it is gone. */
export function pssBytes(pid: number): number {
  try {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return found ? Number(found[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** Resident set size of a process in bytes; 0 when it is gone. */
export function rssBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found ? Number(found[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** `pid` and all its descendants, with their command lines. */
export function tree(pid: number): { pid: number; command: string }[] {
  const parents = new Map<number, number[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)]);
    } catch {
      continue;
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(parents.get(one) ?? []));
  return found.map((one) => ({ pid: one, command: commandLine(one) }));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

export const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");

export function print(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  for (const figure of figures) {
    const digits = figure.value >= 100 ? 0 : figure.value >= 10 ? 1 : 2;
    const against = figure.against ? `  ${figure.against.ratio.toFixed(2)} × ${figure.against.name}` : "";
    const goal = figure.goal ? `  (goal ${figure.goal})` : "";
    console.log(`  ${figure.name.padEnd(58)} ${figure.value.toFixed(digits).padStart(9)} ${figure.unit.padEnd(6)}${against}${goal}`);
  }
}
