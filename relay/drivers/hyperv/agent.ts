// Runs one job of the host agent: one process, the job as JSON on its standard input, exactly one JSON document on its standard
// output. Owns the process; knows no operation and plans nothing.
import type { JobRequest } from "../../../protocol/envelope.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { baseEnvironment } from "../../environment.ts";
import { markerOf, runProcess, type ProcessEnd } from "../../exec.ts";
import type { JobContext } from "../contract.ts";
import { VmFailure } from "../virtual/failure.ts";
import { AgentFault, fault, hostBlock, readResult, type AgentResult } from "./agent-protocol.ts";
import { AgentChanged, type AgentFile } from "./bundle.ts";
import { Spare, type SpareJob } from "./spare.ts";
import type { HypervTable } from "./tables.ts";

/** Lists of LIMITS.inventory machines with long descriptions stay below it. */
const STDOUT_BYTES = 16 * 1024 * 1024;
const STDERR_BYTES = 16 * 1024;

/** What an agent is started for. */
export interface AgentJob {
  readonly operation: string;
  readonly spec: unknown;
  readonly metadata: JobRequest["metadata"];
  readonly correlationId: string;
  /** From markerOf. */
  readonly marker: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly log: JobContext["log"];
  /** True: nobody waits for it, or it outlives its job. It is a process of its own, and has none started for the next. */
  readonly isAside?: boolean;
  /** Paths of media by name, beside those that the host declares. */
  readonly media?: Readonly<Record<string, string>>;
}

/** Bytes of one stream; true: no more than `most`. */
class Gathered {
  readonly #most: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Answers whether it still fits; what does not fit is dropped. */
  push(chunk: Uint8Array): boolean {
    if (this.#bytes + chunk.length > this.#most) return false;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return true;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Hyper-V's service works on for an agent that was ended. */
const UNKNOWN = "what it had asked Hyper-V for may still happen.";

const POWERSHELL_ENVIRONMENT = { POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", NO_COLOR: "1" } as const;

function defaultPowershell(): string {
  if (process.platform !== "win32") return "pwsh";
  return `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
}

export class Agent {
  readonly #table: HypervTable;
  readonly #file: AgentFile;
  readonly #env: Readonly<Record<string, string>>;
  readonly #spare: Spare | null;

  /** `aheadId`: a process waits for the next job, marked with it; null: none does. */
  constructor(table: HypervTable, file: AgentFile, aheadId: string | null = null) {
    this.#table = table;
    this.#file = file;
    this.#env = { ...baseEnvironment(), ...POWERSHELL_ENVIRONMENT };
    const start = async () => ({ argv: [...this.#argv(await file.verified()), "ahead"], env: this.#env });
    this.#spare = aheadId === null ? null : new Spare({ start, marker: markerOf(aheadId) });
  }

  /** The program that is started. */
  get powershell(): string {
    return this.#table.powershell ?? defaultPowershell();
  }

  /** Takes away what was written for it, and the process that waits. */
  async remove(): Promise<void> {
    await this.#spare?.stop();
    await this.#file.remove();
  }

  /**
   * Runs one job to its end. Throws AgentFault (what it did is not known: garbage, a crash, its deadline, a cancelled job) and VmFailure
   * (it was not started). A refusal by the agent is a result.
   */
  async run(job: AgentJob): Promise<AgentResult> {
    const path = await this.#verified();
    const deadline = AbortSignal.timeout(job.timeoutMs);
    const signal = AbortSignal.any([job.signal, deadline]);
    const stdout = new Gathered(STDOUT_BYTES);
    const stderr = new Gathered(STDERR_BYTES);
    const end = await this.#process(path, job, {
      stdin: JSON.stringify(this.#document(job)),
      signal,
      output: (stream, bytes) => {
        if (stream === "stderr") stderr.push(bytes);
        else if (!stdout.push(bytes)) throw fault(`answered more than ${STDOUT_BYTES} bytes`);
        return undefined;
      },
    });
    const noise = stderr.bytes.toString("utf8").trim();
    if (noise !== "") job.log("warn", `The host agent wrote on its error stream: ${noise}`.slice(0, LIMITS.messageChars));
    this.#judge(end, job, deadline);
    const { logs, ...result } = readResult(stdout.bytes, job.correlationId);
    for (const { level, message } of logs) job.log(level, message);
    return result;
  }

  /** In the process that waits, if there is one: it is at least as far as a new one. */
  async #process(path: string, { marker, isAside = false }: AgentJob, job: SpareJob): Promise<ProcessEnd> {
    const waiting = isAside || job.signal.aborted ? null : this.#spare?.take();
    if (await waiting?.isAlive()) {
      // At once: an operation is often two jobs, one after the other.
      this.#spare?.renew();
      return waiting!.run(job);
    }
    try {
      return await runProcess({ ...job, argv: this.#argv(path), env: this.#env, marker });
    } finally {
      if (!isAside) this.#spare?.renew();
    }
  }

  async #verified(): Promise<string> {
    try {
      return await this.#file.verified();
    } catch (error) {
      // What waits has read the right one; but who changed the file may have changed more.
      void this.#spare?.take()?.stop();
      if (error instanceof AgentChanged) throw new VmFailure("HYPERVISOR_UNAVAILABLE", error.message, undefined, { cause: error });
      throw error;
    }
  }

  #argv(path: string): string[] {
    const policy = process.platform === "win32" ? ["-ExecutionPolicy", "Bypass"] : [];
    return [this.powershell, "-NoProfile", "-NonInteractive", ...policy, "-File", path];
  }

  #document({ operation, spec, metadata, correlationId, timeoutMs, media }: AgentJob): object {
    return {
      operation,
      resource_spec: spec,
      host: hostBlock(this.#table, media),
      correlation_id: correlationId,
      metadata: { ...metadata, timeout_ms: timeoutMs },
    };
  }

  /** A finished effect wins over cancel and deadline. */
  #judge(end: ProcessEnd, job: AgentJob, deadline: AbortSignal): void {
    if (end.started && end.exitCode === 0) return;
    if (job.signal.aborted)
      throw new AgentFault("JOB_CANCELLED", end.started ? `The job was cancelled while the host agent worked; ${UNKNOWN}` : undefined);
    if (deadline.aborted)
      throw new AgentFault("HYPERVISOR_TIMEOUT", `The host agent did not answer within ${job.timeoutMs} ms; ${UNKNOWN}`);
    if (!end.started) throw new VmFailure("HYPERVISOR_UNAVAILABLE", `The host agent was not started. ${end.message}`);
    throw fault(end.exitCode === null ? `was ended by ${end.signalName ?? "the system"}` : `ended with exit code ${end.exitCode}`);
  }
}
