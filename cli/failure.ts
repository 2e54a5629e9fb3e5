// What ends a verb before its work is done: lines for people, and the exit code. Never contains a secret.
import { ERRORS, isErrorCode } from "../protocol/errors.ts";
import type { Problem } from "../protocol/api/shapes.ts";

/** API.md, "Commands". */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly exitCode: ExitCode;
  /** The error table says that it may pass by itself. */
  readonly isRetryable: boolean;
  constructor(exitCode: ExitCode, message: string, options: { cause?: unknown; isRetryable?: boolean } = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.isRetryable = options.isRetryable ?? false;
  }
}

export const usage = (message: string) => new CliFailure(EXIT.usage, message);

/** The exit code for an error code of the table: of a problem document, or of a job's result. */
export function exitFor(code: string): ExitCode {
  if (code === "HOST_OFFLINE" || code === "LINK_TIMEOUT" || code === "EDGE_STARTING") return EXIT.unreachable;
  if (!isErrorCode(code)) return EXIT.failed;
  const { status } = ERRORS[code];
  return status === 401 || status === 403 || status === 421 ? EXIT.refused : EXIT.failed;
}

export const remedyFor = (code: string): string | null => (isErrorCode(code) ? ERRORS[code].remedy : null);

/** Message, remedy, then a line for each field. */
export function problemFailure(problem: Problem): CliFailure {
  const fields = (problem.errors ?? []).map(({ pointer, message }) => `  ${pointer === "" ? "/" : pointer} ${message}`);
  const isRefused = problem.status === 401 || problem.status === 403;
  const asked = isRefused && process.env["FARHAND_API_KEY"] ? "The key in FARHAND_API_KEY was used, not that of `farhand login`." : "";
  const lines = [`${problem.detail} (${problem.code})`, ...fields, problem.remedy, asked, `request ${problem.request_id}`];
  const isRetryable = isErrorCode(problem.code) && ERRORS[problem.code].retryable;
  return new CliFailure(exitFor(problem.code), lines.filter(Boolean).join("\n"), { isRetryable });
}
