// The parent process of `farhand start`: takes the data directory, runs edge and relay, keeps them alive, drains at the
// end. Stays as small as a Node process can be: it imports only what Node has loaded anyway, and leaves all else to set-up.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { keepChild, type Keeper } from "./child.ts";
import { openDataDirectory, type DataPaths } from "./data-directory.ts";
import { edgeSocket, edgeUrl, spawnEdge } from "./edge-process.ts";
import { StartFailure } from "./failure.ts";
import { startGuard, type Guard } from "./guard.ts";
import { takeLock, type Lock } from "./lock.ts";
import { parseStartOptions, type StartOptions } from "./options.ts";
import { endOrphans } from "./orphans.ts";
import { identityOf, type ProcessIdentity } from "./process-identity.ts";
import { startSetup, type Setup } from "./setup-process.ts";
import { openSplice, type Splice } from "./splice.ts";

/** Together under the 15 s in which a start has ended. The relay lets its jobs end first, then ends them. */
const RELAY_GRACE_MS = 11_000;
const EDGE_GRACE_MS = 3_000;
/** Ctrl-C reaches every process of a terminal, and one that waits for us may hand it on: that is still the first. */
const SAME_KEY_MS = 500;
const LISTEN_MS = 15_000;
const READY_MS = 60_000;
const RELAY_NODE_FLAGS = ["--title=farhand-relay", "--max-semi-space-size=1", "--v8-pool-size=1", "--disable-warning=ExperimentalWarning"];
/** One arena holds less memory; huge pages (glibc 2.35 and newer, ignored elsewhere) make each fork of the relay about 0.5 ms shorter. */
const RELAY_ENVIRONMENT = { MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };

const dist = dirname(process.argv[1]!);
const log = (line: string) => process.stderr.write(`farhand: ${line}\n`);

/** Rejects when `promise` has not settled after `ms`. */
function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StartFailure(what, 1)), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

class Supervisor {
  readonly #options: StartOptions;
  readonly #paths: DataPaths;
  readonly #lock: Lock;
  readonly #socket: string;
  readonly #splice: Splice;
  readonly #guard: Guard = startGuard(join(dist, "farhand-guard"));
  #setup: Setup | null = null;
  #edge: Keeper | null = null;
  #relay: Keeper | null = null;
  #living: { edge: ProcessIdentity | null; relay: ProcessIdentity | null } = { edge: null, relay: null };
  #stopped: Promise<void> | null = null;

  /** `socket`: where workerd listens. `splice`: where people do. */
  constructor(options: StartOptions, paths: DataPaths, lock: Lock, socket: string, splice: Splice) {
    this.#options = options;
    this.#paths = paths;
    this.#lock = lock;
    this.#socket = socket;
    this.#splice = splice;
  }

  async start(): Promise<void> {
    const setup = startSetup(join(dist, "setup.mjs"), {
      options: this.#options,
      parentPid: process.pid,
      worker: join(dist, "worker.mjs"),
      command: join(dirname(dist), "cli/farhand.mjs"),
    });
    this.#setup = setup;
    await within(READY_MS, setup.prepared, "set-up did not end in time");
    await this.#startEdge();
    this.#lock.update({ url: edgeUrl(this.#options.host, this.#splice.port) });
    setup.edgeListens({ port: this.#splice.port });
    if (this.#options.relay) this.#startRelay(await within(READY_MS, setup.relay, "this machine was not enrolled in time"));
    await within(READY_MS, setup.ready, "the start was not complete in time");
  }

  #alive(name: "edge" | "relay", pid: number | null): void {
    this.#living = { ...this.#living, [name]: pid === null ? null : identityOf(pid) };
    this.#guard.watch(this.#living);
    this.#lock.update(this.#living);
  }

  async #startEdge(): Promise<void> {
    const listens = Promise.withResolvers<void>();
    this.#edge = keepChild({
      name: "the edge",
      log,
      changed: (pid) => this.#alive("edge", pid),
      spawn: () => spawnEdge(join(dist, "farhand-edge"), this.#paths, listens.resolve),
    });
    this.#edge.start();
    await within(LISTEN_MS, listens.promise, "the edge did not begin to listen; its messages are above");
  }

  #startRelay(args: readonly string[]): void {
    if (this.#stopped) return;
    this.#relay = keepChild({
      name: "the relay",
      log,
      changed: (pid) => this.#alive("relay", pid),
      spawn: () =>
        spawn(process.execPath, [...RELAY_NODE_FLAGS, join(dist, "relay.mjs"), ...args, "--edge-socket", this.#socket], {
          stdio: ["ignore", 2, 2],
          detached: true,
          env: { ...RELAY_ENVIRONMENT, ...process.env },
        }),
    });
    this.#relay.start();
  }

  get isStopping(): boolean {
    return this.#stopped !== null;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  /** Relay first: it still has someone to report to. */
  async #drain(): Promise<void> {
    this.#setup?.kill();
    await this.#relay?.stop(RELAY_GRACE_MS);
    this.#splice.close();
    await this.#edge?.stop(EDGE_GRACE_MS);
    this.#guard.stop();
    this.#lock.release();
  }

  /** Someone asked twice. */
  kill(): void {
    this.#relay?.kill();
    this.#edge?.kill();
  }
}

function onSignals(supervisor: Supervisor): void {
  let askedAt = 0;
  const end = () => {
    if (askedAt > 0 && Date.now() - askedAt < SAME_KEY_MS) return;
    if (askedAt > 0) return supervisor.kill();
    askedAt = Date.now();
    log("stopping");
    void supervisor.stop().then(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, end);
}

function fail(error: unknown): never {
  if (!(error instanceof StartFailure)) throw error;
  log(error.message);
  process.exit(error.exitCode);
}

async function listen(options: StartOptions, paths: DataPaths, lock: Lock): Promise<Supervisor> {
  const socket = edgeSocket(paths);
  await endOrphans(lock.left, log);
  return new Supervisor(options, paths, lock, socket, await openSplice(options.host, options.port, socket, log));
}

async function main(argv: readonly string[]): Promise<void> {
  const options = parseStartOptions(argv);
  const paths = openDataDirectory(options.data);
  const lock = await takeLock(paths.lock, paths.root);
  const supervisor = await listen(options, paths, lock).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  onSignals(supervisor);
  try {
    await supervisor.start();
  } catch (error) {
    if (supervisor.isStopping) return; // whoever asked for the end waits for it
    await supervisor.stop();
    throw error;
  }
}

// Whoever reads the ready line may close the pipe after it.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.title = "farhand";
main(process.argv.slice(2)).catch(fail);
