// A person's console over the real edge: a ticket, its WebSocket, what it shows and what is typed.
import { WebSocket } from "ws";
import type { ConsoleMessage } from "../../protocol/link/lane.ts";
import type { Product } from "../product.ts";
import { json, until } from "./api.ts";

export interface ConsoleTicket {
  readonly ticket: string;
  readonly url: string;
  readonly code: string;
}

const bearer = (key?: string): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` });

/** `key`: instead of the admin's. */
export const consoleTicket = (product: Product, vm: string, body: object = {}, key?: string) =>
  json<ConsoleTicket>(product, "POST", `/api/v1/hosts/${product.ready.host}/vms/${vm}/console`, body, bearer(key));

export class ConsoleViewer {
  readonly socket: WebSocket;
  bytes = Buffer.alloc(0);
  ended: string | null = null;
  closed: number | null = null;

  /** `shows`: says what it has shown, as a terminal does. */
  constructor(socket: WebSocket, shows: boolean) {
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) {
        const message = JSON.parse(data.toString("utf8")) as ConsoleMessage;
        if (message.type === "ended") this.ended = message.reason;
        return;
      }
      this.bytes = Buffer.concat([this.bytes, data]);
      if (shows) socket.send(JSON.stringify({ type: "shown", bytes: this.bytes.length } satisfies ConsoleMessage));
    });
    socket.on("close", (code) => (this.closed = code));
    socket.on("error", () => (this.closed ??= 1006));
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text, "latin1"));
  }

  async sees(text: string, ms?: number): Promise<void> {
    await until(`${text} on the console`, () => this.text.includes(text), ms).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify([this.closed, this.text.slice(-300)])}`, { cause: error });
    });
  }

  async gone(ms?: number): Promise<void> {
    await until("the end", () => this.closed !== null, ms);
  }
}

/** The viewer, or the status and code with which its socket is refused. */
export async function dialConsole(
  product: Product,
  path: string,
  { key, shows = true }: { key?: string | undefined; shows?: boolean } = {},
): Promise<ConsoleViewer | { status: number; code: string }> {
  const url = product.ready.url.replace(/^http/, "ws") + path;
  const headers = { authorization: `Bearer ${product.ready.api_key}`, ...bearer(key) };
  const socket = new WebSocket(url, { headers, handshakeTimeout: 20_000 });
  const viewer = new ConsoleViewer(socket, shows);
  return await new Promise((resolve, reject) => {
    socket.once("open", () => resolve(viewer));
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => {
        socket.terminate();
        resolve({ status: response.statusCode ?? 0, code: (JSON.parse(text) as { code: string }).code });
      });
    });
    socket.once("error", reject);
  });
}

export async function openConsole(product: Product, vm: string, body: object = {}, key?: string): Promise<ConsoleViewer> {
  const made = await consoleTicket(product, vm, body, key);
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const viewer = await dialConsole(product, made.body.url, { key, shows: !("console" in body) });
  if (!(viewer instanceof ConsoleViewer)) throw new Error(`the socket was refused: ${JSON.stringify(viewer)}`);
  return viewer;
}
