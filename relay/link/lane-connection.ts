// One connection of a lane: after the handshake, binary messages only. What they mean is the streams' (relay/streams).
import { parseEdgeMessage, type EdgeMessage, type MessageOf } from "../../protocol/link/control.ts";
import { decodeFrames } from "../../protocol/link/frames.ts";
import { LANE_HEARTBEAT, laneWelcomeSchema } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type * as z from "zod";
import type { LaneStreams } from "../streams/lane-streams.ts";
import type { Outcome } from "./backoff.ts";
import { EdgeSocket, type Challenge, type EdgeSocketOptions, type Hello, type SocketUser } from "./edge-socket.ts";
import { laneHelloFor, type Identity } from "./handshake.ts";

export interface LaneConnectionOptions extends EdgeSocketOptions {
  readonly lane: number;
  readonly identity: Identity;
  readonly streams: LaneStreams;
  readonly onUp: () => void;
}

type Welcome = z.infer<typeof laneWelcomeSchema>;
type Message = Exclude<EdgeMessage, { type: "challenge" | "welcome" | "refused" }>;

/** All windows and heads together; what still waits then is no honest peer's. */
const MOST_BYTES = LIMITS.channelsPerLane * (LIMITS.windowBytes + LIMITS.headBytes);

function parseLaneMessage(text: string): Challenge | MessageOf<EdgeMessage, "refused"> | Welcome | Message | { error: string } {
  const message = parseEdgeMessage(text);
  if (!("error" in message) && message.type !== "welcome") return message;
  if (text.length > LIMITS.controlMessageBytes) return { error: "message too large" };
  try {
    const parsed = laneWelcomeSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : { error: "no welcome of a lane" };
  } catch {
    return { error: "not JSON" };
  }
}

export class LaneConnection implements SocketUser<Welcome, Message> {
  readonly lane: number;
  readonly heartbeat = LANE_HEARTBEAT;
  readonly probe = null;
  readonly parse = parseLaneMessage;
  readonly #options: LaneConnectionOptions;
  readonly #socket: EdgeSocket<Welcome, Message>;

  constructor(options: LaneConnectionOptions) {
    this.#options = options;
    this.lane = options.lane;
    this.#socket = new EdgeSocket(options, this);
  }

  get ended(): Promise<Outcome> {
    return this.#socket.ended;
  }

  close(reason: string): void {
    this.#socket.close(reason);
  }

  hello(challenge: Challenge): Hello {
    const { identity, streams } = this.#options;
    return laneHelloFor(challenge, identity, this.lane, streams.known());
  }

  up({ complete, channels }: Welcome): void {
    const { socket } = this.#socket;
    const send = (message: Buffer, done: () => void) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > MOST_BYTES) this.#socket.lost("the edge does not read");
      else socket.send(message, done);
    };
    this.#options.onUp();
    this.#options.streams.up(send, complete, channels);
  }

  down(): void {
    this.#options.streams.down();
  }

  message({ type }: Message): string {
    return `a ${type} on a lane`;
  }

  binary(bytes: Buffer): string | null {
    const decoded = decodeFrames(bytes);
    if ("error" in decoded) return decoded.error;
    for (const frame of decoded.frames) {
      const why = this.#options.streams.take(frame);
      if (why !== null) return why;
    }
    return null;
  }
}
