// One PowerShell that runs test/agents/run.ps1: its lines, a deadline for each, and its end with all that it started.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What run.ps1 says: that it is ready, that it begins a task, how one ended. */
export type Line =
  | { version: string; modules: string[] }
  | { start: number }
  | { done: number; passed: number; failed: number; skipped: number; failures: string[]; slowest: string[] };

export interface Shell {
  /** `lost`: it ended early, or the deadline (milliseconds) is over. */
  next(deadline: number): Promise<Line | "end" | "lost" | "no-program">;
  kill(): void;
}

const MARK = "farhand-result ";

export function startShell(argv: readonly string[], cwd: string): Shell {
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
    // A process group of its own: what the tests start ends with it.
    detached: process.platform !== "win32",
    env: { ...process.env, NO_COLOR: "1", POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off" },
  });
  const ended = new Promise<"end" | "lost" | "no-program">((resolve) => {
    child.once("error", () => resolve("no-program"));
    child.once("close", (code) => resolve(code === 0 ? "end" : "lost"));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const kill = () => {
    process.off("exit", kill);
    for (const signal of SIGNALS) process.off(signal, interrupted);
    if (child.pid === undefined) return;
    try {
      if (process.platform === "win32") child.kill("SIGKILL");
      else process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  const interrupted = () => process.exit(130);
  process.once("exit", kill);
  for (const signal of SIGNALS) process.once(signal, interrupted);

  const next: Shell["next"] = async (deadline) => {
    const over = Promise.withResolvers<"lost">();
    const timer = setTimeout(() => over.resolve("lost"), deadline);
    try {
      for (;;) {
        const read = await Promise.race([over.promise, lines.next()]);
        if (read === "lost") return "lost";
        if (read.done) return await Promise.race([over.promise, ended]);
        if (read.value.startsWith(MARK)) return JSON.parse(read.value.slice(MARK.length)) as Line;
      }
    } finally {
      clearTimeout(timer);
    }
  };
  return { next, kill };
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
