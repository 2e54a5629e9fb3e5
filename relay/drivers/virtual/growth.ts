// How far a copy is, told by how much of its files is there: hypervisors tell no progress of their own. Looks on, and changes nothing.
// Same for each hypervisor.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { JobContext } from "../contract.ts";

export interface Growing {
  /** Files, or folders with all that is in them; what is not there yet counts nothing. */
  readonly paths: readonly string[];
  /** What they will take on the disk when all is there. 0: not known, and nothing is told. */
  readonly expectedBytes: number;
  readonly message: string;
}

/** A folder's files, at most so many: an export has few. */
const FILES_MAX = 1_000;
const EVERY_MS = 1_000;

/** Bytes that are taken of the disk: a sparse file is as large as what was written. */
const takenBy = async (path: string): Promise<number> => (await lstat(path)).blocks * 512;

async function writtenOf(path: string): Promise<number> {
  try {
    if (!(await lstat(path)).isDirectory()) return await takenBy(path);
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).slice(0, FILES_MAX);
    const sizes = await Promise.all(files.map((file) => takenBy(join(file.parentPath, file.name)).catch(() => 0)));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}

/** Tells how far it is every `everyMs` until `stopped`; never 100, and never less than before. Never throws. */
export async function watchGrowth(
  { paths, expectedBytes, message }: Growing,
  progress: JobContext["progress"],
  stopped: AbortSignal,
  everyMs: number = EVERY_MS,
): Promise<void> {
  const waited = () => sleep(everyMs, true, { signal: stopped }).catch(() => false);
  if (expectedBytes <= 0 || paths.length === 0) return;
  let told = 0;
  while (await waited()) {
    const sizes = await Promise.all(paths.map(writtenOf));
    const written = sizes.reduce((sum, size) => sum + size, 0);
    told = Math.max(told, Math.min(99, Math.floor((written / expectedBytes) * 100)));
    if (!stopped.aborted) progress(told, message);
  }
}

/** Does the work while it is looked on; answers or throws what the work does. */
export async function whileGrowing<T>(growing: Growing, progress: JobContext["progress"], work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const watching = watchGrowth(growing, progress, stop.signal);
  try {
    return await work();
  } finally {
    stop.abort();
    await watching;
  }
}
