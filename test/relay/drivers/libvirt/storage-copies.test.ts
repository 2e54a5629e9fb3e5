// Copies of disks on a real libvirtd: their turns, their progress, their cancelling, and what is left when a step fails.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import type { LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import type { NewVolume } from "../../../../relay/drivers/libvirt/storage/contract.ts";
import { CopyQueue } from "../../../../relay/drivers/libvirt/storage/copy-queue.ts";
import type { LibvirtStorage } from "../../../../relay/drivers/libvirt/storage/volumes.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { askFor, failureOf, startStorage, type StorageHost } from "./storage-host.ts";

const MiB = 1024 * 1024;
const never = new AbortController().signal;

describe("turns of copies", () => {
  it("are taken in order, so many at once, and who waits is told how many are ahead", async () => {
    const queue = new CopyQueue(2);
    const told: string[] = [];
    const ends = await Promise.all([queue.enter(never, () => told.push("!")), queue.enter(never, () => told.push("!"))]);
    const order: string[] = [];
    const enter = (name: string, signal = never) =>
      queue
        .enter(signal, (ahead) => told.push(`${name}${ahead}`))
        .then((end) => {
          order.push(name);
          return end;
        });
    const leaver = new AbortController();
    const third = enter("a");
    const fourth = failureOf(enter("b", leaver.signal));
    const fifth = enter("c");
    expect(told).toEqual(["a2", "b3", "c4"]);
    leaver.abort();
    expect(await fourth).toBe("JOB_CANCELLED");
    ends[0]();
    ends[0]();
    const endThird = await third;
    expect(order).toEqual(["a"]);
    endThird();
    (await fifth)();
    ends[1]();
    expect(order).toEqual(["a", "c"]);
    expect(told.filter((line) => line.startsWith("c"))).toEqual(["c4", "c3", "c2"]);
    expect(await failureOf(queue.enter(leaver.signal, () => undefined))).toBe("JOB_CANCELLED");
  });
});

