// One socket to the edge, from dialling to its end: upgrade, challenge, hello, welcome, heartbeat. What travels after the
// welcome is its user's. Whatever the peer sends, it can end this socket and nothing more. Ends exactly once; never throws.
import type { RawData, WebSocket } from "ws";
import { CLOSE, type EdgeMessage, type MessageOf, type RelayMessage } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { elapsed, momentOf, type Clock, type Moment } from "../jobs/clock.ts";
import { reasonOf, type Log } from "../log.ts";
import type { Outcome } from "./backoff.ts";
import { dial, type DialOptions } from "./dial.ts";
import { Liveness } from "./liveness.ts";

export type Challenge = MessageOf<EdgeMessage, "challenge">;
export type Hello = MessageOf<RelayMessage, "hello">;

/** What a socket is for. In words why the socket has to end, null when all is well. */
export interface SocketUser<W extends { type: "welcome" }, M extends { type: string }> {
  readonly lane: number;
  /** Text of the edge. */
  parse(text: string): Challenge | MessageOf<EdgeMessage, "refused"> | W | M | { error: string };
  hello(challenge: Challenge): Hello | Promise<Hello>;
  up(welcome: W): void;
  message(message: M): string | null;
  binary(bytes: Buffer): string | null;
  /** Once, and only after `up`. */
  down(): void;
  /** The words that the platform answers on this kind of socket. */
  readonly heartbeat: { readonly request: string; readonly response: string };
  /** Sends a probe that reaches the object; null: its answers to heartbeats are enough. */
  readonly probe: ((id: number) => void) | null;
}

export interface EdgeSocketOptions extends DialOptions {
  readonly url: URL;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** After our close frame the peer has this long for its own. */
const CLOSE_MS = 1_000;

export class EdgeSocket<W extends { type: "welcome"; epoch: number; lane: number }, M extends { type: string }> {
  readonly socket: WebSocket;
  readonly #options: EdgeSocketOptions;
  readonly #user: SocketUser<W, M>;
  readonly #ended = Promise.withResolvers<Outcome>();
  #state: "dialling" | "waiting" | "greeting" | "greeted" | "up" | "ended" = "dialling";
  #challenge: Challenge | null = null;
  #upSince: Moment | null = null;
  #liveness: Liveness | null = null;
  readonly #stopDeadline: () => void;

  constructor(options: EdgeSocketOptions, user: SocketUser<W, M>) {
    this.#options = options;
    this.#user = user;
    this.socket = dial(options.url, options);
    this.#stopDeadline = options.clock.after(LIMITS.handshakeMs, () => this.lost("the handshake took too long"));
    this.#listen();
  }

  /** Settles when the socket has ended, however it did. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Sends what waits, then closes. */
  close(reason: string): void {
    this.#end({ kind: "lost", reason, upMs: this.#upMs }, CLOSE.draining);
  }

  invalid(why: string): void {
    this.#options.log("warn", "the edge sent what it may not; the link is closed", { reason: why.slice(0, 300) });
    this.#end({ kind: "lost", reason: "an invalid message", upMs: this.#upMs }, CLOSE.invalid);
  }

  lost(reason: string): void {
    this.#end({ kind: "lost", reason, upMs: this.#upMs }, null);
  }

  /** How many milliseconds the answer to a probe took; null for an answer to none. */
  answered(id: number): number | null {
    return this.#liveness?.answered(id) ?? null;
  }

  get #upMs(): number {
    return this.#upSince ? Math.max(1, elapsed(this.#options.clock, this.#upSince)) : 0;
  }

