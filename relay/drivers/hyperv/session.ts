// What every operation of this driver works with: questions to the agent, single changes, and several of either in one process.
// Believes no answer that is not as the contract says. Plans nothing.
import { hostname } from "node:os";
import * as z from "zod";
import type { JobRequest } from "../../../protocol/envelope.ts";
import { idFactory } from "../../../protocol/ids.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import { vmData, vmSummaryData } from "../../../protocol/operations/vm-view.ts";
import { markerOf } from "../../exec.ts";
import type { JobContext } from "../contract.ts";
import { VmFailure } from "../virtual/failure.ts";
import type { VmState } from "../virtual/power.ts";
import { AgentFault, failureOf, type AgentResult } from "./agent-protocol.ts";
import { bad, batchSchema, dataOf, doneSchema, partlyDone, sameAs, stepFailure, type Done } from "./answers.ts";
import type { Agent, AgentJob } from "./agent.ts";
import type { HypervTable } from "./tables.ts";
import { Turns } from "./turns.ts";

export type Operations = keyof typeof VM_OPERATIONS;
export type DataOf<N extends Operations> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type VmData = z.infer<typeof vmData>;
export type VmSummary = z.infer<typeof vmSummaryData>;

/** Asked by plans, and no operation of the contract. */
const hostSchema = z.object({
  processors: z.int().min(1),
  memory_bytes: z.int().min(0),
  /** Of every adapter of the host, in lower case with colons. */
  macs: z.array(z.string().max(32)).max(100_000),
});
export type HostFacts = z.infer<typeof hostSchema>;

/** Who has a disk or stands on it. */
export const diskUseSchema = z.object({ users: z.array(vmSummaryData.shape.id).max(10_000), children: z.int().min(0) });

/** Of the agent's own questions. */
const OWN = { "hyperv.host": hostSchema, "disk.use": diskUseSchema } as const;
type OwnQuestions = typeof OWN;

/** One operation of the agent. A value `{"$result": n, "path": "id"}` is that of the n-th step before it in the same run. */
export interface Step {
  readonly operation: Operations | keyof OwnQuestions;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Those whose callers say, field by field, what was left. */
const UPDATES: ReadonlySet<string> = new Set(["vm.update", "disk.update", "nic.update"]);

/** `schema`: where the agent answers something else than the contract says. */
export interface Question extends Step {
  readonly schema?: z.ZodType;
}
type AnswerTo<Q extends Question> = Q extends { readonly schema: infer T extends z.ZodType }
  ? z.infer<T>
  : Q["operation"] extends Operations
    ? DataOf<Q["operation"]>
    : z.infer<OwnQuestions[Q["operation"] & keyof OwnQuestions]>;
export type AnswersTo<S extends readonly Question[]> = { [I in keyof S]: AnswerTo<S[I]> };

const schemaOf = ({ operation, schema }: Question): z.ZodType =>
  schema ?? (operation in OWN ? OWN[operation as keyof OwnQuestions] : VM_OPERATIONS[operation as Operations].data);

/** What is used of a job. */
export type Ask = Pick<JobContext, "signal" | "log" | "request"> & {
  /** Of its processes; that of the job without. */
  readonly marker?: string;
  /** As of AgentJob. */
  readonly isAside?: boolean;
};

/** How far several steps came. */
export interface Run {
  /** By step; null: it was not done, or refused. */
  readonly done: readonly (Done | null)[];
  /** The first step that was not done as a whole, and why; null: all are done. */
  readonly failed: { readonly index: number; readonly failure: VmFailure } | null;
  /** Of every step that was tried and not done as a whole. */
  readonly failures: ReadonlyMap<number, VmFailure>;
}

/** A PowerShell takes 100 MB and a second of a processor; changes are bounded by the slots of the relay. */
const QUESTIONS_AT_ONCE = 4;
const UNDO_MS = 5 * 60_000;
const newId = idFactory(0);

export class Session {
  readonly table: HypervTable;
  readonly #agent: Agent;
  readonly #questions = new Turns(QUESTIONS_AT_ONCE);

  constructor(agent: Agent, table: HypervTable) {
    this.#agent = agent;
    this.table = table;
  }

  /** Asks for what the contract's operation answers. */
  ask<N extends Operations>(operation: N, spec: Step["spec"], ask: Ask): Promise<DataOf<N>> {
    return this.askAs<z.ZodType<DataOf<N>>>(VM_OPERATIONS[operation].data as unknown as z.ZodType<DataOf<N>>, { operation, spec }, ask);
  }

  /** The same where the agent answers something else, of which the relay makes what the contract says. */
  async askAs<T extends z.ZodType>(schema: T, step: Step, ask: Ask): Promise<z.infer<T>> {
    const result = await this.#questions.run(ask.signal, () => this.#run(step, ask));
    if (result.status !== "success") throw failureOf(result);
    return sameAs(step, dataOf(step.operation, schema, result));
  }

