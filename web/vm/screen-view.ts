// A machine's screen on the page: noVNC over a console's socket, scaled to its box. The only file that knows noVNC.
import RFB, { type RawChannel } from "@novnc/novnc";
import type { ConsoleSocket } from "./console-socket.ts";
import type { ConsoleEvents } from "./console-view.ts";
import { CODES, KEYSYMS, keysymOf, needsShift, type ScreenKey } from "./screen-keys.ts";

/** noVNC's own way in: a WebSocket, or what has its members. The host's words about the end do not reach RFB. */
class ScreenChannel implements RawChannel {
  binaryType = "arraybuffer";
  onopen: RawChannel["onopen"] = null;
  onmessage: RawChannel["onmessage"] = null;
  onclose: RawChannel["onclose"] = null;
  onerror: RawChannel["onerror"] = null;
  readonly protocol = "";
  readonly #socket: ConsoleSocket;

  constructor(socket: ConsoleSocket) {
    this.#socket = socket;
  }

  get readyState(): string {
    return this.#socket.isOpen ? "open" : "closed";
  }

  send(data: ArrayBufferView<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** RFB waits for the word that it is closed. */
  close(): void {
    this.#socket.close();
    queueMicrotask(() => this.onclose?.(new CloseEvent("close", { wasClean: true })));
  }
}

interface Held {
  readonly ctrl: boolean;
  readonly alt: boolean;
}

export class ScreenView {
  readonly #box: HTMLElement;
  readonly #events: ConsoleEvents;
  #rfb: RFB | null = null;
  #held: Held = { ctrl: false, alt: false };
  #isFitted = true;

  constructor(box: HTMLElement, events: ConsoleEvents) {
    this.#box = box;
    this.#events = events;
  }

  attach(socket: ConsoleSocket): void {
    this.#leave();
    const channel = new ScreenChannel(socket);
    const rfb = new RFB(this.#box, channel, { shared: true });
    this.#rfb = rfb;
    this.fit(this.#isFitted);
    rfb.background = "transparent";
    rfb.showDotCursor = true;
    rfb.addEventListener("connect", () => {
      if (this.#rfb === rfb) this.#events.ready();
    });
    rfb.addEventListener("disconnect", () => {
      if (this.#rfb === rfb) this.#rfb = null;
    });
    rfb.addEventListener("credentialsrequired", () => this.#events.ended("The machine's screen has a password of its own."));
    rfb.addEventListener("securityfailure", () => this.#events.ended("The machine's screen refuses: its security settings."));
    socket.listen({
      bytes: (data) => channel.onmessage?.({ data }),
      ended: (reason) => this.#events.ended(reason),
      closed: (reason) => {
        channel.onclose?.(new CloseEvent("close", { wasClean: true, reason }));
        this.#events.closed(reason);
      },
    });
  }

  #leave(): void {
    const rfb = this.#rfb;
    this.#rfb = null;
    rfb?.disconnect();
    this.#box.replaceChildren();
  }

  #with(held: Held, press: (rfb: RFB) => void): void {
    const rfb = this.#rfb;
    if (!rfb) return;
    if (held.ctrl) rfb.sendKey(KEYSYMS.Ctrl, "ControlLeft", true);
    if (held.alt) rfb.sendKey(KEYSYMS.Alt, "AltLeft", true);
    press(rfb);
    if (held.alt) rfb.sendKey(KEYSYMS.Alt, "AltLeft", false);
    if (held.ctrl) rfb.sendKey(KEYSYMS.Ctrl, "ControlLeft", false);
    if (held.ctrl || held.alt) {
      this.#held = { ctrl: false, alt: false };
      this.#events.released();
    }
  }

  press(key: ScreenKey): void {
    this.#with(this.#held, (rfb) => rfb.sendKey(KEYSYMS[key], CODES[key] ?? null));
  }

  /** The first character takes Ctrl and Alt. */
  type(text: string): void {
    for (const character of text)
      this.#with(this.#held, (rfb) => {
        const isShifted = needsShift(character);
        if (isShifted) rfb.sendKey(KEYSYMS.Shift, "ShiftLeft", true);
        rfb.sendKey(keysymOf(character), null);
        if (isShifted) rfb.sendKey(KEYSYMS.Shift, "ShiftLeft", false);
      });
  }

  hold(held: Held): void {
    this.#held = held;
  }

  /** Fitted to the box, or as large as it is, moved by dragging. */
  fit(isFitted: boolean): void {
    this.#isFitted = isFitted;
    const rfb = this.#rfb;
    if (!rfb) return;
    rfb.scaleViewport = isFitted;
    rfb.clipViewport = !isFitted;
    rfb.dragViewport = !isFitted;
  }

  sendCtrlAltDel(): void {
    this.#rfb?.sendCtrlAltDel();
  }

  focus(): void {
    this.#rfb?.focus({ preventScroll: true });
  }

  close(): void {
    this.#leave();
  }
}
