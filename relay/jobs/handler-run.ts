// One run of a handler: its context, its deadline, its cancellation, and what that makes of its result. Knows neither
// journal nor link. A finished effect wins over cancel and deadline.
import type { JobRequest, JobResult } from "../../protocol/envelope.ts";
import { ERRORS } from "../../protocol/errors.ts";
import type { StreamName } from "../../protocol/link/records.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { HandlerResult, JobContext } from "../drivers/contract.ts";
import { reasonOf, type Log, type LogLevel } from "../log.ts";
import type { Runnable } from "./admission.ts";
import type { Clock } from "./clock.ts";
import { ofResult, withoutResult, type Ending } from "./job-end.ts";

export interface RunSinks {
  output(stream: StreamName, bytes: Uint8Array): Promise<void> | undefined;
  progress(percent: number | null, message: string): void;
  log(level: LogLevel, message: string): void;
}

export interface RunOptions {
  readonly request: JobRequest;
  readonly run: Runnable;
  readonly clock: Clock;
  readonly sinks: RunSinks;
  readonly log: Log;
  /** Last resort when a handler does not settle after its abort: ends what it left running. */
  readonly endProcesses: () => Promise<unknown>;
}

/** Beyond the grace that a handler has after its abort. */
const SETTLE_MS = 1_000;
const RESULT_LOGS = 200;

export class HandlerRun {
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  readonly #logs: JobResult["logs"] = [];
  readonly #lost = Promise.withResolvers<null>();
  #reason: "JOB_CANCELLED" | "JOB_TIMED_OUT" | null = null;
  #stopTimer: () => void = () => undefined;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  cancel(): void {
    this.#abort("JOB_CANCELLED");
  }

  /** Runs the handler to its end. Never rejects; takes at most the timeout, the grace and a second. */
  async outcome(): Promise<Ending> {
    const { request, run, clock } = this.#options;
    const timeoutMs = Math.min(request.metadata.timeout_ms, run.maxTimeoutMs);
    this.#stopTimer = clock.after(timeoutMs, () => this.#abort("JOB_TIMED_OUT"));
    try {
      const work = run.found.handler(run.spec, this.#context());
      const result = await Promise.race([work, this.#lost.promise]);
      return result ? this.#judge(result) : withoutResult("unknown", "JOB_UNKNOWN");
    } catch (error) {
      this.#options.log("error", "a handler failed", { job_id: request.metadata.job_id, reason: reasonOf(error) });
      return this.#judge({ status: "error", code: "DRIVER_FAILED", message: ERRORS.DRIVER_FAILED.message });
    } finally {
      this.#stopTimer();
    }
  }

  #judge(result: HandlerResult): Ending {
    const correlationId = this.#options.request.correlation_id;
    if (!this.#reason || result.status !== "error") return ofResult(result, this.#logs, correlationId);
    const ended = { ...result, code: this.#reason, message: ERRORS[this.#reason].message };
    const ending = ofResult(ended, this.#logs, correlationId);
    return this.#reason === "JOB_CANCELLED" ? { ...ending, status: "cancelled" } : ending;
  }

  #abort(reason: "JOB_CANCELLED" | "JOB_TIMED_OUT"): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#stopTimer();
    this.#stopTimer = this.#options.clock.after(LIMITS.cancelGraceMs + SETTLE_MS, () => void this.#giveUp());
    this.#controller.abort();
  }

  async #giveUp(): Promise<void> {
    this.#options.log("error", "a handler did not settle after its abort", { job_id: this.#options.request.metadata.job_id });
    await this.#options.endProcesses().catch(() => undefined);
    this.#lost.resolve(null);
  }

  #context(): JobContext {
    const { request, sinks } = this.#options;
    return {
      request,
      signal: this.#controller.signal,
      output: (stream, bytes) => sinks.output(stream, bytes),
      progress: (percent, message) => sinks.progress(percent, message.slice(0, LIMITS.messageChars)),
      log: (level, text) => {
        const message = text.slice(0, LIMITS.messageChars);
        this.#logs.push({ level, message });
        if (this.#logs.length > RESULT_LOGS) this.#logs.shift();
        sinks.log(level, message);
      },
    };
  }
}
