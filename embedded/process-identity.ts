// Names a process for certain: its id and the moment it started. An id alone is reused by the system.
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot (field 22 of /proc/<pid>/stat); null where there is no /proc. */
  readonly start: string | null;
}

/** Null when the process is gone, or is a zombie: that holds nothing any more. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

export const identityOf = (pid: number): ProcessIdentity => ({ pid, start: startOf(pid) });

/** Does just this process live? Without a start time nothing is proven, and the answer is no. */
export function isAlive(identity: ProcessIdentity | null): boolean {
  return identity !== null && identity.start !== null && startOf(identity.pid) === identity.start;
}
