// Finds the token counts of an answer in its first and last bytes, whatever the dialect: no event is parsed while it passes, only
// the small object that holds the counts, once, at the end. In JSON a quote within a text is escaped, so a key is never a model's words.
import * as z from "zod";
import { afterValue, skipSpace } from "./json-members.ts";
import type { Tokens } from "./usage-counts.ts";

/** OpenAI's, LM Studio's v0 and the Responses API's `usage`, LM Studio's `stats`. A server may say null where it does not know. */
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullish();
const usageSchema = z.object({ prompt_tokens: count, completion_tokens: count, input_tokens: count, output_tokens: count });
const statsSchema = z.object({ input_tokens: z.int().min(0), total_output_tokens: z.int().min(0) });

/** What is kept of an answer's beginning and end. The counts stand in one of them: behind the text, or before a list of vectors. */
const EDGE_BYTES = 16 * 1024;

/** How the values behind a key are read: the last one that fits counts. */
function lastObject<T>(bytes: Buffer, key: string, read: (value: unknown) => T | null): T | null {
  const quoted = `"${key}"`;
  for (let at = bytes.lastIndexOf(quoted); at !== -1; at = at === 0 ? -1 : bytes.lastIndexOf(quoted, at - 1)) {
    const colon = skipSpace(bytes, at + quoted.length);
    if (bytes[colon] !== 0x3a) continue;
    const start = skipSpace(bytes, colon + 1);
    if (bytes[start] !== 0x7b) continue;
    const end = afterValue(bytes, start);
    if (end === -1) continue;
    try {
      const found = read(JSON.parse(bytes.toString("utf8", start, end)));
      if (found !== null) return found;
    } catch {
      // Not the object that was looked for.
    }
  }
  return null;
}

function usageOf(value: unknown): Tokens | null {
  const { data } = usageSchema.safeParse(value);
  const input = data?.prompt_tokens ?? data?.input_tokens;
  const output = data?.completion_tokens ?? data?.output_tokens;
  return input == null && output == null ? null : { input: input ?? 0, output: output ?? 0 };
}

function statsOf(value: unknown): Tokens | null {
  const { data } = statsSchema.safeParse(value);
  return data ? { input: data.input_tokens, output: data.total_output_tokens } : null;
}

/** The number behind the last such key. */
function lastNumber(text: string, key: string): number | null {
  const at = text.lastIndexOf(`"${key}"`);
  const digits = at === -1 ? undefined : /^\s*:\s*(\d{1,15})/.exec(text.slice(at + key.length + 2, at + key.length + 40))?.[1];
  return digits === undefined ? null : Number(digits);
}

function ollamaOf(bytes: Buffer): Tokens | null {
  const text = bytes.toString("latin1");
  const input = lastNumber(text, "prompt_eval_count");
  const output = lastNumber(text, "eval_count");
  return input === null && output === null ? null : { input: input ?? 0, output: output ?? 0 };
}

/** Which of the shapes an answer has. */
export type CountsShape = "openai" | "ollama" | "lmstudio";

const find: Readonly<Record<CountsShape, (bytes: Buffer) => Tokens | null>> = {
  openai: (bytes) => lastObject(bytes, "usage", usageOf),
  ollama: ollamaOf,
  lmstudio: (bytes) => lastObject(bytes, "stats", statsOf),
};

/** The model that an answer names; null: none. */
function modelIn(bytes: Buffer): string | null {
  const match = /"model"\s*:\s*"((?:[^"\\]|\\.){1,300})"/.exec(bytes.toString("utf8"));
  try {
    return match ? String(JSON.parse(`"${match[1]}"`)) : null;
  } catch {
    return null;
  }
}

/** Keeps the first and last bytes of an answer as they pass; the last ones by reference. */
export class AnswerEdges {
  readonly #first: Uint8Array[] = [];
  #firstBytes = 0;
  /** The last bytes are those of these two, in order: when the newer one is full, it becomes the older one. */
  #older: Uint8Array[] = [];
  #newer: Uint8Array[] = [];
  #newerBytes = 0;

  push(bytes: Uint8Array): void {
    if (this.#firstBytes < EDGE_BYTES) this.#keepFirst(bytes);
    if (this.#newerBytes >= EDGE_BYTES) {
      this.#older = this.#newer;
      this.#newer = [];
      this.#newerBytes = 0;
    }
    this.#newer.push(bytes.length > EDGE_BYTES ? bytes.subarray(bytes.length - EDGE_BYTES) : bytes);
    this.#newerBytes += bytes.length;
  }

  /** A copy: these are kept as long as the answer lasts, and would keep all that was read with them. */
  #keepFirst(bytes: Uint8Array): void {
    const part = Uint8Array.from(bytes.subarray(0, EDGE_BYTES - this.#firstBytes));
    this.#first.push(part);
    this.#firstBytes += part.length;
  }

  get #last(): Buffer {
    return Buffer.concat([...this.#older, ...this.#newer]);
  }

  tokens(shape: CountsShape): Tokens | null {
    return find[shape](this.#last) ?? find[shape](Buffer.concat(this.#first));
  }

  model(): string | null {
    return modelIn(Buffer.concat(this.#first)) ?? modelIn(this.#last);
  }

  /** The beginning has this text. */
  mentions(text: string): boolean {
    return Buffer.concat(this.#first).includes(text);
  }

  get endsLine(): boolean {
    return this.#newer.length === 0 || this.#newer.at(-1)?.at(-1) === 0x0a;
  }
}
