// Ends edge and relay when the parent was killed and could not: a shell that waits on a pipe from the parent. The pipe
// carries the processes that live now; its end is the parent's end. Costs less than a megabyte.
import { spawn, type ChildProcess } from "node:child_process";
import type { ProcessIdentity } from "./process-identity.ts";

/**
 * Reads lines of `signal:pid:start …` and keeps the last. At the end of input it sends each process its signal, if it is
 * still the same process, and what is left after 5 s is killed. Builtins only, but for `sleep`.
 */
const SCRIPT = `
trap '' INT TERM HUP
last=
while read -r line; do last=$line; done
is_same() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  start=$2
  set -- \${stat##*) }
  [ "$1" != Z ] && [ "\${20}" = "$start" ]
}
end() {
  left=
  for item in $last; do
    signal=\${item%%:*}; rest=\${item#*:}; pid=\${rest%%:*}
    is_same "$pid" "\${rest#*:}" || continue
    left=1
    kill "-\${1:-$signal}" "$pid" 2>/dev/null
  done
}
end
n=0
while [ -n "$left" ] && [ $n -lt 25 ]; do sleep 0.2; end 0; n=$((n+1)); done
end 9
`;

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

/** Where processes cannot be named for certain (no /proc) the guard has nothing to watch and ends with the parent. */
export function startGuard(): Guard {
  let line = "";
  let stopped = false;
  let guard: ChildProcess;
  const start = () => {
    guard = spawn("/bin/sh", ["-c", SCRIPT, "farhand-guard"], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
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
