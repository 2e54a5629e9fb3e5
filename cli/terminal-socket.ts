// One connection to an interactive terminal or console: a ticket, then the WebSocket that it opens.
import { WebSocket, type RawData } from "ws";
import type * as z from "zod";
import type { Problem } from "../protocol/api/shapes.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Client } from "./client.ts";
import { CliFailure, EXIT, problemFailure } from "./failure.ts";

const OPEN_MS = 20_000;
/** A relay that is behind a cut says nothing; neither does a quiet terminal: only the socket itself can tell. */
const PING_MS = 20_000;

export interface SocketEvents<M> {
  readonly message: (message: M) => void;
  readonly bytes: (bytes: Buffer) => void;
  /** After it was open. */
  readonly closed: () => void;
}

export interface LiveSocket<M> {
  send(message: M | Uint8Array): void;
  close(): void;
}

/** Where the ticket is made, what is asked there, and what the socket's text messages are. */
export interface Place<M> {
  readonly path: string;
  readonly wanted: unknown;
  readonly messages: z.ZodType<M>;
}

/** Rejects with CliFailure: of the ticket, or of the socket's opening. */
export async function openTicketed<M>(
  client: Client,
  { path, wanted, messages }: Place<M>,
  events: SocketEvents<M>,
): Promise<LiveSocket<M>> {
  const { body } = await client.ask<{ readonly url: string }>("POST", path, { body: wanted });
  const url = new URL(body.url, client.target.url.replace(/^http/, "ws"));
  const headers: Record<string, string> = client.target.key === null ? {} : { authorization: `Bearer ${client.target.key}` };
  const socket = new WebSocket(url, {
    headers,
    handshakeTimeout: OPEN_MS,
    perMessageDeflate: false,
    maxPayload: 2 * LIMITS.socketMessageBytes,
  });
  // Listened to from the beginning: the first messages come with the opening.
  const followed = follow(socket, messages, events);
  await opened(client, socket);
  return followed;
}

function opened(client: Client, socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", (error) => reject(client.unreachable(error)));
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text = (text + piece).slice(0, 64 * 1024)));
      response.once("close", () => {
        socket.terminate();
        reject(refusalOf(text, response.statusCode ?? 0));
      });
    });
  });
}

function refusalOf(text: string, status: number): CliFailure {
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.code === "string" && typeof problem.detail === "string")
      return problemFailure({ remedy: "", request_id: "", ...problem } as Problem);
  } catch {
    // Said below.
  }
  return new CliFailure(EXIT.failed, `The socket was refused with ${status}.`);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function follow<M>(socket: WebSocket, messages: z.ZodType<M>, events: SocketEvents<M>): LiveSocket<M> {
  let isAlive = true;
  let isOpen = false;
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    if (isOpen) socket.ping();
  }, PING_MS);
  socket.once("open", () => (isOpen = true));
  const heard = () => (isAlive = true);
  socket.on("pong", heard);
  socket.on("message", (data, isBinary) => {
    heard();
    if (isBinary) return events.bytes(bytesOf(data));
    const message = messages.safeParse(safeJson(bytesOf(data).toString("utf8")));
    if (message.success) events.message(message.data);
  });
  socket.once("close", () => {
    clearInterval(timer);
    if (isOpen) events.closed();
  });
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
    },
    close: () => socket.close(1000),
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
