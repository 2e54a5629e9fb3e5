// The edge's side of lanes, whose every frame a test decides: does the honest handshake and keeps what the relay sends, by
// channel. Not a Farhand edge: it acknowledges only what a test lets it.
import { randomBytes, verify, type KeyObject } from "node:crypto";
import type { WebSocket } from "ws";
import { parseRelayMessage } from "../../../protocol/link/control.ts";
import { decodeFrames, encodeFrames, FLAG, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import {
  decodeHead,
  encodeHead,
  LANE_HEARTBEAT,
  LANE_HELLO_CONTEXT,
  laneHelloBodySchema,
  type Head,
  type LaneHelloBody,
  type Open,
} from "../../../protocol/link/lane.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { until } from "../link/scripted-edge.ts";

const NOTHING = new Uint8Array(0);

/** One channel as its reader sees it. */
export class SeenChannel {
  readonly id: number;
  head: Head | null = null;
  heads = 0;
  readonly parts: Uint8Array[] = [];
  /** Next byte wanted. */
  at = 0;
  acked = 0;
  end: "whole" | "broken" | null = null;
  /** The relay said that it has no such channel. */
  unknown = false;
  /** Of the request's body. */
  bodyAcked = 0;
  /** Frames of data; repeated bytes; what was broken. */
  frames = 0;
  repeated = 0;
  readonly faults: string[] = [];

  constructor(id: number) {
    this.id = id;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  get text(): string {
    return this.bytes.toString("utf8");
  }

  take({ type, offset, bytes, flags }: Frame): void {
    if (type === FRAME.head) {
      this.heads += 1;
      const head = decodeHead(bytes);
      if ("error_in" in head) this.faults.push(`head: ${head.error_in}`);
      else this.head = head;
    } else if (type === FRAME.ack) this.bodyAcked = offset;
    else if (type === FRAME.cancel) this.unknown = true;
    else if (type === FRAME.data) this.#data(offset, bytes, flags);
  }

  #data(offset: number, bytes: Uint8Array, flags: number): void {
    if (!this.head) this.faults.push("data before the head");
    if (offset > this.at) this.faults.push(`hole at ${this.at}, got ${offset}`);
    if (offset + bytes.length - this.acked > LIMITS.windowBytes) this.faults.push("beyond the window");
    this.frames += 1;
    const skip = Math.min(bytes.length, Math.max(0, this.at - offset));
    this.repeated += skip;
    this.parts.push(bytes.slice(skip));
    this.at = Math.max(this.at, offset + bytes.length);
    if (flags & FLAG.end) this.end = flags & FLAG.broken ? "broken" : "whole";
  }
}

export interface LaneOptions {
  readonly publicKey?: KeyObject;
  /** Acknowledges everything as it comes. */
  acks?: boolean;
  /** Of the welcome: which channels it names, all of them by default. */
  welcome?: { complete: boolean; channels: number[] };
}

export class ScriptedLanes {
  readonly channels = new Map<number, SeenChannel>();
  readonly hellos: LaneHelloBody[] = [];
  readonly closes: number[] = [];
  readonly sockets = new Map<number, WebSocket>();
  messages = 0;
  options: LaneOptions;
  #epoch = 0;
  #next = 1000;

  constructor(options: LaneOptions = {}) {
    this.options = options;
  }

  /** Give this to ScriptedEdge. */
  readonly lane = (socket: WebSocket, lane: number): void => {
    const nonce = randomBytes(32).toString("base64");
    const epoch = (this.#epoch += 1);
    socket.on("error", () => undefined);
    socket.on("close", (code) => {
      this.closes.push(code);
      if (this.sockets.get(lane) === socket) this.sockets.delete(lane);
    });
    socket.on("message", (data, isBinary) => {
      if (isBinary) return this.#binary(data as Buffer);
      const text = (data as Buffer).toString("utf8");
      if (text === LANE_HEARTBEAT.request) return socket.send(LANE_HEARTBEAT.response);
      this.#hello(socket, text, { lane, nonce, epoch });
    });
    socket.send(JSON.stringify({ type: "challenge", nonce, epoch, versions: [1] }));
  };

  up(lane = 1): Promise<WebSocket> {
    return until(`lane ${lane}`, () => this.sockets.get(lane));
  }

  frames(frames: readonly Frame[], lane = 1): void {
    this.sockets.get(lane)?.send(encodeFrames(frames));
  }

  open(open: Open, body: Uint8Array | string | null = null, lane = 1): SeenChannel {
    const seen = new SeenChannel((this.#next += 1));
    this.channels.set(seen.id, seen);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const frames = [frame(FRAME.open, seen.id, 0, encodeHead(open), bytes === null ? FLAG.end : 0)];
    if (bytes !== null) frames.push(frame(FRAME.data, seen.id, 0, bytes, FLAG.end));
    this.frames(frames, lane);
    return seen;
  }

  /** Opens with a body that the test sends. */
  openUpload(open: Open, lane = 1): SeenChannel {
    const seen = new SeenChannel((this.#next += 1));
    this.channels.set(seen.id, seen);
    this.frames([frame(FRAME.open, seen.id, 0, encodeHead(open))], lane);
    return seen;
  }

  body({ id }: SeenChannel, offset: number, bytes: Uint8Array, isEnd = false, lane = 1): void {
    this.frames([frame(FRAME.data, id, offset, bytes, isEnd ? FLAG.end : 0)], lane);
  }

  ack(seen: SeenChannel, offset: number = seen.at, lane = 1): void {
    seen.acked = offset;
    this.frames([frame(FRAME.ack, seen.id, offset)], lane);
  }

  cancel({ id }: SeenChannel, lane = 1): void {
    this.frames([frame(FRAME.cancel, id, 0)], lane);
  }

  /** As a new reader would: from `offset` on. */
  attach(seen: SeenChannel, offset: number = seen.at, lane = 1): void {
    seen.acked = offset;
    this.frames([frame(FRAME.attach, seen.id, offset, NOTHING)], lane);
  }

  ended(seen: SeenChannel, deadlineMs?: number): Promise<"whole" | "broken"> {
    return until(`the end of channel ${seen.id}`, () => seen.end, deadlineMs);
  }

  /** Without a close frame. */
  cut(lane = 1): void {
    this.sockets.get(lane)?.terminate();
    this.sockets.delete(lane);
  }

  #hello(socket: WebSocket, text: string, { lane, nonce, epoch }: { lane: number; nonce: string; epoch: number }): void {
    const hello = parseRelayMessage(text);
    if ("error" in hello || hello.type !== "hello") throw new Error(`the relay sent ${text.slice(0, 200)} on a lane`);
    const { publicKey, welcome } = this.options;
    const signed = Buffer.from(`${LANE_HELLO_CONTEXT}\n${hello.body}`);
    if (publicKey && !verify(null, signed, publicKey, Buffer.from(hello.signature, "base64")))
      throw new Error("the signature does not verify");
    const body = laneHelloBodySchema.parse(JSON.parse(hello.body));
    if (body.nonce !== nonce || body.epoch !== epoch || body.lane !== lane) throw new Error("not our challenge");
    this.hellos.push(body);
    const named = welcome ?? { complete: true, channels: [...this.channels.keys()].slice(-LIMITS.channelsPerLane) };
    socket.send(JSON.stringify({ type: "welcome", epoch, lane, ...named }));
    this.sockets.set(lane, socket);
  }

  #binary(message: Buffer): void {
    this.messages += 1;
    const decoded = decodeFrames(message);
    if ("error" in decoded) throw new Error(decoded.error);
    for (const item of decoded.frames) {
      const seen = this.channels.get(item.channel);
      if (!seen) continue;
      seen.take(item);
      if (this.options.acks && item.type === FRAME.data && seen.at - seen.acked >= LIMITS.ackEveryBytes) this.ack(seen);
    }
  }
}

/** A well made open of an HTTP exchange; `change` may spoil it. */
export const httpOpen = (service: string, path: string, change: Partial<Extract<Open, { kind: "http" }>> = {}): Open => ({
  kind: "http",
  service,
  method: "GET",
  path,
  headers: [],
  dialect: "http",
  model: null,
  manage: false,
  principal: "user:test",
  request_id: "r1",
  detach_ms: LIMITS.detachMs,
  ...change,
});

export const socketOpen = (service: string, path: string, headers: [string, string][] = []): Open => ({
  kind: "socket",
  service,
  path,
  headers,
  principal: "user:test",
  request_id: "r1",
  detach_ms: LIMITS.detachMs,
});
