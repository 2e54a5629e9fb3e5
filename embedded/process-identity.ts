// Names a process for certain: its id and the moment it started. An id alone is reused by the system.
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot (field 22 of /proc/<pid>/stat); null where there is no /proc. */
  readonly start: string | null;
}

/** Field 3 is the state of the first thread, field 20 the number of threads, field 22 the start; counted here from 0 after the name. */
const [STATE, THREADS, START] = [0, 17, 19];

/** Null when the process is gone, or is a zombie without threads: that holds nothing any more. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // While other threads still end, files and ports are held though the first thread is a zombie already.
    const isDead = fields[STATE] === "X" || (fields[STATE] === "Z" && Number(fields[THREADS]) <= 1);
    return isDead ? null : (fields[START] ?? null);
  } catch {
    return null;
  }
}

export const identityOf = (pid: number): ProcessIdentity => ({ pid, start: startOf(pid) });

/** Does just this process live? Without a start time nothing is proven, and the answer is no. */
export function isAlive(identity: ProcessIdentity | null): boolean {
  return identity !== null && identity.start !== null && startOf(identity.pid) === identity.start;
}
