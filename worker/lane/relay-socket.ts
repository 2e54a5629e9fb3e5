// The relay's sockets of one lane: which is the link, who is still shaking hands, and whether the link is alive. Hibernating
// sockets only: what must survive sleep is in a socket's attachment. Reads no frame, knows no channel.
import { AppError, ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { CLOSE, type EdgeMessage } from "../../protocol/link/control.ts";
import type { laneWelcomeSchema } from "../../protocol/link/lane.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import type * as z from "zod";
import type { LaneRelay } from "./contract.ts";

export const RELAY_TAG = "relay";

/** `closed`: whatever still comes is dropped. */
export interface RelayAttachment extends LaneRelay {
  readonly phase: "challenged" | "welcomed" | "closed";
  readonly epoch: number;
  readonly nonce: string;
  readonly atMs: number;
}

const NONCE_BYTES = 32;
/** Of a close frame's reason: at most 123 bytes. */
const REASON_CHARS = 100;

export class RelaySocket {
  readonly #ctx: DurableObjectState;
  /** Undefined: not looked for since this instance began. */
  #link: WebSocket | null | undefined;
  #heardAtMs = 0;
  #offered = 0;
  /** Deadlines of handshakes; a timer keeps the object awake, so each is cleared as soon as it can be. */
  readonly #deadlines = new Map<WebSocket, ReturnType<typeof setTimeout>>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  attachment(ws: WebSocket): RelayAttachment | null {
    return ws.deserializeAttachment() as RelayAttachment | null;
  }

  #all(phase: RelayAttachment["phase"]): { ws: WebSocket; at: RelayAttachment }[] {
    return this.#ctx
      .getWebSockets(RELAY_TAG)
      .map((ws) => ({ ws, at: this.attachment(ws) }))
      .filter((entry): entry is { ws: WebSocket; at: RelayAttachment } => entry.at?.phase === phase);
  }

  /** Opens a socket and challenges it. Where too many shake hands the oldest gives way, so that strangers cannot lock the host out. */
  accept(relay: LaneRelay): Response {
    const now = Date.now();
    const waiting = this.#all("challenged")
      .filter(({ ws }) => ws.readyState === WebSocket.OPEN)
      .toSorted((a, b) => a.at.epoch - b.at.epoch);
    for (const [index, { ws, at }] of waiting.entries()) {
      if (now - at.atMs > LIMITS.handshakeMs) this.close(ws, CLOSE.timeout, "handshake");
      else if (index <= waiting.length - LIMITS.handshakesPerHost) this.refuse(ws, "LINK_BUSY");
    }
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#ctx.acceptWebSocket(server, [RELAY_TAG]);
    // Without storage the clock is what makes an epoch newer than those of instances before.
    this.#offered = Math.max(now, this.#offered + 1, this.#newest() + 1);
    const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))).toString("base64");
    this.#attach(server, { ...relay, phase: "challenged", epoch: this.#offered, nonce, atMs: now });
    this.#tell(server, { type: "challenge", nonce, epoch: this.#offered, versions: [PROTOCOL_VERSION] });
    this.#deadlines.set(
      server,
      setTimeout(() => this.close(server, CLOSE.timeout, "handshake"), LIMITS.handshakeMs),
    );
    return new Response(null, { status: 101, webSocket: client });
  }

  #newest(): number {
    return Math.max(0, ...this.#ctx.getWebSockets(RELAY_TAG).map((ws) => this.attachment(ws)?.epoch ?? 0));
  }

  #attach(ws: WebSocket, at: RelayAttachment): void {
    ws.serializeAttachment(at);
  }

  /** The epoch of the link there is; 0: none. */
  get epoch(): number {
    const ws = this.#find();
    return ws ? (this.attachment(ws)?.epoch ?? 0) : 0;
  }

  /** This socket is the link from now on; every other welcomed one is closed. */
  promote(ws: WebSocket, at: RelayAttachment): void {
    this.#clearDeadline(ws);
    this.#attach(ws, { ...at, phase: "welcomed", nonce: "", atMs: Date.now() });
    for (const { ws: other } of this.#all("welcomed")) if (other !== ws) this.close(other, CLOSE.replaced, "LINK_EPOCH_STALE");
    this.#link = ws;
    this.#heardAtMs = Date.now();
  }

  /** The newest welcomed socket, as far as the platform knows; whether it still lives is another matter. */
  #find(): WebSocket | null {
    if (this.#link !== undefined) return this.#link;
    const newest = this.#all("welcomed")
      .filter(({ ws }) => ws.readyState === WebSocket.OPEN)
      .toSorted((a, b) => b.at.epoch - a.at.epoch)[0];
    this.#link = newest?.ws ?? null;
    this.#heardAtMs = newest?.at.atMs ?? 0;
    return this.#link;
  }

  isLink(ws: WebSocket): boolean {
    return this.#find() === ws;
  }

  get isUp(): boolean {
    return this.#find() !== null;
  }

  heard(): void {
    this.#heardAtMs = Date.now();
  }

  /** True when the link was there and is found dead: a half-open socket tells nobody that it is. It is closed here. */
  findDead(): boolean {
    const ws = this.#find();
    if (!ws) return false;
    const now = Date.now();
    const isFresh = () =>
      now - Math.max(this.#heardAtMs, this.#ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0) <= LIMITS.heartbeatDeadMs;
    if (ws.readyState === WebSocket.OPEN && (now - this.#heardAtMs <= LIMITS.heartbeatDeadMs || isFresh())) return false;
    this.close(ws, CLOSE.timeout, "LINK_TIMEOUT");
    return true;
  }

  /** Whether the closed socket was the link. */
  lost(ws: WebSocket): boolean {
    this.#clearDeadline(ws);
    const was = this.#link === ws;
    if (was) this.#link = null;
    return was;
  }

  /** False: there is no link. What was sent may still not arrive. */
  send(message: Uint8Array): boolean {
    const ws = this.#link === undefined ? this.#find() : this.#link;
    if (!ws) return false;
    try {
      ws.send(message);
      return true;
    } catch {
      return false;
    }
  }

  welcome(ws: WebSocket, message: z.infer<typeof laneWelcomeSchema>): void {
    this.#tell(ws, message);
  }

  #tell(ws: WebSocket, message: EdgeMessage | z.infer<typeof laneWelcomeSchema>): void {
    try {
      ws.send(JSON.stringify(message));
    } catch {
      // Its close event follows.
    }
  }

  refuse(ws: WebSocket, code: ErrorCode, message = new AppError(code).message, close: number = CLOSE.refused): void {
    this.#tell(ws, { type: "refused", code, message, ...(ERRORS[code].retryable ? { retry_after_ms: LIMITS.reconnectBaseMs } : {}) });
    this.close(ws, close, code);
  }

  close(ws: WebSocket, code: number, reason: string): void {
    this.#clearDeadline(ws);
    const at = this.attachment(ws);
    if (at) this.#attach(ws, { ...at, phase: "closed", nonce: "" });
    if (this.#link === ws) this.#link = null;
    try {
      ws.close(code, reason.slice(0, REASON_CHARS).replaceAll(/[^ -~]/g, "?"));
    } catch {
      // It was closed by the other side.
    }
  }

  closeAll(code: number, reason: ErrorCode): void {
    for (const ws of this.#ctx.getWebSockets(RELAY_TAG))
      if (this.attachment(ws)?.phase !== "closed") this.refuse(ws, reason, undefined, code);
  }

  #clearDeadline(ws: WebSocket): void {
    clearTimeout(this.#deadlines.get(ws));
    this.#deadlines.delete(ws);
  }
}
