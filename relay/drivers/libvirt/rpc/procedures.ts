// The one table of procedures that the driver uses, and the types of their arguments and results. A procedure is added here
// (in its noun's file) and nowhere else.
import { CONNECTION } from "./procedures/connection.ts";
import { DOMAIN } from "./procedures/domain.ts";
import { REGISTRATION } from "./procedures/events.ts";
import { BLOCK, NETWORK, SNAPSHOT, STORAGE } from "./procedures/storage.ts";
import type { Procedure } from "./procedures/define.ts";
import type { Value } from "./types.ts";

export const PROCEDURES = { ...CONNECTION, ...DOMAIN, ...BLOCK, ...SNAPSHOT, ...STORAGE, ...NETWORK, ...REGISTRATION } as const;

export type ProcedureName = keyof typeof PROCEDURES;
export type ArgsOf<N extends ProcedureName> = Value<(typeof PROCEDURES)[N]["args"]>;
export type ResultOf<N extends ProcedureName> = Value<(typeof PROCEDURES)[N]["result"]>;

/** Procedures that open a byte stream; all others are calls. */
export type StreamName = { [N in ProcedureName]: (typeof PROCEDURES)[N]["pace"] extends "stream" ? N : never }[ProcedureName];
export type CallName = Exclude<ProcedureName, StreamName>;

/** The entry without its types, for code that treats all alike. */
export function procedure(name: ProcedureName): Procedure<unknown, unknown> {
  return PROCEDURES[name];
}
