// Consoles of virtual machines: a ticket for one who may use them, and the WebSocket that it opens. The lane's object holds the
// socket and closes it within seconds when the right is taken back.
import { AppError, unwrap } from "../../../protocol/errors.ts";
import { roleForRisk } from "../../../protocol/access.ts";
import { vmIdSchema } from "../../../protocol/operations/vm-fields.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { Reader } from "../../auth/reader.ts";
import { hostObject } from "../../fleet/objects.ts";
import { openSocket } from "../../routing/sockets.ts";
import { accessOf, actorOf, hostIn, type Handlers } from "../call.ts";
import { checkOffers, checkUpgrade, newTicket, redeem } from "../control/tickets.ts";
import { json } from "../respond.ts";

const CONSOLE = VM_OPERATIONS["vm.console"];
/** Of the operation: the route's rule asks for the same. */
const USE: Reader["use"] = { use: CONSOLE.name, role: roleForRisk(CONSOLE.risk) };

/** As the hypervisor writes it. */
function vmIn({ params }: { readonly params: { readonly vm: string } }): string {
  const vm = vmIdSchema.safeParse(params.vm);
  if (!vm.success) throw new AppError("VM_NOT_FOUND");
  return vm.data.toLowerCase();
}

const notOffered = () =>
  new AppError("OPERATION_UNSUPPORTED", {
    detail:
      "The host has no hypervisor with consoles (Hyper-V has vm.screenshot and vm.send-keys), or its relay.toml does not allow vm.console.",
  });

export const vmConsoleHandlers: Pick<Handlers, "vmConsole" | "vmConsoleSocket"> = {
  async vmConsole(call) {
    const vm = vmIn(call);
    const host = hostIn(call);
    const { console, take_over } = call.body;
    await checkOffers(call, ({ consoles }) => consoles, notOffered);
    const { ticket, hash } = newTicket();
    const input = { actor: actorOf(call), hash, opens: { kind: "console", vm, console, take_over } } as const;
    const { expiresAtMs } = unwrap(await hostObject(call.env, host.number).ticketCreate(input));
    const url = `/api/v1/hosts/${encodeURIComponent(host.name)}/vms/${vm}/console/socket?ticket=${ticket}`;
    return json(call.requestId, 201, { ticket, url, console, expires_at: new Date(expiresAtMs).toISOString() });
  },

  async vmConsoleSocket(call) {
    checkUpgrade(call);
    const vm = vmIn(call);
    const access = accessOf(call);
    const host = hostIn(call);
    const open = await redeem(call, call.query.ticket, "console");
    // Shown for another machine it is used up all the same.
    if (open.vm !== vm) throw new AppError("TICKET_INVALID");
    return openSocket({ ...call, access, host, open, use: USE });
  },
};
