// Lets an operation wait for an event of its domain. Keeps nothing: an event that nobody waits for is gone.
import type { EventMessage, EventName, LibvirtEvent } from "./rpc/procedures/events.ts";

interface Waiter {
  readonly uuid: string;
  readonly name: EventName;
  readonly take: (event: LibvirtEvent) => void;
}

export class EventWatch {
  readonly #waiters = new Set<Waiter>();

  tell(event: LibvirtEvent): void {
    for (const waiter of this.#waiters) if (waiter.name === event.name && waiter.uuid === event.domain.uuid) waiter.take(event);
  }

  /** The next event of that name; waits until `signal` aborts, then null. Begins to listen at once. */
  next<N extends EventName>(uuid: string, name: N, signal: AbortSignal): Promise<EventMessage<N> | null> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(null);
      const end = (event: EventMessage<N> | null) => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", cancel);
        resolve(event);
      };
      const waiter = { uuid, name, take: (event: LibvirtEvent) => end(event as unknown as EventMessage<N>) };
      const cancel = () => end(null);
      signal.addEventListener("abort", cancel, { once: true });
      this.#waiters.add(waiter);
    });
  }
}
