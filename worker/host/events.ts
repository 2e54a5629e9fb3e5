// Event streams: what an EventReader reads, pulled by the client. Nothing is buffered for a slow one: a change only wakes
// the reader, which reads rows after its cursor.
import { LIMITS } from "../../protocol/limits.ts";
import type { Core } from "./core.ts";
import { EventReader, type EventFormat } from "./event-reader.ts";

/** A comment (SSE) or an empty line (NDJSON) this often, so that a client that went away is noticed. */
const HEARTBEAT_MS = 15_000;
const HEARTBEATS: Record<EventFormat, string> = { sse: ": \n\n", ndjson: "\n" };
const encoder = new TextEncoder();

/** The number in a `Last-Event-ID`; anything else begins at the start. */
function cursorOf(after: string | null): number {
  return after !== null && /^\d{1,15}$/.test(after) ? Number(after) : 0;
}

/** One client's stream: the source of a byte stream. */
class EventSource {
  readonly #reader: EventReader;
  readonly #heartbeat: Uint8Array;
  readonly #onFinish: () => void;
  #isChanged = true;
  #isClosed = false;
  #isCancelled = false;
  #idleFrom = Date.now();
  #resume: () => void = () => {};

  constructor(reader: EventReader, format: EventFormat, onFinish: () => void) {
    this.#reader = reader;
    this.#heartbeat = encoder.encode(HEARTBEATS[format]);
    this.#onFinish = onFinish;
  }

  /** The job changed. */
  wake(): void {
    this.#isChanged = true;
    this.#resume();
  }

  /** Ends the stream; its client may come again. */
  finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onFinish();
    this.#resume();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.finish();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HEARTBEAT_MS);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#resume = () => {};
  }

  /** One chunk: events, or a heartbeat when there were none for a while. */
  async pull(controller: ReadableByteStreamController): Promise<void> {
    while (!this.#isClosed) {
      const { text, isEnded } = this.#isChanged ? this.#reader.next() : { text: "", isEnded: false };
      // Not all of it may have fitted: look again until nothing comes.
      this.#isChanged = text !== "" && !isEnded;
      if (text) {
        this.#idleFrom = Date.now();
        controller.enqueue(encoder.encode(text));
      }
      if (isEnded || Date.now() - this.#idleFrom >= LIMITS.eventStreamIdleMs) break;
      if (text) return;
      await this.#pause();
      if (this.#isChanged || this.#isClosed) continue;
      controller.enqueue(this.#heartbeat.slice());
      return;
    }
    this.finish();
    if (this.#isCancelled) return;
    controller.close();
    controller.byobRequest?.respond(0);
  }
}

export class Events {
  readonly #core: Core;
  /** Oldest first. A client that went is noticed only when something is written to it. */
  readonly #open = new Set<EventSource>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** The job exists and may be seen: the caller checked. */
  stream(id: string, after: string | null, format: EventFormat): ReadableStream<Uint8Array> {
    // The oldest gives way: its client, if there is one, comes again with the number of its last event.
    if (this.#open.size >= LIMITS.eventStreamsPerHost) this.#open.values().next().value?.finish();
    const source = new EventSource(new EventReader(this.#core, id, cursorOf(after), format), format, () => {
      this.#open.delete(source);
      removeWaker();
    });
    const removeWaker = this.#core.wakers.add(id, () => source.wake());
    this.#open.add(source);
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => source.pull(controller),
      cancel: () => source.cancel(),
    });
  }
}
