// Tickets for interactive terminals and consoles: made for one principal, used once, gone after half a minute. Only their hashes
// are kept.
import { done, refused, type Outcome } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { TicketGrant, TicketInput } from "./contract.ts";
import type { Core } from "./core.ts";

/** Statements for a migration step. `hash`: lower-case hex SHA-256 of the ticket; opens: a TicketGrant. */
export const TICKET_SCHEMA = [
  `CREATE TABLE tickets (
    hash TEXT PRIMARY KEY, principal TEXT NOT NULL, opens TEXT NOT NULL, expires_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
] as const;

interface Row extends Record<string, SqlStorageValue> {
  hash: string;
  principal: string;
  opens: string;
  expires_at: number;
}

/** What the audit record says of it: who may type where. */
const told = (opens: TicketGrant) =>
  opens.kind === "terminal"
    ? { action: "terminal.ticket", subject: opens.terminal ?? "new", detail: { mode: opens.mode } }
    : { action: "console.ticket", subject: opens.vm, detail: { console: opens.console, take_over: opens.take_over } };

export class Tickets {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Keeps one, and lets go of what has expired and of what is too much. */
  create({ actor, hash, opens }: TicketInput, host: { readonly id: string; readonly name: string }): number {
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
      "INSERT INTO tickets (hash, principal, opens, expires_at) VALUES (?, ?, ?, ?)",
      hash,
      actor.principal,
      JSON.stringify(opens),
      expiresAt,
    );
    audit.append(host.id, {
      principal: actor.principal,
      host: host.name,
      outcome: "done",
      requestId: actor.requestId,
      ...told(opens),
    });
    changes.host();
    return expiresAt;
  }

  /** Once, and for its principal alone: whoever else shows it has used it up. */
  redeem(hash: string, principal: string): Outcome<TicketGrant> {
    const row = this.#core.sql.exec<Row>("DELETE FROM tickets WHERE hash = ? RETURNING *", hash).toArray()[0];
    if (!row || row.principal !== principal || row.expires_at <= Date.now()) return refused("TICKET_INVALID");
    return done(JSON.parse(row.opens) as TicketGrant);
  }
}
