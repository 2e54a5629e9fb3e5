// What the operations of this driver are given, and what they are.
import type { OperationName } from "../../../protocol/operations/index.ts";
import type { Handler } from "../contract.ts";
import type { Session } from "./session.ts";

export interface Parts {
  readonly session: Session;
}

/** Handlers may throw VmFailure: the driver makes results of it. */
export type HandlersOf<N extends OperationName> = { readonly [K in N]: Handler<K> };
