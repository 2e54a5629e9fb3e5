// Runs one program for a job and turns its end into the job's result. Does not decide what may run.
import { baseEnvironment } from "../../environment.ts";
import { markerOf, runProcess } from "../../exec.ts";
import type { HandlerResult, JobContext } from "../contract.ts";
import { refuse } from "../refusal.ts";
import { Tail } from "./tail.ts";

export interface Program {
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  /** Added to the base environment; FARHAND_JOB and FARHAND_JOB_ID cannot be replaced. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | undefined;
}

const base = baseEnvironment();

export async function execute(program: Program, context: JobContext): Promise<HandlerResult> {
  const stdout = new Tail();
  const stderr = new Tail();
  const jobId = context.request.metadata.job_id;
  const end = await runProcess({
    argv: program.argv,
    cwd: program.cwd,
    env: { ...base, ...program.env, FARHAND_JOB_ID: jobId },
    stdin: program.stdin,
    marker: markerOf(jobId),
    signal: context.signal,
    output(stream, bytes) {
      (stream === "stdout" ? stdout : stderr).push(bytes);
      return context.output(stream, bytes);
    },
  });
  if (!end.started) return refuse("COMMAND_NOT_STARTED", end.message);
  const data = {
    exit_code: end.exitCode,
    signal: end.signalName,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
    duration_ms: Math.round(end.durationMs * 1000) / 1000,
  };
  if (end.exitCode === 0) return { status: "success", message: "Exit code 0.", data };
  const how = end.signalName === null ? `exit code ${end.exitCode}` : `signal ${end.signalName}`;
  return { status: "error", code: "COMMAND_FAILED", message: `The command ended with ${how}.`, data };
}
