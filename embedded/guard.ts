// Ends edge and relay when the parent was killed and could not: a shell that waits on a pipe from the parent. The pipe
// carries the processes that live now; its end is the parent's end. Costs less than a megabyte. What it does: guard.sh.
import { spawn, type ChildProcess } from "node:child_process";
import type { ProcessIdentity } from "./process-identity.ts";

export interface Guarded {
  readonly edge: ProcessIdentity | null;
  readonly relay: ProcessIdentity | null;
}

export interface Guard {
  /** The processes that end with the parent. The edge's state bears a kill; the relay first ends what its jobs run. */
  watch(processes: Guarded): void;
  /** The parent has ended them itself. */
  stop(): void;
}

const lineOf = ({ edge, relay }: Guarded): string =>
  [edge?.start ? `9:${edge.pid}:${edge.start}` : "", relay?.start ? `15:${relay.pid}:${relay.start}` : ""].join(" ").trim();

/** Where processes cannot be named for certain (no /proc) the guard has nothing to watch and ends with the parent. `script` is the path of guard.sh. */
export function startGuard(script: string): Guard {
  let line = "";
  let stopped = false;
  let guard: ChildProcess;
  const start = () => {
    guard = spawn("/bin/sh", [script], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
    // A guard that was killed itself: its pipe breaks, another takes over.
    guard.stdin!.on("error", () => {});
    guard.on("error", () => {});
    guard.once("exit", () => {
      if (!stopped) setTimeout(start, 100);
    });
    if (line !== "") guard.stdin!.write(`${line}\n`);
  };
  start();
  return {
    watch(processes) {
      line = lineOf(processes);
      guard.stdin!.write(`${line}\n`);
    },
    stop() {
      stopped = true;
      guard.kill("SIGKILL");
    },
  };
}
