// The machines of this host as the edge lists them: one question to the agent in a while, never more often than declared, and soon
// after each change of ours; where Windows tells of others' changes, a question that waits for them. The first comes at a random
// moment, so that hosts that start together do not ask together.
import type { InventoryItem } from "../../../protocol/inventory.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { Inventory } from "../contract.ts";
import type { InventoryEvents } from "./inventory-events.ts";

/** Several changes at once are looked at once. */
const GATHER_MS = 250;
/** The first look waits at most so long. */
const FIRST_MS = 2_000;
/** Failed looks are tried again after the usual time, then twice as long, up to this many times it. */
const RETRY_TIMES_MAX = 8;
/** Events that were not to be had are asked for again. */
const EVENTS_AGAIN_MS = 30 * 60_000;

export interface InventoryOptions {
  readonly everyMs: number;
  /** All machines of the host. */
  readonly read: (signal: AbortSignal) => Promise<readonly InventoryItem[]>;
  /** Null: looks alone. */
  readonly events?: InventoryEvents | null;
  readonly changed: () => void;
  readonly random?: () => number;
}

export class HypervInventory {
  readonly #options: InventoryOptions;
  #items: ReadonlyMap<string, InventoryItem> = new Map();
  #isLive = false;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #dueAt = Number.POSITIVE_INFINITY;
  #reading: AbortController | null = null;
  /** Something changed while it was read. */
  #isStale = false;
  #failures = 0;
  #waiting: AbortController | null = null;
  #eventsFailure: string | null = null;
  #eventsAgainAt = 0;
  /** Looks of ours that were taken. */
  #looks = 0;

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  snapshot(): Inventory {
    return { live: this.#isLive, items: this.#items };
  }

  /** Why the last look failed; null: it did not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Why it is looked at by the clock alone, although others' changes should be told; null: they are. */
  get eventsFailure(): string | null {
    return this.#eventsFailure;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  start(): void {
    if (this.#timer || this.#reading || this.#waiting) return;
    const { everyMs, random = Math.random } = this.#options;
    this.#lookIn(random() * Math.min(FIRST_MS, everyMs));
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#reading?.abort();
    this.#reading = null;
    this.#waiting?.abort();
    this.#waiting = null;
  }

  /** A change of ours: it is looked at soon. */
  touch(): void {
    if (this.#reading) this.#isStale = true;
    else if (this.#timer || this.#waiting) this.#lookIn(GATHER_MS);
  }

  #lookIn(ms: number, work: () => Promise<void> = () => this.#look()): void {
    const dueAt = performance.now() + ms;
    if (this.#timer && this.#dueAt <= dueAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void work();
    }, ms);
    this.#timer.unref();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const reading = new AbortController();
    this.#reading = reading;
    this.#isStale = false;
    try {
      const items = await this.#options.read(reading.signal);
      if (!reading.signal.aborted) this.#take(items);
    } catch (error) {
      if (!reading.signal.aborted) this.#miss(error);
    }
    if (reading.signal.aborted) return;
    this.#reading = null;
    if (this.#isStale) this.#lookIn(GATHER_MS);
    // A question that waits brings the next; but it does not say that the agent answers again.
    else if (!this.#waiting || this.#failures > 0) this.#later();
  }

  /** The next look without a cause, or the next question that waits, which begins with one. */
  #later(leastMs = this.#options.events?.leastMs ?? 0): void {
    const { everyMs, events } = this.#options;
    const times = Math.min(RETRY_TIMES_MAX, 2 ** Math.max(0, this.#failures - 1));
    if (!events || this.#failures > 0 || performance.now() < this.#eventsAgainAt) this.#lookIn(everyMs * times);
    else this.#lookIn(Math.min(leastMs, everyMs), () => this.#wait(events));
  }

  /** Never rejects. */
  async #wait(events: InventoryEvents): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    const looks = this.#looks;
    const startedAt = performance.now();
    let isDue = false;
    let failure: string | null = null;
    try {
      const items = await events.next(waiting.signal);
      // A look of ours that came meanwhile may be newer; the next question says it.
      isDue = items === null;
      if (this.#looks !== looks) events.forget();
      else if (items !== null && !waiting.signal.aborted) this.#take(items);
    } catch (error) {
      failure = error instanceof Error ? error.message : "unknown";
    }
    if (waiting.signal.aborted) return;
    this.#waiting = null;
    if (failure !== null) this.#eventsAgainAt = performance.now() + EVENTS_AGAIN_MS;
    if (failure !== this.#eventsFailure) {
      this.#eventsFailure = failure;
      this.#options.changed();
    }
    if (this.#timer || this.#reading) return;
    // An agent that is done at once is not started again at once.
    const rest = events.leastMs - (performance.now() - startedAt);
    this.#later(isDue ? Math.max(0, rest) : events.leastMs);
  }

  #take(items: readonly InventoryItem[]): void {
    this.#looks += 1;
    const before = this.#items;
    const wasLive = this.#isLive;
    this.#items = new Map(items.slice(0, LIMITS.inventory).map((item) => [item.id, sameOr(before.get(item.id), item)]));
    this.#isLive = true;
    this.#failure = null;
    this.#failures = 0;
    const isSame = wasLive && before.size === this.#items.size && [...this.#items].every(([id, item]) => before.get(id) === item);
    if (!isSame) this.#options.changed();
  }

  #miss(error: unknown): void {
    this.#failures += 1;
    this.#failure = error instanceof Error ? error.message : "unknown";
    const wasLive = this.#isLive;
    this.#isLive = false;
    if (wasLive || this.#failures === 1) this.#options.changed();
  }
}

/** The object that is known where nothing is different, so that who compares need not look into it. */
function sameOr(before: InventoryItem | undefined, now: InventoryItem): InventoryItem {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