describe.skipIf(libvirtdMissing !== null)("copies of disks", () => {
  let host: StorageHost;
  const wanted = (stem: string, more: Partial<NewVolume> = {}): NewVolume => ({
    storageClass: "default",
    stem,
    mayNumber: false,
    format: "qcow2",
    source: { mode: "full", image: "gold" },
    ...more,
  });
  /** A storage whose copies are made at once, and answered when the test says so. */
  const held = () => {
    let running = 0;
    const answers: (() => void)[] = [];
    const storage = host.over((client) => ({
      openStream: client.openStream.bind(client),
      async call(name, args, options) {
        if (!name.startsWith("storageVolCreateXml")) return client.call(name, args, options);
        running += 1;
        const result = await client.call(name, args, options);
        await new Promise<void>((resolve) => answers.push(resolve));
        running -= 1;
        return result;
      },
    }));
    return { storage, answers, running: () => running };
  };
  const copy = (storage: LibvirtStorage, what: NewVolume, more: Parameters<typeof askFor>[0] = {}) =>
    host.whole((undo) => storage.create(what, askFor(more), undo));
  beforeAll(async () => {
    host = await startStorage((folder) => {
      mkdirSync(join(folder, "images"));
      writeFileSync(join(folder, "images/gold.raw"), randomBytes(4 * MiB));
      return { images: { gold: { path: join(folder, "images/gold.raw") } } };
    });
    await host.storage.delete(await host.create(wanted("first")));
  });
  afterAll(() => host?.stop());

  it("run two at a time, tell how far they are, and say what they wait for", async () => {
    const { storage, answers, running } = held();
    const told: string[][] = [[], [], []];
    const all = told.map((lines, index) =>
      copy(storage, wanted(`turn${index}`), { progress: (percent, message) => lines.push(`${percent} ${message}`) }),
    );
    await until("two copies", () => answers.length === 2);
    await until("progress of all", () => told.every((lines) => lines.length > 0));
    const said = told
      .map((lines) =>
        lines
          .at(-1)!
          .replace(/^\d+ /, "")
          .replace(/turn\d/, "turn"),
      )
      .toSorted();
    expect(said).toEqual(["Copies to turn.qcow2", "Copies to turn.qcow2", "Waits for 2 other copies on this host"]);
    expect(running()).toBe(2);
    answers.shift()!();
    await until("the third", () => answers.length === 2);
    for (const answer of answers.splice(0)) answer();
    expect((await Promise.all(all)).map(({ file }) => file)).toEqual(["turn0.qcow2", "turn1.qcow2", "turn2.qcow2"]);
    expect(await host.virsh("pool-list", "--all", "--name")).not.toContain("image");
  });

  it("are twenty at once of one image, and its folder's pool is gone afterwards", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many${index}`);
    const all = await Promise.all(names.map((stem) => host.create(wanted(stem))));
    expect(all.map(({ file }) => file)).toEqual(names.map((stem) => `${stem}.qcow2`));
    expect(await host.virsh("pool-list", "--all", "--name")).not.toContain("image");
    await Promise.all(all.map((volume) => host.storage.delete(volume)));
  });

  it("end at once for who cancels; the leftovers go when libvirt is done, and a copy of that name waits for that", async () => {
    const { storage, answers } = held();
    const cancel = new AbortController();
    const log: string[] = [];
    const cancelled = failureOf(copy(storage, wanted("gone"), { signal: cancel.signal, log: (_level, line) => log.push(line) }));
    await until("the copy", () => answers.length === 1);
    expect(existsSync(join(host.disks, "gone.qcow2"))).toBe(true);
    cancel.abort();
    expect(await cancelled).toBe("JOB_CANCELLED");
    const told: string[] = [];
    const again = copy(storage, wanted("gone"), { progress: (_percent, message) => told.push(message) });
    await until("it waits", () => told.length > 0);
    expect(told).toEqual(["Waits for the end of a cancelled copy of that name"]);
    answers.shift()!();
    await until("the new copy", () => answers.length === 1);
    expect(log.at(-1)).toBe("gone.qcow2 of a copy that was given up was taken away");
    answers.shift()!();
    await host.storage.delete(await again);
  });

  it("and new volumes whose space is taken at once end so too, and wait their turn", async () => {
    const { storage, answers, running } = held();
    const cancel = new AbortController();
    const whole = { source: undefined, sizeBytes: MiB, preallocate: true };
    const cancelled = failureOf(copy(storage, wanted("whole", whole), { signal: cancel.signal }));
    await until("the first", () => answers.length === 1);
    const others = ["w1", "w2"].map((stem) => copy(storage, wanted(stem, whole)));
    await until("two", () => answers.length === 2);
    expect(running()).toBe(2);
    cancel.abort();
    expect(await cancelled).toBe("JOB_CANCELLED");
    answers.splice(0).forEach((answer) => answer());
    await until("the third", () => answers.length === 1);
    answers.shift()!();
    for (const volume of await Promise.all(others)) await host.storage.delete(volume);
    await until("the leftover is gone", () => !existsSync(join(host.disks, "whole.qcow2")));
  });

  it("leave the queue at once when they are cancelled while they wait", async () => {
    const { storage, answers } = held();
    const running = ["q1", "q2"].map((stem) => copy(storage, wanted(stem)));
    await until("two copies", () => answers.length === 2);
    const cancel = new AbortController();
    const told: string[] = [];
    const waiting = failureOf(copy(storage, wanted("q3"), { signal: cancel.signal, progress: (_percent, message) => told.push(message) }));
    await until("it waits", () => told.length === 1);
    cancel.abort();
    expect(await waiting).toBe("JOB_CANCELLED");
    for (const answer of answers) answer();
    for (const volume of await Promise.all(running)) await host.storage.delete(volume);
    expect(existsSync(join(host.disks, "q3.qcow2"))).toBe(false);
  });

  it("that fall with libvirtd leave nothing, and the name is free again", async () => {
    const storage = host.over((client) => ({
      openStream: client.openStream.bind(client),
      async call(name, args, options) {
        if (name !== "storageVolCreateXmlFrom") return client.call(name, args, options);
        process.kill(host.daemon.pid(), "SIGSTOP");
        const [result] = await Promise.all([client.call(name, args, options), host.daemon.kill()]);
        return result;
      },
    }));
    const fallen = await copy(storage, wanted("fallen")).catch((error: unknown) => error);
    expect(fallen).toMatchObject({ condition: "disconnected" });
    expect(existsSync(join(host.disks, "fallen.qcow2"))).toBe(false);
    await until("libvirtd", () =>
      host.virsh("list").then(
        () => true,
        () => false,
      ),
    );
    await host.storage.delete(await host.create(wanted("fallen")));
  });

  const CHANGING = /^storage(VolCreate|VolResize|VolUpload|PoolCreate|PoolDestroy|VolDelete)/;
  /** Fails the call of that number among those that change something: before it has its effect, or by losing its answer. */
  const failing = (client: LibvirtCalls, nth: number, how: "refused" | "lost", seen: string[]): LibvirtCalls => ({
    async call(name, args, options) {
      const isMeant = CHANGING.test(name) && seen.push(name) === nth;
      if (isMeant && how === "refused") throw new LibvirtError("daemon", "as the test wants", { number: 38, procedure: name });
      const result = await client.call(name, args, options);
      if (isMeant) throw new LibvirtError("disconnected", "as the test wants", { procedure: name, sent: true });
      return result;
    },
    async openStream(name, args, options) {
      if (seen.push(name) === nth) throw new LibvirtError("disconnected", "as the test wants", { procedure: name, sent: true });
      return client.openStream(name, args, options);
    },
  });
  const state = async () => [
    await host.virsh("pool-list", "--all", "--name"),
    await host.virsh("vol-list", "farhand-default"),
    readdirSync(host.disks).join(),
  ];

  it.each(["refused", "lost"] as const)("leave nothing behind whichever step is %s", async (how) => {
    const before = await state();
    for (let nth = 1; ; nth += 1) {
      const seen: string[] = [];
      const storage = host.over((client) => failing(client, nth, how, seen));
      const made = await host
        .whole(async (undo) => {
          const volume = await storage.create(wanted("step", { sizeBytes: 8 * MiB }), askFor(), undo);
          await storage.write("default", "step.iso", randomBytes(1000), undo);
          return volume;
        })
        .catch((error: unknown) => error);
      if (seen.length < nth) {
        expect(nth).toBeGreaterThan(5);
        break;
      }
      // The image's pool is taken away with what was copied, and failing to is no failure.
      if (seen[nth - 1] === "storagePoolDestroy") {
        expect(made).not.toBeInstanceOf(Error);
        for (const file of ["step.qcow2", "step.iso"]) await host.storage.delete(await host.storage.require(join(host.disks, file)));
        await host.storage.delete(await host.create(wanted("sweeps")));
      } else expect([nth, seen[nth - 1], made instanceof LibvirtError]).toEqual([nth, seen[nth - 1], true]);
      await until(`nothing of step ${nth}`, async () => JSON.stringify(await state()) === JSON.stringify(before));
    }
    for (const file of ["step.qcow2", "step.iso"]) await host.storage.delete(await host.storage.require(join(host.disks, file)));
  });
});
