// Tickets for interactive terminals: made for one principal, used once, gone after half a minute. Only their hashes are kept.
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { TicketGrant, TicketInput } from "./contract.ts";
import type { Core } from "./core.ts";

/** Statements for a migration step. `hash`: lower-case hex SHA-256 of the ticket. */
export const TICKET_SCHEMA = [
  `CREATE TABLE tickets (
    hash TEXT PRIMARY KEY, principal TEXT NOT NULL, terminal TEXT, mode TEXT NOT NULL, columns INTEGER NOT NULL, rows INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
] as const;

interface Row extends Record<string, SqlStorageValue> {
  hash: string;
  principal: string;
  terminal: string | null;
  mode: string;
  columns: number;
  rows: number;
  expires_at: number;
}

export class Tickets {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Keeps one, and lets go of what has expired and of what is too much. The audit record says who may type where. */
  create({ actor, hash, terminal, mode, columns, rows }: TicketInput, host: { readonly id: string; readonly name: string }): number {
    const { sql, audit, changes } = this.#core;
    const now = Date.now();
    sql.exec("DELETE FROM tickets WHERE expires_at <= ?", now);
    sql.exec(
      "DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets WHERE principal = ? ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      actor.principal,
      LIMITS.terminalTicketsEach - 1,
    );
    sql.exec(
      "DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
      LIMITS.terminalTickets - 1,
    );
    const expiresAt = now + LIMITS.terminalTicketMs;
    sql.exec(
      "INSERT INTO tickets (hash, principal, terminal, mode, columns, rows, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      hash,
      actor.principal,
      terminal,
      mode,
      columns,
      rows,
      expiresAt,
    );
    audit.append(host.id, {
      principal: actor.principal,
      action: "terminal.ticket",
      subject: terminal ?? "new",
      host: host.name,
      outcome: "done",
      requestId: actor.requestId,
      detail: { mode },
    });
    changes.host();
    return expiresAt;
  }

  /** Once, and for its principal alone: whoever else shows it has used it up. */
  redeem(hash: string, principal: string): Outcome<TicketGrant> {
    const { sql } = this.#core;
    const row = sql.exec<Row>("DELETE FROM tickets WHERE hash = ? RETURNING *", hash).toArray()[0];
    if (!row || row.principal !== principal || row.expires_at <= Date.now()) return refused("TICKET_INVALID");
    return done({ terminal: row.terminal, mode: row.mode === "write" ? "write" : "read", columns: row.columns, rows: row.rows });
  }
}
