// What the operations of this driver are given, and what they are.
import type { OperationName } from "../../../protocol/operations/index.ts";
import type { Handler } from "../contract.ts";
import type { Consoles } from "./consoles/consoles.ts";
import type { EventWatch } from "./event-watch.ts";
import type { Session } from "./session.ts";
import type { Storage } from "./storage/contract.ts";
import type { VmReader } from "./vms/reader.ts";

export interface Parts {
  readonly session: Session;
  readonly storage: Storage;
  readonly consoles: Consoles;
  readonly reader: VmReader;
  readonly events: EventWatch;
}

/** Handlers may throw VmFailure and LibvirtError: the driver makes results of them. */
export type HandlersOf<N extends OperationName> = { readonly [K in N]: Handler<K> };
