// The control connection: what travels on lane 0 after the welcome. Deliveries and their answers, calls, spool reads, usage,
// inventory, probes, and the catalogue when it changes.
import { HEARTBEAT, parseEdgeMessage, type EdgeMessage, type HelloBody, type MessageOf } from "../../protocol/link/control.ts";
import { decodeFrames, type Frame } from "../../protocol/link/frames.ts";
import type { JobsMessage } from "../jobs/jobs.ts";
import type { Uplink } from "../jobs/reports.ts";
import { reasonOf } from "../log.ts";
import type { Outcome } from "./backoff.ts";
import { EdgeSocket, type Challenge, type EdgeSocketOptions, type Hello, type SocketUser } from "./edge-socket.ts";
import { helloFor, type HostDescription, type Identity } from "./handshake.ts";
import type { InventoryUplink } from "./inventory-uplink.ts";
import { Outbound } from "./outbound.ts";
import { Transit } from "./transit.ts";
import type { UsageUplink } from "./usage-uplink.ts";

/** What the link carries for: the jobs of this host. */
export interface LinkUser {
  hello(): Promise<Pick<HelloBody, "jobs" | "journal">>;
  welcome(message: MessageOf<EdgeMessage, "welcome">, uplink: Uplink): Promise<void>;
  detach(): void;
  handle(message: JobsMessage, uplink: Uplink): void;
  take(frame: Frame): boolean;
}

export interface ConnectionOptions extends EdgeSocketOptions {
  readonly identity: Identity;
  readonly describe: () => HostDescription;
  readonly user: LinkUser;
  readonly usage: UsageUplink | null;
  readonly inventory: InventoryUplink | null;
  readonly onUp: () => void;
}

type Welcome = MessageOf<EdgeMessage, "welcome">;
type Message = Exclude<EdgeMessage, { type: "challenge" | "welcome" | "refused" }>;

/** An answer that took longer is no measure of the way. */
const PROMPT_MS = 1_000;

export class Connection implements SocketUser<Welcome, Message> {
  readonly lane = 0;
  readonly #options: ConnectionOptions;
  readonly #socket: EdgeSocket<Welcome, Message>;
  readonly #out: Outbound;
  #transit: Transit | null = null;
  /** The hello says what was true before. */
  #isOutdated = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = new EdgeSocket(options, this);
    this.#out = new Outbound(this.#socket.socket);
  }

  get ended(): Promise<Outcome> {
    return this.#socket.ended;
  }

  close(reason: string): void {
    this.#socket.close(reason);
  }

  /** Tells the edge what the host offers now. */
  announce(): void {
    if (!this.#socket.isUp) {
      this.#isOutdated = true;
      return;
    }
    const { labels, slots, catalogue } = this.#options.describe();
    this.#out.message({ type: "catalogue", labels, slots, catalogue });
  }

  // As the user of its socket.

  readonly parse = parseEdgeMessage;

  readonly heartbeat = HEARTBEAT;

  readonly probe = (id: number): void => this.#out.message({ type: "probe", id });

  async hello(challenge: Challenge): Promise<Hello> {
    const { user, identity, describe } = this.#options;
    const owed = await user.hello();
    return helloFor(challenge, identity, describe(), owed);
  }

  up(welcome: Welcome): void {
    const { user, log, onUp, usage, inventory } = this.#options;
    this.#measure(welcome.now);
    onUp();
    if (this.#isOutdated) this.announce();
    usage?.up(this.#out);
    user.welcome(welcome, this.#out).catch((error: unknown) => {
      log("error", "a welcome could not be handled", { reason: reasonOf(error) });
      this.#socket.lost("the welcome could not be handled");
    });
    inventory?.up(this.#out);
  }

  down(): void {
    this.#options.usage?.down();
    this.#options.inventory?.down();
    this.#options.user.detach();
  }

  message(message: Message): string | null {
    if (message.type === "probe_answer") return this.#probed(message);
    if (message.type === "job") this.#job(message);
    else if (message.type === "usage_taken") this.#options.usage?.taken(message.batch);
    else this.#options.user.handle(message, this.#out);
    return null;
  }

  binary(bytes: Buffer): string | null {
    const decoded = decodeFrames(bytes);
    if ("error" in decoded) return decoded.error;
    for (const frame of decoded.frames)
      if (!this.#options.user.take(frame)) return "a frame that the edge may not send, or of what was never sent";
    return null;
  }

  #probed(message: MessageOf<EdgeMessage, "probe_answer">): string | null {
    const tookMs = this.#socket.answered(message.id);
    if (tookMs === null) return "an answer to no probe";
    if (tookMs <= PROMPT_MS) this.#measure(message.now);
    return null;
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
      return this.#socket.lost(`a job was on its way for ${Math.round(late)} ms, longer than its time-to-live`);
    this.#options.user.handle(late === 0 ? message : { ...message, expires_in_ms: left }, this.#out);
  }
}
