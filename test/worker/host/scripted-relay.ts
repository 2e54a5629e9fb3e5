// A relay played by a test: a real WebSocket to a Host object, real Ed25519 keys, the protocol's own codecs. Does nothing by
// itself; what it heard is kept in order.
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { env } from "cloudflare:workers";
import {
  HELLO_CONTEXT,
  parseEdgeMessage,
  type Catalogue,
  type EdgeMessage,
  type HelloBody,
  type MessageOf,
  type RelayMessage,
} from "../../../protocol/link/control.ts";
import { decodeFrames, encodeFrames, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import { encodeEvent, encodeRecord, kindOf, type JobEvent, type StreamName } from "../../../protocol/link/records.ts";
import { PRODUCT_VERSION, PROTOCOL_VERSION } from "../../../protocol/version.ts";

export const CATALOGUE: Catalogue = {
  operations: ["host.info", "command.run", "command.exec"],
  drivers: [{ name: "command", available: true, detail: "" }],
  services: [],
  terminals: false,
  virtual: null,
  lanes: 0,
  commands: {
    restart: { inputs: { unit: { type: "string", pattern: "[a-z]+" } } },
    "set-password": { inputs: { user: { type: "string" }, password: { type: "string", secret: true } } },
  },
};

export function makeKeys(): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync("ed25519");
  return {
    publicKey: pair.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    privateKey: pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

/** Polls until `find` answers something; fails after a deadline. */
export async function eventually<T>(find: () => T | Promise<T>, what: string, deadlineMs = 10_000): Promise<NonNullable<T>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A journal that only grows, faster than any test claims. */
let highWater = 0;

export interface HostUnderTest {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

export type Job = MessageOf<EdgeMessage, "job">;

export class ScriptedRelay {
  readonly host: HostUnderTest;
  readonly ws: WebSocket;
  readonly heard: EdgeMessage[] = [];
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | null = null;
  /** What a relay knows of each channel: the next offset to send. */
  readonly offsets = new Map<number, number>();

  constructor(host: HostUnderTest, ws: WebSocket) {
    this.host = host;
    this.ws = ws;
    ws.addEventListener("message", ({ data }) => {
      if (data === "pong") return;
      if (typeof data === "string") {
        const message = parseEdgeMessage(data);
        if ("error" in message) throw new Error(`the edge sent what a relay refuses: ${message.error}`);
        this.heard.push(message);
      } else {
        const decoded = decodeFrames(new Uint8Array(data as ArrayBuffer));
        if ("error" in decoded) throw new Error(decoded.error);
        this.frames.push(...decoded.frames);
      }
    });
    ws.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    ws.binaryType = "arraybuffer";
    ws.accept({ allowHalfOpen: false });
  }

  static async dial(host: HostUnderTest): Promise<ScriptedRelay> {
    const stub = env.HOST.getByName(`host-${host.number}`);
    const response = await stub.fetch(`http://edge/link?host=${host.number}&lane=0`, { headers: { upgrade: "websocket" } });
    if (!response.webSocket) throw new Error(`refused: ${response.status}`);
    return new ScriptedRelay(host, response.webSocket);
  }

  /** Dials and shakes hands. */
  static async connect(host: HostUnderTest, more: Partial<HelloBody> = {}): Promise<ScriptedRelay> {
    const relay = await ScriptedRelay.dial(host);
    await relay.hello(more);
    await relay.next("welcome");
    return relay;
  }

  async next<T extends EdgeMessage["type"]>(type: T, index = 0): Promise<MessageOf<EdgeMessage, T>> {
    return await eventually(
      () => this.all(type)[index],
      `${type} #${index} (heard: ${this.heard.map((m) => m.type).join(", ")}; closed: ${JSON.stringify(this.closed)})`,
    );
  }

  all<T extends EdgeMessage["type"]>(type: T): MessageOf<EdgeMessage, T>[] {
    return this.heard.filter((message): message is MessageOf<EdgeMessage, T> => message.type === type);
  }

  async hello(more: Partial<HelloBody> = {}, privateKey = this.host.privateKey): Promise<string> {
    const challenge = await this.next("challenge");
    const body = JSON.stringify({
      version: PROTOCOL_VERSION,
      relay_version: PRODUCT_VERSION,
      agents_digest: "",
      host_number: this.host.number,
      lane: 0,
      nonce: challenge.nonce,
      epoch: challenge.epoch,
      slots: 4,
      labels: ["linux"],
      facts: { hostname: "h", os: "linux", os_version: "1", arch: "x64", cpus: 2, memory_bytes: 1, node_version: "v24" },
      catalogue: CATALOGUE,
      journal: { id: "a".repeat(32), high_water: (highWater += 1_000) },
      jobs: [],
      now: Date.now(),
      ...more,
    } satisfies HelloBody);
    const signature = sign(null, Buffer.from(`${HELLO_CONTEXT}\n${body}`), createPrivateKey(privateKey)).toString("base64");
    const text = JSON.stringify({ type: "hello", body, signature });
    this.ws.send(text);
    return text;
  }

  send(message: RelayMessage): void {
    this.ws.send(JSON.stringify(message));
  }

  /** Sends records on a channel, in one frame of one message. */
  records(channel: number, ...records: Uint8Array[]): void {
    const bytes = new Uint8Array(Buffer.concat(records));
    const offset = this.offsets.get(channel) ?? 0;
    this.offsets.set(channel, offset + bytes.length);
    this.ws.send(encodeFrames([frame(FRAME.data, channel, offset, bytes)]));
  }

  event(channel: number, ...events: JobEvent[]): void {
    this.records(channel, ...events.map((event) => encodeEvent(event)));
  }

  output(channel: number, stream: StreamName, offset: number, text: string | Uint8Array): void {
    this.records(channel, encodeRecord(kindOf(stream), offset, typeof text === "string" ? new TextEncoder().encode(text) : text));
  }

  /** Waits until the edge has acknowledged everything sent on a channel. */
  async acked(channel: number): Promise<void> {
    const want = this.offsets.get(channel) ?? 0;
    await eventually(
      () => this.frames.some((item) => item.type === FRAME.ack && item.channel === channel && item.offset >= want),
      `ack of ${want} (closed: ${JSON.stringify(this.closed)})`,
    );
  }

  async closedWith(): Promise<{ code: number; reason: string }> {
    return await eventually(() => this.closed, "close");
  }

  close(): void {
    this.ws.close(1000, "done");
  }
}

export const running = (): JobEvent => ({ type: "status", status: "running", at: Date.now() });

export function success(job: Job, more: Partial<Extract<JobEvent, { type: "result" }>> = {}): JobEvent {
  return {
    type: "result",
    status: "succeeded",
    at: Date.now(),
    result: { status: "success", message: "done", data: { exit_code: 0 }, logs: [], correlation_id: job.job_id },
    stdout_bytes: 0,
    stderr_bytes: 0,
    ...more,
  };
}
