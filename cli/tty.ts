// The terminal that a person sits at, while another one is shown in it: raw input, size, and its own state again at the end,
// whatever happens.
import { writeSync } from "node:fs";

/** Ctrl-]. */
const DETACH = 0x1d;
/** Other screen, mouse, focus, paste, drawing at once, cursor keys: modes that a shell does not expect. */
const MODES_OFF = [1049, 9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048, 1].map((mode) => `\u001b[?${mode}l`);
/**
 * As a shell expects it: an open sequence aborted, those modes off, kitty's and xterm's keyboards as they were, then a soft reset
 * (character sets, region, insertion, colours), and lines that wrap.
 */
const RESTORE = `\u0018\u000f${MODES_OFF.join("")}\u001b[<99u\u001b[>4m\u001b[!p\u001b>\u001b[?7h\u001b[r\u001b[0m\u001b[?25h\u001b[999;1H\r\n`;

export interface TtyEvents {
  readonly typed: (bytes: Uint8Array) => void;
  readonly detach: () => void;
  readonly resized: () => void;
}

export class Tty {
  readonly #isRaw: boolean;
  #isOpen = true;
  #written = 0;
  readonly #onData: (bytes: Buffer) => void;
  readonly #onResize: () => void;
  readonly #onSignal: () => void;
  readonly #onExit = () => this.close();

  constructor(events: TtyEvents) {
    const { stdin, stdout } = process;
    this.#isRaw = stdin.isTTY;
    this.#onData = (bytes) => {
      const end = bytes.indexOf(DETACH);
      const typed = end === -1 ? bytes : bytes.subarray(0, end);
      if (typed.length > 0) events.typed(typed);
      if (end !== -1) events.detach();
    };
    this.#onResize = events.resized;
    this.#onSignal = events.detach;
    if (this.#isRaw) {
      stdin.setRawMode(true);
      stdin.on("data", this.#onData);
      stdin.resume();
    }
    stdout.on("resize", this.#onResize);
    process.on("exit", this.#onExit);
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.on(signal, this.#onSignal);
    // What stood there moves up, instead of being written over.
    if (stdout.isTTY) stdout.write("\r\n".repeat(stdout.rows));
  }

  get size(): { columns: number; rows: number } {
    const { columns, rows, isTTY } = process.stdout;
    // A terminal that nobody gave a size says 0 × 0.
    return isTTY && columns > 0 && rows > 0
      ? { columns: Math.max(2, Math.min(500, columns)), rows: Math.max(2, Math.min(300, rows)) }
      : { columns: 80, rows: 24 };
  }

  /** `shown` when it has left our hands, with all that was written so far. */
  write(bytes: Uint8Array, shown: (all: number) => void): void {
    process.stdout.write(bytes, () => {
      this.#written += bytes.length;
      shown(this.#written);
    });
  }

  /** A new connection counts anew. */
  restart(): void {
    this.#written = 0;
  }

  title(text: string): void {
    if (process.stdout.isTTY) process.stdout.write(`\u001b]0;${text}\u0007`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { stdin, stdout } = process;
    if (this.#isRaw) {
      stdin.off("data", this.#onData);
      stdin.pause();
      try {
        stdin.setRawMode(false);
      } catch {
        // The terminal itself is gone.
      }
    }
    stdout.off("resize", this.#onResize);
    process.off("exit", this.#onExit);
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.off(signal, this.#onSignal);
    try {
      if (stdout.isTTY) writeSync(1, RESTORE);
    } catch {
      // As above.
    }
  }
}
