// A person's terminal over the real edge: a ticket, its WebSocket, what it shows and what is typed.
import { WebSocket } from "ws";
import type { TerminalMessage } from "../../protocol/link/lane.ts";
import type { Product } from "../product.ts";
import { json, until } from "./api.ts";

type State = Extract<TerminalMessage, { type: "state" }>;
export interface Ticket {
  readonly ticket: string;
  readonly url: string;
}

const POST = "POST";

/** `key`: instead of the admin's. */
export const ticket = (product: Product, body: object = {}, key?: string) =>
  json<Ticket & { code: string }>(
    product,
    POST,
    `/api/v1/hosts/${product.ready.host}/terminals`,
    body,
    key === undefined ? {} : { authorization: `Bearer ${key}` },
  );

export class TerminalViewer {
  readonly states: State[] = [];
  text = "";
  received = 0;
  resets = 0;
  ended: string | null = null;
  closed: number | null = null;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        this.text += data.toString("utf8");
        this.received += data.length;
        this.say({ type: "shown", bytes: this.received });
        return;
      }
      const message = JSON.parse(data.toString("utf8")) as TerminalMessage;
      if (message.type === "ended") this.ended = message.reason;
      if (message.type !== "state") return;
      this.states.push(message);
      if (message.reset) [this.text, this.resets] = ["", this.resets + 1];
    });
    socket.on("close", (code) => (this.closed = code));
    socket.on("error", () => (this.closed ??= 1006));
  }

  get state(): State {
    return this.states.at(-1)!;
  }

  say(message: TerminalMessage): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text, "utf8"));
  }

  async gone(): Promise<void> {
    await until("the end", () => this.closed !== null).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify([this.ended, this.states.slice(-2), this.text.slice(-300)])}`, {
        cause: error,
      });
    });
  }

  async sees(text: string): Promise<void> {
    await until(`${text} on the screen`, () => this.text.includes(text)).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(this.text.slice(-300))}`, { cause: error });
    });
  }
}

/** The status with which a socket is refused, or the viewer. */
export async function dial(product: Product, path: string, headers: Record<string, string> = {}): Promise<TerminalViewer | number> {
  const url = product.ready.url.replace(/^http/, "ws") + path;
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${product.ready.api_key}`, ...headers },
    handshakeTimeout: 20_000,
  });
  const viewer = new TerminalViewer(socket);
  return await new Promise((resolve, reject) => {
    socket.once("open", () => resolve(viewer));
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once("error", reject);
  });
}

export async function look(product: Product, body: object = {}): Promise<TerminalViewer> {
  const made = await ticket(product, body);
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const viewer = await dial(product, made.body.url);
  if (typeof viewer === "number") throw new Error(`the socket was refused with ${viewer}`);
  await until("a state", () => viewer.states.length > 0);
  return viewer;
}
