// The Lane object: what its sockets and its Worker say, each handed to the part that does it. Keeps nothing: after an eviction
// the relay and the Workers say what goes on. Writes no storage and sets no alarm.
import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../../protocol/limits.ts";
import { CLOSE } from "../../protocol/link/control.ts";
import { encodeHead, LANE_HEARTBEAT } from "../../protocol/link/lane.ts";
import { mayStillRead, type Reader } from "../auth/reader.ts";
import type { Env } from "../env.ts";
import { answerOf, refusalAnswer } from "./answer.ts";
import { Channel, refusalOf, type Lane } from "./channel.ts";
import { Channels } from "./channels.ts";
import { CLIENT_TAG, ClientSocket, type ClientAttachment } from "./client-socket.ts";
import { ATTACH_HEADER, CHANNEL_HEADER, OPEN_HEADER, READER_HEADER, RELAY_HEADER, type LaneRelay } from "./contract.ts";
import { handover } from "./handover.ts";
import { checkLaneHello } from "./handshake.ts";
import { LinkWatch } from "./link-watch.ts";
import { RelaySocket, type RelayAttachment } from "./relay-socket.ts";
import { RequestBody, type BodyEnd } from "./request-body.ts";
import { watch } from "./watch.ts";

/** How often readers are asked for, and the link's life is looked at. Half of what a revocation may take. */
const TICK_MS = 2_000;
const TOO_LARGE = refusalOf("PASSED_BODY_TOO_LARGE", false);
const SWITCHING = 101;
const encoder = new TextEncoder();

const isUpgrade = (request: Request) => request.headers.get("upgrade") !== null;

