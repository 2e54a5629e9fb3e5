// What the relay counted of its models, kept as totals of the UTC day on which it was told. A batch that comes twice counts
// once; totals go to the Fleet with the reports, where a total that comes twice replaces itself.
import type { MessageOf, RelayMessage, UsageRow } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { UsageTotal } from "../fleet/contract.ts";
import { warn, type Core } from "./core.ts";

const NOTHING = { source: "", batch: 0, changed: 0, sent: 0, day: "" } as const;

const countsOf = (row: UsageRow) => [row.requests, row.aborted, row.input_tokens, row.output_tokens];

export class Usage {
  readonly #core: Core;
  /** Undefined: not counted yet by this instance. */
  #rows: number | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Durable when this returns, in the same turn: the relay may be told that it was taken. */
  take(message: MessageOf<RelayMessage, "usage">): void {
    const { meta, changes } = this.#core;
    const known = meta.get("usage") ?? NOTHING;
    if (message.source === known.source && message.batch <= known.batch) return;
    const day = new Date().toISOString().slice(0, 10);
    if (day !== known.day) this.#forget(day, known.sent);
    let changed = known.changed;
    for (const row of message.rows) {
      const stamp = changes.stamp();
      if (this.#update(day, row, stamp) || this.#insert(day, row, stamp)) changed = stamp;
    }
    meta.set("usage", { source: message.source, batch: message.batch, changed, sent: known.sent, day });
    if (changed > known.changed) changes.host();
  }

  #update(day: string, row: UsageRow, stamp: number): boolean {
    const updated = this.#core.sql
      .exec(
        `UPDATE usage SET changed = ?, requests = requests + ?, aborted = aborted + ?, input_tokens = input_tokens + ?,
         output_tokens = output_tokens + ? WHERE day = ? AND principal = ? AND surface = ? AND model = ? RETURNING 1`,
        stamp,
        ...countsOf(row),
        day,
        row.principal,
        row.surface,
        row.model,
      )
      .toArray();
    return updated.length > 0;
  }

  /** False: the day has as many rows as it may. */
  #insert(day: string, row: UsageRow, stamp: number): boolean {
    const { sql } = this.#core;
    this.#rows ??= sql.exec<{ n: number }>("SELECT count(*) AS n FROM usage").one().n;
    if (this.#rows >= LIMITS.usageRowsPerHost) {
      warn(this.#core, "usage has too many rows");
      return false;
    }
    this.#rows += 1;
    sql.exec("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", day, row.principal, row.surface, row.model, stamp, ...countsOf(row));
    return true;
  }

  /** Days before, as far as the Fleet has them. */
  #forget(day: string, sent: number): void {
    this.#core.sql.exec("DELETE FROM usage WHERE day < ? AND changed <= ?", day, sent);
    this.#rows = undefined;
  }

  /** Totals that the Fleet has not got, oldest change first; `upTo` is for {@link sent}. */
  pending(limit: number): { totals: UsageTotal[]; upTo: number } {
    const known = this.#core.meta.get("usage");
    if (!known || known.changed <= known.sent) return { totals: [], upTo: 0 };
    const rows = this.#core.sql
      .exec<UsageTotal & { changed: number } & Record<string, SqlStorageValue>>(
        "SELECT * FROM usage WHERE changed > ? ORDER BY changed LIMIT ?",
        known.sent,
        limit,
      )
      .toArray();
    return { totals: rows.map(({ changed: _changed, ...total }) => total), upTo: rows.at(-1)?.changed ?? known.changed };
  }

  /** The Fleet has every change up to this stamp. */
  sent(upTo: number): void {
    const known = this.#core.meta.get("usage");
    if (known && upTo > known.sent) this.#core.meta.set("usage", { ...known, sent: upTo });
  }

  get isSent(): boolean {
    const known = this.#core.meta.get("usage");
    return !known || known.changed <= known.sent;
  }
}
