// The socket of a console: a ticket, then bytes both ways. What comes before anybody listens is kept. Knows neither xterm nor RFB.
import type { Job } from "../../protocol/api/shapes.ts";
import { VM_ERRORS } from "../../protocol/vm-errors.ts";
import { ApiProblem, request } from "../api/client.ts";
import { hostPath, vmPath } from "./contract.ts";

export type ConsoleKind = "serial" | "screen";

export interface ConsolePlace {
  readonly host: string;
  readonly vm: string;
  readonly console: ConsoleKind;
  readonly takeOver: boolean;
}

export interface ConsoleListener {
  readonly bytes: (bytes: ArrayBuffer) => void;
  /** The host ended it, and says why. `close` follows. */
  readonly ended: (reason: string) => void;
  readonly closed: (reason: string) => void;
}

const OPEN_MS = 20_000;
const ASK_S = 5;
const WORDS_CHARS = 300;

/** Pure: why a host ended it; null: nothing that is known. */
export function endIn(text: string): string | null {
  try {
    const said = JSON.parse(text) as { readonly type?: unknown; readonly reason?: unknown } | null;
    return said?.type === "ended" ? String(said.reason).slice(0, WORDS_CHARS) : null;
  } catch {
    return null;
  }
}

export class ConsoleSocket {
  readonly #socket: WebSocket;
  readonly #early: ((listener: ConsoleListener) => void)[] = [];
  #listener: ConsoleListener | null = null;

  /** Of an open one. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string") return this.#tell((listener) => listener.bytes(data));
      const reason = endIn(data);
      if (reason !== null) this.#tell((listener) => listener.ended(reason));
    });
    socket.addEventListener("close", ({ reason }) => this.#tell((listener) => listener.closed(reason)));
  }

  #tell(news: (listener: ConsoleListener) => void): void {
    if (this.#listener) news(this.#listener);
    else this.#early.push(news);
  }

  listen(listener: ConsoleListener): void {
    this.#listener = listener;
    for (const news of this.#early.splice(0)) news(listener);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(data: string | ArrayBufferView<ArrayBuffer>): void {
    if (this.isOpen) this.#socket.send(data);
  }

  close(): void {
    this.#listener = { bytes: () => {}, ended: () => {}, closed: () => {} };
    this.#socket.close();
  }
}

/** The socket was refused, though the console could be opened. */
export class SocketRefused extends Error {
  override readonly name = "SocketRefused";
}

/** A browser does not tell why a socket was refused: the host is asked whether this console can be opened. */
async function whyNot({ host, vm, console }: ConsolePlace): Promise<Error> {
  const job = await request<Job>("POST", `${hostPath(host)}/jobs`, {
    body: { operation: "vm.console", resource_spec: { vm, console } },
    headers: { prefer: `wait=${ASK_S}` },
  });
  const { result, error } = job;
  const isInUse = result?.status === "success" && (result.data as { readonly in_use?: boolean } | undefined)?.in_use === true;
  const code = isInUse ? "CONSOLE_IN_USE" : (error?.code ?? result?.code);
  if (code === undefined) return new SocketRefused("The console's connection was refused.");
  const known = Object.hasOwn(VM_ERRORS, code) ? VM_ERRORS[code as keyof typeof VM_ERRORS] : null;
  return new ApiProblem(known?.status ?? 409, {
    code,
    detail: isInUse ? (known?.message ?? "") : (error?.message ?? result?.message ?? ""),
    remedy: error?.remedy ?? known?.remedy ?? "",
  });
}

/** Throws an ApiProblem that says why, SocketRefused, or Unreachable. */
export async function openConsole(place: ConsolePlace, signal: AbortSignal): Promise<ConsoleSocket> {
  const { url } = await request<{ readonly url: string }>("POST", `${vmPath(place.host, place.vm)}/console`, {
    body: { console: place.console, take_over: place.takeOver },
    signal,
  });
  const socket = new WebSocket(new URL(url, location.href).href.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  const made = new ConsoleSocket(socket);
  const isOpen = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => socket.close(), OPEN_MS);
    const end = (isOpen: boolean) => {
      clearTimeout(late);
      resolve(isOpen);
    };
    socket.addEventListener("open", () => end(true), { once: true });
    socket.addEventListener("close", () => end(false), { once: true });
    signal.addEventListener("abort", () => socket.close(), { once: true });
  });
  signal.throwIfAborted();
  if (!isOpen) throw await whyNot(place);
  return made;
}
