// Time as the relay sees it, replaceable in tests. Decisions use `elapsed`: neither a wall clock that was set nor a
// monotonic clock that stood still while the machine slept may make something fire late.

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  wall(): number;
  /** Milliseconds that never go back; stands still while a Linux machine is suspended. */
  monotonic(): number;
  /** Runs `act` once after `ms`; the returned function takes it back. */
  after(ms: number, act: () => void): () => void;
}

/** setTimeout takes 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export const momentOf = (clock: Clock): Moment => ({ wall: clock.wall(), monotonic: clock.monotonic() });

/** Milliseconds since `start` by whichever clock went further. */
export function elapsed(clock: Clock, start: Moment): number {
  return Math.max(clock.wall() - start.wall, clock.monotonic() - start.monotonic);
}

/** Waits; settles early, without an error, when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const stop = clock.after(ms, finish);
    signal.addEventListener("abort", finish, { once: true });
    function finish(): void {
      stop();
      signal.removeEventListener("abort", finish);
      resolve();
    }
  });
}
