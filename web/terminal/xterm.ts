// xterm.js on the page: made in the app's look, fitted to its box, taken away again. Knows neither hosts nor sockets.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import { copyText } from "../parts/copy.tsx";
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
const SCROLLBACK = 5_000;

export interface Xterm {
  readonly terminal: Terminal;
  readonly fit: () => void;
  /** The selection, or without one what is on the screen. */
  readonly copy: () => Promise<boolean>;
  readonly dispose: () => void;
}

/** `resized`: the box has another size, at most once a frame. */
export function openXterm(box: HTMLElement, resized: () => void): Xterm {
  const disallow = allowTerminalStyles();
  const terminal = new Terminal({
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
    fontSize: box.clientWidth < 600 ? 12 : 14,
    scrollback: SCROLLBACK,
    theme: THEME,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    macOptionIsMeta: true,
    minimumContrastRatio: 4.5,
  });
  const addon = new FitAddon();
  terminal.loadAddon(addon);
  terminal.open(box);
  addon.fit();
  let frame = 0;
  const watcher = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(resized);
  });
  watcher.observe(box);
  const screen = () => {
    const buffer = terminal.buffer.active;
    return Array.from({ length: terminal.rows }, (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "")
      .join("\n")
      .trimEnd();
  };
  // Ctrl+Shift+C copies, as terminals do; everything else is the program's.
  const copy = () => copyText(terminal.hasSelection() ? terminal.getSelection() : screen());
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey || event.code !== "KeyC") return true;
    event.preventDefault();
    void copy();
    return false;
  });
  const dispose = () => {
    cancelAnimationFrame(frame);
    watcher.disconnect();
    terminal.dispose();
    disallow();
  };
  return { terminal, fit: () => addon.fit(), copy, dispose };
}
