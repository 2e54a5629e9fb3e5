// Interactive terminals: a ticket for one who may look or type, and the WebSocket that it opens. The lane's object holds the
// socket and closes it within seconds when the right is taken back.
import { AppError, unwrap } from "../../../protocol/errors.ts";
import type { Use } from "../../../protocol/access.ts";
import { mayUse } from "../../auth/authorize.ts";
import type { SnapshotHost } from "../../fleet/contract.ts";
import { hostObject } from "../../fleet/objects.ts";
import { openSocket } from "../../routing/sockets.ts";
import { accessOf, actorOf, hostIn, type Access, type Handlers } from "../call.ts";
import { json } from "../respond.ts";
import { checkOffers, checkUpgrade, newTicket, redeem } from "./tickets.ts";

const useFor = (mode: "write" | "read"): Use => (mode === "write" ? "terminal.open" : "terminal.watch");

function checkUse({ caller }: Access, host: SnapshotHost, use: Use): void {
  if (!mayUse(caller, host, use)) throw new AppError("FORBIDDEN");
}

export const terminalHandlers: Pick<Handlers, "terminalTicket" | "terminalSocket"> = {
  async terminalTicket(call) {
    const { terminal = null, mode, columns, rows } = call.body;
    const host = hostIn(call);
    checkUse(accessOf(call), host, useFor(mode));
    if (mode === "read" && terminal === null)
      throw new AppError("BODY_INVALID", { errors: [{ pointer: "/terminal", message: "is needed by a reader: terminal.list has them" }] });
    await checkOffers(
      call,
      ({ terminals }) => terminals,
      () => new AppError("TERMINALS_DISABLED"),
    );
    const { ticket, hash } = newTicket();
    const input = { actor: actorOf(call), hash, opens: { kind: "terminal", terminal, mode, columns, rows } } as const;
    const { expiresAtMs } = unwrap(await hostObject(call.env, host.number).ticketCreate(input));
    const url = `/api/v1/hosts/${encodeURIComponent(host.name)}/terminals/socket?ticket=${ticket}`;
    return json(call.requestId, 201, { ticket, url, mode, expires_at: new Date(expiresAtMs).toISOString() });
  },

  async terminalSocket(call) {
    checkUpgrade(call);
    const access = accessOf(call);
    const host = hostIn(call);
    const open = await redeem(call, call.query.ticket, "terminal");
    // What was allowed half a minute ago may not be any more.
    checkUse(access, host, useFor(open.mode));
    return openSocket({ ...call, access, host, open, use: useFor(open.mode) });
  },
};
