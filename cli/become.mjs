// Hands this process over to another program. Plain JavaScript: farhand.mjs needs it on any Node.
import { spawn } from "node:child_process";

/** Nothing that runs for long here needs a large young generation or many helper threads. */
export const LEAN_FLAGS = ["--max-semi-space-size=1", "--v8-pool-size=1", "--disable-warning=ExperimentalWarning"];
export const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };

/** Runs it in this process's place; where that is not possible, as a child that gets every signal. */
export function become(program, args, environment) {
  if (process.execve && process.platform !== "win32") {
    process.removeAllListeners("warning");
    process.on("warning", () => {});
    process.execve(program, [program, ...args], environment);
  }
  const child = spawn(program, args, { stdio: "inherit", env: environment });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`farhand: ${program} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
