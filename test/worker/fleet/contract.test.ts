// What can be called on the objects: what their contracts declare, and nothing else. A new method without a row here fails.
import { describe, expect, it } from "vitest";
import type { FleetRpc } from "../../../worker/fleet/contract.ts";
import { FleetDO } from "../../../worker/fleet/object.ts";
import type { HostRpc } from "../../../worker/host/contract.ts";
import { HostDO } from "../../../worker/host/object.ts";

/** Who calls each method: total over the contract, so a method without a caller's right does not compile. */
const FLEET: Record<keyof FleetRpc, "worker, for authorisation" | "worker, after the route's rule" | "host object"> = {
  snapshot: "worker, for authorisation",
  hosts: "worker, after the route's rule",
  host: "worker, after the route's rule",
  hostUpdate: "worker, after the route's rule",
  hostDelete: "worker, after the route's rule",
  enrollmentCreate: "worker, after the route's rule",
  enrollmentClaim: "worker, after the route's rule",
  keys: "worker, after the route's rule",
  keyCreate: "worker, after the route's rule",
  keyUpdate: "worker, after the route's rule",
  keyDelete: "worker, after the route's rule",
  grants: "worker, after the route's rule",
  grantCreate: "worker, after the route's rule",
  grantUpdate: "worker, after the route's rule",
  grantDelete: "worker, after the route's rule",
  signInCodeCreate: "worker, after the route's rule",
  sessionCreate: "worker, after the route's rule",
  sessionDelete: "worker, after the route's rule",
  audit: "worker, after the route's rule",
  report: "host object",
  fanOut: "worker, after the route's rule",
  jobs: "worker, after the route's rule",
  parent: "worker, after the route's rule",
  parentEvents: "worker, after the route's rule",
  parentCancel: "worker, after the route's rule",
};
const HOST: Record<keyof HostRpc, "fleet object" | "worker, after the route's rule"> = {
  initialise: "fleet object",
  retire: "fleet object",
  submit: "worker, after the route's rule",
  call: "worker, after the route's rule",
  job: "worker, after the route's rule",
  jobs: "worker, after the route's rule",
  cancel: "worker, after the route's rule",
  presence: "worker, after the route's rule",
  events: "worker, after the route's rule",
  output: "worker, after the route's rule",
};
/** What the platform calls, and RPC cannot. */
const PLATFORM = ["constructor", "alarm"];
const SOCKETS = ["fetch", "webSocketMessage", "webSocketClose", "webSocketError"];

describe("the methods of an object", () => {
  it("of the Fleet are those of its contract", () => {
    expect(Object.getOwnPropertyNames(FleetDO.prototype).sort()).toEqual([...Object.keys(FLEET), ...PLATFORM].sort());
  });

  it("of a host are those of its contract and its socket's handlers", () => {
    expect(Object.getOwnPropertyNames(HostDO.prototype).sort()).toEqual([...Object.keys(HOST), ...PLATFORM, ...SOCKETS].sort());
  });
});
