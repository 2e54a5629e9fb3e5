// The journal: what this host has claimed and how it ended, so that nothing runs twice. All writes happen on a thread with
// group commit; a slow disk delays those who wait for it and no one else. Never holds a spec, a payload or a secret.
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { ClaimRequest, JournalAct, JournalAnswer, JournalRequest, JournalRow, OpenRow, ThreadData } from "./journal-messages.ts";

/** The thread's source text in the single-file bundle; not defined when run from a checkout. */
declare const __JOURNAL_THREAD__: string | undefined;

export interface JournalOptions {
  readonly file: string;
  /** Ended and acknowledged jobs that are remembered, newest first. */
  readonly keepAcknowledged?: number;
  readonly keepTombstones?: number;
  /** For tests: every commit takes this much longer. */
  readonly commitDelayMs?: number;
  /** The thread died: nothing can be claimed any more. */
  readonly onFatal: (error: Error) => void;
}

export type Claim = { readonly outcome: "claimed" | "cancelled" } | { readonly outcome: "known"; readonly row: JournalRow };

/** Acknowledgements need no commit of their own: they wait this long for another's. */
const LAZY_MS = 500;
/** Requests that wait for the thread; an edge that floods gets refusals beyond it. */
const WAITING = 4_096;
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

interface Waiting {
  readonly resolve: (answer: JournalAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly isClaim: boolean;
}

export class Journal {
  readonly id: string;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #wake: Int32Array;
  readonly #waiting = new Map<number, Waiting>();
  #highWater: number;
  #count = 0;
  #lazy: NodeJS.Timeout | null = null;
  #closed = false;

  /** Opens or makes the file. Rejects when it cannot be read, is of a newer version, or another process has it. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { port1, port2 } = new MessageChannel();
    const wake = new Int32Array(new SharedArrayBuffer(4));
    const worker = startThread({
      file: options.file,
      port: port2,
      wake,
      keepAcknowledged: options.keepAcknowledged ?? 20_000,
      keepTombstones: options.keepTombstones ?? 10_000,
      commitDelayMs: options.commitDelayMs ?? 0,
    });
    const first = await new Promise<JournalAnswer>((resolve, reject) => {
      port1.once("message", (answers: JournalAnswer[]) => resolve(answers[0]!));
      worker.once("error", reject);
    });
    worker.removeAllListeners("error");
    return new Journal(worker, port1, wake, first, options.onFatal);
  }

  private constructor(worker: Worker, port: MessagePort, wake: Int32Array, first: JournalAnswer, onFatal: (error: Error) => void) {
    this.#worker = worker;
    this.#port = port;
    this.#wake = wake;
    this.id = first.identity!;
    this.#highWater = first.highWater!;
    port.on("message", (answers: JournalAnswer[]) => this.#answered(answers));
    const died = (error: Error) => {
      if (this.#closed) return;
      this.#closed = true;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
      onFatal(error);
    };
    worker.on("error", died);
    worker.on("exit", () => died(new Error("the journal's thread ended")));
  }

  /** Claims ever taken; never decreases for one identity unless the file was restored from a copy. */
  get highWater(): number {
    return this.#highWater;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Takes the job, durably, or says what is known of it. With `end`, it is claimed and ended in one. */
  async claim(job: Omit<ClaimRequest, "type">): Promise<Claim> {
    const answer = await this.#ask({ type: "claim", ...job });
    this.#highWater = Math.max(this.#highWater, answer.highWater ?? 0);
    if (answer.known) return { outcome: "known", row: answer.known };
    return { outcome: answer.cancelled ? "cancelled" : "claimed" };
  }

  /** Stores an end (a `result` event as JSON). A second end for a job has no effect. */
  async finish(id: string, end: string): Promise<void> {
    await this.#ask({ type: "finish", id, end });
  }

  /** Remembers the cancellation of a job that was not seen yet. Without effect on a known one. */
  async tombstone(id: string): Promise<void> {
    await this.#ask({ type: "tombstone", id });
  }

  /** The edge has the end. Becomes durable with the next commit, at the latest in half a second. */
  acknowledged(id: string): void {
    this.#lazy ??= setTimeout(() => this.#ring(), LAZY_MS);
    this.#post({ type: "acknowledged", id }, null);
  }

  async find(id: string): Promise<JournalRow | null> {
    return (await this.#ask({ type: "find", id })).row ?? null;
  }

  /** All whose end the edge has not acknowledged, oldest first; those that have not ended were claimed. */
  async open(): Promise<readonly OpenRow[]> {
    return (await this.#ask({ type: "open" })).open ?? [];
  }

  /** Commits what waits and ends the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const last = this.#ask({ type: "close" });
    this.#closed = true;
    await last;
    this.#port.close();
    await this.#worker.terminate();
  }

  #ask(act: JournalAct): Promise<JournalAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error("the journal is closed"));
      if (this.#waiting.size >= WAITING && act.type !== "finish" && act.type !== "close") return reject(new Error("the journal is busy"));
      this.#post(act, { resolve, reject, isClaim: act.type === "claim" });
      this.#ring();
    });
  }

  #post(act: JournalAct, waiting: Waiting | null): void {
    if (this.#closed) return;
    this.#count += 1;
    if (waiting) this.#waiting.set(this.#count, waiting);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort of node:worker_threads, not a window
    this.#port.postMessage({ n: this.#count, ...act } satisfies JournalRequest);
  }

  #ring(): void {
    if (this.#lazy) clearTimeout(this.#lazy);
    this.#lazy = null;
    Atomics.add(this.#wake, 0, 1);
    Atomics.notify(this.#wake, 0);
  }

  /** Ends go out before new claims start: starting a process blocks the loop for half a millisecond. */
  #answered(answers: readonly JournalAnswer[]): void {
    const claims: JournalAnswer[] = [];
    let ends = 0;
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.n);
      if (waiting?.isClaim) claims.push(answer);
      else if (waiting) {
        ends += 1;
        this.#settle(answer);
      }
    }
    const start = () => claims.forEach((answer) => this.#settle(answer));
    if (ends === 0) start();
    else if (claims.length > 0) queueMicrotask(() => setImmediate(start));
  }

  #settle(answer: JournalAnswer): void {
    const waiting = this.#waiting.get(answer.n);
    if (!waiting) return;
    this.#waiting.delete(answer.n);
    if (answer.error === undefined) waiting.resolve(answer);
    else waiting.reject(new Error(`journal: ${answer.error}`));
  }
}

function startThread(data: ThreadData): Worker {
  const options = { workerData: data, transferList: [data.port], resourceLimits: THREAD_LIMITS, trackUnmanagedFds: false, name: "journal" };
  if (typeof __JOURNAL_THREAD__ === "string") return new Worker(__JOURNAL_THREAD__, { ...options, eval: true });
  return new Worker(new URL("./journal-thread.ts", import.meta.url), options);
}
