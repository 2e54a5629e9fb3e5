// Stubs of the edge's objects, typed by their contracts. The one place that names them.
import type { Env } from "../env.ts";
import type { HostRpc } from "../host/contract.ts";
import type { FleetRpc } from "./contract.ts";

type Fetcher = Pick<DurableObjectStub, "fetch">;

/** A new stub each time: one that failed stays broken. */
export const fleetOf = (env: Env): FleetRpc => env.FLEET.getByName("fleet");

export const hostObject = (env: Env, number: number): HostRpc & Fetcher => env.HOST.getByName(`host-${number}`);
