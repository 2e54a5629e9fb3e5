// What can be called on the objects: what their contracts declare, and nothing else. A new method without a row here fails.
import { beforeAll, describe, expect, it } from "vitest";
import type { FleetRpc } from "../../../worker/fleet/contract.ts";
import { FleetDO } from "../../../worker/fleet/object.ts";
import type { HostRpc } from "../../../worker/host/contract.ts";
import { HostDO } from "../../../worker/host/object.ts";
import { fleetOf, hostObject } from "../../../worker/fleet/objects.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { Edge } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

/** The Worker calls after the route's rule, or also says what the caller sees: then the object refuses the rest, see below. */
type Worker = "worker, after the route's rule" | "worker, what the caller sees";

/** Who calls each method: total over the contract, so a method without a caller's right does not compile. */
const FLEET: Record<keyof FleetRpc, "worker, for authorisation" | Worker | "host object"> = {
  snapshot: "worker, for authorisation",
  hosts: "worker, what the caller sees",
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
  record: "worker, after the route's rule",
  usage: "worker, after the route's rule",
  machines: "worker, after the route's rule",
  fanOut: "worker, after the route's rule",
  jobs: "worker, what the caller sees",
  parent: "worker, what the caller sees",
  parentEvents: "worker, what the caller sees",
  parentCancel: "worker, what the caller sees",
};
const HOST: Record<keyof HostRpc, "fleet object" | Worker> = {
  initialise: "fleet object",
  retire: "fleet object",
  submit: "worker, after the route's rule",
  call: "worker, after the route's rule",
  job: "worker, what the caller sees",
  jobs: "worker, what the caller sees",
  cancel: "worker, what the caller sees",
  presence: "worker, after the route's rule",
  ticketCreate: "worker, after the route's rule",
  ticketRedeem: "worker, after the route's rule",
  machines: "worker, after the route's rule",
  events: "worker, what the caller sees",
  output: "worker, what the caller sees",
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

const edge = new Edge();
const QUERY = { limit: LIMITS.pageItems };
const actor = { principal: "key:nobody", requestId: "walk" };
let [number, jobId, parentId] = [0, "", ""];

beforeAll(async () => {
  number = (await enrol(edge, "contract", ["contract"])).number;
  const request = { operation: "command.run", resource_spec: { name: "x" } };
  jobId = (await edge.post("/api/v1/hosts/contract/jobs", request)).body.id;
  parentId = (await edge.post("/api/v1/jobs", { ...request, target: { labels: ["contract"], pick: "all" } })).body.id;
});

/** Every credential must have a pattern that matches: nobody, another operation, one of two credentials. */
const BLIND = [[], [[]], [["host.*"]], [["*"], ["host.info"]], [["*"], []]] as const;
const isNothing = (answer: unknown) => {
  const { ok, code, items } = answer as { ok?: boolean; code?: string; items?: unknown[] };
  return items ? items.length === 0 : ok === false && code === "JOB_NOT_FOUND";
};
type Blind = readonly (readonly string[])[];
const onHost = () => hostObject(edge.env, number);
const sees = (visibility: Blind, host = number) => [{ number: host, visibility }];

const HOST_ASKED: Partial<Record<keyof HostRpc, (v: Blind) => Promise<unknown>>> = {
  job: (v) => onHost().job(jobId, v),
  jobs: (v) => onHost().jobs(QUERY, v),
  cancel: (v) => onHost().cancel(actor, jobId, v),
  events: (v) => onHost().events(jobId, null, "sse", v),
  output: (v) => onHost().output(jobId, "stdout", 0, null, v),
};
const FLEET_ASKED: Partial<Record<keyof FleetRpc, (v: Blind, host?: number) => Promise<unknown>>> = {
  hosts: (v) => fleetOf(edge.env).hosts(LIMITS.pageItems, null, v.length === 1 && v[0]!.includes("*") ? [number] : []),
  jobs: (v, host) => fleetOf(edge.env).jobs(QUERY, sees(v, host)),
  parent: (v, host) => fleetOf(edge.env).parent(parentId, sees(v, host)),
  parentEvents: (v, host) => fleetOf(edge.env).parentEvents(parentId, null, "sse", sees(v, host)),
  parentCancel: (v, host) => fleetOf(edge.env).parentCancel(actor, parentId, sees(v, host)),
};

describe("a method that is told what the caller sees", () => {
  const told = (rules: Record<string, string>) => Object.keys(rules).filter((name) => rules[name] === "worker, what the caller sees");

  it("is asked below, each of them", () => {
    expect(Object.keys(HOST_ASKED).sort()).toEqual(told(HOST).sort());
    expect(Object.keys(FLEET_ASKED).sort()).toEqual(told(FLEET).sort());
  });

  it.each(Object.entries({ ...HOST_ASKED, ...FLEET_ASKED }))("%s gives nothing to who sees nothing of it", async (_name, ask) => {
    for (const visibility of BLIND) expect(isNothing(await ask(visibility)), JSON.stringify(visibility)).toBe(true);
  });

  it.each(Object.entries(FLEET_ASKED).filter(([name]) => name !== "hosts"))(
    "%s gives nothing to who sees another host",
    async (_name, ask) => {
      expect(isNothing(await ask([["*"]], number + 1))).toBe(true);
    },
  );

  it.each(Object.entries({ ...HOST_ASKED, ...FLEET_ASKED }).filter(([name]) => !/cancel|output|events/i.test(name)))(
    "%s gives it to who sees it, so the refusals above mean something",
    async (_name, ask) => {
      expect(isNothing(await ask([["*"]]))).toBe(false);
    },
  );

  it("cancelled nothing that it refused to cancel", async () => {
    for (const id of [jobId, parentId]) expect((await edge.get(`/api/v1/jobs/${id}`)).body["cancel_requested_at"]).toBeNull();
  });
});
