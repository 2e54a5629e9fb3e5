// Puts the relay together: config, state, journal, spool, jobs, drivers, link. And the process `farhand-relay`. Run it with
// MALLOC_ARENA_MAX=1 and node --max-semi-space-size=1 --v8-pool-size=1: 28 MB less, at no visible cost.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allows, ConfigError, loadConfig, type RelayConfig } from "./config.ts";
import { detect } from "./detect.ts";
import { createDrivers } from "./drivers/index.ts";
import { endMarked } from "./exec.ts";
import { systemClock, type Clock } from "./jobs/clock.ts";
import type { Point } from "./jobs/job.ts";
import { Jobs } from "./jobs/jobs.ts";
import { Journal } from "./jobs/journal.ts";
import { Locks } from "./jobs/locks.ts";
import { Reports } from "./jobs/reports.ts";
import { endWhatWasLeft } from "./jobs/restart.ts";
import { Spool } from "./jobs/spool.ts";
import { Link } from "./link/link.ts";
import { reasonOf, stderrLog, type Log } from "./log.ts";
import { lockState, readState, StateError } from "./state.ts";

export interface RelayOptions {
  /** Of relay.toml; or `config`, already read. */
  readonly configPath?: string;
  readonly config?: RelayConfig;
  /** Absent: `state_dir` of the config. */
  readonly stateDir?: string;
  /** Absent: that of the config, then that of the enrolment. */
  readonly edgeUrl?: string;
  /** Sent with every dial. Absent: the service token of the config's `[access]`. */
  readonly accessHeaders?: Readonly<Record<string, string>>;
  readonly log?: Log;
  /** How long running jobs may go on after stop(). */
  readonly drainMs?: number;
  /** The relay cannot go on (its journal's thread died). The process should end. */
  readonly onFatal?: (error: Error) => void;
  /** For tests. */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly point?: (point: Point, jobId: string) => void;
  readonly commitDelayMs?: number;
}

export interface Relay {
  /** Settles at the first welcome; never rejects. */
  readonly ready: Promise<void>;
  /** Claims nothing more, lets jobs end (then cancels them), closes. */
  stop(): Promise<void>;
}

const DRAIN_MS = 4_000;
/** The last ends reach the edge in a round trip; what it has not acknowledged then is told at the next start. */
const LAST_WORDS_MS = 1_000;

/** Throws ConfigError or StateError, with the remedy, when it cannot start. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const config = options.config ?? (await loadConfig(options.configPath ?? "relay.toml"));
  const stateDir = options.stateDir ?? config.stateDir;
  if (!stateDir) throw new StateError(`No state directory: set state_dir in ${config.file}, or give --state DIR.`);
  const unlock = await lockState(stateDir);
  try {
    return await assemble(options, config, stateDir, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function assemble(options: RelayOptions, config: RelayConfig, stateDir: string, unlock: () => Promise<void>): Promise<Relay> {
  const log = options.log ?? stderrLog;
  const clock = options.clock ?? systemClock;
  const state = await readState(stateDir);
  if (!state) throw new StateError(`This host is not enrolled (${stateDir}). Enrol it: farhand enroll URL CODE.`);
  const drivers = createDrivers(config);
  const [journal, detection] = await Promise.all([openJournal(options, stateDir, log), detect(config.labels), drivers.start()]);
  const open = await journal.open();
  const spool = await Spool.open(
    { dir: join(stateDir, "spool"), onError: (error) => log("error", "the spool failed", { reason: reasonOf(error) }) },
    new Set(open.map((row) => row.id)),
  );
  const unfinished = open.filter((row) => row.end === null).map((row) => row.id);
  await endWhatWasLeft({ journal, spool, log, endProcesses: endMarked }, unfinished);
  const jobs = new Jobs({
    journal,
    spool,
    clock,
    log,
    locks: new Locks(),
    reports: new Reports({ journal, spool, clock }),
    host: { find: (operation) => drivers.find(operation), allows: (operation) => allows(config, operation) },
    endProcesses: endMarked,
    point: options.point ?? (() => undefined),
    slots: config.slots,
    hostName: state.host,
  });
  const link = new Link({
    edgeUrl: options.edgeUrl ?? config.edgeUrl ?? state.edgeUrl,
    headers: options.accessHeaders ?? accessHeaders(config),
    identity: { hostNumber: state.hostNumber, privateKey: state.privateKey },
    describe: () => ({ slots: config.slots, labels: [...detection.labels], facts: detection.facts, catalogue: drivers.catalogue() }),
    user: jobs,
    clock,
    log,
    ...(options.random ? { random: options.random } : {}),
  });
  link.start();
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    await jobs.drain(options.drainMs ?? DRAIN_MS);
    await jobs.acknowledged(LAST_WORDS_MS);
    await link.stop("the relay stops");
    await drivers.stop();
    await journal.close();
    await unlock();
  };
  return { ready: link.ready, stop: () => (stopping ??= stop()) };
}

function openJournal(options: RelayOptions, stateDir: string, log: Log): Promise<Journal> {
  const file = join(stateDir, "journal.db");
  return Journal.open({
    file,
    commitDelayMs: options.commitDelayMs ?? 0,
    onFatal: (error) => {
      log("error", "the journal failed; the relay ends", { reason: reasonOf(error) });
      options.onFatal?.(error);
    },
  }).catch((error: unknown) => {
    throw new StateError(`${file} cannot be used: ${reasonOf(error)}. Check its rights and the free space.`, { cause: error });
  });
}

/** The secret is in the environment, and leaves it: children never see it. */
function accessHeaders(config: RelayConfig): Record<string, string> {
  if (!config.access) return {};
  const secret = process.env[config.access.clientSecretEnv];
  if (secret === undefined)
    throw new StateError(
      `${config.access.clientSecretEnv} is not set; [access] in ${config.file} names it for the service token's secret.`,
    );
  return { "cf-access-client-id": config.access.clientId, "cf-access-client-secret": secret };
}

/** The process: `farhand-relay [--config FILE] [--state DIR] [--edge URL]`. Ends the process; 2: it could not start, 1: it failed later. */
export async function main(argv: readonly string[]): Promise<void> {
  process.title = "farhand-relay";
  const log = stderrLog;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: "string" }, state: { type: "string" }, edge: { type: "string" } },
    });
    const relay = await startRelay({
      configPath: values.config ?? "relay.toml",
      ...(values.state === undefined ? {} : { stateDir: values.state }),
      ...(values.edge === undefined ? {} : { edgeUrl: values.edge }),
      onFatal: () => process.exit(1),
    });
    const end = () => void relay.stop().then(() => process.exit(0));
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StateError) process.stderr.write(`farhand-relay: ${error.message}\n`);
    else log("error", "the relay could not start", { reason: reasonOf(error) });
    process.exit(2);
  }
}
