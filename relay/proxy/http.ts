// One HTTP exchange with an upstream: its request's body as it arrives, its answer as it comes, both held to their windows.
// No time-out: an upstream may be silent for as long as its reader waits. A cancel closes the connection at once, in every phase.
import type { ClientRequest, IncomingMessage } from "node:http";
import type { HeaderList, OpenOf } from "../../protocol/link/lane.ts";
import type { Channel, ChannelEvents } from "../streams/contract.ts";
import { headersDown, headersUp, lengthOf } from "./headers.ts";
import type { BodyTap, ExchangeEnd, Tap } from "./tap.ts";
import { neverReached, whyUnreachable, type Upstream } from "./upstream.ts";

const REDIRECTS: ReadonlySet<string> = new Set(["location", "content-location"]);
const NO_BYTES = new Uint8Array(0);
/** A stream that fails throws away what its reader has not taken yet: the last words get a moment before it. */
const LAST_WORDS_MS = 250;

export class HttpExchange implements ChannelEvents {
  readonly #open: OpenOf<"http">;
  readonly #channel: Channel;
  readonly #upstream: Upstream;
  readonly #tap: Tap | null;
  /** What the caller declared; null: not known. */
  readonly #length: number | null;
  #passed = 0;
  #request: ClientRequest | null = null;
  #response: IncomingMessage | null = null;
  #answering: BodyTap | null = null;
  /** The window is full. */
  #isHeld = false;
  #isOver = false;

