// The inventory of a host at the edge: generations, differences, freshness, the rows it costs, and its way to the Fleet.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import type { VmListQuery } from "../../../protocol/api/vm-routes.ts";
import type { InventoryItem, InventoryMessage } from "../../../protocol/inventory.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE } from "../../../protocol/link/control.ts";
import type { FleetMachine, FleetRpc } from "../../../worker/fleet/contract.ts";
import { Outbox } from "../../../worker/host/outbox.ts";
import { Parts } from "../../../worker/host/parts.ts";
import { inventoryItem, machineId } from "../../fixtures/inventory-item.ts";
import { counted } from "./counted-rows.ts";
import { ACTOR, edge, evict, hibernate, newHost, rows, stub } from "./edge.ts";
import { CATALOGUE, eventually, ScriptedRelay, type HostUnderTest } from "./scripted-relay.ts";

const VIRTUAL = { hypervisor: "libvirt", storage: [], networks: [], images: [], unsupported: [], choices: [] } as const;
const catalogue = { ...CATALOGUE, virtual: { ...VIRTUAL, storage: [], networks: [], images: [], unsupported: [], choices: [] } };
/** Their names are in the order of their numbers. */
const machine = (n: number, more: Partial<InventoryItem> = {}) => inventoryItem(n, { name: `vm${String(n).padStart(4, "0")}`, ...more });

const say = (more: Partial<InventoryMessage> = {}): InventoryMessage => ({
  type: "inventory",
  generation: 1,
  complete: true,
  live: true,
  changed: [],
  removed: [],
  ...more,
});

const connect = (host: HostUnderTest) => ScriptedRelay.connect(host, { catalogue });
const list = async (host: HostUnderTest, query: Partial<VmListQuery> = {}) => unwrap(await edge(host).machines({ limit: 200, ...query }));
const names = async (host: HostUnderTest, query: Partial<VmListQuery> = {}) => (await list(host, query)).items.map(({ name }) => name);
const fleet = () => env.FLEET.getByName("fleet") as unknown as FleetRpc;
const atFleet = async (host: HostUnderTest): Promise<FleetMachine[]> => (await fleet().machines({ limit: 200 }, [host.number])).items;

/** The edge has handled everything that was sent before. */
let probes = 0;
async function settled(relay: ScriptedRelay): Promise<void> {
  probes += 1;
  const id = probes;
  relay.send({ type: "probe", id });
  await eventually(
    () => relay.all("probe_answer").some((answer) => answer.id === id),
    `the edge's answer; ${JSON.stringify(relay.closed)}`,
  );
}

async function told(relay: ScriptedRelay, ...messages: InventoryMessage[]): Promise<void> {
  for (const message of messages) relay.send(message);
  await settled(relay);
}

