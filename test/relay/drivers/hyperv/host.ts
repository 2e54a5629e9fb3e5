// A host of the Hyper-V driver for tests, whose agent is the scripted fake (fake-agent.ts). Handlers are run as a job runs them.
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSpec, type OperationDefinition } from "../../../../protocol/operations/define.ts";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import type { HandlerResult, JobContext } from "../../../../relay/drivers/contract.ts";
import { agentFile } from "../../../../relay/drivers/hyperv/bundle.ts";
import { createHypervDriver, type HypervDriverOptions } from "../../../../relay/drivers/hyperv/driver.ts";
import type { DataOf, Operations } from "../../../../relay/drivers/hyperv/session.ts";
import { hypervTableSchema, type HypervTable } from "../../../../relay/drivers/hyperv/tables.ts";
import { jobContext } from "../job-context.ts";
import type { FakeScript } from "./fake-agent.ts";

export interface RunOptions {
  readonly plan?: boolean;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly log?: JobContext["log"];
}
export type ResultOf<N extends Operations> = HandlerResult & { readonly data?: DataOf<N> };

export interface SentJob {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly job: {
    operation: string;
    resource_spec: Record<string, unknown>;
    host: Record<string, Record<string, unknown>>;
    metadata: Record<string, unknown>;
  };
}

export interface HypervHost {
  readonly folder: string;
  readonly table: HypervTable;
  readonly driver: ReturnType<typeof createHypervDriver>;
  run<N extends Operations>(operation: N, spec: unknown, options?: RunOptions): Promise<ResultOf<N>>;
  /** `run` that must succeed. */
  done<N extends Operations>(operation: N, spec: unknown, options?: RunOptions): Promise<DataOf<N>>;
  stop(): Promise<void>;
}

export interface FakeHost extends HypervHost {
  answer(script: FakeScript): Promise<void>;
  /** What the agent was asked since the last look. */
  jobs(): Promise<SentJob[]>;
  /** Operations of {@link jobs}, those of a batch in brackets. */
  asked(): Promise<string[]>;
}

export const asQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The driver on a folder with two storage classes, a network and two images. */
export async function startHost(
  folder: string,
  powershell: string,
  options: HypervDriverOptions & { table?: object } = {},
): Promise<HypervHost> {
  const { table: more, ...rest } = options;
  for (const name of ["default", "second", "images"]) await mkdir(join(folder, name), { recursive: true });
  const table = hypervTableSchema.parse({
    powershell,
    storage: { default: { path: join(folder, "default"), description: "the usual one" }, second: { path: join(folder, "second") } },
    networks: { lan: { switch: "LAN switch" }, dmz: { switch: "LAN switch", vlan: 30 } },
    images: {
      debian: { path: join(folder, "images/debian.vhdx"), os_family: "linux" },
      installer: { path: join(folder, "images/installer.iso") },
    },
    ...more,
  });
  const driver = createHypervDriver({ hyperv: table, file: join(folder, "relay.toml") }, rest);
  const run = async <N extends Operations>(operation: N, value: unknown, how: RunOptions = {}): Promise<ResultOf<N>> => {
    const definition = VM_OPERATIONS[operation] as unknown as OperationDefinition;
    const { spec, errors } = checkSpec(definition, value, "");
    if (spec === null) throw new Error(`the test's spec is wrong: ${JSON.stringify(errors)}`);
    const handlers = driver.handlers as unknown as Record<string, (spec: unknown, context: JobContext) => Promise<HandlerResult>>;
    const handler = handlers[operation]!;
    const { signal, plan = false, log, timeoutMs = 60_000 } = how;
    const context = jobContext({ operation, spec: spec as Record<string, unknown>, plan, ...(signal ? { signal } : {}) });
    const request = { ...context.request, metadata: { ...context.request.metadata, timeout_ms: timeoutMs } };
    const result = await handler(spec, { ...context, request, ...(log ? { log } : {}) });
    // What leaves the driver is what the contract says.
    if (result.status === "success") definition.data.parse(result.data);
    return result as ResultOf<N>;
  };
  return {
    folder,
    table,
    driver,
    run,
    async done(operation, spec, how) {
      const result = await run(operation, spec, how);
      if (result.status !== "success")
        throw new Error(`${operation}: ${result.code} ${result.message} ${JSON.stringify(result.data ?? null)}`);
      return result.data as DataOf<typeof operation>;
    },
    stop: () => driver.stop(),
  };
}

export async function startFakeHost(script: FakeScript = {}, options: HypervDriverOptions & { table?: object } = {}): Promise<FakeHost> {
  const folder = await mkdtemp(join(tmpdir(), "farhand-hyperv-"));
  const powershell = join(folder, "fake-powershell");
  const agent = join(import.meta.dirname, "fake-agent.ts");
  await writeFile(powershell, `#!/bin/sh\nexec ${[process.execPath, agent, folder].map(asQuoted).join(" ")} "$@"\n`);
  await chmod(powershell, 0o755);
  const answer = async (next: FakeScript) => {
    for (const operation of Object.keys(next.answers ?? {})) await rm(join(folder, `used-${operation}`), { force: true });
    await writeFile(join(folder, "script.json"), JSON.stringify(next));
  };
  await answer(script);
  const host = await startHost(folder, powershell, { file: agentFile("# the fake reads no script\n"), ...options });
  const jobs = async () => {
    const file = join(folder, "jobs.jsonl");
    if (!existsSync(file)) return [];
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    await rm(file);
    return lines.map((line) => JSON.parse(line) as SentJob);
  };
  return {
    ...host,
    answer,
    jobs,
    async asked() {
      const all = await jobs();
      const stepsOf = ({ job }: SentJob) => (job.resource_spec["steps"] as { operation: string }[]).map((step) => step.operation);
      return all.map((sent) => (sent.job.operation === "batch" ? `[${stepsOf(sent).join(" ")}]` : sent.job.operation));
    },
    async stop() {
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
