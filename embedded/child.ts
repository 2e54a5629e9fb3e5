// Keeps one child process alive: starts it, starts it again when it ends, ends it for good. Knows nothing of what it is.
import type { ChildProcess } from "node:child_process";

/** A child that ended is back at once; one that keeps ending, ever later. */
const RESTART_MS = [50, 500, 1_000, 2_000, 5_000, 10_000];
/** A child that lived this long had started well: the next restart is the first again. */
const STEADY_MS = 10_000;

export interface Keeper {
  start(): void;
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the child is gone; no other is started. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

interface KeeperOptions {
  readonly name: string;
  readonly spawn: () => ChildProcess;
  /** After every start (with its pid) and every end (null). */
  readonly changed: (pid: number | null) => void;
  readonly log: (line: string) => void;
}

function end(child: ChildProcess, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill("SIGKILL"), graceMs);
    child.once("exit", () => {
      clearTimeout(kill);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

export function keepChild({ name, spawn, changed, log }: KeeperOptions): Keeper {
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let quickEnds = 0;

  const ended = (started: number, how: string) => {
    child = null;
    changed(null);
    if (stopping) return;
    quickEnds = Date.now() - started > STEADY_MS ? 0 : quickEnds;
    const delay = RESTART_MS[Math.min(quickEnds++, RESTART_MS.length - 1)]!;
    log(`${name} ended (${how}); it starts again in ${delay} ms`);
    timer = setTimeout(start, delay);
  };

  function start(): void {
    if (stopping) return;
    const started = Date.now();
    const own = spawn();
    child = own;
    own.once("error", (error) => {
      // Not started at all: no `exit` follows.
      if (own.pid === undefined) ended(started, error.message);
    });
    own.once("exit", (code, signal) => ended(started, signal ?? `exit code ${code}`));
    if (own.pid !== undefined) changed(own.pid);
  }

  return {
    start,
    kill: () => void child?.kill("SIGKILL"),
    stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      const own = child;
      if (own === null || own.pid === undefined) return Promise.resolve();
      return end(own, graceMs);
    },
  };
}
