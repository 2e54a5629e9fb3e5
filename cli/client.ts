// HTTP to the edge: one credential, JSON in and out, a deadline on every wait. Knows no route.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Problem } from "../protocol/api/shapes.ts";
import { CliFailure, EXIT, problemFailure } from "./failure.ts";

const REQUEST_MS = 30_000;
/** More than any answer of the control plane; bounds what a wrong URL can send. */
const ANSWER_BYTES = 64 * 1024 * 1024;

export interface Target {
  /** An http(s) origin. */
  readonly url: string;
  readonly key: string | null;
}

export interface Ask {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Ends the request, also while the answer is read. */
  readonly signal?: AbortSignal;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: T;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

const WORDS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "the name could not be looked up",
  ECONNRESET: "the connection broke",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no network",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  CERT_HAS_EXPIRED: "its certificate has expired",
};

export class Client {
  readonly target: Target;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #request: typeof httpRequest;

  constructor(target: Target) {
    this.target = target;
    const secure = target.url.startsWith("https:");
    this.#agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? httpsRequest : httpRequest;
  }

  /** Frees the connections, so that the process may end. */
  close(): void {
    this.#agent.destroy();
  }

  unreachable(error: unknown): CliFailure {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = WORDS[code ?? ""] ?? message;
    return new CliFailure(
      EXIT.unreachable,
      `The edge at ${this.target.url} cannot be reached: ${why}.\nStart it with \`npm start\`, or check FARHAND_URL and the profile: \`farhand doctor\`.`,
      { cause: error },
    );
  }

  /** Resolves at the head of the answer, whatever its status. Rejects with the error of the network as it is. */
  open(method: Method, path: string, ask: Ask = {}): Promise<IncomingMessage> {
    const url = new URL(path, this.target.url);
    for (const [name, value] of Object.entries(ask.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
    const text = ask.body === undefined ? null : JSON.stringify(ask.body);
    const headers: Record<string, string> = { accept: "application/json", ...ask.headers };
    if (this.target.key !== null) headers["authorization"] = `Bearer ${this.target.key}`;
    if (text !== null) Object.assign(headers, { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) });
    return new Promise((resolve, reject) => {
      const request = this.#request(url, { method, headers, agent: this.#agent, ...(ask.signal ? { signal: ask.signal } : {}) });
      const timer = setTimeout(
        () => request.destroy(Object.assign(new Error("it does not answer in time"), { code: "ETIMEDOUT" })),
        ask.timeoutMs ?? REQUEST_MS,
      );
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.on("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.end(text ?? undefined);
    });
  }

  /** The answer, or a {@link CliFailure} with the problem in words. */
  async ask<T>(method: Method, path: string, ask: Ask = {}): Promise<Answer<T>> {
    let response: IncomingMessage;
    let text: string;
    try {
      response = await this.open(method, path, ask);
      text = await readText(response, ask.timeoutMs ?? REQUEST_MS);
    } catch (error) {
      throw this.unreachable(error);
    }
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return { status, headers: response.headers, body: (text === "" ? null : parseJson(text)) as T };
    throw this.#refusal(response, text);
  }

  async get<T>(path: string, query: Ask["query"] = {}): Promise<T> {
    return (await this.ask<T>("GET", path, { query })).body;
  }

  /** The failure that an answer other than 2xx means. */
  async refusal(response: IncomingMessage): Promise<CliFailure> {
    return this.#refusal(response, await readText(response, REQUEST_MS).catch(() => ""));
  }

  #refusal(response: IncomingMessage, text: string): CliFailure {
    const status = response.statusCode ?? 0;
    const body = parseJson(text) as Partial<Problem> | null;
    if (typeof body?.code === "string" && typeof body.detail === "string")
      return problemFailure({ remedy: "", request_id: "", ...body } as Problem);
    const { location } = response.headers;
    if (status >= 300 && status < 400 && location)
      return new CliFailure(
        EXIT.refused,
        `${this.target.url} sends to a sign-in page (${new URL(location, this.target.url).hostname}) instead of answering.\nCloudflare Access stands before this name: use the name of the \`api\` surface (docs/cloudflare.md).`,
      );
    return new CliFailure(
      status === 401 || status === 403 ? EXIT.refused : EXIT.failed,
      `${this.target.url} answered ${status}, and not as a Farhand edge does.\nCheck the address: \`farhand doctor\`.`,
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function readText(response: IncomingMessage, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => response.destroy(new Error("the answer did not end in time")), timeoutMs);
    response.on("data", (piece: Buffer) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > ANSWER_BYTES) response.destroy(new Error("the answer is too large"));
    });
    response.on("error", reject);
    response.on("close", () => {
      clearTimeout(timer);
      if (response.complete) resolve(Buffer.concat(pieces).toString("utf8"));
      else reject(Object.assign(new Error("the connection broke"), { code: "ECONNRESET" }));
    });
  });
}
