// The Worker's cached copy of the Fleet's access data, so that authorisation costs no hop. One cache per Fleet binding and
// isolate. Ages count from the start of the refresh, so that a change is seen at most `snapshotFreshMs` after it was made; a
// clock that went back makes everything old.
import { AppError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Env } from "../env.ts";
import { AccessState } from "./access-state.ts";
import { fleetOf } from "../fleet/objects.ts";

/** How long a request waits for the Fleet before it looks at what else there is. */
const DEADLINE_MS = 1_000;
/** Unknown credentials and hosts may force one refresh this often, so that a new one works at once and a flood costs nothing. */
const UNKNOWN_COOLDOWN_MS = 500;

/** A request's, or an object's: what keeps a refresh alive that nobody waits for. */
type Waiting = Pick<ExecutionContext, "waitUntil">;

interface Flight {
  readonly startedAt: number;
  readonly done: Promise<AccessState | null>;
}

class SnapshotCache {
  #state: AccessState | null = null;
  #takenAt = -Infinity;
  /** Of the refresh that the state came from: an older one that answers late does not replace it. */
  #takenFrom = 0;
  #flights = 0;
  #flight: Flight | null = null;
  #failedAt = -Infinity;
  #askedForUnknownAt = -Infinity;
  /** Grows with every invalidation: a refresh that began before one must not count as newer than the change. */
  #generation = 0;

  /** The state if it may be used without waiting; it may start a refresh behind the request. */
  atHand(env: Env, ctx: Waiting): AccessState | null {
    const age = since(this.#takenAt);
    if (age < LIMITS.snapshotRefreshMs) return this.#state;
    if (age >= LIMITS.snapshotFreshMs) return null;
    void this.#refresh(env, ctx);
    return this.#state;
  }

  /** The state while it may be served at all. Asks nobody: for who has just awaited {@link usable}. */
  known(): AccessState | null {
    return this.#isServable() ? this.#state : null;
  }

  async usable(env: Env, ctx: Waiting): Promise<AccessState> {
    const atHand = this.atHand(env, ctx);
    if (atHand) return atHand;
    const flight = this.#refresh(env, ctx);
    const justFailed = since(this.#failedAt) < DEADLINE_MS;
    const fresh = justFailed && this.#isServable() ? null : await beforeDeadline(flight);
    if (fresh) return fresh;
    this.#failedAt = Date.now();
    if (this.#state && this.#isServable()) return this.#state;
    throw new AppError("ACCESS_STATE_UNAVAILABLE", { retryAfterMs: DEADLINE_MS });
  }

  /** State asked for after this call began. Never a stale one. */
  async fresh(env: Env, ctx: Waiting): Promise<AccessState> {
    const fresh = await beforeDeadline(this.#start(env, ctx));
    if (!fresh) throw new AppError("ACCESS_STATE_UNAVAILABLE", { retryAfterMs: DEADLINE_MS });
    return fresh;
  }

  /** One more look for something that `seen` does not know; `seen` itself when another such look was just made. */
  async newerThan(seen: AccessState, env: Env, ctx: Waiting): Promise<AccessState> {
    if (this.#state && this.#state !== seen) return this.#state;
    if (since(this.#askedForUnknownAt) < UNKNOWN_COOLDOWN_MS) return seen;
    this.#askedForUnknownAt = Date.now();
    return (await beforeDeadline(this.#start(env, ctx))) ?? seen;
  }

  /** After a change through this Worker: the next request asks. */
  invalidate(): void {
    this.#takenAt = Math.min(this.#takenAt, Date.now() - LIMITS.snapshotFreshMs);
    this.#askedForUnknownAt = -Infinity;
    this.#flight = null;
    this.#generation += 1;
  }

  #isServable(): boolean {
    return since(this.#takenAt) < LIMITS.snapshotStaleMs;
  }

  /** Joins the refresh that is under way, unless it has taken too long: its request may be gone, and the promise with it. */
  #refresh(env: Env, ctx: Waiting): Promise<AccessState | null> {
    if (this.#flight && since(this.#flight.startedAt) < DEADLINE_MS) return this.#flight.done;
    return this.#start(env, ctx);
  }

  #start(env: Env, ctx: Waiting): Promise<AccessState | null> {
    const number = ++this.#flights;
    const startedAt = Date.now();
    const flight: Flight = { startedAt, done: this.#fetch(env, startedAt, number) };
    this.#flight = flight;
    const ended = flight.done.finally(() => {
      if (this.#flight === flight) this.#flight = null;
    });
    // No longer than anyone waits for it: a Fleet that never answers must not keep requests open.
    ctx.waitUntil(beforeDeadline(ended));
    return flight.done;
  }

  /** Null when the Fleet does not answer; never throws. */
  async #fetch(env: Env, startedAt: number, number: number): Promise<AccessState | null> {
    const before = this.#state;
    const generation = this.#generation;
    try {
      const answer = await fleetOf(env).snapshot(before?.snapshot.version ?? null);
      const state = answer ? new AccessState(answer) : before;
      if (state && number > this.#takenFrom && generation === this.#generation) {
        this.#state = state;
        this.#takenAt = startedAt;
        this.#takenFrom = number;
        this.#failedAt = -Infinity;
      }
      return state;
    } catch {
      return null;
    }
  }
}

/** Milliseconds since a moment; a moment that lies ahead is long ago. */
function since(moment: number): number {
  const passed = Date.now() - moment;
  return passed < 0 ? Infinity : passed;
}

/** The result, or null when it takes longer than the deadline. */
async function beforeDeadline(pending: Promise<AccessState | null>): Promise<AccessState | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), DEADLINE_MS);
  });
  try {
    return await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}

const caches = new WeakMap<Env["FLEET"], SnapshotCache>();

export function snapshotCacheOf(env: Env): SnapshotCache {
  let cache = caches.get(env.FLEET);
  if (!cache) {
    cache = new SnapshotCache();
    caches.set(env.FLEET, cache);
  }
  return cache;
}
export type { SnapshotCache };
