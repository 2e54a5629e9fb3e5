// A model server in OpenAI's shape without a model, as its own process: tokens at full speed or paced, so that a measurement
// sees what stands in front of it and never what stands behind. For tests and the bench; it knows nothing of Farhand.
//
//   node test/bench/upstream.ts [--port 0] [--socket PATH]
//
// The first line on standard output is `{"url", "socket", "pid"}`. It ends when its standard input does, or on SIGTERM.
// A request's body steers it, beside OpenAI's own fields: `max_tokens` (100), `stream`, `stream_options.include_usage`, and
//   rate         tokens a second; 0 or absent: full speed
//   prefill_ms   silence before the first byte (also before a whole answer)
//   token_bytes  bytes of one event, at least 170; 200 without it
//   stamp        true: each token's text is the time it was sent, microseconds since 1970, 16 digits
//   break_after  the socket is cut after so many tokens
//   tag          comes back in the aborts of GET /stats
// `GET /stats`: {requests, open, sockets, body_bytes, sent_tokens, aborts: [{tag, phase, at}], cpu_us, rss_bytes}; `at` is
// milliseconds since 1970 with fractions, taken when the socket closed; `phase` is upload, prefill or answer. `DELETE /stats` empties it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

/** What the body says. Numbers that are none count as absent. */
interface Ask {
  readonly model: string;
  readonly stream: boolean;
  readonly usage: boolean;
  readonly tokens: number;
  readonly rate: number;
  readonly prefillMs: number;
  readonly tokenBytes: number;
  readonly stamp: boolean;
  readonly breakAfter: number;
  readonly tag: string | null;
}

export interface UpstreamStats {
  requests: number;
  /** Exchanges that have begun and not ended. */
  open: number;
  /** TCP connections. */
  sockets: number;
  body_bytes: number;
  sent_tokens: number;
  aborts: { tag: string | null; phase: "upload" | "prefill" | "answer"; at: number }[];
  /** Processor time of the process, user and system, microseconds. */
  cpu_us: number;
  rss_bytes: number;
}

/** Tokens of one write at full speed: about what one turn of an engine's loop with some sequences gives. */
const BURST = 16;
const ABORTS = 10_000;
const BODY_BYTES = 128 * 1024 * 1024;
const now = () => performance.timeOrigin + performance.now();
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function askOf(text: string): Ask {
  const body = JSON.parse(text === "" ? "{}" : text) as Record<string, unknown>;
  const number = (name: string, otherwise: number) => (typeof body[name] === "number" ? body[name] : otherwise);
  const options = body["stream_options"] as { include_usage?: unknown } | null | undefined;
  return {
    model: typeof body["model"] === "string" ? body["model"] : "bench",
    stream: body["stream"] === true,
    usage: options?.include_usage === true,
    tokens: number("max_tokens", 100),
    rate: number("rate", 0),
    prefillMs: number("prefill_ms", 0),
    tokenBytes: number("token_bytes", 200),
    stamp: body["stamp"] === true,
    breakAfter: number("break_after", Infinity),
    tag: typeof body["tag"] === "string" ? body["tag"] : null,
  };
}

const usageOf = (tokens: number) => ({ prompt_tokens: 10, completion_tokens: tokens, total_tokens: tokens + 10 });

/** One SSE event as it stands in a chunked body: chunk header, event, chunk end. */
function chunk(event: string): Buffer {
  const data = `data: ${event}\n\n`;
  return Buffer.from(`${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`);
}

function events(ask: Ask) {
  const head = `{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":${JSON.stringify(ask.model)}`;
  const choice = (delta: object, reason: string | null) =>
    `${head},"choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(reason)}}]}`;
  const bare = Buffer.byteLength(`data: ${choice({ content: "" }, null)}\n\n`);
  const token = (text: string) => chunk(choice({ content: text }, null));
  const text = " token".padEnd(Math.max(6, ask.tokenBytes - bare), ".");
  return {
    first: chunk(choice({ role: "assistant", content: "" }, null)),
    token: token(text),
    stamped: () => token(String(Math.round(now() * 1000)).padStart(16, "0")),
    stop: chunk(choice({}, "stop")),
    usage: chunk(`${head},"choices":[],"usage":${JSON.stringify(usageOf(ask.tokens))}}`),
    done: chunk("[DONE]"),
  };
}

