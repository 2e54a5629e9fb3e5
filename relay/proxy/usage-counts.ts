// What principals used of which models since the last report: sums in memory, bounded. Knows neither dialects nor the link.
import type { UsageRow } from "../../protocol/link/control.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ModelSurface } from "../../protocol/services.ts";

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

export interface Use {
  readonly principal: string;
  readonly surface: ModelSurface;
  readonly model: string;
  /** null: it was cut off, or its answer says nothing of tokens. */
  readonly tokens: Tokens | null;
  readonly aborted: boolean;
}

/** Sums that wait while there is no link. What comes beyond counts under the same principal's model `other`, then under no one. */
const ROWS = 8 * LIMITS.usageRows;
/** Of one answer. What a server says beyond is no count: sums of such would be no numbers that a report may hold. */
const MOST_TOKENS = 1e9;
/** The place of those rows' last resort. */
const SPARE = 100;

type Sums = { -readonly [K in keyof UsageRow]: UsageRow[K] };

export class UsageCounts {
  #rows = new Map<string, Sums>();
  #onCounted: () => void = () => undefined;

  /** One listener. */
  onCounted(act: () => void): void {
    this.#onCounted = act;
  }

  add({ principal, surface, model, tokens, aborted }: Use): void {
    const row = this.#row(principal, surface, model);
    row.requests += 1;
    if (aborted) row.aborted += 1;
    if (tokens && tokens.input <= MOST_TOKENS && tokens.output <= MOST_TOKENS) {
      row.input_tokens += tokens.input;
      row.output_tokens += tokens.output;
    }
    this.#onCounted();
  }

  #row(principal: string, surface: ModelSurface, model: string): Sums {
    const key = JSON.stringify([principal, surface, model]);
    const known = this.#rows.get(key);
    if (known) return known;
    if (this.#rows.size >= ROWS + SPARE && (principal !== "" || model !== "other")) return this.#row("", surface, "other");
    if (this.#rows.size >= ROWS && model !== "other") return this.#row(principal, surface, "other");
    const row: Sums = { principal, surface, model, requests: 0, aborted: 0, input_tokens: 0, output_tokens: 0 };
    this.#rows.set(key, row);
    return row;
  }

  /** The oldest rows; they are forgotten here. */
  take(most: number): UsageRow[] {
    const rows = [...this.#rows].slice(0, most);
    for (const [key] of rows) this.#rows.delete(key);
    return rows.map(([, row]) => row);
  }
}
