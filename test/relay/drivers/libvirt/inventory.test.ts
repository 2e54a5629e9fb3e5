// The inventory of the driver: what other tools do to domains shows by itself, nothing is read without need, and a daemon that
// dies costs no machine. virsh is who changes things.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { InventoryItem } from "../../../../protocol/inventory.ts";
import { LIMITS } from "../../../../protocol/limits.ts";
import { LibvirtInventory } from "../../../../relay/drivers/libvirt/inventory.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import type { LibvirtEvent } from "../../../../relay/drivers/libvirt/rpc/procedures/events.ts";
import { inventoryItem, machineId } from "../../../fixtures/inventory-item.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { qemuDomainXml } from "./real-clients.ts";

describe.skipIf(libvirtdMissing !== null)("on a real libvirtd", { timeout: 60_000 }, () => {
  let host: VmHost;
  const items = () => [...host.driver.inventory!()!.items.values()];
  const named = (name: string) => items().find((item) => item.name === name);
  const shows = (what: string, probe: () => boolean) =>
    until(what, probe).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(items())}`, { cause: error });
    });
  const define = async (name: string) => {
    const file = join(host.daemon.folder, `${name}.xml`);
    writeFileSync(file, qemuDomainXml(name));
    await host.virsh("define", file);
  };

  beforeAll(async () => {
    host = await startVmHost();
    await until("the first look", () => host.driver.inventory!()!.live);
  });
  afterAll(async () => host?.stop());

  it("is live and empty where there is nothing", () => {
    expect(host.driver.inventory!()).toEqual({ live: true, items: new Map() });
  });

  it("has what another tool defines, starts, pauses, renames, describes and undefines, and says so each time", async () => {
    await define("one");
    await shows("one", () => named("one")?.state === "off");
    await host.virsh("start", "one");
    await shows("running", () => named("one")?.state === "running");
    await host.virsh("suspend", "one");
    await shows("paused", () => named("one")?.state === "paused");
    await host.virsh("desc", "one", "--config", "a note");
    await shows("its note", () => named("one")?.description === "a note");
    await host.virsh("destroy", "one");
    await shows("off", () => named("one")?.state === "off");
    const { id } = named("one")!;
    await host.virsh("domrename", "one", "two");
    await shows("the name", () => named("two")?.id === id && items().length === 1);
    await host.virsh("managedsave-remove", "two").catch(() => "");
    await host.virsh("undefine", "two");
    await shows("its end", () => items().length === 0);
  });

  it("keeps what it knows while the daemon is dead, says so, and reads anew what changed meanwhile", async () => {
    await define("kept");
    await shows("it", () => named("kept") !== undefined);
    const live = () => host.driver.inventory!()!.live;
    const seen: boolean[] = [];
    const killed = host.daemon.kill();
    await until("the loss", () => !live());
    seen.push(named("kept") !== undefined);
    await killed;
    await until("the daemon", live);
    seen.push(named("kept") !== undefined);
    expect(seen).toEqual([true, true]);
    await host.virsh("undefine", "kept");
    await shows("its end", () => items().length === 0);
  });
});

/** A reader whose answers the test decides, to count what is asked. */
class FakeReader {
  machines = new Map<string, InventoryItem>();
  all = 0;
  single: string[] = [];
  fails = false;
  /** Machines that cannot be read, whatever is tried. */
  readonly broken = new Set<string>();
  readonly #release: (() => void)[] = [];
  isHeld = false;

  async #answer<T>(value: () => T): Promise<T> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#release.push(resolve));
    if (this.fails) throw new LibvirtError("timeout", "no answer");
    return value();
  }
  release(): void {
    this.isHeld = false;
    for (const go of this.#release.splice(0)) go();
  }
  summaries = () => {
    this.all += 1;
    return this.#answer(() => ({
      lines: [...this.machines.values()].filter(({ id }) => !this.broken.has(id)),
      unread: [...this.machines.keys()].filter((id) => this.broken.has(id)),
    }));
  };
  summary = (uuid: string) => {
    this.single.push(uuid);
    return this.#answer(() => {
      if (this.broken.has(uuid)) throw new LibvirtError("timeout", "no answer");
      return this.machines.get(uuid) ?? null;
    });
  };
}

const machine = (n: number, state: InventoryItem["state"] = "off") => inventoryItem(n, { state });
const event = (n: number): LibvirtEvent => ({
  name: "lifecycle",
  callback: 1,
  domain: { name: "x", uuid: machineId(n), id: 1 },
  event: 0,
  detail: 0,
});

describe("what is read", () => {
  let reader: FakeReader;
  let inventory: LibvirtInventory;
  let told = 0;
  const put = (...all: InventoryItem[]) => all.forEach((item) => reader.machines.set(item.id, item));
  const start = async () => {
    reader = new FakeReader();
    put(...Array.from({ length: 10 }, (_, n) => machine(n)));
    told = 0;
    inventory = new LibvirtInventory(reader, () => (told += 1));
    inventory.onResync();
    await until("the first look", () => inventory.snapshot().live);
  };

  it("is every machine once, and then that of an event alone, once for a burst; what is the same is not told", async () => {
    await start();
    expect([reader.all, reader.single, told]).toEqual([1, [], 1]);
    put(machine(3, "running"));
    for (let n = 0; n < 20; n += 1) inventory.onEvent(event(3));
    await until("the change", () => inventory.snapshot().items.get(machineId(3))?.state === "running");
    inventory.onEvent(event(4));
    await until("the other", () => reader.single.includes(machineId(4)));
    expect([reader.all, reader.single, told]).toEqual([1, [machineId(3), machineId(4)], 2]);
    inventory.stop();
  });

  it("is tried again when it failed, and what a lost connection answers late counts for nothing", async () => {
    await start();
    reader.fails = true;
    put(machine(3, "running"));
    inventory.onEvent(event(3));
    await until("a try", () => reader.single.length > 0);
    reader.fails = false;
    await until("the change", () => inventory.snapshot().items.get(machineId(3))?.state === "running");
    reader.isHeld = true;
    put(machine(3, "paused"));
    inventory.onEvent(event(3));
    await until("the question", () => reader.single.length > 2);
    inventory.onDown(new LibvirtError("disconnected", "gone"));
    reader.machines.clear();
    reader.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(inventory.snapshot()).toMatchObject({ live: false });
    expect(inventory.snapshot().items.get(machineId(3))?.state).toBe("running");
    put(machine(7));
    inventory.onResync();
    await until("the whole", () => inventory.snapshot().live && inventory.snapshot().items.size === 1);
    inventory.stop();
  });

  it("is not held up by a machine that cannot be read", async () => {
    await start();
    vi.useFakeTimers();
    try {
      reader.broken.add(machineId(9));
      inventory.onEvent(event(9));
      await vi.advanceTimersByTimeAsync(5 * 60_000);
      // The next try of that one is half a minute away.
      const before = reader.single.length;
      put(machine(3, "running"));
      inventory.onEvent(event(3));
      await vi.advanceTimersByTimeAsync(100);
      expect(inventory.snapshot().items.get(machineId(3))?.state).toBe("running");
      // It is not tried more often because others change.
      expect(reader.single.slice(before)).toEqual([machineId(3)]);
      reader.broken.clear();
      put(machine(9, "paused"));
      await vi.advanceTimersByTimeAsync(60_000);
      expect(inventory.snapshot().items.get(machineId(9))?.state).toBe("paused");
    } finally {
      inventory.stop();
      vi.useRealTimers();
    }
  });

  it("keeps what it knew of a machine that cannot be read with all others, and tries it alone", async () => {
    await start();
    put(machine(1), machine(2, "running"));
    inventory.onResync();
    await until("both", () => inventory.snapshot().items.get(machineId(2))?.state === "running");
    reader.broken.add(machineId(2));
    put(machine(1, "paused"));
    inventory.onResync();
    await until("the other", () => inventory.snapshot().items.get(machineId(1))?.state === "paused");
    expect([inventory.snapshot().live, inventory.snapshot().items.get(machineId(2))?.state]).toEqual([true, "running"]);
    put(machine(2, "saved"));
    reader.broken.clear();
    await until("that one", () => inventory.snapshot().items.get(machineId(2))?.state === "saved");
    inventory.stop();
  });

  it("is no more than the bound, and another takes the place of one that is gone", async () => {
    await start();
    for (let n = 0; n < LIMITS.inventory; n += 1) put(machine(n));
    inventory.onResync();
    await until("as many as may", () => inventory.snapshot().items.size === LIMITS.inventory);
    put(machine(LIMITS.inventory));
    inventory.onEvent(event(LIMITS.inventory));
    await until("a look", () => reader.single.length > 0);
    expect(inventory.snapshot().items.size).toBe(LIMITS.inventory);
    reader.machines.delete(machineId(0));
    inventory.onEvent(event(0));
    await until("the other", () => inventory.snapshot().items.has(machineId(LIMITS.inventory)));
    inventory.stop();
  });
});
