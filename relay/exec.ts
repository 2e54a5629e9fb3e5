// The only file that starts a process: argv arrays, never a shell. Owns the pipes, and the end of the process with
// everything it started. Knows neither jobs nor results. On the hot path: no work that a bare spawn does not need.
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import type { Readable } from "node:stream";
import { LIMITS } from "../protocol/limits.ts";
import type { StreamName } from "../protocol/link/records.ts";
import { endGroup, endTree, MARKER_VARIABLE, type TreeTarget } from "./process-tree.ts";

export interface ProcessSpec {
  /** The program, found by PATH of `env` unless it has a slash, and its arguments. */
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  /** The whole environment; the marker is added. Begin with baseEnvironment(). */
  readonly env: Readonly<Record<string, string>>;
  /** Written, then closed; a promise: as soon as it is there, and closed without when it rejects. Absent: the null device. */
  readonly stdin?: string | Uint8Array | Promise<string> | undefined;
  /** From {@link markerOf}; null: the program may leave something that outlives relay and job (a tmux server). */
  readonly marker: string | null;
  /** Ends the whole tree. */
  readonly signal: AbortSignal;
  /**
   * A returned promise pauses that stream until it settles; at the program's end Node pulls once more, so one more piece
   * may come before. A throw or rejection ends the tree and rejects the run.
   */
  readonly output: (stream: StreamName, bytes: Uint8Array) => Promise<void> | undefined;
}

export type ProcessEnd =
  | { readonly started: true; readonly exitCode: number | null; readonly signalName: string | null; readonly durationMs: number }
  | { readonly started: false; readonly message: string };

/** After the program has ended, this long its pipes may stay open in background children; then our ends are closed. */
const PIPE_GRACE_MS = 250;
/** What may still come out of full pipes after the end, when the reader was paused: more than the socket buffers hold. */
const PIPE_REST_BYTES = 1024 * 1024;

const isWindows = process.platform === "win32";
const hasProc = process.platform === "linux";
const token = randomBytes(8).toString("hex");

/** The marker of a job's processes: the job's id and a random token of this relay process. */
export function markerOf(jobId: string): string {
  return `${jobId}.${token}`;
}

/**
 * In the place of a job's id, for what the relay of this relay.toml starts before it knows the job. After a crash it is ended with the
 * jobs' own.
 */
export function aheadId(configFile: string): string {
  return `ahead-${createHash("sha256").update(configFile).digest("hex").slice(0, 16)}`;
}

/**
 * After a crash of the relay: ends whatever these jobs left running, found by job id whatever the token. Returns how
 * many processes were signalled, within LIMITS.cancelGraceMs. A relay that one of these jobs started itself ends nothing.
 * Linux only; elsewhere 0.
 */
export async function endMarked(jobIds: string | readonly string[]): Promise<number> {
  const markers = typeof jobIds === "string" ? [jobIds] : jobIds;
  const own = process.env[MARKER_VARIABLE]?.split(".")[0];
  if (!hasProc || markers.length === 0 || (own !== undefined && markers.includes(own))) return 0;
  return endTree({ markers, prefix: true, leader: null });
}

/** Ends what a leader of a session left or still leads, as an aborted run is ended. Linux only. */
export async function endLeader(pid: number): Promise<void> {
  if (hasProc) await endTree({ markers: [], prefix: false, leader: pid });
}

/** Windows has no groups or signals: taskkill walks the tree by parent ids and ends it at once. Not covered by tests: there is no Windows here. */
function endWindowsTree(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const killer = spawn("taskkill", ["/T", "/F", "/PID", String(pid)], {
      stdio: "ignore",
      windowsHide: true,
      timeout: LIMITS.cancelGraceMs,
    });
    killer.once("error", () => resolve());
    killer.once("exit", () => resolve());
  });
}

function end(target: TreeTarget & { leader: number }): Promise<unknown> {
  if (isWindows) return endWindowsTree(target.leader);
  return hasProc ? endTree(target) : endGroup(target.leader);
}

