// One answer of a model, as it is written: POST /v1/chat/completions, streamed. Aborting the signal ends it on the host too.
import { ApiProblem, open } from "../api/client.ts";
import { SseReader, textsOf } from "../api/event-stream.ts";
import type { Conversation, Message } from "./conversations.ts";

/** A model may think for minutes before its first word. */
const SILENT_MS = 15 * 60_000;
/** One answer at most: a model that never stops must not fill the page. */
const ANSWER_CHARS = 4 * 1024 * 1024;

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null; readonly reasoning?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string } | string;
}

/** What one event of the stream adds. */
export interface Delta {
  readonly text: string;
  readonly reasoning: string;
  readonly tokens: number | null;
  readonly isEnd: boolean;
}

/** Pure. Throws what the server says went wrong. */
export function deltaOf(data: string): Delta {
  if (data === "[DONE]") return { text: "", reasoning: "", tokens: null, isEnd: true };
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error)
    throw new ApiProblem(502, { detail: typeof chunk.error === "string" ? chunk.error : (chunk.error.message ?? "The model failed.") });
  const [choice] = chunk.choices ?? [];
  const delta = choice?.delta ?? {};
  return {
    text: delta.content ?? "",
    reasoning: delta.reasoning_content ?? delta.reasoning ?? "",
    tokens: chunk.usage?.completion_tokens ?? null,
    isEnd: choice?.finish_reason != null,
  };
}

/** Messages that the model is told: what failed or never came is no part of the conversation. */
export function toldMessages(messages: readonly Message[]): { role: string; content: string }[] {
  return messages
    .filter(({ role, text, state }) => role === "user" || (text !== "" && state !== "failed"))
    .map(({ role, text }) => ({ role, content: text }));
}

export interface Told {
  readonly host: (name: string) => void;
  readonly delta: (delta: Delta) => void;
}

/** Answers whether the model said that it was done. */
export async function complete(
  { model, messages }: Pick<Conversation, "model" | "messages">,
  signal: AbortSignal,
  told: Told,
): Promise<boolean> {
  const body = { model, messages: toldMessages(messages), stream: true, stream_options: { include_usage: true } };
  const response = await open("POST", "/v1/chat/completions", { body, signal, timeoutMs: null, headers: { accept: "text/event-stream" } });
  told.host(response.headers.get("x-farhand-host") ?? "");
  const reader = new SseReader();
  let isDone = false;
  let chars = 0;
  for await (const text of textsOf(response, SILENT_MS)) {
    for (const { data } of reader.feed(text)) {
      const delta = deltaOf(data);
      isDone ||= delta.isEnd;
      chars += delta.text.length + delta.reasoning.length;
      if (chars > ANSWER_CHARS) throw new ApiProblem(502, { detail: "The answer is longer than this page shows." });
      told.delta(delta);
    }
  }
  return isDone;
}