  constructor(open: OpenOf<"http">, channel: Channel, upstream: Upstream, tap: Tap | null) {
    this.#open = open;
    this.#channel = channel;
    this.#upstream = upstream;
    this.#tap = tap;
    this.#length = lengthOf(open.headers);
    if (tap?.request?.changes) return;
    // Without a declared length the first body frame or the end says more; they are in this turn where the edge has them.
    if (this.#length !== null) this.#start(this.#length);
    else process.nextTick(() => this.#startBare());
  }

  onBody(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const tap = this.#tap?.request;
    const changed = tap?.push(bytes);
    if (!tap?.changes) this.#pass(bytes, bytes.length);
    else if (changed?.length) this.#pass(changed, bytes.length);
    else this.#channel.taken(bytes.length);
  }

  onBodyEnd(): void {
    if (this.#isOver) return;
    const tap = this.#tap?.request;
    const left = tap?.end();
    if (tap?.changes && !this.#request) this.#start(left?.length ?? 0);
    else if (!this.#request) this.#start(0);
    if (tap?.changes && left?.length) this.#request?.write(left);
    // A body that is shorter than it said would take the beginning of the next request for its own.
    if (!tap?.changes && this.#length !== null && this.#passed !== this.#length)
      return this.#fail("The request's body is not as long as it says.");
    this.#request?.end();
  }

  onDrain(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#response?.resume();
    this.#response?.socket.resume();
  }

  onCancel(): void {
    this.#over("cancelled");
    this.#request?.destroy();
  }

  #pass(bytes: Uint8Array, taken: number): void {
    if (!this.#request) this.#start(null);
    this.#passed += bytes.length;
    if (this.#length !== null && !this.#tap?.request?.changes && this.#passed > this.#length)
      return this.#fail("The request's body is longer than it says.");
    this.#request?.write(bytes, () => this.#channel.taken(taken));
  }

  /** Its head alone: the body comes when it comes. */
  #startBare(): void {
    if (this.#isOver || this.#request) return;
    this.#start(null)?.flushHeaders();
  }

  /** `length` null: chunked. Null: it cannot be sent, and the exchange is over. */
  #start(length: number | null): ClientRequest | null {
    const { method, path, headers } = this.#open;
    const passed = headersUp(headers);
    const sent = [...(this.#tap?.headers?.(passed) ?? passed)];
    if (length === null) sent.push(["transfer-encoding", "chunked"]);
    else if (length > 0 || (method !== "GET" && method !== "HEAD")) sent.push(["content-length", String(length)]);
    let request: ClientRequest;
    try {
      request = this.#upstream.request({ method, path: this.#tap?.path ?? path, headers: sent });
    } catch {
      this.#fail("The request cannot be sent to the service.");
      return null;
    }
    this.#request = request;
    request.on("response", (response) => this.#answered(response));
    request.on("error", (error) => this.#failed(error));
    // Without a listener Node would close what an upstream upgrades unasked; with one, the exchange ends in words.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      this.#fail("The service changed the protocol unasked.");
    });
    return request;
  }

  #answered(response: IncomingMessage): void {
    response.on("error", () => this.#broke());
    if (this.#isOver) return;
    const status = response.statusCode ?? 0;
    const headers = this.#located(headersDown(response.rawHeaders));
    if (!headers || status < 200 || status > 599) return this.#fail("The service's answer has a head that cannot be passed on.");
    this.#response = response;
    const tap = this.#tap?.answer(status, headers) ?? null;
    this.#answering = tap;
    this.#channel.head({ status, headers: tap?.changes ? withoutLength(headers) : headers });
    response.on("data", (bytes: Buffer) => this.#give(bytes, tap));
    response.on("end", () => this.#ended(response, tap));
    response.on("close", () => this.#broke());
  }

  #located(headers: HeaderList | null): HeaderList | null {
    if (!headers?.some(([name]) => REDIRECTS.has(name))) return headers;
    return headers.flatMap(([name, value]) => {
      const place = REDIRECTS.has(name) ? this.#upstream.located(value, this.#open.path) : value;
      return place === null ? [] : [[name, place] as [string, string]];
    });
  }

  #give(bytes: Buffer, tap: BodyTap | null): void {
    const changed = tap?.push(bytes);
    const out = tap?.changes ? (changed ?? NO_BYTES) : bytes;
    if (out.length > 0 && !this.#channel.write(out)) this.#hold();
  }

  /** Stops reading, when what was read is through: Node would keep the rest of it as many small buffers. */
  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    process.nextTick(() => {
      const response = this.#response;
      // After the last byte the connection is not ours any more.
      if (!response || response.complete) this.#isHeld = false;
      if (!this.#isHeld) return;
      response?.pause();
      response?.socket.pause();
    });
  }

  #ended(response: IncomingMessage, tap: BodyTap | null): void {
    if (this.#isOver) return;
    if (!response.complete) return this.#broke();
    const left = tap?.end();
    if (tap?.changes && left?.length) this.#channel.write(left);
    this.#channel.end();
    this.#over("complete");
    // An answer before the whole request: nobody wants the rest.
    if (!this.#request?.writableEnded) this.#request?.destroy();
  }

  #broke(): void {
    if (this.#isOver) return;
    const words = this.#answering?.broken?.();
    this.#over("broken");
    this.#request?.destroy();
    if (!words?.length) return this.#channel.end(true);
    this.#channel.write(words);
    setTimeout(() => this.#channel.end(true), LAST_WORDS_MS).unref();
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    if (this.#response) return this.#broke();
    if (neverReached(error)) this.#refuse("UPSTREAM_UNREACHABLE", `The host could not reach the service: ${whyUnreachable(error)}.`);
    else this.#refuse("UPSTREAM_FAILED", "The service closed the connection without an answer.");
  }

  /** Ends what cannot go on, whatever was said before. */
  #fail(message: string): void {
    if (this.#isOver) return;
    if (this.#response) return this.#broke();
    this.#refuse("UPSTREAM_FAILED", message);
    this.#request?.destroy();
  }

  #refuse(code: "UPSTREAM_UNREACHABLE" | "UPSTREAM_FAILED", message: string): void {
    this.#channel.refuse(code, message);
    this.#over("broken");
  }

  #over(how: ExchangeEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tap?.ended(how);
  }
}

const withoutLength = (headers: HeaderList): HeaderList => headers.filter(([name]) => name !== "content-length");
