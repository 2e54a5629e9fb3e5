// The relay's sockets: which is the link, who is still shaking hands, and whether the link is alive. Hibernating sockets only:
// what must survive sleep is in a socket's attachment. Reads no message.
import { AppError, ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { CLOSE, type EdgeMessage } from "../../protocol/link/control.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import type { Core } from "./core.ts";

/** At most 16 KiB. `closed`: whatever still comes is dropped. */
export interface Attachment {
  readonly phase: "challenged" | "welcomed" | "closed";
  readonly epoch: number;
  readonly nonce: string;
  readonly atMs: number;
  readonly isDraining: boolean;
}

const NONCE_BYTES = 32;

export class Links {
  readonly #core: Core;
  /** Undefined: not looked for since this instance began. */
  #current: WebSocket | null | undefined;
  #draining = false;
  #onDead: (heardAtMs: number | null) => void = () => {};
  #heardAtMs = 0;
  /** Deadlines of handshakes; a timer keeps the object awake, so each is cleared as soon as it can be. */
  readonly #deadlines = new Map<WebSocket, ReturnType<typeof setTimeout>>();
  /** The highest epoch given out by this instance. */
  #offered = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The link was found dead: no close will come of a half-open socket. The listener is told when it was last heard. */
  onDead(listener: (heardAtMs: number | null) => void): void {
    this.#onDead = listener;
  }

  attachment(ws: WebSocket): Attachment | null {
    return ws.deserializeAttachment() as Attachment | null;
  }

  #challenged(): { ws: WebSocket; at: Attachment }[] {
    return this.#core.ctx
      .getWebSockets()
      .map((ws) => ({ ws, at: this.attachment(ws) }))
      .filter(
        (entry): entry is { ws: WebSocket; at: Attachment } => entry.at?.phase === "challenged" && entry.ws.readyState === WebSocket.OPEN,
      )
      .toSorted((a, b) => a.at.epoch - b.at.epoch);
  }

  /** Opens a socket and challenges it. Where too many shake hands the oldest gives way, so that strangers cannot lock the host out. */
  accept(): Response {
    const now = Date.now();
    const waiting = this.#challenged();
    for (const [index, { ws, at }] of waiting.entries()) {
      if (now - at.atMs > LIMITS.handshakeMs) this.close(ws, CLOSE.timeout, "handshake");
      else if (index <= waiting.length - LIMITS.handshakesPerHost) this.refuse(ws, "LINK_BUSY");
    }
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#core.ctx.acceptWebSocket(server);
    const highest = Math.max(this.#offered, this.#core.meta.get("link")?.epoch ?? 0, ...waiting.map(({ at }) => at.epoch));
    this.#offered = highest + 1;
    const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))).toString("base64");
    server.serializeAttachment({ phase: "challenged", epoch: this.#offered, nonce, atMs: now, isDraining: false } satisfies Attachment);
    this.sendTo(server, { type: "challenge", nonce, epoch: this.#offered, versions: [PROTOCOL_VERSION] });
    this.#deadlines.set(
      server,
      setTimeout(() => this.close(server, CLOSE.timeout, "handshake"), LIMITS.handshakeMs),
    );
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Accepts a socket only to refuse it in the link's own words. */
  refuseNew(code: ErrorCode, close: number): Response {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#core.ctx.acceptWebSocket(server);
    server.serializeAttachment({ phase: "closed", epoch: 0, nonce: "", atMs: Date.now(), isDraining: false } satisfies Attachment);
    this.refuse(server, code, {}, close);
    return new Response(null, { status: 101, webSocket: client });
  }

  #clearDeadline(ws: WebSocket): void {
    clearTimeout(this.#deadlines.get(ws));
    this.#deadlines.delete(ws);
  }

  /** This socket is the link from now on; every other welcomed one is closed. */
  promote(ws: WebSocket, at: Attachment): void {
    this.#clearDeadline(ws);
    ws.serializeAttachment({ ...at, phase: "welcomed", nonce: "", atMs: Date.now() } satisfies Attachment);
    for (const other of this.#core.ctx.getWebSockets())
      if (other !== ws && this.attachment(other)?.phase === "welcomed") this.close(other, CLOSE.replaced, "LINK_EPOCH_STALE");
    this.#current = ws;
    this.#draining = false;
    this.#heardAtMs = Date.now();
  }

  drain(ws: WebSocket): void {
    const at = this.attachment(ws);
    if (at) ws.serializeAttachment({ ...at, isDraining: true } satisfies Attachment);
    this.#draining = true;
  }

  /** The socket of the newest epoch, as far as the platform knows; whether it still lives is another matter. */
  #link(): WebSocket | null {
    if (this.#current !== undefined) return this.#current;
    const epoch = this.#core.meta.get("link")?.epoch ?? 0;
    this.#current = null;
    for (const ws of this.#core.ctx.getWebSockets()) {
      const at = this.attachment(ws);
      if (at?.phase !== "welcomed" || at.epoch !== epoch) continue;
      this.#current = ws;
      this.#draining = at.isDraining;
      this.#heardAtMs = at.atMs;
    }
    return this.#current;
  }

  isLink(ws: WebSocket): boolean {
    return this.#link() === ws;
  }

  heard(): void {
    this.#heardAtMs = Date.now();
  }

  /** When the relay was last heard, its heartbeat included; null: no link. */
  lastHeardMs(): number | null {
    const ws = this.#link();
    if (!ws) return null;
    return Math.max(this.#heardAtMs, this.#core.ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0);
  }

  /** The link, when it is open and its heartbeat is not overdue. A dead one is closed here. */
  current(): WebSocket | null {
    const ws = this.#link();
    if (!ws) return null;
    const isOpen = ws.readyState === WebSocket.OPEN;
    const now = Date.now();
    if (isOpen && (now - this.#heardAtMs <= LIMITS.heartbeatDeadMs || now - (this.lastHeardMs() ?? 0) <= LIMITS.heartbeatDeadMs)) return ws;
    const heardAtMs = this.lastHeardMs();
    if (isOpen) this.close(ws, CLOSE.timeout, "LINK_TIMEOUT");
    this.#current = null;
    this.#onDead(heardAtMs);
    return null;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** Whether the closed socket was the link. */
  lost(ws: WebSocket): boolean {
    this.#clearDeadline(ws);
    // By its attachment: a new instance may not find a closed socket among the platform's.
    const at = this.attachment(ws);
    const was = at?.phase === "welcomed" && at.epoch === this.#core.meta.get("link")?.epoch;
    if (was) this.#current = null;
    return was;
  }

  /** False: there is no link. What was sent may still not arrive. */
  send(message: EdgeMessage): boolean {
    const ws = this.current();
    return ws !== null && this.sendTo(ws, message);
  }

  sendTo(ws: WebSocket, message: EdgeMessage): boolean {
    try {
      ws.send(JSON.stringify(message));
      return true;
    } catch {
      return false;
    }
  }

  refuse(ws: WebSocket, code: ErrorCode, details: { message?: string } = {}, close: number = CLOSE.refused): void {
    const message = details.message ?? new AppError(code).message;
    this.sendTo(ws, { type: "refused", code, message, ...(ERRORS[code].retryable ? { retry_after_ms: LIMITS.reconnectBaseMs } : {}) });
    this.close(ws, close, code);
  }

  close(ws: WebSocket, code: number, reason: string): void {
    this.#clearDeadline(ws);
    const at = this.attachment(ws);
    if (at) ws.serializeAttachment({ ...at, phase: "closed", nonce: "" } satisfies Attachment);
    if (this.#current === ws) this.#current = null;
    try {
      // At most 123 bytes.
      ws.close(code, reason.slice(0, 100).replaceAll(/[^ -~]/g, "?"));
    } catch {
      // It was closed by the other side.
    }
  }

  closeAll(code: number, reason: ErrorCode): void {
    for (const ws of this.#core.ctx.getWebSockets()) if (this.attachment(ws)?.phase !== "closed") this.refuse(ws, reason, {}, code);
  }
}
