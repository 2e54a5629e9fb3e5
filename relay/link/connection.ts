// One connection, from dialling to its end: upgrade, challenge, hello, welcome, then messages both ways. Whatever the peer
// sends, it can end this connection and nothing more. Ends exactly once, with an outcome; never throws.
import { WebSocket, type RawData } from "ws";
import { CLOSE, HEARTBEAT, parseEdgeMessage, type EdgeMessage, type HelloBody, type MessageOf } from "../../protocol/link/control.ts";
import { decodeFrames, type Frame } from "../../protocol/link/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { momentOf, elapsed, type Clock, type Moment } from "../jobs/clock.ts";
import type { JobsMessage } from "../jobs/jobs.ts";
import type { Uplink } from "../jobs/reports.ts";
import { reasonOf, type Log } from "../log.ts";
import type { Outcome } from "./backoff.ts";
import { helloFor, type HostDescription, type Identity } from "./handshake.ts";
import { Liveness } from "./liveness.ts";
import { Outbound } from "./outbound.ts";
import { Transit } from "./transit.ts";

/** What the link carries for: the jobs of this host. */
export interface LinkUser {
  hello(): Promise<Pick<HelloBody, "jobs" | "journal">>;
  welcome(message: MessageOf<EdgeMessage, "welcome">, uplink: Uplink): Promise<void>;
  detach(): void;
  handle(message: JobsMessage, uplink: Uplink): void;
  take(frame: Frame): boolean;
}

export interface ConnectionOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly describe: () => HostDescription;
  readonly user: LinkUser;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly onUp: () => void;
}

