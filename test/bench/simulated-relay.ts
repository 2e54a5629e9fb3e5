// A relay reduced to its link: the real handshake with a key of its own, heartbeats off, reconnect with full jitter.
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { WebSocket } from "ws";
import { CLOSE, HELLO_CONTEXT, type HelloBody } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "../../protocol/version.ts";

export interface Identity {
  readonly hostNumber: number;
  readonly key: KeyObject;
}

export function newKey(): { key: KeyObject; publicKey: string } {
  const pair = generateKeyPairSync("ed25519");
  return { key: pair.privateKey, publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64") };
}

function hello(identity: Identity, nonce: string, epoch: number): string {
  const body: HelloBody = {
    version: PROTOCOL_VERSION,
    relay_version: PRODUCT_VERSION,
    agents_digest: "",
    host_number: identity.hostNumber,
    lane: 0,
    nonce,
    epoch,
    slots: 1,
    labels: ["simulated"],
    facts: { hostname: "simulated", os: "linux", os_version: "", arch: "x64", cpus: 1, memory_bytes: 0, node_version: "" },
    catalogue: { operations: ["host.info"], drivers: [], commands: {}, services: [], terminals: false, lanes: 0, virtual: null },
    journal: { id: "0".repeat(32), high_water: 0 },
    jobs: [],
    now: Date.now(),
  };
  const text = JSON.stringify(body);
  const signature = sign(null, Buffer.from(`${HELLO_CONTEXT}\n${text}`), identity.key).toString("base64");
  return JSON.stringify({ type: "hello", body: text, signature });
}

/** Keeps one link up until stopped. `onWelcome` is told of every welcome, `onAttempt` of every dial. */
export class SimulatedRelay {
  readonly #url: string;
  readonly #identity: Identity;
  readonly #onWelcome: (at: number) => void;
  readonly #onAttempt: (at: number) => void;
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #attempts = 0;
  #isStopped = false;

  constructor(url: string, identity: Identity, onWelcome: (at: number) => void, onAttempt: (at: number) => void) {
    this.#url = `${url.replace(/^http/, "ws")}/link?host=${identity.hostNumber}&lane=0`;
    this.#identity = identity;
    this.#onWelcome = onWelcome;
    this.#onAttempt = onAttempt;
  }

  connect(): void {
    if (this.#isStopped) return;
    this.#onAttempt(performance.now());
    const socket = new WebSocket(this.#url, { perMessageDeflate: false, handshakeTimeout: LIMITS.handshakeMs });
    this.#socket = socket;
    socket.on("message", (data, isBinary) => {
      if (!isBinary) this.#message(socket, (data as Buffer).toString());
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#again());
  }

  #message(socket: WebSocket, text: string): void {
    const message = JSON.parse(text) as { type: string; nonce: string; epoch: number };
    if (message.type === "challenge") socket.send(hello(this.#identity, message.nonce, message.epoch));
    else if (message.type === "welcome") {
      this.#attempts = 0;
      this.#onWelcome(performance.now());
    }
  }

  #again(): void {
    if (this.#isStopped) return;
    const ceiling = Math.min(LIMITS.reconnectMaxMs, LIMITS.reconnectBaseMs * 2 ** this.#attempts++);
    this.#timer = setTimeout(() => this.connect(), Math.random() * ceiling);
  }

  /** Sends a control message on the link, when it is up. */
  send(message: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#socket?.close(CLOSE.draining);
  }
}
