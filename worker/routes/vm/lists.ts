// Lists of virtual machines, of one host and of all: answered from what the hosts have told. No host is asked.
import { AppError, unwrap } from "../../../protocol/errors.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import { findHost, mayOperate } from "../../auth/authorize.ts";
import { fleetOf, hostObject } from "../../fleet/objects.ts";
import { isMachineCursor } from "../../storage/machine-list.ts";
import { accessOf, hostIn, type Handlers } from "../call.ts";
import { badCursor } from "../control/hosts.ts";
import { json } from "../respond.ts";
import { reading } from "../rpc.ts";

const LIST = VM_OPERATIONS["vm.list"];

function checkCursor(cursor: string | undefined): void {
  if (cursor !== undefined && !isMachineCursor(cursor)) throw badCursor();
}

export const vmListHandlers: Pick<Handlers, "vms" | "vmsEverywhere"> = {
  async vms(call) {
    checkCursor(call.query.cursor);
    const host = hostIn(call);
    const { items, next_cursor, asOfMs, stale } = unwrap(await reading(() => hostObject(call.env, host.number).machines(call.query)));
    return json(call.requestId, 200, {
      items: items.map((item) => ({ ...item, host: host.name })),
      next_cursor,
      as_of: asOfMs === null ? null : new Date(asOfMs).toISOString(),
      stale,
    });
  },

  /** Of the hosts where the caller may run vm.list. */
  async vmsEverywhere(call) {
    const { host: reference, ...query } = call.query;
    checkCursor(query.cursor);
    const { caller, state } = accessOf(call);
    const named = reference === undefined ? [...state.hosts.values()] : [findHost(caller, state, reference)];
    const hosts = named.filter((host) => mayOperate(caller, host, LIST));
    if (reference !== undefined && hosts.length === 0) throw new AppError("FORBIDDEN");
    const numbers = hosts.map(({ number }) => number);
    return json(call.requestId, 200, await reading(() => fleetOf(call.env).machines(query, numbers)));
  },
};
