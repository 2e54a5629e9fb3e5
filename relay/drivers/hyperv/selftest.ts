// The agent's self-test (hyperv.selftest), started on the host itself and read row by row, and what a full one left behind.
// For `farhand selftest` and `farhand doctor`: no edge, no job, no journal.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isErrorCode, type ErrorCode } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { markerOf } from "../../exec.ts";
import { VmFailure } from "../virtual/failure.ts";
import type { AgentResult } from "./agent-protocol.ts";
import { Agent } from "./agent.ts";
import { agentFile, agentsDigest, type AgentFile } from "./bundle.ts";
import { Session } from "./session.ts";
import type { HypervTable } from "./tables.ts";

/** Names of the machines that a full self-test makes, and of their files, begin with it. */
export const SELFTEST_PREFIX = "farhand-selftest-";

export interface SelftestRow {
  readonly name: string;
  readonly ok: boolean;
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly ms: number;
}

export interface SelftestFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** False: the agent answered, and this is its refusal. */
  readonly isOurs: boolean;
}

export interface Selftest {
  /** The program that was started. */
  readonly powershell: string;
  readonly digest: string;
  readonly rows: readonly SelftestRow[];
  /** Why there are no rows, or no more of them; null: the agent told how it ended. */
  readonly failure: SelftestFailure | null;
  /** What the agent or PowerShell said beside it: warnings and errors. */
  readonly words: readonly string[];
  /** Of full self-tests, this one or one before: machines by name and files by path. null: it could not be looked. */
  readonly left: { readonly machines: readonly string[]; readonly files: readonly string[] } | null;
}

export interface SelftestOptions {
  /** Makes, uses and deletes a small virtual machine, and looks for what was left. */
  readonly full: boolean;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The agent of another place than beside this module. */
  readonly file?: AgentFile;
}

const rowSchema = z.object({
  name: z.string().max(200),
  ok: z.boolean(),
  code: z.string().max(64).nullable(),
  message: z.string().max(LIMITS.messageChars),
  ms: z.number().min(0),
});
const reportSchema = z.object({ checks: z.array(rowSchema).max(500) });
const namesSchema = z.object({ items: z.array(z.object({ name: z.string() })) });
const WORDS = 20;
const LOOK_MS = 60_000;

type Found = Pick<Selftest, "rows" | "failure">;

function read(result: AgentResult): Found {
  const report = reportSchema.safeParse(result.data);
  if (report.success) {
    const rows = report.data.checks.map((row) => ({ ...row, code: row.code !== null && isErrorCode(row.code) ? row.code : null }));
    return { rows, failure: null };
  }
  const code = result.status === "success" ? "AGENT_PROTOCOL" : (result.code ?? "HYPERVISOR_FAILED");
  return { rows: [], failure: { code, message: result.message, isOurs: false } };
}

/** Never rejects for what the agent, PowerShell or Hyper-V do. */
export async function selftest(table: HypervTable, options: SelftestOptions): Promise<Selftest> {
  const agent = new Agent(table, options.file ?? agentFile());
  const words: string[] = [];
  const ask = async (operation: string, spec: object, signal: AbortSignal, timeoutMs: number): Promise<AgentResult> => {
    const { request, log } = Session.own(
      "selftest",
      signal,
      (level, message) => {
        if ((level === "warn" || level === "error") && words.length < WORDS) words.push(message);
      },
      timeoutMs,
    );
    const { metadata, correlation_id: correlationId } = request;
    return agent.run({ operation, spec, metadata, correlationId, marker: markerOf(metadata.job_id), timeoutMs, signal, log });
  };
  try {
    const found = await ask("hyperv.selftest", { full: options.full }, options.signal, options.timeoutMs).then(read, failed);
    const machines = async () => {
      const { data } = await ask("vm.list", {}, AbortSignal.timeout(LOOK_MS), LOOK_MS);
      return namesSchema.safeParse(data).data?.items.map(({ name }) => name) ?? null;
    };
    const left = options.full ? await leftOf(table, machines) : { machines: [], files: [] };
    return { powershell: agent.powershell, digest: agentsDigest(), ...found, words, left };
  } finally {
    await agent.remove();
  }
}

function failed(error: unknown): Found {
  if (!(error instanceof VmFailure)) throw error;
  return { rows: [], failure: { code: error.code, message: error.message, isOurs: true } };
}

const isTests = (name: string) => name.toLowerCase().startsWith(SELFTEST_PREFIX);

async function leftOf(table: HypervTable, machines: () => Promise<readonly string[] | null>): Promise<Selftest["left"]> {
  const names = await machines().catch(() => null);
  if (names === null) return null;
  const folders = Object.values(table.storage).map(async ({ path }) => {
    const entries = await readdir(path).catch(() => []);
    return entries.filter(isTests).map((name) => join(path, name));
  });
  return { machines: names.filter(isTests), files: [...new Set((await Promise.all(folders)).flat())] };
}
