// Puts the relay together: config, state, journal, spool, jobs, drivers, link. And the process `farhand-relay`. Run it with
// MALLOC_ARENA_MAX=1 and node --max-semi-space-size=1 --v8-pool-size=1: 28 MB less, at no visible cost.
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Announcements } from "./announcements.ts";
import { ConfigError, loadConfig, type RelayConfig } from "./config.ts";
import { aheadId, endMarked } from "./exec.ts";
import { systemClock, type Clock } from "./jobs/clock.ts";
import type { Point } from "./jobs/job.ts";
import { Jobs } from "./jobs/jobs.ts";
import { Journal } from "./jobs/journal.ts";
import { Locks } from "./jobs/locks.ts";
import { Reports } from "./jobs/reports.ts";
import { endWhatWasLeft } from "./jobs/restart.ts";
import { Spool } from "./jobs/spool.ts";
import { InventoryUplink } from "./link/inventory-uplink.ts";
import { Lanes } from "./link/lanes.ts";
import { Link } from "./link/link.ts";
import { UsageUplink } from "./link/usage-uplink.ts";
import { reasonOf, stderrLog, type Log } from "./log.ts";
import { Settings } from "./settings.ts";
import { lockState, readState, StateError, type RelayState } from "./state.ts";

export interface RelayOptions {
  /** Of relay.toml; or `config`, already read. */
  readonly configPath?: string;
  readonly config?: RelayConfig;
  /** Absent: `state_dir` of the config. */
  readonly stateDir?: string;
  /** Absent: that of the config, then that of the enrolment. */
  readonly edgeUrl?: string;
  /** The Unix socket of an edge on this machine, dialled in place of the URL's address. */
  readonly edgeSocket?: string;
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
  /** Reads relay.toml again and tells the edge. A file that cannot be used changes nothing. Never rejects. */
  reload(): Promise<void>;
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
  const state = await readState(stateDir);
  if (!state) throw new StateError(`This host is not enrolled (${stateDir}). Enrol it: farhand enroll URL CODE.`);
  const headers = options.accessHeaders ?? accessHeaders(config);
  const [opened, loaded] = await Promise.allSettled([openJournal(options, stateDir, log), Settings.load(config, log, stateDir)]);
  if (opened.status === "rejected") throw opened.reason;
  const journal = opened.value;
  try {
    if (loaded.status === "rejected") throw loaded.reason;
    const built = await build(options, { journal, settings: loaded.value, state, config, headers, log, stateDir });
    built.link.start();
    built.lanes.want(loaded.value.describe().catalogue.lanes);
    return running(options, { ...built, journal, settings: loaded.value, log, unlock });
  } catch (error) {
    await journal.close();
    throw error;
  }
}

interface Prepared {
  readonly journal: Journal;
  readonly settings: Settings;
  readonly state: RelayState;
  readonly config: RelayConfig;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly stateDir: string;
}

/** Ends what the last process left, and puts together what goes on. */
async function build(options: RelayOptions, { journal, settings, state, config, headers, log, stateDir }: Prepared) {
  const clock = options.clock ?? systemClock;
  const open = await journal.open().catch(unusable(join(stateDir, "journal.db")));
  const dir = join(stateDir, "spool");
  const onError = (error: Error) => log("error", "the spool failed", { reason: reasonOf(error) });
  const spool = await Spool.open({ dir, onError }, new Set(open.map((row) => row.id))).catch(unusable(dir));
  const unfinished = open.filter((row) => !row.ended).map((row) => row.id);
  const endProcesses = (jobIds: readonly string[]) => endMarked([...jobIds, aheadId(config.file)]);
  await endWhatWasLeft({ journal, spool, log, endProcesses }, unfinished);
  const jobs = new Jobs({
    journal,
    spool,
    clock,
    log,
    locks: new Locks(),
    reports: new Reports({ journal, spool, clock }),
    host: settings,
    endProcesses: endMarked,
    point: options.point ?? (() => undefined),
    hostName: state.host,
  });
  const dialled = {
    edgeUrl: options.edgeUrl ?? config.edgeUrl ?? state.edgeUrl,
    headers,
    ...(options.edgeSocket === undefined ? {} : { edgeSocket: options.edgeSocket }),
    identity: { hostNumber: state.hostNumber, privateKey: state.privateKey },
    clock,
    log,
    ...(options.random ? { random: options.random } : {}),
  };
  const usage = new UsageUplink(settings.usage, clock);
  const inventory = new InventoryUplink(() => settings.inventory(), clock);
  const link = new Link({ ...dialled, describe: () => settings.describe(), user: jobs, usage, inventory });
  const lanes = new Lanes({ ...dialled, servers: settings.servers });
  const announcements = new Announcements(clock, () => {
    lanes.want(settings.describe().catalogue.lanes);
    link.announce();
  });
  settings.onChange = () => announcements.changed();
  settings.onInventory = () => inventory.changed();
  return { jobs, link, lanes, usage, inventory, announcements };
}

