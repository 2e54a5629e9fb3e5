// What the surfaces of the model plane stand on, handed to them so that tests may give their own.
import { exchange, inFlight } from "../../routing/exchange.ts";
import type { Exchange } from "../../routing/contract.ts";

export interface Plane {
  readonly exchange: Exchange;
  /** Exchanges with a host that this isolate has open. */
  readonly inFlight: (hostNumber: number) => number;
}

export const PLANE: Plane = { exchange, inFlight };
