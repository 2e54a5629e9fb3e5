// Carries usage to the edge on the control connection: one batch in flight, sent again on each new link until the edge has it.
// Counts nothing itself.
import { randomBytes } from "node:crypto";
import type { UsageRow } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Clock } from "../jobs/clock.ts";
import type { Uplink } from "../jobs/reports.ts";

/** Who counts: relay/proxy. */
export interface UsageSource {
  /** At most `most` rows of what was counted since the last call, one for each principal, surface and model; they are the caller's from then on. */
  take(most: number): UsageRow[];
  /** `act` is called whenever there is something to take; it is cheap and may be called for every exchange. */
  onCounted(act: () => void): void;
}

interface Batch {
  readonly number: number;
  readonly rows: UsageRow[];
}

export class UsageUplink {
  readonly #source: UsageSource;
  readonly #clock: Clock;
  readonly #id = randomBytes(16).toString("hex");
  #uplink: Uplink | null = null;
  #batch: Batch | null = null;
  #number = 0;
  #isWaiting = false;
  #hasMore = false;

  constructor(source: UsageSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    source.onCounted(() => {
      this.#hasMore = true;
      this.#later();
    });
  }

  up(uplink: Uplink): void {
    this.#uplink = uplink;
    if (this.#batch) this.#send(this.#batch);
    else this.#later();
  }

  down(): void {
    this.#uplink = null;
  }

  /** An answer to an older batch says nothing of this one. */
  taken(number: number): void {
    if (number !== this.#batch?.number) return;
    this.#batch = null;
    this.#later();
  }

  /** Sends what there is without waiting for the interval: before the relay stops. */
  flush(): void {
    if (this.#batch || !this.#uplink || !this.#hasMore) return;
    const rows = this.#source.take(LIMITS.usageRows);
    this.#hasMore = rows.length === LIMITS.usageRows;
    if (rows.length === 0) return;
    this.#number += 1;
    this.#batch = { number: this.#number, rows };
    this.#send(this.#batch);
  }

  #later(): void {
    if (this.#isWaiting || !this.#uplink || this.#batch || !this.#hasMore) return;
    this.#isWaiting = true;
    this.#clock.after(LIMITS.usageReportMs, () => {
      this.#isWaiting = false;
      this.flush();
    });
  }

  #send({ number, rows }: Batch): void {
    this.#uplink?.message({ type: "usage", source: this.#id, batch: number, rows });
  }
}
