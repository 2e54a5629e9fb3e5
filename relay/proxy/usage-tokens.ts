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
const FIRST_BYTES = 512;
const NONE: Buffer = Buffer.alloc(0);

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

/** Bytes up to `most`, in memory that grows with them: most answers are small. */
class Edge {
  readonly #most: number;
  #memory = NONE;
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  get room(): number {
    return this.#most - this.#length;
  }

  /** No more than there is room for. */
  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#memory.length) {
      const memory = Buffer.allocUnsafeSlow(Math.min(this.#most, Math.max(FIRST_BYTES, 2 * length)));
      memory.set(this.bytes);
      this.#memory = memory;
    }
    this.#memory.set(bytes, this.#length);
    this.#length = length;
  }

  /** Only the last so many. */
  keep(bytes: number): void {
    this.#memory.copyWithin(0, this.#length - bytes, this.#length);
    this.#length = bytes;
  }
}

/** Keeps copies of the first and last bytes of an answer as they pass: references would keep all that was read with them. */
export class AnswerEdges {
  readonly #first = new Edge(EDGE_BYTES);
  /** Its last EDGE_BYTES count. */
  readonly #last = new Edge(2 * EDGE_BYTES);

  push(bytes: Uint8Array): void {
    if (this.#first.room > 0) this.#first.add(bytes.subarray(0, this.#first.room));
    const last = bytes.length > EDGE_BYTES ? bytes.subarray(bytes.length - EDGE_BYTES) : bytes;
    if (last.length > this.#last.room) this.#last.keep(EDGE_BYTES - last.length);
    this.#last.add(last);
  }

  tokens(shape: CountsShape): Tokens | null {
    return find[shape](this.#last.bytes) ?? find[shape](this.#first.bytes);
  }

  model(): string | null {
    return modelIn(this.#first.bytes) ?? modelIn(this.#last.bytes);
  }

  /** The beginning has this text. */
  mentions(text: string): boolean {
    return this.#first.bytes.includes(text);
  }

  get endsLine(): boolean {
    return (this.#last.bytes.at(-1) ?? 0x0a) === 0x0a;
  }
}
