// Calls: read operations answered at once. No journal, no locks, a pool of their own, so that jobs never delay them.
import type { JobRequest, JobResult } from "../../protocol/envelope.ts";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { EdgeMessage, MessageOf, RelayMessage } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Log } from "../log.ts";
import { admit, type Host, type Runnable } from "./admission.ts";
import type { Clock } from "./clock.ts";
import { HandlerRun } from "./handler-run.ts";

type CallMessage = MessageOf<EdgeMessage, "call">;
type Send = (message: RelayMessage) => void;

/** Calls that run at once; more wait, up to LIMITS.callsInFlight. */
const POOL = 16;
/** Room for the JSON around a result. */
const RESULT_BYTES = LIMITS.controlMessageBytes - 1024;

export interface CallsOptions {
  readonly host: Host;
  readonly hostName: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Answers by exactly one `call_result`, on the link that asked. */
  async answer(message: CallMessage, send: Send): Promise<void> {
    const reply = (result: JobResult) => send({ type: "call_result", call_id: message.call_id, result: bounded(result) });
    const refuse = (code: ErrorCode, text: string = ERRORS[code].message, data?: unknown) =>
      reply({
        status: "error",
        code,
        message: text.slice(0, LIMITS.messageChars),
        ...(data === undefined ? {} : { data }),
        logs: [],
        correlation_id: message.correlation_id,
      });
    const admission = admit(this.#options.host, message.operation, message.resource_spec, { plan: false, call: true });
    if ("refused" in admission) return refuse(admission.refused.code, admission.refused.message, admission.refused.data);
    if (this.#running >= POOL) {
      if (this.#waiting.length >= LIMITS.callsInFlight) return refuse("RATE_LIMITED");
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    this.#running += 1;
    const result = await this.#run(message, admission.run);
    this.#running -= 1;
    this.#waiting.shift()?.();
    reply(result);
  }

  async #run(message: CallMessage, runnable: Runnable): Promise<JobResult> {
    const { clock, log } = this.#options;
    const run = new HandlerRun({
      request: this.#request(message),
      run: runnable,
      clock,
      log,
      sinks: { output: () => undefined, progress: () => undefined, log: () => undefined },
      endProcesses: () => Promise.resolve(),
    });
    const { result } = await run.outcome();
    if (result) return result;
    return {
      status: "error",
      code: "JOB_TIMED_OUT",
      message: ERRORS.JOB_TIMED_OUT.message,
      logs: [],
      correlation_id: message.correlation_id,
    };
  }

  #request(message: CallMessage): JobRequest {
    return {
      operation: message.operation,
      resource_spec: message.resource_spec,
      correlation_id: message.correlation_id,
      metadata: {
        job_id: "00000000000000000000000000",
        host: this.#options.hostName,
        requested_by: "edge",
        requested_at: new Date(this.#options.clock.wall()).toISOString(),
        timeout_ms: Math.min(message.timeout_ms, LIMITS.callTimeoutMs),
        attempt: 1,
        plan: false,
        debug: false,
      },
    };
  }
}

function bounded(result: JobResult): JobResult {
  if (Buffer.byteLength(JSON.stringify(result.data ?? null)) <= RESULT_BYTES / 2) return result;
  const { data: _dropped, ...rest } = result;
  return { ...rest, status: "error", code: "DRIVER_FAILED", message: "The answer is too large for a call.", logs: [] };
}