/** Ends early, and without a word, when the socket closed. */
async function stream(ask: Ask, response: ServerResponse, stats: UpstreamStats): Promise<void> {
  const socket = response.socket!;
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  response.flushHeaders();
  const event = events(ask);
  const burst = Buffer.concat(Array.from({ length: BURST }, () => event.token));
  const open = () => !socket.destroyed;
  const drained = () =>
    new Promise<void>((resolve) => {
      const go = () => {
        socket.off("drain", go).off("close", go);
        resolve();
      };
      socket.on("drain", go).on("close", go);
    });
  socket.write(event.first);
  const begun = performance.now();
  const last = Math.min(ask.tokens, ask.breakAfter);
  for (let sent = 0; sent < last && open();) {
    const many = ask.rate > 0 || ask.stamp || last - sent < BURST ? 1 : BURST;
    if (ask.rate > 0) await wait(Math.max(0, begun + ((sent + 1) * 1000) / ask.rate - performance.now()));
    if (!open()) return;
    const more = socket.write(ask.stamp ? event.stamped() : many === 1 ? event.token : burst);
    sent += many;
    stats.sent_tokens += many;
    if (!more) await drained();
    else if (ask.rate === 0) await new Promise(setImmediate);
  }
  if (!open()) return;
  if (last < ask.tokens) return void socket.destroy();
  socket.write(event.stop);
  if (ask.usage) socket.write(event.usage);
  socket.write(event.done);
  response.end();
}

function whole(ask: Ask, response: ServerResponse, stats: UpstreamStats): void {
  stats.sent_tokens += ask.tokens;
  const body = JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_700_000_000,
    model: ask.model,
    choices: [{ index: 0, message: { role: "assistant", content: " token".repeat(ask.tokens) }, finish_reason: "stop" }],
    usage: usageOf(ask.tokens),
  });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function complete(request: IncomingMessage, response: ServerResponse, stats: UpstreamStats): Promise<void> {
  let phase: "upload" | "prefill" | "answer" = "upload";
  let tag: string | null = null;
  stats.requests += 1;
  stats.open += 1;
  response.on("close", () => {
    stats.open -= 1;
    if (!response.writableFinished && stats.aborts.length < ABORTS) stats.aborts.push({ tag, phase, at: now() });
  });
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      stats.body_bytes += part.length;
      size += part.length;
      if (size > BODY_BYTES) return json(response, 413, { error: { message: "too large", type: "invalid_request_error" } });
      parts.push(part);
    }
  } catch {
    return; // The client left in its upload; counted at close.
  }
  let ask: Ask;
  try {
    ask = askOf(Buffer.concat(parts).toString());
  } catch {
    return json(response, 400, { error: { message: "not JSON", type: "invalid_request_error" } });
  }
  tag = ask.tag;
  phase = "prefill";
  if (ask.prefillMs > 0) await wait(ask.prefillMs);
  if (response.destroyed) return;
  phase = "answer";
  if (ask.stream) await stream(ask, response, stats);
  else whole(ask, response, stats);
}

const MODELS = { object: "list", data: [{ id: "bench", object: "model", created: 1_700_000_000, owned_by: "farhand" }] };
const fresh = (): Omit<UpstreamStats, "open" | "sockets" | "cpu_us" | "rss_bytes"> => ({
  requests: 0,
  body_bytes: 0,
  sent_tokens: 0,
  aborts: [],
});

function route(request: IncomingMessage, response: ServerResponse, stats: UpstreamStats): void {
  const path = request.url?.split("?")[0];
  if (path === "/stats") {
    if (request.method === "DELETE") Object.assign(stats, fresh());
    const { user, system } = process.cpuUsage();
    return json(response, 200, { ...stats, cpu_us: user + system, rss_bytes: process.memoryUsage.rss() });
  }
  if (path === "/health") return json(response, 200, { status: "ok" });
  if (path === "/v1/models") return json(response, 200, MODELS);
  if (request.method === "POST" && (path === "/v1/chat/completions" || path === "/v1/completions"))
    return void complete(request, response, stats);
  json(response, 404, { error: { message: `no such route: ${path}`, type: "invalid_request_error", param: null, code: null } });
}

/** The server itself, for a caller that has a process to give. */
export function createUpstream(): Server {
  const stats: UpstreamStats = { ...fresh(), open: 0, sockets: 0, cpu_us: 0, rss_bytes: 0 };
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => route(request, response, stats));
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    stats.sockets += 1;
    socket.on("close", () => (stats.sockets -= 1));
  });
  return server;
}

function main(): void {
  const { values } = parseArgs({ options: { port: { type: "string" }, socket: { type: "string" } } });
  const server = createUpstream();
  const ready = () => {
    const address = server.address();
    const url = typeof address === "object" && address ? `http://127.0.0.1:${address.port}` : null;
    process.stdout.write(`${JSON.stringify({ url, socket: values.socket ?? null, pid: process.pid })}\n`);
  };
  if (values.socket === undefined) server.listen(Number(values.port ?? 0), "127.0.0.1", ready);
  else server.listen(values.socket, ready);
  process.stdin.resume().on("end", () => process.exit(0));
  process.on("SIGTERM", () => process.exit(0));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
