// Runs set-up in a process of its own, which ends: what it needs (schemas, cryptography, HTTP) does not stay in the parent.
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StartFailure } from "./failure.ts";
import type { EdgeListens, SetupReport, SetupTask } from "./setup-messages.ts";

export interface Setup {
  /** Rejects with a {@link StartFailure} when set-up fails or ends before. */
  readonly prepared: Promise<void>;
  /** Arguments of the relay; asked only when there is to be one. */
  readonly relay: Promise<readonly string[]>;
  readonly ready: Promise<void>;
  edgeListens(message: EdgeListens): void;
  kill(): void;
}

interface Step<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function step<T>(): Step<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => {}); // awaited later, or not at all when an earlier step failed
  return { promise, resolve, reject };
}

export function startSetup(script: string, task: SetupTask): Setup {
  const steps = { prepared: step<void>(), relay: step<readonly string[]>(), ready: step<void>() };
  const fail = (error: Error) => Object.values(steps).forEach(({ reject }) => reject(error));
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ["pipe", 1, 2, "pipe"], detached: true });
  const take = (report: SetupReport) => {
    if (report.step === "prepared") steps.prepared.resolve();
    else if (report.step === "relay") steps.relay.resolve(report.args);
    else if (report.step === "ready") steps.ready.resolve();
    else fail(new StartFailure(report.message, report.exitCode));
  };
  const reports = child.stdio[3] as Readable;
  let text = "";
  reports.setEncoding("utf8");
  reports.on("data", (piece: string) => {
    const lines = (text + piece).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line) as SetupReport);
  });
  child.on("error", (error) => fail(new StartFailure(`set-up could not start: ${error.message}`, 1)));
  // `close`, not `exit`: the last report may still be in the pipe.
  child.on("close", (code) => fail(new StartFailure(`set-up ended before the start was complete (exit code ${code})`, 1)));
  child.stdin!.on("error", () => {});
  return {
    prepared: steps.prepared.promise,
    relay: steps.relay.promise,
    ready: steps.ready.promise,
    edgeListens: (message) => child.stdin!.end(`${JSON.stringify(message)}\n`),
    kill: () => child.kill("SIGKILL"),
  };
}
