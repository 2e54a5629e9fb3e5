// Named locks: each held by one job at a time, taken in sorted order, given in the order of asking. A job that waits for
// one holds those that sort before it; the order makes a circle of waiting impossible.

export interface Held {
  /** Gives all back. Further calls have no effect. */
  release(): void;
}

interface Request {
  readonly names: readonly string[];
  /** Index of the lock that is waited for; all before it are held. */
  at: number;
  state: "waiting" | "granted" | "ended";
  readonly granted: (held: Held) => void;
}

export class Locks {
  /** Name → those who wait for it, oldest first; present while the lock is held. */
  readonly #queues = new Map<string, Request[]>();

  /** All at once when all are free now; else null and nothing is taken. */
  tryAcquire(names: readonly string[]): Held | null {
    if (names.some((name) => this.#queues.has(name))) return null;
    let held: Held | null = null;
    this.acquire(names, (given) => (held = given));
    return held;
  }

  /** Calls `granted` when all are held (at once, when they are free). The returned function takes a waiting request back. */
  acquire(names: readonly string[], granted: (held: Held) => void): () => void {
    const request: Request = { names: [...new Set(names)].sort(), at: 0, state: "waiting", granted };
    this.#advance(request);
    return () => {
      if (request.state !== "waiting") return;
      const queue = this.#queues.get(request.names[request.at]!);
      queue?.splice(queue.indexOf(request), 1);
      this.#end(request, request.at);
    };
  }

  #advance(request: Request): void {
    for (; request.at < request.names.length; request.at++) {
      const name = request.names[request.at]!;
      const queue = this.#queues.get(name);
      if (queue) {
        queue.push(request);
        return;
      }
      this.#queues.set(name, []);
    }
    request.state = "granted";
    request.granted({ release: () => this.#end(request, request.names.length) });
  }

  /** Gives back the first `count` locks of a request, each to the next in its queue. */
  #end(request: Request, count: number): void {
    if (request.state === "ended") return;
    request.state = "ended";
    for (const name of request.names.slice(0, count)) {
      const next = this.#queues.get(name)?.shift();
      if (!next) this.#queues.delete(name);
      else {
        next.at += 1;
        this.#advance(next);
      }
    }
  }
}
