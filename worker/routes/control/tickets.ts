// What tickets for sockets have in common: how one is made, how one looks, and how a host that may have them is asked again.
import { AppError, unwrap } from "../../../protocol/errors.ts";
import { sha256Hex } from "../../auth/hash.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import type { SnapshotHost } from "../../fleet/contract.ts";
import { hostObject } from "../../fleet/objects.ts";
import type { TicketGrant } from "../../host/contract.ts";
import { accessOf, hostIn, type Access, type Incoming } from "../call.ts";

/** 192 random bits: a ticket cannot be guessed within its half minute, or ever. */
const TICKET_BYTES = 24;
const TICKET = /^[A-Za-z0-9_-]{32}$/;

type TicketCall = Incoming & { readonly access: Access | null };

/** The host keeps the hash alone. */
export function newTicket(): { readonly ticket: string; readonly hash: string } {
  const ticket = Buffer.from(crypto.getRandomValues(new Uint8Array(TICKET_BYTES))).toString("base64url");
  return { ticket, hash: sha256Hex(ticket) };
}

/** What the caller's ticket opens; it is used up then. A wrong one, one of another principal and one of another kind are all one. */
export async function redeem<K extends TicketGrant["kind"]>(
  call: TicketCall,
  ticket: string,
  kind: K,
): Promise<Extract<TicketGrant, { kind: K }>> {
  if (!TICKET.test(ticket)) throw new AppError("TICKET_INVALID");
  const host = hostObject(call.env, hostIn(call).number);
  const opens = unwrap(await host.ticketRedeem(sha256Hex(ticket), accessOf(call).caller.principal));
  if (opens.kind !== kind) throw new AppError("TICKET_INVALID");
  return opens as Extract<TicketGrant, { kind: K }>;
}

export function checkUpgrade({ request }: TicketCall): void {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new AppError("UPGRADE_REQUIRED");
}

/** Whether the host has what the ticket is for is its own word, and the copy of it may be seconds old: one that says no is asked again. */
export async function checkOffers(call: TicketCall, offers: (host: SnapshotHost) => boolean, without: () => AppError): Promise<void> {
  const host = hostIn(call);
  if (host.online && offers(host)) return;
  const state = await snapshotCacheOf(call.env).newerThan(accessOf(call).state, call.env, call.ctx);
  const now = state.hosts.get(host.number);
  if (!now) throw new AppError("HOST_NOT_FOUND");
  if (now.online && offers(now)) return;
  const { online } = await hostObject(call.env, host.number).presence();
  if (!online) throw new AppError("HOST_OFFLINE");
  if (!offers(now)) throw without();
}
