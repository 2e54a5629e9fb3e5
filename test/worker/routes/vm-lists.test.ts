// The lists of virtual machines over HTTP: what a caller may see of one host and of all, filters, pages, freshness.
import { beforeAll, describe, expect, it } from "vitest";
import type { InventoryItem, InventoryMessage } from "../../../protocol/inventory.ts";
import { vmFleetListSchema, vmListSchema } from "../../../protocol/api/vm-routes.ts";
import { inventoryItem, machineId } from "../../fixtures/inventory-item.ts";
import { CATALOGUE, eventually, ScriptedRelay, type HostUnderTest } from "../host/scripted-relay.ts";
import { Edge } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const VIRTUAL = { hypervisor: "libvirt" as const, storage: [], networks: [], images: [], unsupported: [], choices: [] };
const edge = new Edge();
const keys: Record<string, string> = {};
const machine = (n: number, name: string, more: Partial<InventoryItem> = {}) => inventoryItem(n, { name, ...more });
const say = (changed: InventoryItem[]): InventoryMessage => ({
  type: "inventory",
  generation: 1,
  complete: true,
  live: true,
  changed,
  removed: [],
});
let relays: Record<string, ScriptedRelay> = {};
const list = async (path: string, key?: string) => {
  const answer = await edge.get(path, key === undefined ? {} : { key });
  return { status: answer.status, code: answer.body.code, names: (answer.body.items ?? []).map((item) => item["name"]), body: answer.body };
};

beforeAll(async () => {
  const hosts: HostUnderTest[] = [await enrol(edge, "left"), await enrol(edge, "right"), await enrol(edge, "bare")];
  for (const host of hosts)
    relays[host.name] = await ScriptedRelay.connect(host, { catalogue: { ...CATALOGUE, virtual: host.name === "bare" ? null : VIRTUAL } });
  relays["left"]!.send(say([machine(1, "Beta", { tags: ["web"] }), machine(2, "alpha", { state: "running" })]));
  // The same machine on both: moved by hand, say.
  relays["right"]!.send(say([machine(1, "beta"), machine(3, "\u{1f600}".repeat(100))]));
  relays["bare"]!.send({ ...say([]), live: false });
  const grants = {
    left: [{ role: "reader", hosts: ["left"] }],
    others: [{ role: "operator", hosts: ["*"], operations: ["command.*"] }],
    lists: [{ role: "reader", hosts: ["right"], operations: ["vm.list"] }],
  };
  for (const [name, own] of Object.entries(grants)) keys[name] = (await edge.post("/api/v1/keys", { name, grants: own })).body.key;
  await eventually(async () => (await list("/api/v1/vms")).names.length === 4, "the Fleet's list");
});

describe("the list of a host", () => {
  it("is sorted by name without case, fresh, and as the contract says", async () => {
    const { body, names } = await list("/api/v1/hosts/left/vms");
    expect(names).toEqual(["alpha", "Beta"]);
    expect(vmListSchema.parse(body)).toMatchObject({ stale: false, items: [{ host: "left" }, { host: "left" }] });
    expect(Math.abs(Date.now() - Date.parse(body["as_of"] as string))).toBeLessThan(10_000);
    expect((await list("/api/v1/hosts/left/vms?state=running")).names).toEqual(["alpha"]);
    expect((await list("/api/v1/hosts/left/vms?tag=web")).names).toEqual(["Beta"]);
  });

  it("is empty and of no time where there is no hypervisor", async () => {
    expect((await list("/api/v1/hosts/bare/vms")).body).toMatchObject({ items: [], as_of: null, stale: false });
  });

  it.each([
    ["left", "left", 200],
    ["left", "right", 404],
    ["others", "left", 403],
    ["lists", "right", 200],
  ])("for %s of %s: %i", async (key, host, status) => {
    expect((await list(`/api/v1/hosts/${host}/vms`, keys[key])).status).toBe(status);
  });

  it.each(["cursor=x", "cursor=..%2F", "state=on", "tag=A%20B", "limit=0", "limit=201", "sort=name"])("refuses ?%s", async (query) => {
    for (const path of ["/api/v1/hosts/left/vms", "/api/v1/vms"]) expect((await list(`${path}?${query}`)).status).toBe(422);
  });
});

describe("the list of all hosts", () => {
  it("has what may be seen, by name, with each one's host and freshness", async () => {
    const { body, names } = await list("/api/v1/vms");
    expect(names.slice(0, 3)).toEqual(["alpha", "Beta", "beta"]);
    expect(vmFleetListSchema.parse(body).items.map(({ host, stale }) => [host, stale])).toEqual([
      ["left", false],
      ["left", false],
      ["right", false],
      ["right", false],
    ]);
    expect((await list("/api/v1/vms", keys["left"])).names).toEqual(["alpha", "Beta"]);
    expect((await list("/api/v1/vms", keys["lists"])).names).toHaveLength(2);
    expect((await list("/api/v1/vms", keys["others"])).names).toEqual([]);
  });

  it("is paged without loss or repeat, also over machines of one id and names of any letters", async () => {
    const seen: string[] = [];
    for (let cursor = ""; ;) {
      const { body } = await list(`/api/v1/vms?limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items!.map((item) => `${String(item["host"])}/${String(item["id"])}`));
      if (body.next_cursor === null) break;
      expect(body.next_cursor.length).toBeLessThanOrEqual(200);
      cursor = body.next_cursor;
    }
    expect(seen).toEqual([`left/${machineId(2)}`, `left/${machineId(1)}`, `right/${machineId(1)}`, `right/${machineId(3)}`]);
  });

  it("is narrowed to a host that may be seen", async () => {
    expect((await list("/api/v1/vms?host=right&state=off")).names).toHaveLength(2);
    expect((await list("/api/v1/vms?host=right", keys["left"])).code).toBe("HOST_NOT_FOUND");
    expect((await list("/api/v1/vms?host=left", keys["others"])).code).toBe("FORBIDDEN");
  });

  it("loses the machines of a host that is removed", async () => {
    relays["left"]!.close();
    expect((await edge.ask("DELETE", "/api/v1/hosts/left")).status).toBe(204);
    expect((await list("/api/v1/vms")).names).toHaveLength(2);
  });
});
