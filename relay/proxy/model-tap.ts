// Looks on while a model is used: counts who used what, asks for token counts where the client did not and takes them out of
// the answer again, and says in the dialect's own words when the upstream broke off. One tap is one exchange.
import type { HeaderList, OpenOf } from "../../protocol/link/lane.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { modelIdSchema, type ModelSurface } from "../../protocol/services.ts";
import { lengthOf } from "./headers.ts";
import { segmentsOf } from "./routes.ts";
import type { BodyTap, ExchangeEnd, Tap, TapFor } from "./tap.ts";
import { UsageAsk } from "./usage-ask.ts";
import type { UsageCounts } from "./usage-counts.ts";
import { UsageStrip } from "./usage-strip.ts";
import { AnswerEdges, type CountsShape } from "./usage-tokens.ts";

interface ModelRoute {
  readonly shape: CountsShape;
  /** Streams tell token counts only when `stream_options.include_usage` asks for them. */
  readonly isAsked: boolean;
}

const told = (shape: CountsShape): ModelRoute => ({ shape, isAsked: false });
const asked: ModelRoute = { shape: "openai", isAsked: true };

/** POST routes that use a model. */
const USING: Readonly<Record<string, ModelRoute>> = {
  "/v1/chat/completions": asked,
  "/v1/completions": asked,
  "/v1/embeddings": told("openai"),
  "/v1/responses": told("openai"),
  "/v1/audio/transcriptions": told("openai"),
  "/api/chat": told("ollama"),
  "/api/generate": told("ollama"),
  "/api/embed": told("ollama"),
  "/api/embeddings": told("ollama"),
  "/api/v0/chat/completions": told("openai"),
  "/api/v0/completions": told("openai"),
  "/api/v0/embeddings": told("openai"),
  "/api/v1/chat": told("lmstudio"),
};

const NONE = new Uint8Array(0);
const BROKEN = "The model server broke off its answer.";

const headerOf = (headers: HeaderList, name: string) => headers.find(([own]) => own === name)?.[1];
const isJson = (headers: HeaderList) => /^application\/json\b/i.test(headerOf(headers, "content-type") ?? "application/json");

/** What a client of the dialect reads as an error in the middle of a stream; null: the format has no such thing. */
function lastWords(type: string, path: string, endsLine: boolean): Uint8Array | null {
  const before = endsLine ? "" : "\n";
  if (/^application\/x-ndjson\b/i.test(type)) return Buffer.from(`${before}${JSON.stringify({ error: BROKEN })}\n`);
  if (!/^text\/event-stream\b/i.test(type)) return null;
  const error = { message: BROKEN, type: "api_error", param: null, code: "upstream_failed" };
  if (path === "/v1/responses") {
    const event = { type: "error", code: "upstream_failed", message: BROKEN, param: null };
    return Buffer.from(`${before}\nevent: error\ndata: ${JSON.stringify(event)}\n\n`);
  }
  const name = path === "/api/v1/chat" ? "event: error\n" : "";
  const data = path === "/api/v1/chat" ? { type: "error", error } : { error };
  return Buffer.from(`${before}\n${name}data: ${JSON.stringify(data)}\n\n`);
}

/** What is known of one server. */
interface Server {
  readonly counts: UsageCounts;
  /** It refused a request for what we asked: it is not asked again. */
  refusesAsking: boolean;
}

class ModelTap implements Tap {
  readonly #open: OpenOf<"http">;
  readonly #path: string;
  readonly #surface: ModelSurface;
  readonly #route: ModelRoute;
  readonly #server: Server;
  readonly #ask: UsageAsk | null;
  readonly #edges = new AnswerEdges();
  #status: number | null = null;
  #hasRequest = false;
  readonly request: BodyTap | null;

  constructor(open: OpenOf<"http">, path: string, route: ModelRoute, server: Server) {
    this.#open = open;
    this.#path = path;
    this.#route = route;
    this.#server = server;
    this.#surface = open.surface ?? (open.dialect === "http" ? "service" : open.dialect);
    const mayAsk =
      route.isAsked && !server.refusesAsking && isJson(open.headers) && headerOf(open.headers, "content-encoding") === undefined;
    this.#ask = mayAsk && (lengthOf(open.headers) ?? 0) <= LIMITS.modelScanBytes ? new UsageAsk() : null;
    this.request = this.#ask;
  }

  /** An encoded answer could not be counted. */
  headers(headers: HeaderList): HeaderList {
    this.#hasRequest = true;
    return headers.filter(([name]) => name !== "accept-encoding");
  }

  answer(status: number, headers: HeaderList): BodyTap | null {
    this.#status = status;
    if (status >= 400) return this.#mayBeOurs ? this.#watching() : null;
    const type = headerOf(headers, "content-type") ?? "";
    const isPlain = headerOf(headers, "content-encoding") === undefined;
    const broken = () => lastWords(type, this.#path, this.#edges.endsLine);
    if (isPlain && this.#ask?.hasAsked && /^text\/event-stream\b/i.test(type)) return this.#stripping(new UsageStrip(), broken);
    return isPlain && headerOf(headers, "content-length") === undefined ? { ...this.#watching(), broken } : this.#watching();
  }

  /** A refusal that may be about the field that we put in. */
  get #mayBeOurs(): boolean {
    return this.#ask?.hasAsked === true && (this.#status === 400 || this.#status === 422);
  }

  #watching(): BodyTap {
    return {
      changes: false,
      push: (bytes) => {
        this.#edges.push(bytes);
        return null;
      },
      end: () => null,
    };
  }

  #stripping(strip: UsageStrip, broken: () => Uint8Array | null): BodyTap {
    return {
      changes: true,
      push: (bytes) => {
        this.#edges.push(bytes);
        return strip.push(bytes);
      },
      end: () => strip.end(),
      broken: () => Buffer.concat([strip.end(), broken() ?? NONE]),
    };
  }

  /** Counted is what the upstream took on: refusals of its own are not, nor what never reached it. */
  ended(how: ExchangeEnd): void {
    if (this.#mayBeOurs && this.#edges.mentions("stream_options")) this.#server.refusesAsking = true;
    if (this.#status === null ? how !== "cancelled" || !this.#hasRequest : this.#status >= 400) return;
    const tokens = how === "complete" ? this.#edges.tokens(this.#route.shape) : null;
    const model = this.#open.model ?? modelIdSchema.safeParse(this.#edges.model()).data ?? "unknown";
    this.#server.counts.add({ principal: this.#open.principal, surface: this.#surface, model, tokens, aborted: how !== "complete" });
  }
}

/** Without the query, and decoded: however it is written, a use is counted. */
function plainPath(path: string): string {
  const query = path.indexOf("?");
  const plain = query === -1 ? path : path.slice(0, query);
  return plain.includes("%") ? `/${segmentsOf(plain)?.join("/") ?? ""}` : plain;
}

/** The taps of one model server; requests that use no model get none. */
export function modelTaps(counts: UsageCounts): TapFor {
  const server: Server = { counts, refusesAsking: false };
  return (open) => {
    const path = plainPath(open.path);
    const route = open.method === "POST" && Object.hasOwn(USING, path) ? USING[path] : undefined;
    return route ? new ModelTap(open, path, route, server) : null;
  };
}