  /** Several questions in one process; the first refusal is thrown. */
  async asks<const S extends readonly Question[]>(steps: S, ask: Ask): Promise<AnswersTo<S>> {
    const results = await this.#questions.run(ask.signal, () => this.#batch(steps, ask));
    const answers = steps.map((step, index) => {
      const result = results[index]!;
      if (result.status !== "success") throw stepFailure(result);
      return sameAs(step, dataOf(step.operation, schemaOf(step), result));
    });
    return answers as AnswersTo<S>;
  }

  read(vm: string, ask: Ask): Promise<VmData> {
    return this.ask("vm.get", { vm: vm.toLowerCase() }, ask);
  }

  /** Makes one change. Throws its refusal, and what was done in part, but of an update: `not_changed` of its answer is what it left. */
  async change({ operation, spec }: Step, ask: Ask, media?: AgentJob["media"]): Promise<Done> {
    const result = await this.#run({ operation, spec }, ask, media);
    if (result.status === "error") throw failureOf(result);
    if (result.status === "partial" && !UPDATES.has(operation)) throw partlyDone(operation, result);
    return dataOf(operation, doneSchema, { data: result.data ?? {} });
  }

  /** Makes several in one process, until one fails. Throws where it is not known how far it came. */
  async changes(steps: readonly Step[], ask: Ask, media?: AgentJob["media"]): Promise<Run> {
    const results = await this.#batch(steps, ask, media);
    const done: (Done | null)[] = [];
    const failures = new Map<number, VmFailure>();
    for (const [index, { operation }] of steps.entries()) {
      const result = results[index];
      if (!result && failures.size === 0) throw new AgentFault("AGENT_PROTOCOL", "The host agent did not say how each step ended.");
      done.push(result && result.status !== "error" ? dataOf(operation, doneSchema, { data: result.data ?? {} }) : null);
      // A step that was done in part is not what was planned.
      if (result && result.status !== "success") failures.set(index, stepFailure(result));
    }
    const [first] = failures;
    return { done, failures, failed: first ? { index: first[0], failure: first[1] } : null };
  }

  /** Tries every step, whatever became of the others; answers the failures by step. For what takes back: a cancelled job does not stop it. */
  async each(steps: readonly Step[], ask: Ask): Promise<Map<number, VmFailure>> {
    const failures = new Map<number, VmFailure>();
    for (let at = 0; at < steps.length;) {
      const { done, failures: found } = await this.changes(steps.slice(at), ask);
      for (const [index, failure] of found) failures.set(at + index, failure);
      const stopped = done.indexOf(null);
      if (stopped < 0) break;
      at += found.has(stopped) ? stopped + 1 : stopped;
    }
    return failures;
  }

  /** For each of a kind that the relay asks for itself: no job's. */
  static own(what: string, signal: AbortSignal, log: JobContext["log"], timeoutMs: number): Ask {
    const job_id = newId();
    const requested_at = new Date().toISOString();
    const metadata = {
      job_id,
      host: hostname(),
      requested_by: "relay",
      requested_at,
      timeout_ms: timeoutMs,
      attempt: 1,
      plan: false,
      debug: false,
    };
    return { signal, log, isAside: true, request: { operation: what, resource_spec: {}, correlation_id: `${what}-${job_id}`, metadata } };
  }

  /** The same job's, with a time of its own: to take back what it did after it was cancelled. */
  static after({ request, log }: Ask): Ask {
    const metadata = { ...request.metadata, timeout_ms: UNDO_MS };
    // Its own: what ends the processes that a job left must not end this.
    const marker = markerOf(`${metadata.job_id}-undo`);
    return { request: { ...request, metadata }, log, signal: AbortSignal.timeout(UNDO_MS), marker, isAside: true };
  }

  async #batch(steps: readonly Step[], ask: Ask, media?: AgentJob["media"]): Promise<z.infer<typeof batchSchema>["results"]> {
    if (steps.length === 0) return [];
    if (steps.length === 1) return [await this.#run(steps[0]!, ask, media)];
    const spec = { steps: steps.map(({ operation, spec: resource_spec }) => ({ operation, resource_spec })) };
    const result = await this.#run({ operation: "batch", spec }, ask, media);
    const parsed = batchSchema.safeParse(result.data);
    if (parsed.success) return parsed.data.results;
    if (result.status === "error") throw failureOf(result);
    throw bad("batch", parsed.error);
  }

  #run(
    step: { readonly operation: string; readonly spec: unknown },
    { request, signal, log, marker = markerOf(request.metadata.job_id), isAside = false }: Ask,
    media?: AgentJob["media"],
  ): Promise<AgentResult> {
    const metadata: JobRequest["metadata"] = { ...request.metadata, plan: false };
    return this.#agent.run({
      ...step,
      metadata,
      correlationId: request.correlation_id,
      marker,
      timeoutMs: metadata.timeout_ms,
      signal,
      log,
      isAside,
      ...(media ? { media } : {}),
    });
  }
}

/** Throws VM_STATE_INVALID. */
export function needState(state: VmState, from: readonly VmState[], otherwise: string): void {
  if (!from.includes(state)) throw new VmFailure("VM_STATE_INVALID", `The virtual machine is ${state}; ${otherwise}.`);
}