interface Running extends Pick<Prepared, "journal" | "settings" | "log">, Awaited<ReturnType<typeof build>> {
  readonly unlock: () => Promise<void>;
}

function running(
  options: RelayOptions,
  { jobs, link, lanes, usage, inventory, announcements, journal, settings, log, unlock }: Running,
): Relay {
  let stopping: Promise<void> | null = null;
  const stop = async () => {
    await jobs.drain(options.drainMs ?? DRAIN_MS);
    await jobs.acknowledged(LAST_WORDS_MS);
    announcements.stop();
    inventory.stop();
    usage.flush();
    await Promise.all([lanes.stop("the relay stops"), link.stop("the relay stops")]);
    await settings.stop();
    await journal.close();
    await unlock();
  };
  let reloading = Promise.resolve();
  const reload = async () => {
    const isGone = await settings.reload();
    if (!isGone) return;
    lanes.revoke(isGone);
    announcements.changed();
    inventory.changed();
  };
  const reloadLater = () =>
    (reloading = reloading.then(reload).catch((error: unknown) => log("error", "relay.toml was not read", { reason: reasonOf(error) })));
  return { ready: link.ready, reload: reloadLater, stop: () => (stopping ??= stop()) };
}

/** What cannot be used, in one line with the remedy. */
function unusable(file: string): (error: unknown) => never {
  return (error) => {
    const reason = reasonOf(error);
    const remedy = /locked/.test(reason)
      ? "Another relay uses it: stop that one, or name another state directory."
      : /malformed|not a database/.test(reason)
        ? "It is damaged: move it and its -wal file away; jobs that were under way become unknown."
        : "Check its rights and the free space.";
    throw new StateError(`${file} cannot be used: ${reason.replace(/\.$/, "")}. ${remedy}`, { cause: error });
  };
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
  }).catch(unusable(file));
}

/** The secret is in the environment of this process; children get an environment of their own. */
function accessHeaders(config: RelayConfig): Record<string, string> {
  if (!config.access) return {};
  const secret = process.env[config.access.clientSecretEnv];
  if (secret === undefined)
    throw new StateError(
      `${config.access.clientSecretEnv} is not set; [access] in ${config.file} names it for the service token's secret.`,
    );
  return { "cf-access-client-id": config.access.clientId, "cf-access-client-secret": secret };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/** SIGHUP says that the terminal was closed, or, by custom, that a service should read its file again. */
function onHangUp(end: () => void, reload: () => void): void {
  const hadTerminal = hasTerminal();
  process.on("SIGHUP", () => (hadTerminal && !hasTerminal() ? end() : reload()));
}

/** The process: `farhand-relay [--config FILE] [--state DIR] [--edge URL]`. Ends the process; 2: it could not start, 1: it failed later. */
export async function main(argv: readonly string[]): Promise<void> {
  process.title = "farhand-relay";
  const log = stderrLog;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: "string" }, state: { type: "string" }, edge: { type: "string" }, "edge-socket": { type: "string" } },
    });
    const relay = await startRelay({
      configPath: values.config ?? "relay.toml",
      ...(values.state === undefined ? {} : { stateDir: values.state }),
      ...(values.edge === undefined ? {} : { edgeUrl: values.edge }),
      ...(values["edge-socket"] === undefined ? {} : { edgeSocket: values["edge-socket"] }),
      onFatal: () => process.exit(1),
    });
    const end = () => void relay.stop().then(() => process.exit(0));
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    if (process.platform !== "win32") onHangUp(end, () => void relay.reload());
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StateError) process.stderr.write(`farhand-relay: ${error.message}\n`);
    else log("error", "the relay could not start", { reason: reasonOf(error) });
    process.exit(2);
  }
}
