// One process of the agent that is started before its job: it has read the script and loaded the module, and waits on its input for the
// one job that it does. Owns it until it is taken; knows no job, and never uses one twice.
import { setImmediate as nextTurn } from "node:timers/promises";
import { runProcess, type ProcessEnd, type ProcessSpec } from "../../exec.ts";

/** Without a job for so long, none waits: each takes about 100 MB. */
const IDLE_MS = 5 * 60_000;

export interface SpareOptions {
  /** What is started, verified now. A rejection is for the next job to find. */
  readonly start: () => Promise<Pick<ProcessSpec, "argv" | "env">>;
  /** From markerOf; each process has its own, which begins with it: what ends one must not end the next. */
  readonly marker: string;
  readonly idleMs?: number;
}

/** What a job is to it: as of runProcess. */
export type SpareJob = Pick<ProcessSpec, "signal" | "output"> & { readonly stdin: string };

/** A process that waits. Its input ends with this relay at the latest, and it with its input. */
export class WaitingProcess {
  readonly #input = Promise.withResolvers<string>();
  readonly #ending = new AbortController();
  readonly #noise: Uint8Array[] = [];
  #isSpoilt = false;
  #isEnded = false;
  #output: ProcessSpec["output"] | null = null;
  /** Rejects when it said something before its job. */
  readonly end: Promise<ProcessEnd>;

  constructor(spec: Pick<ProcessSpec, "argv" | "env" | "marker">) {
    const output: ProcessSpec["output"] = (stream, bytes) => (this.#output ? this.#output(stream, bytes) : this.#early(stream, bytes));
    this.end = runProcess({ ...spec, stdin: this.#input.promise, signal: this.#ending.signal, output });
    const ended = () => {
      this.#isEnded = true;
    };
    this.end.then(ended, ended);
  }

  /** Looks once more: one that has ended is told of a turn or two later. */
  async isAlive(): Promise<boolean> {
    await nextTurn();
    await nextTurn();
    return !this.#isEnded && !this.#isSpoilt;
  }

  /** It said something before its job, and is being ended. */
  get isSpoilt(): boolean {
    return this.#isSpoilt;
  }

  /** Once. As runProcess from here on. */
  run({ stdin, signal, output }: SpareJob): Promise<ProcessEnd> {
    this.#output = output;
    for (const bytes of this.#noise) void output("stderr", bytes);
    if (signal.aborted) this.#ending.abort();
    else {
      signal.addEventListener("abort", () => this.#ending.abort(), { once: true });
      this.#input.resolve(stdin);
    }
    return this.end;
  }

  /** Settles when nothing of it is left. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.end.catch(() => undefined);
  }

  #early(stream: "stdout" | "stderr", bytes: Uint8Array): undefined {
    this.#isSpoilt ||= stream === "stdout" || this.#noise.length >= 64;
    if (this.#isSpoilt) throw new Error("it spoke before its job");
    this.#noise.push(bytes);
  }
}

export class Spare {
  readonly #options: SpareOptions;
  #waiting: WaitingProcess | null = null;
  #starting: Promise<void> | null = null;
  #idle: NodeJS.Timeout | null = null;
  #isStopped = false;
  #started = 0;

  constructor(options: SpareOptions) {
    this.#options = options;
  }

  /** The one that waits, or is still making ready; null: there is none. It is the caller's from here on. */
  take(): WaitingProcess | null {
    const taken = this.#waiting;
    if (!taken || taken.isSpoilt) return null;
    this.#waiting = null;
    return taken;
  }

  /** There are jobs: soon one waits, until there were none for a while. */
  renew(): void {
    if (this.#isStopped) return;
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.take()?.stop(), this.#options.idleMs ?? IDLE_MS);
    this.#idle.unref();
    if (this.#waiting || this.#starting) return;
    this.#starting = this.#start().finally(() => (this.#starting = null));
  }

  /** For good. Settles when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#idle) clearTimeout(this.#idle);
    await this.#starting;
    await this.#waiting?.stop();
    this.#waiting = null;
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    const start = await this.#options.start().catch(() => null);
    if (start === null || this.#isStopped) return;
    const waiting = new WaitingProcess({ ...start, marker: `${this.#options.marker}-${(this.#started += 1)}` });
    this.#waiting = waiting;
    // One that ended is not kept, and not started again before there is a job.
    const gone = () => {
      if (this.#waiting === waiting) this.#waiting = null;
    };
    waiting.end.then(gone, gone);
  }
}
