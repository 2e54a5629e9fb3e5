// The reading before, of each machine, so that the next one has rates. Bounded in number and in time.
// Same for each hypervisor.

export interface DiskCounters {
  readonly id: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

export interface NicCounters {
  readonly id: string;
  /** As the guest sees it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface Counters {
  readonly atMs: number;
  /** Another one after each start; null: it does not run. */
  readonly run: string | null;
  readonly cpus: number;
  /** null: not known. */
  readonly cpuMs: number | null;
  readonly memoryBytes: number;
  readonly memoryUsedBytes: number | null;
  /** Of the devices that are counted; null: it is not known of any. */
  readonly disks: readonly DiskCounters[] | null;
  readonly nics: readonly NicCounters[] | null;
}

export const HISTORY_LIMITS = {
  machines: 1_024,
  /** Nobody has looked for so long: a mean over it would say nothing of now. */
  keepMs: 300_000,
  /** Two who look at the same machine must not leave one another a moment too short to measure. */
  leastMs: 500,
} as const;

export class CounterHistory {
  /** Oldest first. */
  readonly #readings = new Map<string, Counters>();

  /** Keeps this reading; answers the one before of the same run, null without. */
  exchange(uuid: string, now: Counters): Counters | null {
    const found = this.#readings.get(uuid);
    // Two who looked at once, and the one that was read first is told last.
    if (found?.run === now.run && found.atMs > now.atMs) return null;
    const isOld = found === undefined || found.run !== now.run || now.atMs - found.atMs > HISTORY_LIMITS.keepMs;
    if (isOld || now.atMs - found.atMs >= HISTORY_LIMITS.leastMs) this.#keep(uuid, now);
    return isOld ? null : found;
  }

  #keep(uuid: string, now: Counters): void {
    this.#readings.delete(uuid);
    if (now.run === null) return;
    this.#readings.set(uuid, now);
    for (const [oldest, { atMs }] of this.#readings) {
      if (this.#readings.size <= HISTORY_LIMITS.machines && now.atMs - atMs <= HISTORY_LIMITS.keepMs) return;
      this.#readings.delete(oldest);
    }
  }
}
