// xterm.js on the page: made, fitted, wired to a link, taken away again. The only file that knows xterm.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import { copyText } from "../parts/copy.tsx";
import { bytesOfKey, withModifiers, type KeyName, type Modifiers } from "./keys.ts";
import { TerminalLink, type LinkPhase, type TerminalState } from "./link.ts";
import { allowTerminalStyles } from "./style-policy.ts";

/** Dark in both schemes: programs choose their colours for it. */
const THEME: ITheme = {
  background: "#11140f",
  foreground: "#e6e6df",
  cursor: "#8fe0bd",
  cursorAccent: "#11140f",
  selectionBackground: "#3d5a4c",
  black: "#1c1f1a",
  red: "#f0806c",
  green: "#7ccf8f",
  yellow: "#e0b95c",
  blue: "#83b4f0",
  magenta: "#d99be0",
  cyan: "#68c9cf",
  white: "#d8d8d0",
  brightBlack: "#8a8d84",
  brightRed: "#ff9c8a",
  brightGreen: "#98e5a9",
  brightYellow: "#f5d27d",
  brightBlue: "#a5cbff",
  brightMagenta: "#efbdf5",
  brightCyan: "#8fe5ea",
  brightWhite: "#ffffff",
};
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
  readonly #fit = new FitAddon();
  readonly #link: TerminalLink;
  readonly #watcher: ResizeObserver;
  readonly #disallow: () => void;
  readonly #options: ViewOptions;
  #modifiers = NONE;
  #isWriter = false;
  #frame = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#disallow = allowTerminalStyles();
    const isNarrow = options.box.clientWidth < 600;
    this.#terminal = new Terminal({
      fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: isNarrow ? 12 : 14,
      scrollback: 5_000,
      theme: THEME,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      macOptionIsMeta: true,
      minimumContrastRatio: 4.5,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(options.box);
    this.#fit.fit();
    this.#terminal.onData((text) => this.#typed(text));
    this.#terminal.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isForUs(event));
    this.#link = new TerminalLink({
      ...options,
      size: () => ({ columns: this.#terminal.cols, rows: this.#terminal.rows }),
      state: (state) => this.#told(state),
      bytes: (bytes, shown) => this.#terminal.write(bytes, shown),
    });
    this.#watcher = new ResizeObserver(() => {
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => this.#fitted());
    });
    this.#watcher.observe(options.box);
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
    this.#fit.fit();
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

  /** Ctrl+Shift+C copies, as terminals do; everything else is the program's. */
  #isForUs(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey || event.code !== "KeyC") return true;
    event.preventDefault();
    void this.copy();
    return false;
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
    const buffer = this.#terminal.buffer.active;
    const screen = () =>
      Array.from({ length: this.#terminal.rows }, (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "")
        .join("\n")
        .trimEnd();
    return copyText(this.#terminal.hasSelection() ? this.#terminal.getSelection() : screen());
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
    cancelAnimationFrame(this.#frame);
    this.#watcher.disconnect();
    this.#link.close();
    this.#terminal.dispose();
    this.#disallow();
  }
}