describe("an inventory", () => {
  let host: HostUnderTest;
  let relay: ScriptedRelay;
  beforeAll(async () => {
    host = await newHost();
    relay = await connect(host);
  });

  it("is empty and of no time before anything was told", async () => {
    expect(await list(host)).toEqual({ items: [], next_cursor: null, asOfMs: null, stale: true });
  });

  it("is shown once it is complete, as of now, and follows differences", async () => {
    await told(relay, say({ complete: false, changed: [machine(1), machine(2)] }));
    expect(await list(host)).toMatchObject({ asOfMs: null, stale: true });
    const before = Date.now();
    await told(relay, say({ changed: [machine(3)] }));
    const first = await list(host);
    expect([first.stale, first.asOfMs! >= before, first.items]).toEqual([false, true, [machine(1), machine(2), machine(3)]]);
    await told(relay, say({ changed: [machine(2, { state: "running", tags: ["web"] })], removed: [machineId(1)] }));
    expect((await list(host)).items).toEqual([machine(2, { state: "running", tags: ["web"] }), machine(3)]);
  });

  it("is filtered by state and tag, and paged by name without loss or repeat", async () => {
    await told(
      relay,
      say({ generation: 2, changed: Array.from({ length: 25 }, (_, n) => machine(n, n % 2 ? { state: "running", tags: ["odd"] } : {})) }),
    );
    expect(await names(host, { state: "running" })).toHaveLength(12);
    expect(await names(host, { tag: "odd" })).toHaveLength(12);
    expect(await names(host, { tag: "odd", state: "off" })).toEqual([]);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await list(host, { limit: 10, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ name }) => name));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => machine(n).name));
  });

  it("ends with a new generation what that does not name, once it is complete, also when the object slept in between", async () => {
    await told(relay, say({ generation: 3, complete: false, changed: [machine(1)] }));
    expect(await names(host)).toHaveLength(25);
    expect((await list(host)).stale).toBe(true);
    await hibernate(host);
    await told(relay, say({ generation: 3, changed: [machine(4)] }));
    expect(await names(host)).toEqual(["vm0001", "vm0004"]);
  });

  it("ignores an older generation", async () => {
    await told(relay, say({ generation: 2, changed: [machine(9)], removed: [machineId(1)] }));
    expect(await names(host)).toEqual(["vm0001", "vm0004"]);
  });

  it("is stale since the moment when the hypervisor stopped to answer", async () => {
    const before = Date.now();
    await told(relay, say({ generation: 3, live: false }));
    const then = await list(host);
    expect([then.stale, then.asOfMs! >= before, then.items.length]).toEqual([true, true, 2]);
    await told(relay, say({ generation: 3 }));
    expect((await list(host)).stale).toBe(false);
  });

  it("leaves out a machine whose id is none, and keeps the link", async () => {
    await told(relay, say({ generation: 3, changed: [machine(5, { id: "../x" })], removed: ["' OR 1=1 --"] }));
    expect(await names(host)).toEqual(["vm0001", "vm0004"]);
    expect(relay.closed).toBeNull();
  });

  it("is stale when the link is gone, keeps its time, and is taken anew on the next one whatever its number", async () => {
    const { asOfMs } = await list(host);
    relay.close();
    await eventually(async () => (await list(host)).stale, "the loss");
    const gone = await list(host);
    expect([gone.items.length, gone.asOfMs! >= asOfMs!]).toEqual([2, true]);
    const next = await connect(host);
    expect(await list(host)).toMatchObject({ stale: true, asOfMs: gone.asOfMs });
    await told(next, say({ generation: 1, changed: [machine(1)] }));
    expect(await list(host)).toMatchObject({ stale: false, items: [machine(1)] });
    await evict(host);
    expect(await list(host)).toMatchObject({ stale: true, items: [machine(1)] });
    relay = await connect(host);
  });

  it("of a link that died without a word is as old as its last word", async () => {
    const dead = await newHost();
    const silent = await connect(dead);
    const before = Date.now();
    await told(silent, say({ changed: [machine(1)] }));
    const heardAt = Date.now() - LIMITS.heartbeatDeadMs - 1;
    await runInDurableObject(stub(dead), (_, state) => {
      for (const ws of state.getWebSockets()) ws.serializeAttachment({ ...(ws.deserializeAttachment() as object), atMs: heardAt });
      // Welcomed an hour before.
      const link = JSON.parse(state.storage.sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'link'").one().value) as object;
      state.storage.sql.exec("UPDATE meta SET value = ? WHERE key = 'link'", JSON.stringify({ ...link, seenAtMs: before - 3600_000 }));
    });
    await hibernate(dead);
    expect(await list(dead)).toMatchObject({ stale: true, asOfMs: heardAt });
    expect(await list(dead)).toMatchObject({ stale: true, asOfMs: heardAt });
  });

  it("is emptied by a host that has no hypervisor any more", async () => {
    await told(relay, say({ changed: [machine(1)] }));
    relay.send({ type: "catalogue", labels: [], slots: 1, catalogue: CATALOGUE });
    await told(relay, say({ generation: 5, live: false }));
    expect(await list(host)).toEqual({ items: [], next_cursor: null, asOfMs: null, stale: false });
  });

  it("that is no inventory ends the link", async () => {
    const other = await connect(host);
    const many = Array.from({ length: LIMITS.inventoryItems + 1 }, (_, n) => machine(n));
    other.ws.send(JSON.stringify(say({ changed: many })));
    expect((await other.closedWith()).code).toBe(CLOSE.invalid);
  });
});

