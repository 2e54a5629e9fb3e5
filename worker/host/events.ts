// Event streams: what an EventReader reads, pulled by the client. Nothing is buffered for a slow one: a change only wakes
// the reader, which reads rows after its cursor.
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Core } from "./core.ts";
import { EventReader, type EventFormat } from "./event-reader.ts";

/** A comment (SSE) or an empty line (NDJSON) this often, so that a client that went away is noticed. */
const HEARTBEAT_MS = 15_000;
const encoder = new TextEncoder();

/** The number in a `Last-Event-ID`; anything else begins at the start. */
function cursorOf(after: string | null): number {
  return after !== null && /^\d{1,15}$/.test(after) ? Number(after) : 0;
}

export class Events {
  readonly #core: Core;
  #open = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The job exists and may be seen: the caller checked. */
  stream(id: string, after: string | null, format: EventFormat): Outcome<ReadableStream<Uint8Array>> {
    if (this.#open >= LIMITS.eventStreamsPerHost) return refused("RATE_LIMITED", { retryAfterMs: 5_000 });
    const reader = new EventReader(this.#core, id, cursorOf(after), format);
    const heartbeat = format === "sse" ? ": \n\n" : "\n";
    let isChanged = true;
    // An object: it changes under a loop that waits.
    const state = { isClosed: false };
    let idleFrom = Date.now();
    let wake: () => void = () => {};
    const removeWaker = this.#core.wakers.add(id, () => {
      isChanged = true;
      wake();
    });
    this.#open += 1;
    const finish = (): void => {
      if (state.isClosed) return;
      state.isClosed = true;
      this.#open -= 1;
      removeWaker();
      wake();
    };
    const pause = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, HEARTBEAT_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = () => {};
    };
    const close = (controller: ReadableByteStreamController): void => {
      finish();
      controller.close();
      controller.byobRequest?.respond(0);
    };
    const pull = async (controller: ReadableByteStreamController): Promise<void> => {
      while (!state.isClosed) {
        const { text, isEnded } = isChanged ? reader.next() : { text: "", isEnded: false };
        // Not all of it may have fitted: look again until nothing comes.
        isChanged = text !== "" && !isEnded;
        if (text) {
          idleFrom = Date.now();
          controller.enqueue(encoder.encode(text));
        }
        if (isEnded || Date.now() - idleFrom >= LIMITS.eventStreamIdleMs) close(controller);
        if (text || state.isClosed) return;
        await pause();
        if (!isChanged && !state.isClosed) {
          controller.enqueue(encoder.encode(heartbeat));
          return;
        }
      }
    };
    return done(new ReadableStream({ type: "bytes", pull, cancel: finish }));
  }
}
