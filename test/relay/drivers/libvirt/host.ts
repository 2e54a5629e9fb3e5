// A host of virtual machines for tests: a libvirtd of its own, a storage class, networks, images, and the driver itself. Handlers
// are run as a job runs them; virsh is the oracle.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as z from "zod";
import type { HandlerResult, JobContext } from "../../../../relay/drivers/contract.ts";
import { createLibvirtDriver, type LibvirtDriverOptions, type Operations } from "../../../../relay/drivers/libvirt/driver.ts";
import { libvirtTableSchema, type LibvirtTable } from "../../../../relay/drivers/libvirt/tables.ts";
import type { Changed } from "../../../../relay/drivers/virtual/changes.ts";
import { checkSpec, type OperationDefinition } from "../../../../protocol/operations/define.ts";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import { startLibvirtd, type Libvirtd } from "../../../fixtures/libvirtd.ts";

export interface RunOptions {
  readonly plan?: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: (percent: number | null, message: string) => void;
}

export type DataOf<N extends Operations> = z.infer<(typeof VM_OPERATIONS)[N]["data"]>;
export type ResultOf<N extends Operations> = HandlerResult & { readonly data?: DataOf<N> };

export interface VmHost {
  readonly daemon: Libvirtd;
  readonly driver: ReturnType<typeof createLibvirtDriver>;
  /** The folder of the storage class `default`. */
  readonly disks: string;
  readonly table: LibvirtTable;
  /** Checks the spec as edge and relay do (throws on a wrong one), runs the handler. */
  run<N extends Operations>(operation: N, spec: unknown, options?: RunOptions): Promise<ResultOf<N>>;
  /** `run` that must succeed. */
  done<N extends Operations>(operation: N, spec: unknown, options?: RunOptions): Promise<DataOf<N>>;
  virsh(...args: string[]): Promise<string>;
  /** Everything that a failed change could have left: domains, pools, volumes, files. */
  traces(): Promise<string>;
  stop(): Promise<void>;
}

export interface VmHostOptions extends LibvirtDriverOptions {
  /** More of [libvirt], over what this host declares. */
  readonly table?: (folder: string) => Record<string, unknown>;
  /** A daemon that runs already, and goes on when this host stops. */
  readonly daemon?: Libvirtd;
}

const contextFor = (operation: Operations, spec: unknown, options: RunOptions): JobContext => ({
  request: {
    operation,
    resource_spec: spec as Record<string, unknown>,
    correlation_id: "test",
    metadata: {
      job_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
      host: "test",
      requested_by: "key:test",
      requested_at: new Date(0).toISOString(),
      timeout_ms: 600_000,
      attempt: 1,
      plan: options.plan ?? false,
      debug: false,
    },
  },
  signal: options.signal ?? new AbortController().signal,
  output: () => undefined,
  progress: options.progress ?? (() => undefined),
  log: () => undefined,
});

export async function startVmHost(options: VmHostOptions = {}): Promise<VmHost> {
  const daemon = options.daemon ?? (await startLibvirtd());
  const disks = join(daemon.folder, "default");
  mkdirSync(disks, { recursive: true });
  mkdirSync(join(daemon.folder, "second"), { recursive: true });
  writeFileSync(join(daemon.folder, "empty.iso"), Buffer.alloc(64 * 1024));
  const table = libvirtTableSchema.parse({
    uri: daemon.uri,
    domain_type: "qemu",
    storage: { default: { path: disks, description: "the usual one" }, second: { path: join(daemon.folder, "second") } },
    networks: { nat: { user: true } },
    images: { empty: { path: join(daemon.folder, "empty.iso") } },
    ...options.table?.(daemon.folder),
  });
  const driver = createLibvirtDriver({ libvirt: table }, options);
  await driver.start(
    () => undefined,
    () => undefined,
  );
  const handlers = driver.handlers as unknown as Record<string, (spec: unknown, context: JobContext) => Promise<HandlerResult>>;
  const run = async <N extends Operations>(operation: N, value: unknown, how: RunOptions = {}): Promise<ResultOf<N>> => {
    const definition = VM_OPERATIONS[operation] as unknown as OperationDefinition;
    const { spec, errors } = checkSpec(definition, value, "");
    if (spec === null) throw new Error(`the test's spec is wrong: ${JSON.stringify(errors)}`);
    const result = await handlers[operation]!(spec, contextFor(operation, spec, how));
    // What leaves the driver is what the contract says.
    if (result.status === "success" && result.data !== undefined) definition.data.parse(result.data);
    return result as ResultOf<N>;
  };
  const virsh = (...args: string[]) => daemon.virsh(daemon.uri, ...args);
  return {
    daemon,
    driver,
    disks,
    table,
    run,
    async done(operation, spec, how) {
      const result = await run(operation, spec, how);
      if (result.status !== "success")
        throw new Error(`${operation}: ${result.code} ${result.message} ${JSON.stringify(result.data ?? null)}`);
      return result.data as DataOf<typeof operation>;
    },
    virsh,
    async traces() {
      const domains = await virsh("list", "--all", "--name");
      const pools = (await virsh("pool-list", "--all", "--name")).split("\n").map((name) => name.trim());
      const volumes = await Promise.all(
        pools.filter(Boolean).map((pool) => virsh("vol-list", "--pool", pool).catch(() => `${pool}: not active`)),
      );
      const files = [disks, join(daemon.folder, "second")].map((folder) => readdirSync(folder).toSorted().join("\n"));
      return [domains, pools.join("\n"), ...volumes, ...files].join("\n---\n");
    },
    async stop() {
      await driver.stop();
      if (!options.daemon) await daemon.stop();
    },
  };
}

/** What a change answered, for tests that look at its parts. */
export type { Changed };