export class LaneDO extends DurableObject<Env> {
  readonly #relay: RelaySocket;
  readonly #channels: Channels;
  readonly #link: LinkWatch;
  readonly #lane: Lane;
  #tick: ReturnType<typeof setInterval> | null = null;
  /** A client or the relay said something since the last look. */
  #isBusy = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const name = ctx.id.name ?? "";
    this.#relay = new RelaySocket(ctx);
    const send = (message: Uint8Array) => this.#relay.send(message);
    this.#channels = new Channels(send, (size) => {
      watch.count(name, size);
      this.#keepTime(size > 0);
    });
    this.#link = new LinkWatch(
      () => this.#relay.isUp,
      () => this.#channels.abandon(),
    );
    this.#lane = {
      send,
      waiting: { bytes: 0 },
      over: (channel) => {
        watch.remove(channel.id);
        this.#channels.over(channel);
      },
    };
    watch.count(name, 0);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(LANE_HEARTBEAT.request, LANE_HEARTBEAT.response));
    this.#wakeClients();
  }

  /** Clients' sockets that outlived the instance before. */
  #wakeClients(): void {
    for (const ws of this.ctx.getWebSockets(CLIENT_TAG)) {
      const at = ws.deserializeAttachment() as ClientAttachment | null;
      if (at && ws.readyState === WebSocket.OPEN) this.#channels.add(new ClientSocket(ws, this.#lane, at));
    }
    if (this.#channels.size === 0) return;
    this.#isBusy = true;
    this.#link.expect();
    void this.#look();
  }

  override async fetch(request: Request): Promise<Response> {
    if (!request.url.endsWith("/channel")) return this.#other(request);
    const id = Number(request.headers.get(CHANNEL_HEADER));
    const from = request.headers.get(ATTACH_HEADER);
    return from === null ? await this.#open(request, id) : await this.#attach(request, id, Number(from));
  }

  #other(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/link") return this.#relay.accept(headerJson<LaneRelay>(request, RELAY_HEADER));
    if (pathname !== "/retire") return new Response(null, { status: 404 });
    if (searchParams.get("code") === "HOST_REMOVED") this.#relay.closeAll(CLOSE.removed, "HOST_REMOVED");
    else this.#relay.closeAll(CLOSE.refused, "LINK_SIGNATURE_INVALID");
    this.#channels.abandon();
    return new Response(null, { status: 204 });
  }

  // ---- channels ----

  async #open(request: Request, id: number): Promise<Response> {
    const handed = handover.take(id);
    if (!(await this.#isUp())) return refusalAnswer(refusalOf("LANE_UNAVAILABLE", true));
    if (this.#channels.size >= LIMITS.channelsPerLane) return refusalAnswer(refusalOf("STREAMS_EXHAUSTED", true));
    if (this.#channels.get(id)) return refusalAnswer(refusalOf("LANE_UNAVAILABLE", true));
    const channel = new Channel(id, this.#lane);
    this.#channels.add(channel);
    request.signal.addEventListener("abort", () => channel.cancel(), { once: true });
    const open = handed ? encodeHead(handed.open) : encoder.encode(decodeURIComponent(request.headers.get(OPEN_HEADER) ?? ""));
    if (isUpgrade(request)) return await this.#openSocket(request, channel, open);
    if (handed) channel.upload.open(open, handed.body);
    else await this.#pass(request, channel, open);
    await channel.ready;
    return answerOf(channel, request.method === "HEAD", handed);
  }

  /** Opens a channel whose body is that of the request. */
  async #pass(request: Request, channel: Channel, open: Uint8Array): Promise<void> {
    const body = new RequestBody(request, channel.upload);
    const ended = await body.open({ channel: channel.id, open, send: (message) => this.#lane.send(message) });
    if (ended === null) this.ctx.waitUntil(body.pass().then((end) => this.#bodyEnded(channel, end)));
    else this.#bodyEnded(channel, ended);
  }

  /** The link is there; a dead one is found out here at the latest. */
  async #isUp(): Promise<boolean> {
    return this.#relay.isUp || (await this.#link.soon());
  }

  #bodyEnded(channel: Channel, end: BodyEnd): void {
    if (end === "large") channel.breakOff(TOO_LARGE);
    else if (end === "broken") channel.cancel();
  }

  async #attach(request: Request, id: number, from: number): Promise<Response> {
    this.#channels.get(id)?.fail(refusalOf("UPSTREAM_FAILED", false));
    if (!this.#relay.isUp && !(await this.#link.soon(LIMITS.detachMs))) return refusalAnswer(refusalOf("LANE_UNAVAILABLE", false));
    const received = this.#channels.received(id);
    const channel = new Channel(id, this.#lane, from, request.body ? (received ?? 0) : 0);
    this.#channels.add(channel);
    request.signal.addEventListener("abort", () => channel.cancel(), { once: true });
    if (request.body && received !== null) {
      const body = new RequestBody(request, channel.upload);
      const rest = body.skip(received).then((isHere) => (isHere ? body.pass() : "broken"));
      this.ctx.waitUntil(rest.then((end) => this.#bodyEnded(channel, end)));
    }
    channel.attach();
    await channel.ready;
    return answerOf(channel, request.method === "HEAD");
  }

  async #openSocket(request: Request, channel: Channel, open: Uint8Array): Promise<Response> {
    channel.upload.open(open);
    await channel.ready;
    const { head } = channel;
    if (head?.status !== SWITCHING) return answerOf(channel, false);
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server, [CLIENT_TAG]);
    const reader = request.headers.has(READER_HEADER) ? headerJson<Reader>(request, READER_HEADER) : null;
    const { window, upload } = channel;
    const bytes = channel.handOver();
    const at: ClientAttachment = { channel: channel.id, taken: window.next - bytes.length, sent: upload.next, reader };
    const socket = new ClientSocket(server, this.#lane, at, upload, window);
    this.#channels.add(socket);
    socket.save();
    socket.feed(bytes);
    if (channel.hasEnded) socket.ended(0, true);
    const protocol = head.headers.find(([name]) => name === "sec-websocket-protocol")?.[1];
    const headers = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
    return new Response(null, { status: SWITCHING, webSocket: client, headers });
  }

  // ---- sockets ----

  override async webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (this.#relay.isLink(ws)) {
      this.#linkMessage(ws, message);
      return;
    }
    const at = ws.deserializeAttachment() as RelayAttachment | ClientAttachment | null;
    if (at && "channel" in at) {
      this.#stir();
      this.#client(at)?.message(message);
    } else if (at?.phase === "challenged") this.#handshake(ws, at, message);
  }

  #client({ channel }: ClientAttachment): ClientSocket | null {
    const found = this.#channels.get(channel);
    return found instanceof ClientSocket ? found : null;
  }

  #linkMessage(ws: WebSocket, message: string | ArrayBuffer): void {
    this.#relay.heard();
    this.#stir();
    const error = typeof message === "string" ? "text after the welcome" : this.#channels.message(message);
    if (error === null) return;
    console.warn(JSON.stringify({ level: "warn", lane: this.ctx.id.name ?? null, message: "the lane was closed", error }));
    this.#relay.close(ws, CLOSE.invalid, error);
    this.#lost();
  }

  #handshake(ws: WebSocket, at: RelayAttachment, message: string | ArrayBuffer): void {
    const checked = checkLaneHello(message, at, this.#relay.epoch);
    if (!checked) this.#relay.close(ws, CLOSE.invalid, "a hello was expected");
    else if ("code" in checked) this.#relay.refuse(ws, checked.code, checked.message);
    else {
      this.#relay.promote(ws, at);
      const channels = this.#channels.values().map(({ id }) => id);
      this.#relay.welcome(ws, { type: "welcome", epoch: at.epoch, lane: at.lane, complete: !this.#channels.isYoung, channels });
      this.#channels.linked(checked.body);
      this.#link.up();
    }
  }

  #lost(): void {
    this.#link.down();
    if (this.#channels.size > 0) this.#link.expect();
  }

  /** A hibernating socket that the peer closed keeps its descriptor until it is closed here too. */
  override async webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
    const at = ws.deserializeAttachment() as RelayAttachment | ClientAttachment | null;
    if (at && "channel" in at) {
      this.#client(at)?.closed(code, reason);
      return;
    }
    if (this.#relay.lost(ws)) this.#lost();
    ws.close(1000);
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    const at = ws.deserializeAttachment() as RelayAttachment | ClientAttachment | null;
    if (at && "channel" in at) this.#client(at)?.cancel();
    else if (this.#relay.lost(ws)) this.#lost();
  }

  // ---- time ----

  /** While there are channels; an object without any sleeps. */
  #keepTime(isOn: boolean): void {
    if (isOn && this.#tick === null) this.#tick = setInterval(() => void this.#look(), TICK_MS);
    else if (!isOn && this.#tick !== null) {
      clearInterval(this.#tick);
      this.#tick = null;
    }
  }

  async #look(): Promise<void> {
    const all = this.#channels.values();
    if (!this.#isBusy && this.env.EMBEDDED !== "on" && all.every((channel) => channel instanceof ClientSocket)) {
      // Silent sockets alone: the object may sleep. What they say next waits until their readers are asked for.
      for (const channel of all) channel.doubt();
      this.#keepTime(false);
      return;
    }
    this.#isBusy = false;
    if (this.#relay.findDead()) this.#lost();
    this.#link.expect();
    for (const channel of all) {
      if (channel instanceof ClientSocket) await this.#prove(channel);
      else if ((await watch.get(channel.id)?.(this.ctx)) === false) (channel as Channel).breakOff(refusalOf("FORBIDDEN", false));
    }
  }

  async #prove(socket: ClientSocket): Promise<void> {
    if (socket.reader && !(await mayStillRead(this.env, this.ctx, socket.reader))) socket.revoke();
    else socket.proven();
  }

  /** Somebody speaks: readers are asked for again, at once where they were not asked for a while. */
  #stir(): void {
    this.#isBusy = true;
    if (this.#tick !== null || this.#channels.size === 0) return;
    this.#keepTime(true);
    for (const channel of this.#channels.values()) if (channel instanceof ClientSocket) void this.#prove(channel);
  }
}

function headerJson<T>(request: Request, name: string): T {
  return JSON.parse(decodeURIComponent(request.headers.get(name) ?? "")) as T;
}
