// The few facts that a Host object keeps about itself: identity, link, what the relay said of the host, what was reported.
import type { Catalogue, HostFacts } from "../../protocol/link/control.ts";

export interface Identity {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  /** Ed25519, SubjectPublicKeyInfo DER in base64. */
  readonly publicKey: string;
}

/** Of the newest welcomed link. */
export interface LinkFacts {
  readonly epoch: number;
  readonly journal: { readonly id: string; readonly high_water: number };
  readonly slots: number;
  readonly labels: readonly string[];
  readonly relayVersion: string;
  /** Our clock minus the relay's, milliseconds. */
  readonly shift: number;
  /** When it was last known to be there, once that is over; its welcome until then. */
  readonly seenAtMs: number;
}

export interface ReportFacts {
  /** Every change up to this stamp is at the Fleet. */
  readonly taken: number;
  /** No open job has a smaller id. */
  readonly openFrom: string;
  /** Claims seen since the newest hello: a floor for the journal's high-water mark. */
  readonly claims: number;
}

/** Of the relay's newest inventory. */
export interface InventoryFacts {
  /** 0: the link that it was told on is gone. */
  readonly generation: number;
  /** Ids told so far, while not all of the generation were; null: all were. */
  readonly seen: readonly string[] | null;
  readonly isLive: boolean;
  /** What was told holds for as long as the link does. */
  readonly isCurrent: boolean;
  /** When it last held, where it does not; null: it never did. */
  readonly heldAtMs: number | null;
}

interface Facts {
  identity: Identity;
  /** When the host was removed. */
  retired: number;
  link: LinkFacts;
  catalogue: { readonly stamp: number; readonly value: Catalogue };
  facts: { readonly stamp: number; readonly value: HostFacts };
  report: ReportFacts;
  /** The relay's last batch that was taken; stamps of the newest change and of the newest that the Fleet has; the day that is counted. */
  usage: { readonly source: string; readonly batch: number; readonly changed: number; readonly sent: number; readonly day: string };
  inventory: InventoryFacts;
  /** Stamp of the newest change of a machine that the Fleet has. */
  "inventory-sent": number;
  /** Jobs in `unknown` that the connected relay holds and may correct. */
  correctable: readonly string[];
}

export class Meta {
  readonly #sql: SqlStorage;
  readonly #known = new Map<string, unknown>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get<K extends keyof Facts>(key: K): Facts[K] | null {
    if (this.#known.has(key)) return this.#known.get(key) as Facts[K] | null;
    const row = this.#sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = ?", key).toArray()[0];
    const value = row ? (JSON.parse(row.value) as Facts[K]) : null;
    this.#known.set(key, value);
    return value;
  }

  set<K extends keyof Facts>(key: K, value: Facts[K]): void {
    this.#sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, JSON.stringify(value));
    this.#known.set(key, value);
  }

  delete(key: keyof Facts): void {
    this.#sql.exec("DELETE FROM meta WHERE key = ?", key);
    this.#known.set(key, null);
  }
}
