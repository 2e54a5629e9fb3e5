// One control-mode client: a tmux process that is attached to one session, our commands to it in order, and what comes back.
// Knows nothing of viewers. Its answers are given synchronously, in the order of the stream, so that what a pane wrote before a
// capture is told before it, and what it wrote after, after.
import { openProcess, type OpenProcess } from "../../exec.ts";
import { ControlParser, type Block } from "./control-parser.ts";

export interface ControlClientOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly output: (pane: number, bytes: Uint8Array) => void;
  readonly notification: (name: string, rest: string) => void;
  /** All of what came at once was told. */
  readonly settled: () => void;
  /** Once. The reason in tmux's words; empty when the session ended or we closed. */
  readonly ended: (reason: string) => void;
}

/** The answer to a command: the lines of each block, or tmux's words of refusal. */
export type Answer = { readonly blocks: readonly (readonly Uint8Array[])[] } | { readonly refused: string };

export interface Ask {
  /** A line without newlines: one command, or several with ` ; ` between that are run without anything in between. */
  readonly line: string;
  /** How many commands that is; a refused one ends them. */
  readonly commands?: number;
  /** See ControlEvents.wanted; `done` are the blocks before. */
  readonly wanted?: (done: readonly (readonly Uint8Array[])[]) => number | null;
  /** Called synchronously; not at all when the client ends before. */
  readonly answered: (answer: Answer) => void;
}

interface Waiting {
  readonly ask: Ask;
  readonly blocks: (readonly Uint8Array[])[];
}

const decoder = new TextDecoder();
const textOf = (lines: readonly Uint8Array[]) => lines.map((line) => decoder.decode(line)).join(" ");
/** Of what tmux says on standard error. */
const WORDS_CHARS = 300;

export class ControlClient {
  readonly #options: ControlClientOptions;
  readonly #process: OpenProcess;
  readonly #parser: ControlParser;
  readonly #waiting: Waiting[] = [];
  #reason = "";
  #isAttached = false;
  #hasEnded = false;

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.#parser = new ControlParser({
      output: options.output,
      wanted: () => this.#waiting[0]?.ask.wanted?.(this.#waiting[0].blocks) ?? null,
      block: (block) => this.#block(block),
      notification: (name, rest) => {
        if (name === "exit") this.#reason ||= rest;
        else options.notification(name, rest);
      },
    });
    this.#process = openProcess({
      argv: options.argv,
      env: options.env,
      stdout: (bytes) => this.#read(bytes),
      stderr: (bytes) => (this.#reason = (this.#reason + decoder.decode(bytes)).slice(0, WORDS_CHARS)),
      ended: (message) => this.#end(message ?? this.#reason.trim()),
    });
  }

  ask(ask: Ask): void {
    if (this.#hasEnded) return;
    this.#waiting.push({ ask, blocks: [] });
    if (this.#isAttached) this.#process.write(`${ask.line}\n`);
  }

  close(): void {
    this.#process.close();
  }

  #read(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const error = this.#parser.push(bytes);
    this.#options.settled();
    if (error === null) return;
    this.#process.close();
    this.#end(`tmux cannot be understood: ${error}`);
  }

  #block({ isOurs, isError, lines }: Block): void {
    if (!isOurs) return this.#attached(isError ? textOf(lines) : null);
    const waiting = this.#waiting[0];
    if (!waiting) return;
    if (!isError) waiting.blocks.push(lines);
    if (!isError && waiting.blocks.length < (waiting.ask.commands ?? 1)) return;
    this.#waiting.shift();
    waiting.ask.answered(isError ? { refused: textOf(lines).slice(0, WORDS_CHARS) } : { blocks: waiting.blocks });
  }

  /** The first block answers the attach. Before it tmux would answer already, but tell no output: some would be missed. */
  #attached(error: string | null): void {
    if (this.#isAttached) return;
    if (error !== null) {
      this.#reason ||= error.slice(0, WORDS_CHARS);
      return;
    }
    this.#isAttached = true;
    for (const { ask } of this.#waiting) this.#process.write(`${ask.line}\n`);
  }

  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting.length = 0;
    this.#options.ended(reason);
  }
}
