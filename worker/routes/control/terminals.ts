// Interactive terminals: a ticket for one who may look or type, and the WebSocket that it opens. The lane's object holds the
// socket and closes it within seconds when the right is taken back.
import { AppError, unwrap } from "../../../protocol/errors.ts";
import type { Use } from "../../../protocol/access.ts";
import { mayUse } from "../../auth/authorize.ts";
import { sha256Hex } from "../../auth/hash.ts";
import { snapshotCacheOf } from "../../auth/snapshot.ts";
import type { SnapshotHost } from "../../fleet/contract.ts";
import { hostObject } from "../../fleet/objects.ts";
import { openSocket } from "../../routing/sockets.ts";
import { accessOf, actorOf, hostIn, type Access, type Call, type Handlers } from "../call.ts";
import { json } from "../respond.ts";

/** 192 random bits: a ticket cannot be guessed within its half minute, or ever. */
const TICKET_BYTES = 24;
const TICKET = /^[A-Za-z0-9_-]{32}$/;

const useFor = (mode: "write" | "read"): Use => (mode === "write" ? "terminal.open" : "terminal.watch");

function checkUse({ caller }: Access, host: SnapshotHost, use: Use): void {
  if (!mayUse(caller, host, use)) throw new AppError("FORBIDDEN");
}

/** Whether the host has terminals is its own word, and the copy of it may be seconds old: one that says no is asked again. */
async function checkHost(call: Call<"terminalTicket">): Promise<void> {
  const host = hostIn(call);
  const isReady = (one: SnapshotHost | undefined) => one !== undefined && one.online && one.terminals;
  if (isReady(host)) return;
  const state = await snapshotCacheOf(call.env).newerThan(accessOf(call).state, call.env, call.ctx);
  const now = state.hosts.get(host.number);
  if (!now) throw new AppError("HOST_NOT_FOUND");
  if (isReady(now)) return;
  const { online } = await hostObject(call.env, host.number).presence();
  if (!online) throw new AppError("HOST_OFFLINE");
  if (!now.terminals) throw new AppError("TERMINALS_DISABLED");
}

export const terminalHandlers: Pick<Handlers, "terminalTicket" | "terminalSocket"> = {
  async terminalTicket(call) {
    const { terminal = null, mode, columns, rows } = call.body;
    const host = hostIn(call);
    checkUse(accessOf(call), host, useFor(mode));
    if (mode === "read" && terminal === null)
      throw new AppError("BODY_INVALID", { errors: [{ pointer: "/terminal", message: "is needed by a reader: terminal.list has them" }] });
    await checkHost(call);
    const ticket = Buffer.from(crypto.getRandomValues(new Uint8Array(TICKET_BYTES))).toString("base64url");
    const input = { actor: actorOf(call), hash: sha256Hex(ticket), terminal, mode, columns, rows };
    const { expiresAtMs } = unwrap(await hostObject(call.env, host.number).ticketCreate(input));
    const url = `/api/v1/hosts/${encodeURIComponent(host.name)}/terminals/socket?ticket=${ticket}`;
    return json(call.requestId, 201, { ticket, url, mode, expires_at: new Date(expiresAtMs).toISOString() });
  },

  async terminalSocket(call) {
    if (call.request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new AppError("UPGRADE_REQUIRED");
    const access = accessOf(call);
    const host = hostIn(call);
    if (!TICKET.test(call.query.ticket)) throw new AppError("TICKET_INVALID");
    const { principal } = access.caller;
    const { mode, ...place } = unwrap(await hostObject(call.env, host.number).ticketRedeem(sha256Hex(call.query.ticket), principal));
    // What was allowed half a minute ago may not be any more.
    checkUse(access, host, useFor(mode));
    return openSocket({ ...call, access, host, open: { kind: "terminal", mode, ...place }, use: useFor(mode) });
  },
};