/** ENOENT does not say whether the program or the directory is missing. */
function startMessage(spec: Pick<ProcessSpec, "argv" | "cwd">, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const program = JSON.stringify(spec.argv[0] ?? "");
  if (spec.cwd !== undefined && !statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory())
    return `The working directory ${JSON.stringify(spec.cwd)} is not there.`;
  if (code === "ENOENT") return `The program ${program} was not found.`;
  if (code === "EACCES") return `The program ${program} may not be executed by the relay's user.`;
  if (code === "E2BIG") return `Arguments and environment of ${program} are too large for this system.`;
  return `The program ${program} could not be started (${code || "invalid arguments"}).`;
}

class Run {
  readonly #spec: ProcessSpec;
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  readonly #done = Promise.withResolvers<ProcessEnd>();
  #exit: { exitCode: number | null; signalName: string | null } | null = null;
  #closed = false;
  #paused = 0;
  #bytesAfterExit = 0;
  #failure: { error: unknown } | null = null;
  #ending: "no" | "now" | "done" = "no";
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = () => void this.#end();

  constructor(spec: ProcessSpec, child: ChildProcess) {
    this.#spec = spec;
    this.#child = child;
  }

  follow(): Promise<ProcessEnd> {
    const child = this.#child;
    child.on("error", (error) => this.#onError(error));
    // Not started: `error` follows and there is nothing else to listen to.
    if (child.pid === undefined) return this.#done.promise;
    child.once("exit", (exitCode, signalName) => this.#onExit(exitCode, signalName));
    child.once("close", () => {
      this.#closed = true;
      // While the tree is being ended, the end of the main process is not the end.
      if (this.#ending !== "now") this.#settle();
    });
    this.#read("stdout", child.stdout!);
    this.#read("stderr", child.stderr!);
    if (this.#spec.stdin !== undefined) {
      // EPIPE: a program need not read its input.
      child.stdin!.on("error", () => undefined);
      const { stdin } = this.#spec;
      if (stdin instanceof Promise)
        stdin.then(
          (text) => child.stdin!.end(text),
          () => child.stdin!.end(),
        );
      else child.stdin!.end(stdin);
    }
    this.#spec.signal.addEventListener("abort", this.#onAbort, { once: true });
    return this.#done.promise;
  }

  #read(name: StreamName, stream: Readable): void {
    let waits = 0;
    const go = () => {
      this.#paused -= 1;
      waits -= 1;
      if (waits === 0) stream.resume();
    };
    stream.on("error", () => undefined);
    stream.on("data", (bytes: Uint8Array) => {
      if (this.#exit) this.#bytesAfterExit += bytes.length;
      try {
        const wait = this.#spec.output(name, bytes);
        if (!wait) return;
        this.#paused += 1;
        waits += 1;
        stream.pause();
        wait.then(go, (error: unknown) => {
          go();
          this.#fail(error);
        });
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.#end();
  }

  #onError(error: Error): void {
    if (this.#child.pid === undefined) this.#done.resolve({ started: false, message: startMessage(this.#spec, error) });
  }

  #onExit(exitCode: number | null, signalName: string | null): void {
    this.#exit = { exitCode, signalName };
    this.#waitForPipes();
  }

  /** Background children that hold the pipes must not hold the job; a paused reader must not lose what the program wrote. */
  #waitForPipes(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const more = this.#paused > 0 && this.#bytesAfterExit < PIPE_REST_BYTES;
      if (more && this.#ending === "no") this.#waitForPipes();
      else this.#closePipes();
    }, PIPE_GRACE_MS);
  }

  #closePipes(): void {
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  async #end(): Promise<void> {
    if (this.#ending !== "no") return;
    this.#ending = "now";
    const { marker } = this.#spec;
    await end({ markers: marker === null ? [] : [marker], prefix: false, leader: this.#child.pid! });
    this.#ending = "done";
    if (this.#closed) return this.#settle();
    if (this.#exit) return this.#waitForPipes();
    // A process that even SIGKILL does not end (stuck in the kernel) is left behind: the caller's time is bounded.
    this.#timer = setTimeout(() => {
      this.#closePipes();
      this.#settle();
    }, PIPE_GRACE_MS);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#exit ??= { exitCode: null, signalName: "SIGKILL" };
    this.#spec.signal.removeEventListener("abort", this.#onAbort);
    if (this.#failure) this.#done.reject(this.#failure.error);
    else this.#done.resolve({ started: true, ...this.#exit, durationMs: performance.now() - this.#startedAt });
  }
}

/**
 * Runs a program to its end and the end of its pipes. On abort the whole tree gets SIGTERM, after 2 s SIGKILL, and the
 * promise settles when none of it is left, at most LIMITS.cancelGraceMs later (see endTree for what escapes). Without an
 * abort, children that the program left in the background live on; the run does not wait for them longer than 250 ms.
 * Memory: what one read of a pipe brings, and `stdin`. Standard streams are sockets (libuv), so a child cannot reopen them by /dev/stdout.
 */
export function runProcess(spec: ProcessSpec): Promise<ProcessEnd> {
  if (spec.signal.aborted) return Promise.resolve({ started: false, message: "It was cancelled before it started." });
  let child: ChildProcess;
  try {
    child = spawn(spec.argv[0] ?? "", spec.argv.slice(1), {
      cwd: spec.cwd,
      env: spec.marker === null ? spec.env : { ...spec.env, [MARKER_VARIABLE]: spec.marker },
      stdio: [spec.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      // Its own session and process group; on Windows that would open a console window.
      detached: !isWindows,
      windowsHide: true,
    });
  } catch (error) {
    // EINVAL-like arguments (NUL, an empty program) and E2BIG throw, the rest is an event.
    return Promise.resolve({ started: false, message: startMessage(spec, error) });
  }
  return new Run(spec, child).follow();
}

export interface OpenProcessSpec {
  /** As in {@link ProcessSpec}. No marker is added. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
  /** Once, after the program has ended or could not be started; never called from within {@link openProcess}. `message`: it did not start. */
  readonly ended: (message: string | null) => void;
}

/** A program that the relay talks to for long, such as a tmux client. It ends when its input ends, at the latest with the relay. */
export interface OpenProcess {
  /** Bytes that wait in our memory after this write, because the program does not read. */
  write(bytes: Uint8Array | string): number;
  /** Ends its input; SIGTERM after 250 ms, SIGKILL 2 s later, to the program alone. */
  close(): void;
}

const KILL_MS = 2_000;

export function openProcess(spec: OpenProcessSpec): OpenProcess {
  let child: ChildProcess;
  try {
    const options = { env: spec.env, stdio: "pipe", detached: !isWindows, windowsHide: true } as const;
    child = spawn(spec.argv[0] ?? "", spec.argv.slice(1), options);
  } catch (error) {
    setImmediate(() => spec.ended(startMessage(spec, error)));
    return { write: () => 0, close: () => undefined };
  }
  const timers: NodeJS.Timeout[] = [];
  const settle = (message: string | null) => {
    for (const timer of timers.splice(0)) clearTimeout(timer);
    spec.ended(message);
  };
  child.on("error", (error) => child.pid === undefined && settle(startMessage(spec, error)));
  child.once("close", () => child.pid !== undefined && settle(null));
  for (const stream of [child.stdin!, child.stdout!, child.stderr!]) stream.on("error", () => undefined);
  child.stdout!.on("data", spec.stdout);
  child.stderr!.on("data", spec.stderr);
  return {
    write(bytes) {
      if (child.stdin!.writable) child.stdin!.write(bytes);
      return child.stdin!.writableLength;
    },
    close() {
      if (timers.length > 0 || child.exitCode !== null || child.signalCode !== null) return;
      child.stdin!.end();
      timers.push(
        setTimeout(() => child.kill("SIGTERM"), PIPE_GRACE_MS),
        setTimeout(() => child.kill("SIGKILL"), KILL_MS),
      );
    },
  };
}
