// An edge whose every word a test decides: a real WebSocket server that does the honest handshake and keeps what relays say,
// unless it is told otherwise. Not a Farhand edge: it stores nothing and decides nothing.
import { createHash, createPublicKey, randomBytes, verify, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { idFactory } from "../../../protocol/ids.ts";
import { ReceiveWindow } from "../../../protocol/link/channel.ts";
import {
  HEARTBEAT,
  HELLO_CONTEXT,
  parseHelloBody,
  parseRelayMessage,
  type EdgeMessage,
  type HelloBody,
  type MessageOf,
  type RelayMessage,
} from "../../../protocol/link/control.ts";
import { decodeFrames, encodeFrames, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import {
  decodeRecords,
  jobEventSchema,
  RECORD,
  streamOf,
  type JobEnd,
  type JobEvent,
  type StreamName,
} from "../../../protocol/link/records.ts";
import { LIMITS } from "../../../protocol/limits.ts";

export class SeenJob {
  readonly id: string;
  channel: number;
  window = new ReceiveWindow(0, LIMITS.jobWindowBytes);
  partial: Buffer = Buffer.alloc(0);
  durable = 0;
  readonly events: JobEvent[] = [];
  readonly output: Record<StreamName, Buffer[]> = { stdout: [], stderr: [] };
  /** Next byte of each stream that is wanted. */
  readonly at: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** Bytes that a second channel repeated. */
  repeated = 0;
  /** What was broken: a hole without a gap event, an end twice. */
  readonly faults: string[] = [];
  end: JobEnd | null = null;
  ends = 0;

  constructor(id: string, channel: number) {
    this.id = id;
    this.channel = channel;
  }

  text(stream: StreamName = "stdout"): string {
    return Buffer.concat(this.output[stream]).toString("utf8");
  }

  moveTo(channel: number): void {
    this.channel = channel;
    this.window = new ReceiveWindow(0, LIMITS.jobWindowBytes);
    this.partial = Buffer.alloc(0);
    this.durable = 0;
  }

  take(item: Frame): void {
    const fresh = this.window.take(item.offset, item.bytes);
    if ("error" in fresh) {
      this.faults.push(fresh.error);
      return;
    }
    const bytes = Buffer.concat([this.partial, fresh]);
    const decoded = decodeRecords(bytes);
    if ("error" in decoded) {
      this.faults.push(decoded.error);
      return;
    }
    for (const record of decoded.records) {
      if (record.kind === RECORD.event) this.#event(jobEventSchema.parse(JSON.parse(Buffer.from(record.bytes).toString("utf8"))));
      else this.#output(streamOf(record.kind), record.offset, Buffer.from(record.bytes));
    }
    this.partial = Buffer.from(bytes.subarray(decoded.taken));
    this.durable += decoded.taken;
  }

  #event(event: JobEvent): void {
    this.events.push(event);
    if (event.type === "gap") {
      if (event.from !== this.at[event.stream]) this.faults.push(`gap from ${event.from}, wanted ${this.at[event.stream]}`);
      this.at[event.stream] = event.to;
    }
    if (event.type !== "result") return;
    this.ends += 1;
    this.end = event;
  }

  #output(stream: StreamName, offset: number, bytes: Buffer): void {
    if (offset > this.at[stream]) this.faults.push(`${stream}: hole at ${this.at[stream]}, got ${offset}`);
    const skip = Math.min(bytes.length, Math.max(0, this.at[stream] - offset));
    this.repeated += skip;
    this.output[stream].push(bytes.subarray(skip));
    this.at[stream] = Math.max(this.at[stream], offset + bytes.length);
  }
}

export interface EdgeOptions {
  readonly publicKey?: KeyObject;
  readonly port?: number;
  /** Answers an upgrade itself and returns true. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => boolean;
  /** Takes sockets of lanes 1 and up; without it they are closed. */
  readonly lane?: (socket: WebSocket, lane: number) => void;
  /** Replaces the honest handshake. */
  readonly connected?: (socket: WebSocket) => void;
  /** Changes the honest welcome. */
  readonly welcome?: (welcome: MessageOf<EdgeMessage, "welcome">, hello: HelloBody) => MessageOf<EdgeMessage, "welcome">;
  /** The platform's answer to pings; false: silence. */
  readonly pong?: () => boolean;
  /** The object's answer to probes; false: silence. */
  readonly probes?: () => boolean;
}

