// A serial console on the page: xterm wired to a console's socket. What is shown is reported, so that a fast guest cannot drown it.
import type { ConsoleMessage } from "../../protocol/link/lane.ts";
import { bytesOfKey, withModifiers, type KeyName, type Modifiers } from "../terminal/keys.ts";
import { ShownFlow } from "../terminal/link.ts";
import { openXterm, type Xterm } from "../terminal/xterm.ts";
import type { ConsoleSocket } from "./console-socket.ts";
import type { ConsoleEvents } from "./console-view.ts";

const NONE: Modifiers = { ctrl: false, alt: false };
const MESSAGE_BYTES = 32 * 1024;
/** A serial port keeps nothing: a guest that wrote before shows a black page. */
const GREETING = "Connected. A quiet guest answers to Enter.\r\n";
const encoder = new TextEncoder();

export class SerialView {
  readonly #page: Xterm;
  readonly #events: ConsoleEvents;
  #socket: ConsoleSocket | null = null;
  #modifiers = NONE;

  constructor(box: HTMLElement, events: ConsoleEvents) {
    this.#events = events;
    this.#page = openXterm(box, () => this.#page.fit());
    this.#page.terminal.onData((text) => this.#typed(text));
    this.#page.terminal.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  }

  attach(socket: ConsoleSocket): void {
    this.#socket?.close();
    this.#socket = socket;
    const { terminal } = this.#page;
    terminal.options.disableStdin = false;
    terminal.write(GREETING);
    const say = (message: ConsoleMessage) => socket.send(JSON.stringify(message));
    const flow = new ShownFlow((bytes) => say({ type: "shown", bytes }));
    socket.listen({
      bytes: (bytes) => terminal.write(new Uint8Array(bytes), flow.came(bytes.byteLength)),
      ended: (reason) => this.#events.ended(reason),
      closed: (reason) => {
        terminal.options.disableStdin = true;
        this.#events.closed(reason);
      },
    });
    this.#events.ready();
  }

  #typed(text: string): void {
    const given = this.#modifiers;
    this.#send(encoder.encode(withModifiers(text, given)));
    if (given !== NONE) this.hold(NONE, true);
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) this.#socket?.send(bytes.subarray(at, at + MESSAGE_BYTES));
  }

  press(key: KeyName): void {
    const isApplication = this.#page.terminal.modes.applicationCursorKeysMode;
    this.#send(encoder.encode(bytesOfKey(key, this.#modifiers, isApplication)));
    if (this.#modifiers !== NONE) this.hold(NONE, true);
  }

  hold(modifiers: Modifiers, isUsedUp = false): void {
    this.#modifiers = modifiers;
    if (isUsedUp) this.#events.released();
  }

  copy(): Promise<boolean> {
    return this.#page.copy();
  }

  paste(text: string): void {
    this.#page.terminal.paste(text);
    this.#page.terminal.focus();
  }

  focus(): void {
    this.#page.terminal.focus();
  }

  close(): void {
    this.#socket?.close();
    this.#page.dispose();
  }
}
