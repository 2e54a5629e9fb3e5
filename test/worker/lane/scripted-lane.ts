// A relay's lane played by a test: a real WebSocket to a Lane object, real Ed25519 keys, the protocol's own codecs. Does
// nothing by itself; what it heard is kept in order.
import { createPrivateKey, sign } from "node:crypto";
import { env } from "cloudflare:workers";
import { parseEdgeMessage, type EdgeMessage, type MessageOf } from "../../../protocol/link/control.ts";
import { decodeFrames, encodeFrames, FLAG, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import {
  decodeOpen,
  encodeHead,
  LANE_HEARTBEAT,
  LANE_HELLO_CONTEXT,
  laneWelcomeSchema,
  type HeaderList,
  type LaneHelloBody,
  type Open,
} from "../../../protocol/link/lane.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { laneName, RELAY_HEADER, type LaneRelay } from "../../../worker/lane/contract.ts";
import { eventually, makeKeys } from "../host/scripted-relay.ts";

export interface LaneUnderTest extends LaneRelay {
  readonly privateKey: string;
}

let count = 1_000;

/** A lane of its own for each test. */
export function newLane(lane = 1): LaneUnderTest {
  count += 1;
  return { hostNumber: count, lane, ...makeKeys() };
}

export const stub = ({ hostNumber, lane }: LaneRelay) => env.LANE.getByName(laneName(hostNumber, lane));

type Welcome = ReturnType<typeof laneWelcomeSchema.parse>;

export class ScriptedLane {
  readonly lane: LaneUnderTest;
  readonly ws: WebSocket;
  readonly heard: EdgeMessage[] = [];
  welcome: Welcome | null = null;
  readonly frames: Frame[] = [];
  /** Sizes of binary messages, in order. */
  readonly messages: number[] = [];
  pongs = 0;
  closed: { code: number; reason: string } | null = null;
  /** Next offset of the answer, by channel. */
  readonly offsets = new Map<number, number>();

  constructor(lane: LaneUnderTest, ws: WebSocket) {
    this.lane = lane;
    this.ws = ws;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("message", ({ data }) => this.#message(data as string | ArrayBuffer));
    ws.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    ws.accept({ allowHalfOpen: false });
  }

  #message(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const decoded = decodeFrames(new Uint8Array(data));
      if ("error" in decoded) throw new Error(`the edge sent what a relay refuses: ${decoded.error}`);
      this.messages.push(data.byteLength);
      this.frames.push(...decoded.frames);
      return;
    }
    if (data === LANE_HEARTBEAT.response) {
      this.pongs += 1;
      return;
    }
    const welcome = laneWelcomeSchema.safeParse(JSON.parse(data));
    if (welcome.success) {
      this.welcome = welcome.data;
      return;
    }
    const message = parseEdgeMessage(data);
    if ("error" in message) throw new Error(`the edge sent what a relay refuses: ${message.error}`);
    this.heard.push(message);
  }

  static async dial(lane: LaneUnderTest): Promise<ScriptedLane> {
    const { privateKey: _, ...relay } = lane;
    const headers = { upgrade: "websocket", [RELAY_HEADER]: encodeURIComponent(JSON.stringify(relay)) };
    const response = await stub(lane).fetch("http://lane/link", { headers });
    if (!response.webSocket) throw new Error(`refused: ${response.status}`);
    return new ScriptedLane(lane, response.webSocket);
  }

  /** Dials and shakes hands. */
  static async connect(lane: LaneUnderTest, more: Partial<LaneHelloBody> = {}): Promise<ScriptedLane> {
    const relay = await ScriptedLane.dial(lane);
    await relay.hello(more);
    await eventually(() => relay.welcome, `welcome (heard ${JSON.stringify(relay.heard)}; closed: ${JSON.stringify(relay.closed)})`);
    return relay;
  }

  async next<T extends EdgeMessage["type"]>(type: T): Promise<MessageOf<EdgeMessage, T>> {
    const find = () => this.heard.find((message): message is MessageOf<EdgeMessage, T> => message.type === type);
    return await eventually(find, `${type} (closed: ${JSON.stringify(this.closed)})`);
  }

  async hello(more: Partial<LaneHelloBody> = {}, privateKey = this.lane.privateKey): Promise<string> {
    const challenge = await this.next("challenge");
    const body = JSON.stringify({
      version: PROTOCOL_VERSION,
      relay_version: PRODUCT_VERSION,
      host_number: this.lane.hostNumber,
      lane: this.lane.lane,
      nonce: challenge.nonce,
      epoch: challenge.epoch,
      channels: [],
      ...more,
    } satisfies LaneHelloBody);
    const signature = sign(null, Buffer.from(`${LANE_HELLO_CONTEXT}\n${body}`), createPrivateKey(privateKey)).toString("base64");
    const text = JSON.stringify({ type: "hello", body, signature });
    this.ws.send(text);
    return text;
  }

  // ---- channels ----

  of(channel: number, type: Frame["type"]): Frame[] {
    return this.frames.filter((item) => item.channel === channel && item.type === type);
  }

  /** The nth channel that the edge opened on this socket. */
  async opened(index = 0): Promise<{ channel: number; open: Open }> {
    const item = await eventually(() => this.frames.filter(({ type }) => type === FRAME.open)[index], `open #${index}`);
    const open = decodeOpen(item.bytes);
    if ("error_in" in open) throw new Error(open.error_in);
    return { channel: item.channel, open };
  }

  async heardOf(channel: number, type: Frame["type"], index = 0): Promise<Frame> {
    return await eventually(() => this.of(channel, type)[index], `frame ${type} #${index} of ${channel}`);
  }

  send(...frames: Frame[]): void {
    this.ws.send(encodeFrames(frames));
  }

  /** Frames of an answer, with running offsets. */
  head = (channel: number, status = 200, headers: HeaderList = [["content-type", "text/plain"]]): Frame =>
    frame(FRAME.head, channel, 0, encodeHead({ status, headers }));

  data(channel: number, bytes: Uint8Array | string, flags = 0): Frame {
    const piece = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    const offset = this.offsets.get(channel) ?? 0;
    this.offsets.set(channel, offset + piece.length);
    return frame(FRAME.data, channel, offset, piece, flags);
  }

  end = (channel: number, isBroken = false): Frame => this.data(channel, "", isBroken ? FLAG.end | FLAG.broken : FLAG.end);

  /** The request's body as far as it came, in order and without a gap. */
  body(channel: number): { bytes: Uint8Array; isWhole: boolean } {
    const pieces: Uint8Array[] = [];
    let at = 0;
    let isWhole = false;
    for (const { offset, bytes, flags } of this.of(channel, FRAME.data)) {
      if (offset > at) throw new Error(`a gap in the body: expected ${at}, got ${offset}`);
      const fresh = bytes.subarray(Math.min(bytes.length, at - offset));
      pieces.push(fresh);
      at += fresh.length;
      isWhole ||= (flags & FLAG.end) !== 0;
    }
    return { bytes: new Uint8Array(Buffer.concat(pieces)), isWhole };
  }

  async closedWith(): Promise<{ code: number; reason: string }> {
    return await eventually(() => this.closed, "close");
  }

  close(): void {
    this.ws.close(1000, "done");
  }
}