/** Lanes beside 0 come with model streams. */
const LANE = 0;
/** After our close frame the peer has this long for its own. */
const CLOSE_MS = 1_000;
/** An answer that took longer is no measure of the way. */
const PROMPT_MS = 1_000;
const HANDSHAKE_TYPES = new Set<EdgeMessage["type"]>(["challenge", "welcome", "refused"]);

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #out: Outbound;
  readonly #ended = Promise.withResolvers<Outcome>();
  #state: "dialling" | "waiting" | "greeting" | "greeted" | "up" | "ended" = "dialling";
  #challenge: MessageOf<EdgeMessage, "challenge"> | null = null;
  #upSince: Moment | null = null;
  #liveness: Liveness | null = null;
  #transit: Transit | null = null;
  /** The hello says what was true before. */
  #isOutdated = false;
  readonly #stopDeadline: () => void;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, {
      headers: options.headers,
      perMessageDeflate: false,
      maxPayload: LIMITS.binaryMessageBytes,
      // Text is JSON that is parsed and checked; what is not UTF-8 cannot pass the payload's hash.
      skipUTF8Validation: true,
      followRedirects: false,
      handshakeTimeout: LIMITS.handshakeMs,
    });
    this.#out = new Outbound(this.#socket);
    this.#stopDeadline = options.clock.after(LIMITS.handshakeMs, () => this.#lost("the handshake took too long"));
    this.#listen();
  }

  /** Settles when the connection has ended, however it did. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  /** Sends what waits, then closes. */
  close(reason: string): void {
    this.#end({ kind: "lost", reason, upMs: this.#upMs }, CLOSE.draining);
  }

  /** Tells the edge what the host offers now. */
  announce(): void {
    if (this.#state !== "up") {
      this.#isOutdated = true;
      return;
    }
    const { labels, slots, catalogue } = this.#options.describe();
    this.#out.message({ type: "catalogue", labels, slots, catalogue });
  }

  get #upMs(): number {
    return this.#upSince ? Math.max(1, elapsed(this.#options.clock, this.#upSince)) : 0;
  }

  #listen(): void {
    const socket = this.#socket;
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
    socket.on("error", (error) => this.#lost(reasonOf(error)));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
    socket.on("message", (data, isBinary) => {
      if (this.#state === "ended") return;
      this.#liveness?.heard();
      try {
        if (isBinary) this.#binary(data);
        else this.#text(data);
      } catch (error) {
        this.#options.log("error", "a message of the edge could not be handled", { reason: reasonOf(error) });
        this.#invalid("it could not be handled");
      }
    });
  }

  #closed(code: number, reason: string): void {
    const words = reason ? `: ${reason.slice(0, 200)}` : "";
    if (code === CLOSE.replaced)
      return this.#end({ kind: "refused", reason: "another connection of this host replaced this one", upMs: this.#upMs }, null);
    const kind = code === CLOSE.refused || code === CLOSE.removed ? "refused" : "lost";
    this.#end({ kind, reason: `the edge closed the link (${code})${words}`, upMs: this.#upMs }, null);
  }

  #text(data: RawData): void {
    const text = (data as Buffer).toString("utf8");
    if (text === HEARTBEAT.response) return;
    const message = parseEdgeMessage(text);
    if ("error" in message) return this.#invalid(message.error);
    if (HANDSHAKE_TYPES.has(message.type) || this.#state !== "up") return this.#shake(message);
    if (message.type === "probe_answer") this.#probed(message);
    else if (message.type === "job") this.#job(message);
    else this.#options.user.handle(message as JobsMessage, this.#out);
  }

  #probed(message: MessageOf<EdgeMessage, "probe_answer">): void {
    const tookMs = this.#liveness?.answered(message.id) ?? null;
    if (tookMs === null) this.#invalid("an answer to no probe");
    else if (tookMs <= PROMPT_MS) this.#measure(message.now);
  }

  #measure(sentMs: number | undefined): void {
    if (sentMs !== undefined) this.#transit = new Transit(this.#options.clock, sentMs);
  }

  /** What is left of a job's time was said when it was sent. */
  #job(message: MessageOf<EdgeMessage, "job">): void {
    const late = message.now === undefined ? 0 : (this.#transit?.excess(message.now) ?? 0);
    const left = Math.max(0, message.expires_in_ms - late);
    // That far out a clock may have been set: the edge sends it again on a new link, and says again what is left.
    if (left === 0 && message.expires_in_ms > 0 && late > PROMPT_MS)
      return this.#lost(`a job was on its way for ${Math.round(late)} ms, longer than its time-to-live`);
    this.#options.user.handle(late === 0 ? message : { ...message, expires_in_ms: left }, this.#out);
  }

  #binary(data: RawData): void {
    if (this.#state !== "up") return this.#invalid("frames before the welcome");
    const decoded = decodeFrames(data as Buffer);
    if ("error" in decoded) return this.#invalid(decoded.error);
    for (const frame of decoded.frames)
      if (!this.#options.user.take(frame)) return this.#invalid("a frame that the edge may not send, or of what was never sent");
  }

  #shake(message: EdgeMessage): void {
    if (message.type === "refused") {
      this.#options.log("warn", `the edge refuses this relay: ${message.message}`, { code: message.code });
      const reason = `refused: ${message.code}`;
      return this.#end({ kind: "refused", reason, upMs: this.#upMs, retryAfterMs: message.retry_after_ms }, CLOSE.refused);
    }
    if (message.type === "challenge" && this.#state === "waiting") {
      this.#state = "greeting";
      this.#challenge = message;
      return void this.#greet(message);
    }
    if (message.type === "welcome" && this.#state === "greeted" && message.epoch === this.#challenge?.epoch && message.lane === LANE)
      return this.#up(message);
    this.#invalid(`a ${message.type} that was not due`);
  }

  async #greet(challenge: MessageOf<EdgeMessage, "challenge">): Promise<void> {
    try {
      const owed = await this.#options.user.hello();
      if (this.#state !== "greeting") return;
      this.#out.message(helloFor(challenge, this.#options.identity, LANE, this.#options.describe(), owed));
      this.#state = "greeted";
    } catch (error) {
      this.#lost(`no hello could be made: ${reasonOf(error)}`);
    }
  }

  #up(welcome: MessageOf<EdgeMessage, "welcome">): void {
    const { clock, random, user, log } = this.#options;
    this.#state = "up";
    this.#stopDeadline();
    this.#measure(welcome.now);
    this.#upSince = momentOf(clock);
    this.#liveness = new Liveness({
      clock,
      random,
      ping: (text) => this.#out.text(text),
      probe: (id) => this.#out.message({ type: "probe", id }),
      onDead: (reason) => this.#lost(reason),
    });
    this.#options.onUp();
    if (this.#isOutdated) this.announce();
    user.welcome(welcome, this.#out).catch((error: unknown) => {
      log("error", "a welcome could not be handled", { reason: reasonOf(error) });
      this.#lost("the welcome could not be handled");
    });
  }

  #invalid(why: string): void {
    this.#options.log("warn", "the edge sent what it may not; the link is closed", { reason: why.slice(0, 300) });
    this.#end({ kind: "lost", reason: "an invalid message", upMs: this.#upMs }, CLOSE.invalid);
  }

  #lost(reason: string): void {
    this.#end({ kind: "lost", reason, upMs: this.#upMs }, null);
  }

  /** With a code: closes in order, by force after a second. Without: at once. */
  #end(outcome: Outcome, code: number | null): void {
    if (this.#state === "ended") return;
    const wasUp = this.#state === "up";
    this.#state = "ended";
    this.#stopDeadline();
    this.#liveness?.stop();
    if (wasUp) this.#options.user.detach();
    if (code !== null && this.#socket.readyState === this.#socket.OPEN) {
      setImmediate(() => this.#socket.close(code));
      const stop = this.#options.clock.after(CLOSE_MS, () => this.#socket.terminate());
      this.#socket.once("close", stop);
    } else this.#socket.terminate();
    this.#ended.resolve(outcome);
  }
}
