// The machines of this host as the edge lists them: read once, then kept by events, read anew after every gap. What no event
// tells (addresses) is looked at from time to time while something runs.
import type { InventoryItem } from "../../../protocol/inventory.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { Inventory } from "../contract.ts";
import type { LibvirtError } from "./rpc/errors.ts";
import type { LibvirtEvent } from "./rpc/procedures/events.ts";
import { isActive } from "./session.ts";
import type { VmReader } from "./vms/reader.ts";

/** A start is several events: what they are about is read once. */
const GATHER_MS = 20;
/** How often running machines are looked at without an event. */
const REFRESH_MS = 30_000;
/** What could not be read is tried again after this, doubled up to the refresh. */
const RETRY_MS = 1_000;
/** Machines that are read side by side. */
const AT_ONCE = 32;

export class LibvirtInventory {
  readonly #reader: Pick<VmReader, "summary" | "summaries">;
  readonly #changed: () => void;
  #items: ReadonlyMap<string, InventoryItem> = new Map();
  #isLive = false;
  #isUp = false;
  #isReading = false;
  /** Machines to be read; `#isAllDue`: every one. */
  readonly #due = new Set<string>();
  #isAllDue = false;
  /** Machines that could not be read, until the next try: the others do not wait for them. */
  readonly #failed = new Set<string>();
  /** There are more machines than are kept. */
  #isOver = false;
  /** Grows with each gap: what was asked for before it counts for nothing. */
  #round = 0;
  #retryMs = RETRY_MS;
  #wake: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #refresh: NodeJS.Timeout | null = null;

  /** `changed` is called when {@link snapshot} says something new. */
  constructor(reader: Pick<VmReader, "summary" | "summaries">, changed: () => void) {
    this.#reader = reader;
    this.#changed = changed;
  }

  snapshot(): Inventory {
    return { live: this.#isLive, items: this.#items };
  }

  onEvent({ domain }: LibvirtEvent): void {
    this.touch(domain.uuid);
  }

  /** Something of that machine may be different. */
  touch(uuid: string): void {
    this.#due.add(uuid.toLowerCase());
    this.#wakeIn(GATHER_MS);
  }

  onResync(): void {
    this.stop();
    this.#isUp = true;
    this.#isAllDue = true;
    this.#retryMs = RETRY_MS;
    this.#wakeIn(0);
  }

  onDown(_error: LibvirtError): void {
    this.stop();
    const wasLive = this.#isLive;
    this.#isLive = false;
    if (wasLive) this.#changed();
  }

  /** Looks at nothing until the next resync. */
  stop(): void {
    this.#isUp = false;
    this.#round += 1;
    for (const timer of [this.#wake, this.#retry, this.#refresh]) if (timer) clearTimeout(timer);
    this.#wake = this.#retry = this.#refresh = null;
  }

  #wakeIn(ms: number): void {
    // Where the whole could not be read, events make no further try.
    const isPutOff = this.#isAllDue && this.#retry !== null;
    if (!this.#isUp || this.#isReading || this.#wake || isPutOff) return;
    this.#wake = setTimeout(() => {
      this.#wake = null;
      void this.#read();
    }, ms);
  }

  #retryLater(): void {
    if (!this.#isUp || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      for (const uuid of this.#failed) this.#due.add(uuid);
      this.#wakeIn(0);
    }, this.#retryMs);
    this.#retryMs = Math.min(REFRESH_MS, this.#retryMs * 2);
  }

  /** Until nothing is due. Never rejects. */
  async #read(): Promise<void> {
    this.#isReading = true;
    let hasFailed = false;
    while (this.#isUp && !hasFailed && (this.#isAllDue || this.#due.size > 0))
      if (this.#isAllDue) hasFailed = !(await this.#readAll());
      else await this.#readDue();
    this.#isReading = false;
    if (hasFailed || this.#failed.size > 0) this.#retryLater();
    else this.#retryMs = RETRY_MS;
    this.#refreshLater();
  }

  async #readAll(): Promise<boolean> {
    const round = this.#round;
    this.#isAllDue = false;
    this.#due.clear();
    this.#failed.clear();
    const read = await this.#reader.summaries().catch(() => null);
    if (round !== this.#round) return true;
    if (read === null) {
      this.#isAllDue = true;
      return false;
    }
    for (const uuid of read.unread) this.#failed.add(uuid);
    // Of a machine that cannot be read now, what was known last is the best there is.
    const lines = [...read.lines, ...read.unread.flatMap((uuid) => this.#items.get(uuid) ?? [])];
    const kept = lines.slice(0, LIMITS.inventory);
    this.#isOver = kept.length < lines.length;
    const items = new Map(kept.map((line) => [line.id, sameOr(this.#items.get(line.id), line)]));
    const isSame = this.#isLive && items.size === this.#items.size && [...items].every(([id, item]) => this.#items.get(id) === item);
    this.#items = items;
    this.#isLive = true;
    if (!isSame) this.#changed();
    return true;
  }

  async #readDue(): Promise<void> {
    const round = this.#round;
    const uuids = [...this.#due].slice(0, AT_ONCE);
    for (const uuid of uuids) {
      this.#due.delete(uuid);
      this.#failed.delete(uuid);
    }
    const read = await Promise.allSettled(uuids.map((uuid) => this.#reader.summary(uuid)));
    if (round !== this.#round) return;
    const items = new Map(this.#items);
    let isOther = false;
    for (const [index, answer] of read.entries()) {
      const uuid = uuids[index]!;
      if (answer.status === "rejected") this.#failed.add(uuid);
      else if (this.#place(items, uuid, answer.value)) isOther = true;
    }
    if (isOther) {
      this.#items = items;
      this.#changed();
    }
  }

  /** Whether it is another than before. */
  #place(items: Map<string, InventoryItem>, uuid: string, line: InventoryItem | null): boolean {
    const before = items.get(uuid);
    if (line === null) {
      // Another may have the place that is free now.
      if (before && this.#isOver) this.#isAllDue = true;
      return items.delete(uuid);
    }
    if (!before && items.size >= LIMITS.inventory) {
      this.#isOver = true;
      return false;
    }
    const item = sameOr(before, line);
    items.set(uuid, item);
    return item !== before;
  }

  #refreshLater(): void {
    const running = () => [...this.#items.values()].filter(({ state }) => isActive(state));
    if (!this.#isUp || this.#refresh || running().length === 0) return;
    this.#refresh = setTimeout(() => {
      this.#refresh = null;
      for (const { id } of running()) this.#due.add(id);
      this.#wakeIn(0);
    }, REFRESH_MS);
    this.#refresh.unref();
  }
}

/** The object that is known where nothing is different, so that who compares need not look into it. */
function sameOr(before: InventoryItem | undefined, now: InventoryItem): InventoryItem {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
