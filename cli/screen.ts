// What a person sees while a job runs: its output as it is, and on a terminal one line of status below that comes and goes.
import { once } from "node:events";
import { plain } from "./output.ts";

const CLEAR = "\r\u001b[K";
const TICK_MS = 1_000;

export class Screen {
  readonly #live: boolean;
  #status = "";
  #since = Date.now();
  #timer: NodeJS.Timeout | undefined;
  /** Output that does not end with a newline stands where the status line would. */
  #isMidLine = false;

  /** Without a terminal, or when `quiet`, there is no status line. */
  constructor(quiet: boolean) {
    this.#live = !quiet && process.stderr.isTTY;
  }

  /** One line, shown until the next; empty: none. */
  status(text: string): void {
    if (!this.#live) return;
    if (text !== this.#status) this.#since = Date.now();
    this.#status = text;
    this.#timer ??= setInterval(() => this.#draw(), TICK_MS).unref();
    this.#draw();
  }

  #draw(): void {
    if (this.#isMidLine || this.#status === "") return;
    const seconds = Math.floor((Date.now() - this.#since) / 1_000);
    const width = (process.stderr.columns || 80) - 1;
    process.stderr.write(CLEAR + `· ${plain(this.#status)}${seconds > 0 ? ` (${seconds} s)` : ""}`.slice(0, width));
  }

  #clear(): void {
    if (this.#live && this.#status !== "" && !this.#isMidLine) process.stderr.write(CLEAR);
  }

  /** Waits while the reader of our output is slow. */
  async output(stream: "stdout" | "stderr", data: string | Uint8Array): Promise<void> {
    if (data.length === 0) return;
    this.#clear();
    const to = process[stream];
    const isWhole = typeof data === "string" ? data.endsWith("\n") : data[data.length - 1] === 10;
    if (to.isTTY) this.#isMidLine = !isWhole;
    if (!to.write(data)) await once(to, "drain");
    this.#draw();
  }

  note(text: string): void {
    this.#clear();
    process.stderr.write(`${this.#isMidLine ? "\n" : ""}${plain(text)}\n`);
    this.#isMidLine = false;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
    this.#status = "";
    if (this.#isMidLine && process.stderr.isTTY) process.stderr.write("\n");
  }
}
