// Carries the inventory to the edge on the control connection: everything anew after each welcome, in parts; then differences
// only, by content. What a broken link lost is told by the next welcome. Reads no hypervisor itself.
import { inventoryItemSchema, type InventoryItem, type InventoryMessage } from "../../protocol/inventory.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { vmIdSchema } from "../../protocol/operations/vm-fields.ts";
import type { Clock } from "../jobs/clock.ts";
import type { Uplink } from "../jobs/reports.ts";

/** Read anew from time to time; null: there is no hypervisor. */
export type InventorySource = () => { readonly live: boolean; readonly items: ReadonlyMap<string, InventoryItem> } | null;

/** Of one message, with room for what is around the items. */
const PART_CHARS = LIMITS.controlMessageBytes - 64 * 1024;
const NONE: ReadonlyMap<string, InventoryItem> = new Map();

interface Part {
  changed: InventoryItem[];
  removed: string[];
}

/** What the edge would refuse, and the whole link with it, stays here. */
const isTellable = (id: string, item: InventoryItem): boolean =>
  vmIdSchema.safeParse(id).success && item.id === id && inventoryItemSchema.safeParse(item).success;

export class InventoryUplink {
  readonly #source: InventorySource;
  readonly #clock: Clock;
  #uplink: Uplink | null = null;
  #generation = 0;
  /** What the edge has of this generation. Items are compared as objects first: the same one is not looked into. */
  readonly #told = new Map<string, InventoryItem>();
  #isLiveTold: boolean | null = null;
  #isComplete = false;
  /** Told as a host without a hypervisor. */
  #isNone = false;
  #stopTimer: (() => void) | null = null;
  #isDue = false;
  /** More differs than one message holds. */
  #hasMore = false;

  constructor(source: InventorySource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  up(uplink: Uplink): void {
    this.#uplink = uplink;
    this.#begin();
  }

  down(): void {
    this.#uplink = null;
  }

  /** The source may say something new. */
  changed(): void {
    if (!this.#uplink) return;
    if (this.#stopTimer) {
      this.#isDue = true;
      return;
    }
    if (this.#tell()) this.#pause();
  }

  stop(): void {
    this.#uplink = null;
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #pause(): void {
    this.#isDue = this.#hasMore;
    this.#stopTimer = this.#clock.after(LIMITS.inventoryReportMs, () => {
      this.#stopTimer = null;
      if (this.#isDue) this.changed();
    });
  }

  #begin(): void {
    this.#generation = Math.max(Math.round(this.#clock.wall()), this.#generation + 1);
    this.#told.clear();
    this.#isComplete = this.#isNone = false;
    this.#isLiveTold = null;
    this.#hasMore = false;
    this.#tell();
  }

  /** Whether something was said. */
  #tell(): boolean {
    const now = this.#source();
    if (now === null) return this.#tellNone();
    if (this.#isNone) {
      this.#begin();
      return true;
    }
    // Nothing was read yet: what the edge has from before is the best there is.
    const isUnread = !now.live && now.items.size === 0;
    if (isUnread) return this.#isLiveTold !== false && this.#say(false, { changed: [], removed: [] });
    return this.#isComplete ? this.#tellDifference(now) : this.#tellAll(now);
  }

  #tellNone(): boolean {
    if (this.#isNone) return false;
    if (this.#isLiveTold !== null) {
      this.#begin();
      return true;
    }
    this.#isNone = this.#isComplete = true;
    return this.#say(false, { changed: [], removed: [] });
  }

  #tellAll({ live, items }: NonNullable<ReturnType<InventorySource>>): boolean {
    const parts = [...this.#partsOf(items, NONE)];
    if (parts.length === 0) parts.push({ changed: [], removed: [] });
    for (const [index, part] of parts.entries()) {
      this.#isComplete = index === parts.length - 1;
      this.#say(live, part);
    }
    return true;
  }

  /** One message, whatever there is: the rest goes with the next. */
  #tellDifference({ live, items }: NonNullable<ReturnType<InventorySource>>): boolean {
    const [part, more] = this.#partsOf(items, this.#told);
    if (!part && live === this.#isLiveTold) return false;
    this.#say(live, part ?? { changed: [], removed: [] });
    this.#hasMore = more !== undefined;
    return true;
  }

  /** What differs, in parts that each fit a message. */
  *#partsOf(items: ReadonlyMap<string, InventoryItem>, told: ReadonlyMap<string, InventoryItem>): Generator<Part, void> {
    let part: Part = { changed: [], removed: [] };
    let chars = 0;
    const gone = [...told.keys()].filter((id) => !items.has(id));
    const isFull = (count: number, more: number) => count >= LIMITS.inventoryItems || chars + more > PART_CHARS;
    for (const [id, item] of items) {
      const before = told.get(id);
      if (before === item) continue;
      const text = JSON.stringify(item);
      if (before && JSON.stringify(before) === text) continue;
      if (!isTellable(id, item)) {
        // What the edge has of it holds no longer.
        if (before) gone.push(id);
        continue;
      }
      if (isFull(part.changed.length, text.length)) {
        yield part;
        [part, chars] = [{ changed: [], removed: [] }, 0];
      }
      part.changed.push(item);
      chars += text.length;
    }
    for (const id of gone) {
      if (isFull(part.removed.length, id.length)) {
        yield part;
        [part, chars] = [{ changed: [], removed: [] }, 0];
      }
      part.removed.push(id);
      chars += id.length;
    }
    if (part.changed.length > 0 || part.removed.length > 0) yield part;
  }

  #say(live: boolean, { changed, removed }: Part): boolean {
    for (const item of changed) this.#told.set(item.id, item);
    for (const id of removed) this.#told.delete(id);
    this.#isLiveTold = live;
    const message: InventoryMessage = {
      type: "inventory",
      generation: this.#generation,
      complete: this.#isComplete,
      live,
      changed,
      removed,
    };
    this.#uplink?.message(message);
    return true;
  }
}