describe("the rows of an inventory", () => {
  it("that change without end end the link", async () => {
    const own = await newHost();
    const flood = await connect(own);
    const states = ["running", "off"] as const;
    for (let round = 0; round * LIMITS.inventoryItems <= LIMITS.inventoryRowsAtOnce + 4 * LIMITS.inventoryRowsPerSecond; round += 1) {
      const changed = Array.from({ length: LIMITS.inventoryItems }, (_, n) => machine(n, { state: states[round % 2]! }));
      flood.send(say({ changed }));
    }
    await eventually(() => flood.closed !== null, "the end of the link");
    expect(flood.closed?.code).toBe(CLOSE.invalid);
  });

  it("are written only where something differs, and never without bound", async () => {
    const host = await newHost();
    await connect(host);
    await runInDurableObject(stub(host), (_, real) => {
      const counter = counted(real);
      const parts = new Parts(counter.state, env, () => {});
      parts.changes.onChange(() => {});
      const written = (message: InventoryMessage): number => {
        const before = counter.written();
        parts.machines.take(message);
        return counter.written() - before;
      };
      const all = Array.from({ length: 50 }, (_, n) => machine(n));
      // One for what is known of the inventory itself.
      expect(written(say({ changed: all }))).toBe(51);
      expect(written(say({ changed: all }))).toBe(0);
      expect(written(say({ generation: 2, changed: all }))).toBe(1);
      expect(written(say({ generation: 2, changed: [machine(7, { state: "running" })], removed: [machineId(9), machineId(99)] }))).toBe(2);
      for (let from = 0; from < 3 * LIMITS.inventory; from += 100)
        written(say({ generation: 2, changed: Array.from({ length: 100 }, (__, n) => machine(from + n)) }));
      expect(real.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM machines").one().n).toBeLessThanOrEqual(2 * LIMITS.inventory);
    });
  });
});

describe("the Fleet", () => {
  it("has what the host told, with its changes, its end and its freshness, and the host keeps no tombstones", async () => {
    const host = await newHost();
    const relay = await connect(host);
    await told(relay, say({ changed: [machine(1), machine(2, { tags: ["a"] })] }));
    const both = await eventually(async () => {
      const found = await atFleet(host);
      return found.length === 2 ? found : null;
    }, "both");
    expect(both[0]).toEqual({ ...machine(1), host: host.name, as_of: both[0]!.as_of, stale: false });
    expect(Date.now() - Date.parse(both[0]!.as_of!)).toBeLessThan(10_000);
    await told(relay, say({ changed: [machine(1, { state: "running" })], removed: [machineId(2)] }));
    await eventually(async () => (await atFleet(host)).map(({ state }) => state).join() === "running", "the change and the end");
    await eventually(async () => (await rows(host, "SELECT id FROM machines")).length === 1, "no tombstone");
    await told(relay, say({ live: false }));
    await eventually(async () => (await atFleet(host))[0]?.stale, "the word of a hypervisor that does not answer");
    expect(unwrap(await fleet().hostDelete(ACTOR, host.number))).toBeNull();
    expect(await atFleet(host)).toEqual([]);
  });

  it("gets many in several reports, and again what it did not take", async () => {
    const host = await newHost();
    const relay = await connect(host);
    const all = Array.from({ length: 700 }, (_, n) => machine(n));
    for (let from = 0; from < all.length; from += 100) relay.send(say({ complete: from === 600, changed: all.slice(from, from + 100) }));
    await settled(relay);
    await eventually(async () => (await rows(host, "SELECT value FROM meta WHERE key = 'inventory-sent'")).length > 0, "a report");
    const counted = async () =>
      await runInDurableObject(env.FLEET.getByName("fleet"), (_, state) =>
        state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM machines WHERE host_number = ?", host.number).one(),
      );
    await eventually(async () => (await counted()).n === 700, "all");
    // A report that failed half-way: the stamp is not moved, and what it held goes again.
    await runInDurableObject(stub(host), async (_, state) => {
      const failing = { getByName: () => ({ report: () => Promise.reject(new Error("not today")) }) };
      const parts = new Parts(state, { ...env, FLEET: failing } as unknown as typeof env, () => {});
      parts.machines.take(say({ changed: [machine(3, { state: "running" })] }));
      await parts.outbox.flush();
      expect(parts.machines.isSent).toBe(false);
      expect(parts.outbox).toBeInstanceOf(Outbox);
      const whole = new Parts(state, env, () => {});
      await whole.outbox.due();
      expect(whole.machines.isSent).toBe(true);
    });
    expect((await fleet().machines({ limit: 200, state: "running" }, [host.number])).items.map(({ id }) => id)).toEqual([machineId(3)]);
  });
});
