// One terminal over as many sockets as it takes: a ticket, a socket, and again with a new ticket when it breaks. Bytes go through as
// they are; what is shown is reported back, so that a fast program cannot drown the page. Knows nothing of how it is drawn.
import type { TerminalMessage } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { ApiProblem, request, segment } from "../api/client.ts";
import { connection } from "../api/connection.ts";
import { call } from "../api/lookups.ts";

export type TerminalState = Extract<TerminalMessage, { type: "state" }>;
export type LinkPhase = "connecting" | "open" | "broken" | "ended" | "refused";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface LinkEvents {
  readonly phase: (phase: LinkPhase, detail: string) => void;
  readonly state: (state: TerminalState) => void;
  /** `shown` must be called when the bytes are on the screen. */
  readonly bytes: (bytes: Uint8Array, shown: () => void) => void;
}

export interface LinkOptions extends LinkEvents {
  readonly host: string;
  /** null: a new one. */
  readonly terminal: string | null;
  readonly mode: "write" | "read";
  readonly size: () => Size;
}

interface Ticket {
  readonly url: string;
}

/** Reported each time that this much more is shown, and whenever the screen has caught up. */
const REPORT_BYTES = 32 * 1024;
const MESSAGE_BYTES = 32 * 1024;
const WORDS_CHARS = 300;
const RETRY_MAX_MS = 5_000;
const OPEN_MS = 15_000;
/** So often a socket may close before the host's first word. */
const REFUSALS = 4;
const encoder = new TextEncoder();

/** False also where it cannot be found out. */
async function isGoneFrom(host: string, terminal: string): Promise<boolean> {
  try {
    const result = await call(host, "terminal.list", {});
    const terminals = (result.data as { readonly terminals?: readonly { readonly terminal: string }[] } | undefined)?.terminals;
    return result.status === "success" && terminals !== undefined && !terminals.some((one) => one.terminal === terminal);
  } catch {
    return false;
  }
}

const sizeWithin = (size: unknown, most: number) => (Number.isInteger(size) ? Math.min(most, Math.max(1, size as number)) : most);

/** Pure: what a host said; null: nothing that is known. A host may say anything, also sizes that no page can draw. */
export function messageIn(text: string): TerminalState | Extract<TerminalMessage, { type: "ended" }> | null {
  let said: Readonly<Record<string, unknown>> | null;
  try {
    said = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  } catch {
    return null;
  }
  if (said?.["type"] === "ended") return { type: "ended", reason: String(said["reason"]).slice(0, WORDS_CHARS) };
  if (said?.["type"] !== "state") return null;
  return {
    type: "state",
    terminal: String(said["terminal"]).slice(0, WORDS_CHARS),
    title: String(said["title"]).slice(0, WORDS_CHARS),
    columns: sizeWithin(said["columns"], LIMITS.terminalColumns),
    rows: sizeWithin(said["rows"], LIMITS.terminalRows),
    writer: said["writer"] === true,
    viewers: sizeWithin(said["viewers"], LIMITS.terminalViewers),
    reset: said["reset"] === true,
  };
}

function say(socket: WebSocket | null, message: TerminalMessage): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Bytes of one socket that came, and that were shown: reported in steps, and always when the screen has caught up. */
export class ShownFlow {
  readonly #report: (bytes: number) => void;
  #came = 0;
  #shown = 0;
  #reported = 0;

  constructor(report: (bytes: number) => void) {
    this.#report = report;
  }

  /** Answers what to call when they are shown. */
  came(bytes: number): () => void {
    this.#came += bytes;
    return () => {
      this.#shown += bytes;
      if (this.#shown - this.#reported < REPORT_BYTES && this.#shown < this.#came) return;
      this.#reported = this.#shown;
      this.#report(this.#shown);
    };
  }
}

export class TerminalLink {
  readonly #options: LinkOptions;
  #socket: WebSocket | null = null;
  #terminal: string | null;
  #isOver = false;
  #failures = 0;
  /** Sockets in a row that were closed before the host's first word. */
  #refusals = 0;
  #isKnown = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwatch: () => void = () => {};

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#terminal = options.terminal;
    void this.#connect();
    this.#unwatch = connection.watch((state) => {
      if (state === "up") this.retry();
    });
  }

  /** Now instead of at the next turn. */
  retry(): void {
    if (this.#timer === undefined || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#connect();
  }

  async #connect(): Promise<void> {
    const { host, mode, size, phase } = this.#options;
    phase(this.#failures === 0 ? "connecting" : "broken", "");
    try {
      const body = { ...(this.#terminal === null ? {} : { terminal: this.#terminal }), mode, ...size() };
      const ticket = await request<Ticket>("POST", `/api/v1/hosts/${segment(host)}/terminals`, { body });
      if (!this.#isOver) this.#open(ticket);
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) {
        this.#isOver = true;
        phase("refused", [error.message, error.remedy].filter(Boolean).join(" "));
      } else this.#again(error instanceof ApiProblem ? error.message : "");
    }
  }

  #open({ url }: Ticket): void {
    const socket = new WebSocket(new URL(url, location.href).href.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#isKnown = false;
    // Of this socket alone: the next one counts from its own beginning.
    const flow = new ShownFlow((bytes) => say(socket, { type: "shown", bytes }));
    const late = setTimeout(() => socket.close(), OPEN_MS);
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      clearTimeout(late);
      if (typeof data === "string") this.#told(messageIn(data));
      else this.#options.bytes(new Uint8Array(data), flow.came(data.byteLength));
    });
    socket.addEventListener("close", ({ reason }) => {
      clearTimeout(late);
      if (socket !== this.#socket || this.#isOver) return;
      this.#socket = null;
      if (this.#isKnown) this.#again(reason);
      else void this.#refusedToOpen(reason);
    });
  }

  /** A browser does not tell why a socket was refused: whether there still is a terminal is asked for. */
  async #refusedToOpen(reason: string): Promise<void> {
    this.#refusals += 1;
    const isGone = this.#terminal !== null && (await isGoneFrom(this.#options.host, this.#terminal));
    if (this.#isOver) return;
    if (!isGone && (this.#refusals < REFUSALS || connection.get() !== "up")) return this.#again(reason);
    this.#isOver = true;
    const why = isGone
      ? "There is no such terminal on the host: it has ended."
      : "The host did not open it: it may have as many as it may, or its tmux is missing. `farhand doctor` there says which.";
    this.#options.phase("refused", why);
  }

  #told(message: ReturnType<typeof messageIn>): void {
    if (message?.type === "state") {
      this.#terminal = message.terminal;
      this.#failures = 0;
      this.#refusals = 0;
      this.#isKnown = true;
      this.#options.phase("open", "");
      this.#options.state(message);
    } else if (message) {
      this.#isOver = true;
      this.#options.phase("ended", message.reason);
    }
  }

  #again(why: string): void {
    this.#options.phase("broken", why);
    const wait = Math.random() * Math.min(RETRY_MAX_MS, 300 * 2 ** this.#failures++) + 100;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#connect();
    }, wait);
  }

  resize(size: Size): void {
    say(this.#socket, { type: "resize", ...size });
  }

  take(): void {
    say(this.#socket, { type: "take" });
  }

  /** False while there is no connection: what was typed is not kept, because nobody knows what it would meet. */
  write(bytes: Uint8Array<ArrayBuffer> | string): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    const all = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    for (let at = 0; at < all.length; at += MESSAGE_BYTES) this.#socket.send(all.subarray(at, at + MESSAGE_BYTES));
    return true;
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#unwatch();
    this.#socket?.close();
  }
}
