// How often the machines are looked at, and what the edge is told of it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { InventoryItem } from "../../../../protocol/inventory.ts";
import { HypervInventory } from "../../../../relay/drivers/hyperv/inventory.ts";
import type { InventoryEvents } from "../../../../relay/drivers/hyperv/inventory-events.ts";
import { startFakeHost } from "./host.ts";
import { changed, summary, vm, VM } from "./views.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function watched(everyMs = 60_000, random = 0.5, events: InventoryEvents | null = null) {
  let items: readonly InventoryItem[] | Error = [summary()];
  const looks: number[] = [];
  let news = 0;
  const inventory = new HypervInventory({
    everyMs,
    random: () => random,
    events,
    changed: () => (news += 1),
    read: () => {
      looks.push(performance.now());
      return items instanceof Error ? Promise.reject(items) : Promise.resolve(items);
    },
  });
  const startedAt = performance.now();
  inventory.start();
  return {
    inventory,
    looks: () => looks.map((at) => Math.round(at - startedAt)),
    news: () => news,
    set: (next: typeof items) => (items = next),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

describe("the inventory", () => {
  it("is looked at first at a random moment, then as often as declared and no more", async () => {
    const one = watched();
    await one.pass(200_000);
    expect(one.looks()).toEqual([1_000, 61_000, 121_000, 181_000]);
    expect(one.inventory.snapshot()).toMatchObject({ live: true });
    expect([...one.inventory.snapshot().items.keys()]).toEqual([VM]);
    const other = watched(5_000, 0.1);
    await other.pass(1_000);
    expect(other.looks()).toEqual([200]);
  });

  it("tells what changed, and nothing where nothing did", async () => {
    const { news, pass, set, inventory } = watched();
    await pass(130_000);
    expect(news()).toBe(1);
    set([summary({ state: "running" })]);
    await pass(60_000);
    expect(news()).toBe(2);
    set([]);
    await pass(60_000);
    expect(news()).toBe(3);
    expect(inventory.snapshot().items.size).toBe(0);
  });

  it("is looked at soon after a change of ours, once for several", async () => {
    const { inventory, looks, pass } = watched();
    await pass(10_000);
    for (let count = 0; count < 5; count++) inventory.touch();
    await pass(10_000);
    expect(looks()).toEqual([1_000, 10_250]);
    await pass(60_000);
    expect(looks().length).toBe(3);
  });

  it("keeps what it knew when the agent does not answer, says so, and asks more and more seldom", async () => {
    const { inventory, looks, news, pass, set } = watched();
    await pass(2_000);
    set(new Error("no module"));
    await pass(60_000);
    expect(inventory.snapshot()).toMatchObject({ live: false });
    expect(inventory.snapshot().items.size).toBe(1);
    expect(inventory.failure).toBe("no module");
    expect(news()).toBe(2);
    await pass(60_000 + 120_000 + 240_000 + 480_000);
    expect(looks()).toEqual([1_000, 61_000, 121_000, 241_000, 481_000, 961_000]);
    set([summary()]);
    await pass(480_000);
    expect(inventory.snapshot().live).toBe(true);
    expect(inventory.failure).toBeNull();
  });

  it("looks at nothing more once it was stopped, and may be started again", async () => {
    const { inventory, looks, pass } = watched();
    inventory.stop();
    await pass(100_000);
    expect(looks()).toEqual([]);
    inventory.start();
    inventory.start();
    await pass(2_000);
    expect(looks().length).toBe(1);
    inventory.stop();
  });
});

/** Questions that wait, answered by the test. */
function questions(leastMs = 5_000) {
  const asked: { at: number; known: boolean; answer: PromiseWithResolvers<readonly InventoryItem[] | null> }[] = [];
  let known = false;
  const startedAt = performance.now();
  const events: InventoryEvents = {
    leastMs,
    forget: () => (known = false),
    next(signal) {
      const answer = Promise.withResolvers<readonly InventoryItem[] | null>();
      signal.addEventListener("abort", () => answer.reject(signal.reason as Error));
      asked.push({ at: Math.round(performance.now() - startedAt), known, answer });
      known = true;
      return answer.promise;
    },
  };
  return { events, asked, times: () => asked.map(({ at }) => at) };
}

describe("the inventory of a host that tells of changes", () => {
  it("is what the question that waits answers, asked again no sooner than declared", async () => {
    const { events, asked, times } = questions();
    const { inventory, looks, news, pass } = watched(60_000, 0.5, events);
    await pass(6_000);
    expect(looks()).toEqual([1_000]);
    expect(times()).toEqual([6_000]);
    asked[0]!.answer.resolve([summary({ state: "running" })]);
    await pass(4_999);
    expect(news()).toBe(2);
    expect(inventory.snapshot().items.get(VM)).toMatchObject({ state: "running" });
    expect(times()).toEqual([6_000]);
    await pass(1);
    expect(times()).toEqual([6_000, 11_000]);
    // While it waits, nothing else looks.
    await pass(290_000);
    // A look is due then: the next question begins with it.
    asked[1]!.answer.resolve(null);
    await pass(0);
    expect(looks()).toEqual([1_000]);
    expect(times()).toEqual([6_000, 11_000, 301_000]);
    // One that says so at once is asked no sooner for it.
    asked[2]!.answer.resolve(null);
    await pass(5_000);
    expect(times().at(-1)).toBe(306_000);
    expect(news()).toBe(2);
    inventory.stop();
    await pass(100_000);
    expect(times().length).toBe(4);
  });

  it("is looked at after a change of ours while the question waits, whose answer then may be older and does not count", async () => {
    const { events, asked } = questions();
    const { inventory, looks, pass, set } = watched(60_000, 0.5, events);
    await pass(10_000);
    set([summary({ state: "running" })]);
    inventory.touch();
    await pass(250);
    expect(looks()).toEqual([1_000, 10_250]);
    asked[0]!.answer.resolve([summary()]);
    await pass(5_000);
    expect(inventory.snapshot().items.get(VM)).toMatchObject({ state: "running" });
    expect(asked.map(({ known }) => known)).toEqual([false, false]);
    inventory.stop();
  });

  it("is looked at by the clock where there are no events, says so once, and asks for them again later", async () => {
    const { events, asked, times } = questions();
    const { inventory, looks, news, pass } = watched(60_000, 0.5, events);
    await pass(6_000);
    asked[0]!.answer.reject(new Error("access denied"));
    await pass(0);
    expect(inventory.eventsFailure).toBe("access denied");
    expect(news()).toBe(2);
    await pass(180_000);
    expect(looks()).toEqual([1_000, 66_000, 126_000, 186_000]);
    expect(times()).toEqual([6_000]);
    await pass(30 * 60_000);
    expect(times().length).toBe(2);
    expect(news()).toBe(2);
    asked[1]!.answer.resolve(null);
    await pass(0);
    expect(inventory.eventsFailure).toBeNull();
    inventory.stop();
  });

  it("is looked at by the clock while the agent does not answer", async () => {
    const { events, times } = questions();
    const { inventory, looks, pass, set } = watched(60_000, 0.5, events);
    set(new Error("no module"));
    await pass(200_000);
    expect(looks()).toEqual([1_000, 61_000, 181_000]);
    expect(times()).toEqual([]);
    inventory.stop();
  });
});

describe("the driver's inventory", () => {
  it("comes from one question, anew after each change", async () => {
    vi.useRealTimers();
    const list = [{ data: { items: [] } }, { data: { items: [summary({ state: "running" })] } }];
    const host = await startFakeHost(
      { answers: { "vm.list": list, "vm.get": { data: vm() }, "vm.start": changed(VM, { state: "running" }) } },
      { random: () => 0, table: { inventory_events: false } },
    );
    const news = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await host.driver.start(
      () => undefined,
      () => (host.driver.inventory!()!.items.size === 0 ? started : news).resolve(),
    );
    expect(host.driver.inventory!()).toMatchObject({ live: false });
    await started.promise;
    expect(host.driver.health()).toMatchObject({ available: true });
    await host.done("vm.start", { vm: VM });
    await news.promise;
    expect(host.driver.inventory!()!.items.get(VM)).toMatchObject({ state: "running" });
    expect(await host.asked()).toEqual(["vm.list", "vm.get", "vm.start", "vm.list"]);
    await host.stop();
  });
});
