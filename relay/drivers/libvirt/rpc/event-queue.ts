// Events on their way to the consumer. They wait here and leave in slices on later turns of the event loop, so that neither a
// burst of them nor a slow or throwing consumer can hold an answer back.
import { RPC_LIMITS } from "./limits.ts";
import type { LibvirtEvent } from "./procedures/events.ts";

export interface EventConsumer {
  /** Must not block; what it throws is reported to `onFault` and changes nothing. */
  onEvent(event: LibvirtEvent): void;
  /** Events were lost: the consumer's picture must be read anew. */
  onGap(): void;
  onFault(error: unknown): void;
}

export class EventQueue {
  readonly #consumer: EventConsumer;
  #events: LibvirtEvent[] = [];
  #isScheduled = false;
  #isGap = false;
  #isClosed = false;

  constructor(consumer: EventConsumer) {
    this.#consumer = consumer;
  }

  push(event: LibvirtEvent): void {
    if (this.#isClosed || this.#isGap) return;
    if (this.#events.length >= RPC_LIMITS.eventsWaiting) return this.gap();
    this.#events.push(event);
    this.#schedule();
  }

  /** What waits is dropped, and the consumer is told once. */
  gap(): void {
    this.#events = [];
    this.#isGap = true;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#events = [];
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    if (this.#isGap) {
      this.#isGap = false;
      this.#guarded(() => this.#consumer.onGap());
    }
    for (const event of this.#events.splice(0, RPC_LIMITS.eventsPerTurn)) this.#guarded(() => this.#consumer.onEvent(event));
    if (this.#events.length > 0) this.#schedule();
  }

  #guarded(deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.#consumer.onFault(error);
    }
  }
}
