// The Fleet's database and what every module needs of it: one write for a change with its audit record, the version of the
// access snapshot, due things. Knows no table but `meta`.
import type { Env } from "../env.ts";
import { idFactory } from "../../protocol/ids.ts";
import { AuditChain, type AuditEntry } from "../storage/audit.ts";
import { DueTable } from "../storage/due.ts";
import { migrate } from "../storage/migrations.ts";
import type { Actor } from "./contract.ts";
import { FLEET_STEPS } from "./schema.ts";

type Told = Pick<AuditEntry, "action" | "subject"> & Partial<Pick<AuditEntry, "host" | "outcome" | "detail">>;

export class FleetStore {
  readonly env: Env;
  readonly sql: SqlStorage;
  readonly due: DueTable;
  /** Ids of what lives in the Fleet: host number 0. */
  readonly newId = idFactory(0);
  readonly #storage: DurableObjectStorage;
  readonly #chain: AuditChain;
  #version: number | null = null;
  #isPrunePlanned: boolean | null = null;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.env = env;
    this.sql = storage.sql;
    this.#storage = storage;
    this.due = new DueTable(storage);
    this.#chain = new AuditChain(storage.sql);
  }

  async open(): Promise<void> {
    migrate(this.#storage, FLEET_STEPS);
    await this.due.load();
  }

  /** Everything in `change` is written, or nothing; then the alarm is armed. */
  async write<T>(change: () => T): Promise<T> {
    const version = this.#version;
    try {
      const value = this.#storage.transactionSync(change);
      await this.due.arm();
      return value;
    } catch (error) {
      this.#chain.reload();
      this.#version = version;
      this.#isPrunePlanned = null;
      throw error;
    }
  }

  /** Call inside {@link write}. */
  audit(actor: Actor, told: Told): void {
    const { principal, requestId } = actor;
    this.#chain.append("fleet", { host: null, outcome: "ok", ...told, principal, requestId });
  }

  get version(): number {
    this.#version ??= this.sql.exec<{ value: number }>("SELECT value FROM meta WHERE name = 'version'").one().value;
    return this.#version;
  }

  /** Deletes records of the Fleet's own chain beyond the newest `kept`; the chain goes on. Call inside {@link write}. */
  forgetAudit(kept: number): void {
    const oldest = this.#chain.head().seq - kept;
    if (oldest > 0) this.#chain.forget(oldest);
  }

  /** The access data changed. Call inside {@link write}. */
  bump(): void {
    this.#version = this.version + 1;
    this.sql.exec("UPDATE meta SET value = ? WHERE name = 'version'", this.#version);
  }

  /** Whether a round of deleting is in the due table; asked once, then known. */
  isPrunePlanned(): boolean {
    this.#isPrunePlanned ??= this.due.at("prune", "") !== null;
    return this.#isPrunePlanned;
  }

  notePrune(isPlanned: boolean): void {
    this.#isPrunePlanned = isPlanned;
  }

  get nextHost(): number {
    return this.sql.exec<{ value: number }>("SELECT value FROM meta WHERE name = 'next_host'").one().value;
  }

  takeHostNumber(): number {
    const number = this.nextHost;
    this.sql.exec("UPDATE meta SET value = ? WHERE name = 'next_host'", number + 1);
    return number;
  }

  count(table: "hosts" | "keys" | "grants"): number {
    return this.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
  }

  rows<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): T[] {
    return this.sql.exec<T>(query, ...bindings).toArray();
  }

  row<T extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): T | null {
    return this.sql.exec<T>(query, ...bindings).toArray()[0] ?? null;
  }
}

export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** One page of rows that were asked for with `limit + 1`. */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): { items: T[]; next_cursor: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
