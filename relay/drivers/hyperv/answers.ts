// What the agent's answers to changes and to several steps look like, and how they are read. Nothing that is not so is believed.
import * as z from "zod";
import { isErrorCode } from "../../../protocol/errors.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import { vmSummaryData } from "../../../protocol/operations/vm-view.ts";
import type { HandlerResult } from "../contract.ts";
import { VmFailure } from "../virtual/failure.ts";
import { AgentFault, failureOf, type AgentResult } from "./agent-protocol.ts";

/** What a change says beside the plan that it was made by. */
export const doneSchema = z.object({
  id: z.string().max(128).optional(),
  state: vmSummaryData.shape.state.optional(),
  forced: z.boolean().optional(),
  folder: z.string().optional(),
  bytes: z.number().int().min(0).optional(),
  name: z.string().optional(),
  disks: z.array(z.string()).optional(),
  nics: z.array(z.string()).optional(),
  sent: z.number().int().min(0).optional(),
  size_bytes: z.number().int().min(0).optional(),
  not_changed: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional(),
});
export type Done = z.infer<typeof doneSchema>;

const stepResultSchema = z.object({
  status: z.enum(["success", "error", "partial"]),
  code: z.string().max(64).nullish(),
  message: z.string(),
  data: z.unknown().optional(),
});
export const batchSchema = z.object({ results: z.array(stepResultSchema), failed: z.number().int().min(0).nullable() });

export const bad = (operation: string, error: z.ZodError): AgentFault => {
  const issue = error.issues[0];
  return new AgentFault(
    "AGENT_PROTOCOL",
    `The host agent answered ${operation} with other data than agreed: ${issue?.path.join(".")} ${issue?.message}`,
  );
};

export function dataOf<T extends z.ZodType>(operation: string, schema: T, result: { readonly data?: unknown }): z.infer<T> {
  const parsed = schema.safeParse(result.data);
  if (!parsed.success) throw bad(operation, parsed.error);
  return parsed.data;
}

export function stepFailure({ code, message, data }: z.infer<typeof stepResultSchema>): VmFailure {
  if (!code || !isErrorCode(code)) return new VmFailure("AGENT_PROTOCOL", "The host agent refused without a code that is one.");
  return failureOf({ status: "error", code, message, data });
}

/** What each question about one thing names it by; its answer has it as `id`. */
const NAMED: Readonly<Record<string, string>> = { "vm.get": "vm", "vm.stats": "vm", "disk.get": "disk", "nic.get": "nic" };

/** The answer, when it is about what was asked for. */
export function sameAs<T>(
  { operation, spec }: { readonly operation: string; readonly spec: Readonly<Record<string, unknown>> },
  data: T,
): T {
  const asked = spec[NAMED[operation] ?? ""];
  const { id } = Object(data) as { readonly id?: unknown };
  if (typeof asked !== "string" || String(id).toLowerCase() === asked.toLowerCase()) return data;
  throw new AgentFault("AGENT_PROTOCOL", `The host agent answered ${operation} with another than was asked for.`);
}

/** A change that was done in part: with what was and was not, as the contract's result of it says. */
class PartlyDone extends VmFailure {
  readonly data: unknown;

  constructor({ code, message }: VmFailure, data: unknown) {
    super(code, message);
    this.data = data;
  }
}

/** What to throw for it: its refusal alone where it does not say what was done as agreed. */
export function partlyDone(operation: string, result: AgentResult): VmFailure {
  const failure = failureOf(result);
  const schema = Object.hasOwn(VM_OPERATIONS, operation) ? VM_OPERATIONS[operation as keyof typeof VM_OPERATIONS].data : null;
  const parsed = schema?.safeParse(result.data);
  return parsed?.success ? new PartlyDone(failure, parsed.data) : failure;
}

/** Its result; what is none is thrown on. */
export function partialResult(error: unknown): HandlerResult {
  if (!(error instanceof PartlyDone)) throw error;
  return { status: "partial", code: error.code, message: error.message, data: error.data };
}
