// What the relay and the host agent say to each other: the job's document, the result and what is no result. Starts nothing.
import * as z from "zod";
import { jobResultSchema } from "../../../protocol/envelope.ts";
import { isErrorCode, type ErrorCode } from "../../../protocol/errors.ts";
import type { FieldError } from "../../../protocol/inputs.ts";
import { VmFailure } from "../virtual/failure.ts";
import { isMedium, type HypervTable } from "./tables.ts";

/** What it answered: `code` is one of the table, and there unless it succeeded. */
export interface AgentResult {
  readonly status: "success" | "error" | "partial";
  readonly code?: ErrorCode;
  readonly message: string;
  readonly data: unknown;
}

/** What was told and how it ended are not to be believed: what the job did is not known. */
export class AgentFault extends VmFailure {}

export const fault = (detail: string): AgentFault =>
  new AgentFault("AGENT_PROTOCOL", `The host agent ${detail}. What it did is not known.`);

const errorsSchema = z.object({ errors: z.array(z.object({ pointer: z.string(), message: z.string() })).max(64) });

/** Its refusal as ours. */
export function failureOf({ code, message, data }: AgentResult): VmFailure {
  const errors: FieldError[] | undefined = errorsSchema.safeParse(data).data?.errors;
  return new VmFailure(code ?? "HYPERVISOR_FAILED", message, errors);
}

/** What relay.toml declares, with its paths: all that the agent knows of the host's file. */
export function hostBlock({ storage, networks, images }: HypervTable, media: Readonly<Record<string, string>> = {}) {
  const paths = Object.entries(storage).map(([name, { path }]) => [name, path]);
  const switches = Object.entries(networks).map(([name, { switch: name_, vlan = null }]) => [name, { switch: name_, vlan }]);
  const files = Object.entries(images).map(([name, { path }]) => [name, { path, kind: isMedium(path) ? "iso" : "disk" }]);
  const added = Object.entries(media).map(([name, path]) => [name, { path, kind: "iso" }]);
  return {
    storage: Object.fromEntries(paths) as Record<string, string>,
    networks: Object.fromEntries(switches) as Record<string, object>,
    images: Object.fromEntries([...files, ...added]) as Record<string, object>,
  };
}

/** Throws AgentFault for anything but one result of the envelope in UTF-8. */
export function readResult(stdout: Uint8Array, correlationId: string): AgentResult & { readonly logs: readonly LogLine[] } {
  if (stdout.length === 0) throw fault("answered nothing");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(stdout);
  } catch {
    throw fault("answered what is no UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault("answered what is not one JSON document");
  }
  const parsed = jobResultSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw fault(`answered no job result: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
  }
  const { status, code, message, data, logs, correlation_id: echoed } = parsed.data;
  // Its last words when it could not even read the job.
  if (echoed === "unknown" && status === "error") throw fault(`failed: ${message}`);
  if (echoed !== correlationId) throw fault("answered another job");
  if (status === "success") return { status, message, data, logs };
  if (code === undefined || !isErrorCode(code)) throw fault(`answered with a code that is none: ${code ?? "nothing"}`);
  return { status, code, message, data, logs };
}
type LogLine = z.infer<typeof jobResultSchema>["logs"][number];
