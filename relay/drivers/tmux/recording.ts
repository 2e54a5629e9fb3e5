// One recording of a pane as asciinema v2: a header, then a line for each piece of output with its time. Bounded, never
// overwriting. Knows files, not tmux.
import type { WriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { LIMITS } from "../../../protocol/limits.ts";

export type OpenedFile =
  | { readonly path: string; readonly stream: WriteStream }
  | { readonly exists: string }
  | { readonly failed: string };

/** A new file in a directory of the host's choosing. Never follows or replaces what is there. */
export async function openNewFile(dir: string, name: string): Promise<OpenedFile> {
  const path = join(dir, name);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const handle = await open(path, "wx", 0o600);
    return { path, stream: handle.createWriteStream() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    return code === "EEXIST" ? { exists: path } : { failed: `${path} cannot be written (${code}).` };
  }
}

/** A disk that takes nothing: what waits for it in memory is bounded. */
const WAITING_BYTES = 8 * 1024 * 1024;

export interface RecordingStart {
  readonly path: string;
  readonly stream: WriteStream;
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
}

export class Recording {
  readonly path: string;
  readonly #stream: WriteStream;
  readonly #decoder = new TextDecoder("utf-8");
  readonly #startedAt = performance.now();
  readonly #closed: Promise<void>;
  #hasEnded = false;
  #bytes = 0;
  #truncated = false;

  constructor({ path, stream, columns, rows, title }: RecordingStart) {
    this.path = path;
    this.#stream = stream;
    this.#closed = new Promise((resolve) => stream.once("close", resolve));
    stream.on("error", () => this.#cut());
    const header = { version: 2, width: columns, height: rows, timestamp: Math.floor(Date.now() / 1000), env: { TERM: "xterm-256color" } };
    this.#line(title === "" ? header : { ...header, title });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** It ended by itself: too large, or the file could not be written. */
  get truncated(): boolean {
    return this.#truncated;
  }

  output(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text !== "") this.#event("o", text);
  }

  resized(columns: number, rows: number): void {
    this.#event("r", `${columns}x${rows}`);
  }

  /** Settles when the file is whole. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) {
      const rest = this.#decoder.decode();
      if (rest !== "") this.#event("o", rest);
    }
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#stream.end();
    }
    await this.#closed;
  }

  #event(kind: string, data: string): void {
    this.#line([Math.round(performance.now() - this.#startedAt) / 1000, kind, data]);
  }

  #line(value: unknown): void {
    if (this.#hasEnded) return;
    const line = `${JSON.stringify(value)}\n`;
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > LIMITS.terminalFileBytes || this.#stream.writableLength > WAITING_BYTES) return this.#cut();
    this.#bytes += bytes;
    this.#stream.write(line);
  }

  #cut(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#truncated = true;
    this.#stream.end();
  }
}
