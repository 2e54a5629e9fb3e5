// A WebSocket proxy between a real relay and a real edge, with faults on command: cut, stall (half-open), cut after the
// n-th message in a direction, hold back, repeat the edge's messages.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import http from "node:http";
import { WebSocket, WebSocketServer } from "ws";

export type Direction = "to-relay" | "to-edge";
type Message = { data: Buffer; isBinary: boolean };

interface Pair {
  readonly relay: WebSocket;
  readonly edge: WebSocket;
  readonly path: string;
}

export class LinkProxy {
  readonly #server = http.createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #pairs = new Set<Pair>();
  readonly #target: string;
  #isStalled = false;
  #isDown = false;
  /** What waits while everything is held back; null: nothing is. */
  #held: (() => void)[] | null = null;
  #cutAfter: { direction: Direction; messages: number } | null = null;
  /** Every message that passed, by direction. */
  readonly seen: Record<Direction, Message[]> = { "to-relay": [], "to-edge": [] };
  /** Binary messages that passed, both ways, by the path that the relay dialled. */
  readonly binary = new Map<string, number>();
  /** How often each `job` message is given to the relay. */
  deliveries = 1;

  constructor(target: string) {
    this.#target = target.replace(/^http/, "ws");
    this.#server.on("upgrade", (request, socket, head) => {
      if (this.#isDown) return socket.destroy();
      return this.#sockets.handleUpgrade(request, socket, head, (relay) => this.#pair(relay, request.url ?? "/"));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #pair(relay: WebSocket, path: string): void {
    const edge = new WebSocket(this.#target + path, { perMessageDeflate: false });
    const pair = { relay, edge, path };
    this.#pairs.add(pair);
    const early: Message[] = [];
    const end = () => {
      this.#pairs.delete(pair);
      relay.terminate();
      edge.terminate();
    };
    relay.on("message", (data, isBinary) => {
      const message = { data: data as Buffer, isBinary };
      if (edge.readyState === WebSocket.OPEN) this.#pass(pair, "to-edge", message);
      else early.push(message);
    });
    edge.on("open", () => {
      for (const message of early.splice(0)) this.#pass(pair, "to-edge", message);
    });
    edge.on("message", (data, isBinary) => this.#pass(pair, "to-relay", { data: data as Buffer, isBinary }));
    for (const socket of [relay, edge]) {
      socket.on("close", end);
      socket.on("error", end);
    }
  }

  #pass(pair: Pair, direction: Direction, message: Message): void {
    if (this.#isStalled) return;
    if (this.#held) return void this.#held.push(() => this.#pass(pair, direction, message));
    this.seen[direction].push(message);
    if (message.isBinary) this.binary.set(pair.path, (this.binary.get(pair.path) ?? 0) + 1);
    const target = direction === "to-relay" ? pair.relay : pair.edge;
    const isJob = direction === "to-relay" && !message.isBinary && message.data.includes('"type":"job"');
    for (let i = 0; i < (isJob ? this.deliveries : 1); i++) target.send(message.data, { binary: message.isBinary });
    if (this.#cutAfter?.direction === direction && --this.#cutAfter.messages <= 0) {
      this.#cutAfter = null;
      // The message has left: it arrives before the close frame does.
      pair.relay.close();
      pair.edge.close();
    }
  }

  /** Ends every connection at once; what is in flight may be lost. */
  cut(): void {
    for (const { relay, edge } of this.#pairs) {
      relay.terminate();
      edge.terminate();
    }
  }

  /** Swallows everything in both directions while the connections stay open. */
  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
  }

  /** Keeps everything in both directions while the connections stay open, and lets it go later, in order. */
  hold(isHeld: boolean): void {
    const waiting = this.#held ?? [];
    this.#held = isHeld ? waiting : null;
    if (!isHeld) for (const pass of waiting) pass();
  }

  /** Refuses new connections, and ends those there are. */
  down(isDown: boolean): void {
    this.#isDown = isDown;
    if (isDown) this.cut();
  }

  /** Ends the connection after that many more messages in that direction. */
  cutAfter(direction: Direction, messages: number): void {
    this.#cutAfter = { direction, messages };
  }

  async close(): Promise<void> {
    this.cut();
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
