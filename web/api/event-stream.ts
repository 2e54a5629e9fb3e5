// Server-sent events over fetch: read by text as it comes, continued after the last id that was seen. Knows no kinds of events.
import { ApiProblem, isAbort, open, Unreachable } from "./client.ts";
import { connection } from "./connection.ts";

export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** One event at most: a result with two tails of 64 KiB, which JSON may grow sixfold. More is a broken peer. */
const EVENT_CHARS = 4 * 1024 * 1024;
const LINE_END = /\r\n|\n|\r/;

/** Takes the text of a stream in pieces of any size; gives whole events (WHATWG HTML 9.2). */
export class SseReader {
  #text = "";
  #event = "";
  #data: string[] = [];
  #dataChars = 0;
  #id: string | null = null;

  feed(piece: string): StreamEvent[] {
    this.#text += piece;
    const events: StreamEvent[] = [];
    for (;;) {
      const found = LINE_END.exec(this.#text);
      // A CR at the very end may be half of a line's end.
      if (!found || (found[0] === "\r" && found.index === this.#text.length - 1)) break;
      const line = this.#text.slice(0, found.index);
      this.#text = this.#text.slice(found.index + found[0].length);
      const event = this.#line(line);
      if (event) events.push(event);
    }
    if (this.#text.length + this.#dataChars > EVENT_CHARS) throw new Unreachable("The edge sent an event that is too large.");
    return events;
  }

  #line(line: string): StreamEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#event = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length + 1;
    } else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): StreamEvent | null {
    const event = this.#event || "message";
    const data = this.#data;
    this.#event = "";
    this.#data = [];
    this.#dataChars = 0;
    return data.length === 0 ? null : { id: this.#id, event, data: data.join("\n") };
  }
}

/** Texts of a body; fails with Unreachable when nothing comes for `silentMs`. */
export async function* textsOf(response: Response, silentMs: number): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Unreachable("The connection fell silent.")), silentMs);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The edge says something at least every 15 s. */
const SILENT_MS = 40_000;
const RETRY_MAX_MS = 5_000;

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const heal = connection.watch((state) => state === "up" && end());
    const end = () => {
      clearTimeout(timer);
      heal();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
  });

/**
 * Events of `path` over as many connections as it takes, none twice. Ends when `isLast` says so or `signal` aborts; throws an ApiProblem
 * that another attempt will not change. `told`: whether a connection stands.
 */
export async function* followed(
  path: string,
  signal: AbortSignal,
  isLast: (event: StreamEvent) => boolean,
  told: (isConnected: boolean) => void,
): AsyncGenerator<StreamEvent> {
  let last: string | null = null;
  for (let failures = 0; !signal.aborted;) {
    try {
      const headers: Record<string, string> = { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) };
      const response = await open("GET", path, { headers, signal });
      told(true);
      const reader = new SseReader();
      for await (const text of textsOf(response, SILENT_MS)) {
        for (const event of reader.feed(text)) {
          failures = 0;
          last = event.id ?? last;
          yield event;
          if (isLast(event)) return;
        }
      }
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) throw error;
      told(false);
    }
    await pause(Math.random() * Math.min(RETRY_MAX_MS, 300 * 2 ** failures++) + 100, signal);
  }
}