export async function until<T>(what: string, look: () => T | Promise<T>, deadlineMs = 15_000): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export class ScriptedEdge {
  readonly jobs = new Map<string, SeenJob>();
  readonly hellos: HelloBody[] = [];
  readonly messages: RelayMessage[] = [];
  /** Moments (performance.now) of upgrade requests of control connections. */
  readonly dials: number[] = [];
  readonly headers: IncomingMessage["headers"][] = [];
  readonly closes: number[] = [];
  binaryMessages = 0;
  socket: WebSocket | null = null;
  acks = true;
  /** Every frame, before it is understood. */
  onFrame: ((frame: Frame) => void) | null = null;
  readonly spools: Frame[] = [];
  readonly newId = idFactory(7);
  #epoch = 0;
  #channel = 1;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #options: EdgeOptions;

  static async start(options: EdgeOptions = {}): Promise<ScriptedEdge> {
    const edge = new ScriptedEdge(options);
    await new Promise<void>((resolve) => edge.#server.listen(options.port ?? 0, "127.0.0.1", resolve));
    return edge;
  }

  private constructor(options: EdgeOptions) {
    this.#options = options;
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ noServer: true, maxPayload: LIMITS.binaryMessageBytes });
    this.#server.on("connection", (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (request, socket: Duplex, head) => {
      socket.on("error", () => undefined);
      const lane = Number(new URL(request.url ?? "/", "http://edge").searchParams.get("lane"));
      if (lane === 0) {
        this.dials.push(performance.now());
        this.headers.push(request.headers);
      }
      if (options.upgrade?.(request, socket)) return;
      sockets.handleUpgrade(request, socket, head, (peer) => {
        if (lane === 0) this.#connected(peer);
        else if (options.lane) options.lane(peer, lane);
        else peer.close();
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isUp(): boolean {
    return this.socket !== null;
  }

  send(message: EdgeMessage): void {
    this.socket?.send(JSON.stringify(message));
  }

  frames(frames: readonly Frame[]): void {
    this.socket?.send(encodeFrames(frames));
  }

  /** A well made delivery; `change` may spoil it. */
  delivery(
    operation: string,
    spec: unknown,
    change: { id?: string; timeoutMs?: number; ttlMs?: number; salt?: string } = {},
  ): MessageOf<EdgeMessage, "job"> {
    const id = change.id ?? this.newId();
    const payload = JSON.stringify({
      operation,
      resource_spec: spec,
      correlation_id: `c-${id}`,
      metadata: {
        job_id: id,
        host: "h",
        requested_by: "user:test",
        requested_at: "2026-01-01T00:00:00Z",
        timeout_ms: change.timeoutMs ?? 60_000,
        attempt: 1,
        plan: false,
        debug: false,
      },
    });
    const salt = change.salt ?? createHash("sha256").update(id).digest("hex");
    return {
      type: "job",
      job_id: id,
      channel: (this.#channel += 2),
      expires_in_ms: change.ttlMs ?? 60_000,
      salt,
      payload_hash: createHash("sha256")
        .update(salt + payload)
        .digest("hex"),
      payload,
    };
  }

  deliver(message: MessageOf<EdgeMessage, "job">): SeenJob {
    const job = this.jobs.get(message.job_id) ?? new SeenJob(message.job_id, message.channel);
    if (job.channel !== message.channel) job.moveTo(message.channel);
    this.jobs.set(job.id, job);
    this.send(message);
    return job;
  }

  exec(argv: readonly string[], change: Parameters<ScriptedEdge["delivery"]>[2] = {}): SeenJob {
    return this.deliver(this.delivery("command.exec", { argv }, change));
  }

  ended(job: SeenJob, deadlineMs?: number): Promise<JobEnd> {
    return until(`the end of ${job.id}`, () => job.end, deadlineMs);
  }

  up(): Promise<boolean> {
    return until("the link", () => this.isUp);
  }

  /** Cuts the connection without a close frame. */
  cut(): void {
    this.socket?.terminate();
    this.socket = null;
  }

  /** Reads nothing more of the connection, so that what the relay sends waits on its side. */
  pauseReading(isPaused: boolean): void {
    if (isPaused) this.socket?.pause();
    else this.socket?.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connected(peer: WebSocket): void {
    peer.on("error", () => undefined);
    peer.on("close", (code) => {
      this.closes.push(code);
      if (this.socket === peer) this.socket = null;
    });
    if (this.#options.connected) {
      this.socket = peer;
      return this.#options.connected(peer);
    }
    const nonce = randomBytes(32).toString("base64");
    this.#epoch += 1;
    const epoch = this.#epoch;
    peer.on("message", (data, isBinary) => {
      if (isBinary) this.#binary(data as Buffer);
      else this.#text(peer, (data as Buffer).toString("utf8"), nonce, epoch);
    });
    peer.send(JSON.stringify({ type: "challenge", nonce, epoch, versions: [1] } satisfies EdgeMessage));
  }

  #text(peer: WebSocket, text: string, nonce: string, epoch: number): void {
    if (text === HEARTBEAT.request) {
      if (this.#options.pong?.() ?? true) peer.send(HEARTBEAT.response);
      return;
    }
    const message = parseRelayMessage(text);
    if ("error" in message) throw new Error(`the relay sent ${message.error}`);
    this.messages.push(message);
    if (message.type === "probe" && (this.#options.probes?.() ?? true)) peer.send(JSON.stringify({ type: "probe_answer", id: message.id }));
    if (message.type === "hello") this.#hello(peer, message, nonce, epoch);
  }

  #hello(peer: WebSocket, message: MessageOf<RelayMessage, "hello">, nonce: string, epoch: number): void {
    const { publicKey } = this.#options;
    if (publicKey && !verify(null, Buffer.from(`${HELLO_CONTEXT}\n${message.body}`), publicKey, Buffer.from(message.signature, "base64")))
      throw new Error("the signature does not verify");
    const body = parseHelloBody(message.body);
    if ("error" in body) throw new Error(body.error);
    if (body.nonce !== nonce || body.epoch !== epoch) throw new Error("not our challenge");
    this.hellos.push(body);
    const open = [...this.jobs.values()].filter((job) => !job.end);
    const jobs = open.map((job) => {
      const told = body.jobs.find((entry) => entry.job_id === job.id);
      if (told && told.channel !== job.channel) job.moveTo((this.#channel += 2));
      else {
        job.window = new ReceiveWindow(job.durable, LIMITS.jobWindowBytes);
        job.partial = Buffer.alloc(0);
      }
      return {
        job_id: job.id,
        channel: job.channel,
        offset: job.durable,
        stdout_offset: job.at.stdout,
        stderr_offset: job.at.stderr,
        cancel: false,
      };
    });
    const gone = body.jobs.filter((entry) => this.jobs.get(entry.job_id)?.end).map((entry) => entry.job_id);
    const honest = { type: "welcome" as const, host: "h", epoch, lane: 0, jobs, gone };
    peer.send(JSON.stringify(this.#options.welcome?.(honest, body) ?? honest));
    this.socket = peer;
  }

  #binary(message: Buffer): void {
    this.binaryMessages += 1;
    const decoded = decodeFrames(message);
    if ("error" in decoded) throw new Error(decoded.error);
    const acks: Frame[] = [];
    for (const item of decoded.frames) {
      this.onFrame?.(item);
      if (item.type === FRAME.spool) this.spools.push({ ...item, bytes: Buffer.from(item.bytes) });
      const job = [...this.jobs.values()].find((candidate) => candidate.channel === item.channel);
      if (item.type !== FRAME.data || !job) continue;
      job.take(item);
      if (this.acks) {
        job.window.ack();
        acks.push(frame(FRAME.ack, job.channel, job.durable));
      }
    }
    if (acks.length > 0) this.frames(acks);
  }
}

export const publicOf = (key: KeyObject): KeyObject => createPublicKey(key);