  #listen(): void {
    const { socket } = this;
    socket.on("open", () => {
      if (this.#state === "dialling") this.#state = "waiting";
    });
    socket.on("unexpected-response", (request, response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      request.destroy();
      const reason = `the edge, or what stands before it, answered HTTP ${status}`;
      this.#end({ kind: status >= 300 && status < 500 ? "refused" : "lost", reason, upMs: 0 }, null);
    });
    socket.on("error", (error) => this.lost(reasonOf(error)));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#state === "ended") return;
    this.#liveness?.heard();
    try {
      const why = isBinary ? this.#binary(data as Buffer) : this.#text((data as Buffer).toString("utf8"));
      if (why !== null) this.invalid(why);
    } catch (error) {
      this.#options.log("error", "a message of the edge could not be handled", { reason: reasonOf(error) });
      this.invalid("it could not be handled");
    }
  }

  #closed(code: number, reason: string): void {
    const words = reason ? `: ${reason.slice(0, 200)}` : "";
    if (code === CLOSE.replaced)
      return this.#end({ kind: "refused", reason: "another connection of this host replaced this one", upMs: this.#upMs }, null);
    const kind = code === CLOSE.refused || code === CLOSE.removed ? "refused" : "lost";
    this.#end({ kind, reason: `the edge closed the link (${code})${words}`, upMs: this.#upMs }, null);
  }

  #binary(bytes: Buffer): string | null {
    return this.#state === "up" ? this.#user.binary(bytes) : "frames before the welcome";
  }

  #text(text: string): string | null {
    if (text === this.#user.heartbeat.response) return null;
    const message = this.#user.parse(text);
    if ("error" in message) return message.error;
    if (message.type === "challenge" || message.type === "refused" || message.type === "welcome")
      return this.#shake(message as Challenge | MessageOf<EdgeMessage, "refused"> | W);
    return this.#state === "up" ? this.#user.message(message as M) : `a ${message.type} that was not due`;
  }

  #shake(message: Challenge | MessageOf<EdgeMessage, "refused"> | W): string | null {
    if (message.type === "refused") {
      this.#options.log("warn", `the edge refuses this relay: ${message.message}`, { code: message.code });
      const reason = `refused: ${message.code}`;
      this.#end({ kind: "refused", reason, upMs: this.#upMs, retryAfterMs: message.retry_after_ms }, CLOSE.refused);
    } else if (message.type === "challenge" && this.#state === "waiting") {
      this.#state = "greeting";
      this.#challenge = message;
      void this.#greet(message);
    } else if (
      message.type === "welcome" &&
      this.#state === "greeted" &&
      message.epoch === this.#challenge?.epoch &&
      message.lane === this.#user.lane
    )
      this.#up(message);
    else return `a ${message.type} that was not due`;
    return null;
  }

  async #greet(challenge: Challenge): Promise<void> {
    try {
      const hello = await this.#user.hello(challenge);
      if (this.#state !== "greeting" || this.socket.readyState !== this.socket.OPEN) return;
      this.socket.send(JSON.stringify(hello));
      this.#state = "greeted";
    } catch (error) {
      this.lost(`no hello could be made: ${reasonOf(error)}`);
    }
  }

  #up(welcome: W): void {
    const { clock, random } = this.#options;
    this.#state = "up";
    this.#stopDeadline();
    this.#upSince = momentOf(clock);
    this.#liveness = new Liveness({
      clock,
      random,
      ping: () => this.socket.readyState === this.socket.OPEN && this.socket.send(this.#user.heartbeat.request),
      probe: this.#user.probe,
      onDead: (reason) => this.lost(reason),
    });
    this.#user.up(welcome);
  }

  /** With a code: closes in order, by force after a second. Without: at once. */
  #end(outcome: Outcome, code: number | null): void {
    if (this.#state === "ended") return;
    const wasUp = this.#state === "up";
    this.#state = "ended";
    this.#stopDeadline();
    this.#liveness?.stop();
    if (wasUp) this.#user.down();
    if (code !== null && this.socket.readyState === this.socket.OPEN) {
      setImmediate(() => this.socket.close(code));
      const stop = this.#options.clock.after(CLOSE_MS, () => this.socket.terminate());
      this.socket.once("close", stop);
    } else this.socket.terminate();
    this.#ended.resolve(outcome);
  }
}
