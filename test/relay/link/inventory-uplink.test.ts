// The inventory on its way to the edge: everything after a welcome, differences after that, at most one message in a while, and
// nothing lost by a broken link.
import { beforeEach, describe, expect, it } from "vitest";
import { parseRelayMessage } from "../../../protocol/link/control.ts";
import type { InventoryItem, InventoryMessage } from "../../../protocol/inventory.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { InventoryUplink } from "../../../relay/link/inventory-uplink.ts";
import { inventoryItem, machineId } from "../../fixtures/inventory-item.ts";
import { FakeClock } from "./fake-clock.ts";

let clock: FakeClock;
let source: { live: boolean; items: Map<string, InventoryItem> } | null;
let sent: InventoryMessage[];
let uplink: InventoryUplink;
/** What an edge that does as the protocol says has of it. */
let edge: { generation: number; complete: boolean; live: boolean; items: Map<string, InventoryItem> };

const link = {
  isClogged: false,
  frames: () => undefined,
  message: (said: unknown) => {
    const text = JSON.stringify(said);
    expect(text.length).toBeLessThanOrEqual(LIMITS.controlMessageBytes);
    const message = parseRelayMessage(text);
    if ("error" in message || message.type !== "inventory") throw new Error(`the edge would refuse it: ${text.slice(0, 300)}`);
    sent.push(message);
    if (message.generation > edge.generation) edge = { ...edge, generation: message.generation, items: new Map() };
    for (const item of message.changed) edge.items.set(item.id, item);
    for (const id of message.removed) edge.items.delete(id);
    [edge.complete, edge.live] = [message.complete, message.live];
  },
};

function set(item: InventoryItem): void {
  source!.items.set(item.id, item);
  uplink.changed();
}
const brief = () =>
  sent.map(({ complete, live, changed, removed }) => [complete, live, changed.map(({ name }) => name).join(), removed.length]);

beforeEach(() => {
  clock = new FakeClock();
  source = { live: true, items: new Map([inventoryItem(1), inventoryItem(2)].map((item) => [item.id, item])) };
  sent = [];
  edge = { generation: 0, complete: false, live: false, items: new Map() };
  uplink = new InventoryUplink(() => source, clock);
});

describe("an inventory", () => {
  it("is told whole after each welcome, with a generation that grows also when the clock went back", () => {
    uplink.up(link);
    uplink.down();
    clock.sleep(-3600_000);
    uplink.up(link);
    expect(brief()).toEqual([
      [true, true, "vm1,vm2", 0],
      [true, true, "vm1,vm2", 0],
    ]);
    expect(sent[1]!.generation).toBeGreaterThan(sent[0]!.generation);
  });

  it("says later only what differs, by content, at once and then once in a while", async () => {
    uplink.up(link);
    set(inventoryItem(1));
    expect(sent).toHaveLength(1);
    set(inventoryItem(1, { state: "running" }));
    expect(brief().at(-1)).toEqual([true, true, "vm1", 0]);
    set(inventoryItem(2, { state: "running" }));
    source!.items.delete(machineId(1));
    set(inventoryItem(3));
    expect(sent).toHaveLength(2);
    await clock.advance(LIMITS.inventoryReportMs);
    expect(brief().slice(2)).toEqual([[true, true, "vm2,vm3", 1]]);
    await clock.advance(10 * LIMITS.inventoryReportMs);
    expect(sent).toHaveLength(3);
    expect(edge.items).toEqual(source!.items);
  });

  it("of a large host goes in parts, complete with the last, and many changes one message after the other", async () => {
    for (let n = 0; n < 250; n += 1) source!.items.set(machineId(n), inventoryItem(n));
    uplink.up(link);
    expect(sent.map(({ complete, changed }) => [complete, changed.length])).toEqual([
      [false, 100],
      [false, 100],
      [true, 50],
    ]);
    for (let n = 0; n < 250; n += 1) source!.items.set(machineId(n), inventoryItem(n, { state: "running" }));
    uplink.changed();
    expect(sent).toHaveLength(4);
    await clock.advance(3 * LIMITS.inventoryReportMs);
    expect(sent).toHaveLength(6);
    expect(edge.items).toEqual(source!.items);
  });

  it("fits its messages whatever people wrote, and leaves out what the edge would refuse", () => {
    for (let n = 0; n < 100; n += 1) source!.items.set(machineId(n), inventoryItem(n, { description: "\u0001".repeat(4_000) }));
    source!.items.set(machineId(500), inventoryItem(500, { name: "x".repeat(300) }));
    source!.items.set("not-an-id", inventoryItem(501, { id: "not-an-id" }));
    uplink.up(link);
    expect(sent.length).toBeGreaterThan(2);
    expect(edge.items.size).toBe(100);
    expect(edge.complete).toBe(true);
  });

  it("takes back what it told of a machine that cannot be told any more, until it can", async () => {
    uplink.up(link);
    set(inventoryItem(1, { state: "running", addresses: ["x".repeat(65)] }));
    expect([...edge.items.keys()]).toEqual([machineId(2)]);
    await clock.advance(LIMITS.inventoryReportMs);
    set(inventoryItem(1, { state: "paused", addresses: ["x".repeat(66)] }));
    expect(sent).toHaveLength(2);
    set(inventoryItem(1));
    await clock.advance(LIMITS.inventoryReportMs);
    expect(edge.items).toEqual(source!.items);
  });

  it("loses nothing when the link breaks between two messages", async () => {
    uplink.up(link);
    set(inventoryItem(1, { state: "running" }));
    set(inventoryItem(2, { state: "running" }));
    uplink.down();
    source!.items.delete(machineId(1));
    set(inventoryItem(4));
    await clock.advance(3 * LIMITS.inventoryReportMs);
    expect(sent).toHaveLength(2);
    uplink.up(link);
    expect(edge.items).toEqual(source!.items);
  });

  it("says when the hypervisor does not answer, and leaves the edge what it has until it was read again", async () => {
    uplink.up(link);
    source!.live = false;
    uplink.changed();
    expect(brief().at(-1)).toEqual([true, false, "", 0]);
    // Another process, before its first look.
    source = { live: false, items: new Map() };
    uplink.up(link);
    expect(brief().at(-1)).toEqual([false, false, "", 0]);
    source = { live: true, items: new Map([[machineId(2), inventoryItem(2)]]) };
    uplink.changed();
    await clock.advance(LIMITS.inventoryReportMs);
    expect(brief().at(-1)).toEqual([true, true, "vm2", 0]);
  });

  it("is emptied, complete, when relay.toml takes the hypervisor away, and told whole when it gives it back", async () => {
    uplink.up(link);
    const before = source;
    source = null;
    uplink.changed();
    expect(brief().at(-1)).toEqual([true, false, "", 0]);
    expect(sent.at(-1)!.generation).toBeGreaterThan(sent[0]!.generation);
    expect(edge.items.size).toBe(0);
    await clock.advance(LIMITS.inventoryReportMs);
    uplink.changed();
    expect(sent).toHaveLength(2);
    source = before;
    uplink.changed();
    expect(edge).toMatchObject({ complete: true, live: true, items: before!.items });
  });
});
