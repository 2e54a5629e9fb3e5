// A terminal of a host on the page: xterm wired to its link, taken away again.
import type { Terminal } from "@xterm/xterm";
import { bytesOfKey, withModifiers, type KeyName, type Modifiers } from "./keys.ts";
import { TerminalLink, type LinkPhase, type TerminalState } from "./link.ts";
import { openXterm, type Xterm } from "./xterm.ts";

const NONE: Modifiers = { ctrl: false, alt: false };

export interface ViewOptions {
  readonly box: HTMLElement;
  readonly host: string;
  readonly terminal: string | null;
  readonly mode: "write" | "read";
  readonly phase: (phase: LinkPhase, detail: string) => void;
  readonly state: (state: TerminalState) => void;
  /** The sticky keys were used up. */
  readonly released: () => void;
}

export class TerminalView {
  readonly #terminal: Terminal;
  readonly #page: Xterm;
  readonly #link: TerminalLink;
  readonly #options: ViewOptions;
  #modifiers = NONE;
  #isWriter = false;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#page = openXterm(options.box, () => this.#fitted());
    this.#terminal = this.#page.terminal;
    this.#terminal.onData((text) => this.#typed(text));
    this.#terminal.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#link = new TerminalLink({
      ...options,
      size: () => ({ columns: this.#terminal.cols, rows: this.#terminal.rows }),
      state: (state) => this.#told(state),
      bytes: (bytes, shown) => this.#terminal.write(bytes, shown),
    });
  }

  #told(state: TerminalState): void {
    const became = state.writer && !this.#isWriter;
    this.#isWriter = state.writer;
    if (state.reset) this.#terminal.reset();
    if (!state.writer) this.#terminal.resize(state.columns, state.rows);
    else if (became) this.#fitted(true);
    this.#terminal.options.disableStdin = !state.writer;
    this.#options.state(state);
  }

  /** The writer's window is the terminal's size; a reader's is not. */
  #fitted(isNews = false): void {
    if (!this.#isWriter) return;
    const before = [this.#terminal.cols, this.#terminal.rows];
    this.#page.fit();
    const { cols: columns, rows } = this.#terminal;
    if (isNews || before[0] !== columns || before[1] !== rows) this.#link.resize({ columns, rows });
  }

  #typed(text: string): void {
    const given = this.#modifiers;
    this.#send(withModifiers(text, given));
    if (given !== NONE) this.#release();
  }

  #send(bytes: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isWriter) this.#link.write(bytes);
  }

  #release(): void {
    this.#modifiers = NONE;
    this.#options.released();
  }

  press(key: KeyName): void {
    this.#send(bytesOfKey(key, this.#modifiers, this.#terminal.modes.applicationCursorKeysMode));
    if (this.#modifiers !== NONE) this.#release();
  }

  hold(modifiers: Modifiers): void {
    this.#modifiers = modifiers;
  }

  /** The selection, or without one what is on the screen. */
  copy(): Promise<boolean> {
    return this.#page.copy();
  }

  paste(text: string): void {
    this.#terminal.paste(text);
    this.#terminal.focus();
  }

  take(): void {
    this.#link.take();
  }

  retry(): void {
    this.#link.retry();
  }

  focus(): void {
    this.#terminal.focus();
  }

  close(): void {
    this.#link.close();
    this.#page.dispose();
  }
}
