// One streamed answer of a model over the edge's OpenAI surface: pieces as they come, and what it took.
import type { IncomingMessage } from "node:http";
import type { Client } from "./client.ts";
import { CliFailure, EXIT, exitFor, remedyFor } from "./failure.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface Completion {
  readonly content: string;
  readonly model: string;
  readonly host: string | null;
  /** Null: the server does not count. */
  readonly outputTokens: number | null;
  readonly inputTokens: number | null;
  readonly finishReason: string | null;
  readonly firstMs: number;
  readonly durationMs: number;
  /** Broken off by the caller. */
  readonly wasStopped: boolean;
}

/** A model may think for long before its first word; the network may not be silent for ever. */
const SILENT_MS = 10 * 60_000;
const LINE_CHARS = 4 * 1024 * 1024;

interface Chunk {
  readonly model?: string;
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null }; readonly finish_reason?: string | null }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

async function* dataOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8");
  response.setTimeout(SILENT_MS, () => response.destroy(new Error("the edge fell silent")));
  let text = "";
  for await (const piece of response as AsyncIterable<string>) {
    const lines = (text + piece).split("\n");
    text = lines.pop() ?? "";
    if (text.length > LINE_CHARS) throw new CliFailure(EXIT.failed, "The model's server sent a line that is too long.");
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

function chunkOf(data: string): Chunk {
  try {
    const value = JSON.parse(data) as unknown;
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new CliFailure(EXIT.failed, "The model's server sent something that is no answer.");
}

/** The surface answers errors in OpenAI's shape. */
async function refusalOf(client: Client, response: IncomingMessage): Promise<CliFailure> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response as AsyncIterable<string>) if (text.length < LINE_CHARS) text += piece;
  const status = response.statusCode ?? 0;
  const { error } = (safeJson(text) ?? {}) as { error?: { message?: unknown; code?: unknown } };
  const code = typeof error?.code === "string" ? error.code.toUpperCase() : "";
  const exit = remedyFor(code) === null ? (status === 401 || status === 403 ? EXIT.refused : EXIT.failed) : exitFor(code);
  const message = typeof error?.message === "string" ? error.message : `${client.target.url} answered ${status}.`;
  // The surface's message ends with the remedy already, where it is the edge's own.
  const remedy = remedyFor(code);
  return new CliFailure(exit, remedy === null || message.includes(remedy) ? message : `${message}\n${remedy}`);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

export interface Ask {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly signal: AbortSignal;
  readonly piece: (text: string) => void;
}

/** Rejects with CliFailure; an abort is an answer that was stopped. */
export async function complete(client: Client, { model, messages, signal, piece }: Ask): Promise<Completion> {
  const startedAt = performance.now();
  const sum = {
    content: "",
    model,
    outputTokens: null as number | null,
    inputTokens: null as number | null,
    finishReason: null as string | null,
  };
  let firstMs = 0;
  let host: string | null = null;
  const done = (wasStopped: boolean): Completion => ({ ...sum, host, firstMs, durationMs: performance.now() - startedAt, wasStopped });
  let response: IncomingMessage;
  try {
    const body = { model, messages, stream: true, stream_options: { include_usage: true } };
    response = await client.open("POST", "/v1/chat/completions", {
      body,
      timeoutMs: SILENT_MS,
      headers: { accept: "text/event-stream" },
      signal,
    });
  } catch (error) {
    if (signal.aborted) return done(true);
    throw client.unreachable(error);
  }
  if (response.statusCode !== 200) throw await refusalOf(client, response);
  const said = response.headers["x-farhand-host"];
  host = typeof said === "string" ? said : null;
  try {
    for await (const data of dataOf(response)) {
      if (data === "[DONE]") return done(false);
      const chunk = chunkOf(data);
      if (chunk.error) throw new CliFailure(EXIT.failed, chunk.error.message ?? "The model's server broke off.");
      const [choice] = chunk.choices ?? [];
      const text = choice?.delta?.content ?? "";
      if (text !== "") {
        firstMs ||= performance.now() - startedAt;
        sum.content += text;
        piece(text);
      }
      sum.finishReason = choice?.finish_reason ?? sum.finishReason;
      sum.model = chunk.model ?? sum.model;
      sum.outputTokens = chunk.usage?.completion_tokens ?? sum.outputTokens;
      sum.inputTokens = chunk.usage?.prompt_tokens ?? sum.inputTokens;
    }
  } catch (error) {
    if (signal.aborted) return done(true);
    throw error instanceof CliFailure ? error : new CliFailure(EXIT.failed, "The answer broke off in the middle.", { cause: error });
  } finally {
    response.destroy();
  }
  if (sum.finishReason !== null || signal.aborted) return done(signal.aborted);
  throw new CliFailure(EXIT.failed, "The answer ended before it was whole.");
}
