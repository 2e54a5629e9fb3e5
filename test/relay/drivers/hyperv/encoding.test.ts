// What the relay says arrives at real PowerShell as it was said, and comes back so: Unicode, hostile text, nesting, empty and
// one-element lists, a mebibyte; and what the agent reads of machines comes so too.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent } from "../../../../relay/drivers/hyperv/agent.ts";
import { agentFile } from "../../../../relay/drivers/hyperv/bundle.ts";
import { hypervTableSchema } from "../../../../relay/drivers/hyperv/tables.ts";
import { jobContext } from "../job-context.ts";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const SPECS = {
  nothing: {},
  "lists of none, of one, of lists": { none: [], one: ["x"], object: [{ a: 1 }], lists: [[], [[]], [["y"]]] },
  "null, booleans, numbers": { null: null, yes: true, no: false, zero: 0, less: -1, half: 0.5, big: 64 * 1024 ** 4, text: "42" },
  "text that JSON has to escape": { text: '"\\/\b\f\n\r\t\u0001\u001f\u007f', 'a key with "quotes"': "" },
  "every corner of Unicode": { text: "ü ß ﷽ 漢字 العربية 🐧 👩‍👩‍👧 \u2028\u2029\ufeff\u00a0", schlüssel: "é\u0301" },
  "halves of pairs, which no field takes": { text: "a\ud83d b\udc27" },
  "what a shell would run": { text: "$(Stop-Computer) `whoami` $env:PATH @{} %PATH% '; exit 1 #\n<# #> --% {0}" },
  "what looks like a reference": { $result: 0, path: "id" },
  "what looks like a date, a type, a key of objects": {
    date: "2026-11-21T00:00:00Z",
    msdate: "/Date(0)/",
    __type: "x",
    constructor: 1,
    Count: 0,
    Keys: [],
  },
  "keys that differ by case alone": { Name: "a", name: "b" },
  "twelve levels": { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: { k: ["l"] } } } } } } } } } } },
} as const satisfies Record<string, object>;

describe.skipIf(PWSH === null)("a document", { timeout: 120_000 }, () => {
  const file = agentFile();
  const agent = new Agent(hypervTableSchema.parse({ powershell: PWSH ?? undefined }), file);
  const context = jobContext();
  const echo = async (spec: object) => {
    const how = { marker: "echo.test", timeoutMs: 100_000, signal: context.signal, log: () => undefined };
    const { metadata } = context.request;
    return (await agent.run({ operation: "agent.noop", spec, metadata, correlationId: "echo", ...how })).data as { spec: unknown };
  };
  let back: { spec: unknown };
  beforeAll(async () => {
    back = await echo(SPECS);
  }, 120_000);
  afterAll(() => file.remove());

  it.each(Object.keys(SPECS) as (keyof typeof SPECS)[])("with %s comes back unchanged", (name) => {
    expect((back.spec as typeof SPECS)[name]).toEqual(SPECS[name]);
  });

  it("of more than a mebibyte comes back unchanged", async () => {
    const spec = { text: 'ä🐧"$x`\n'.repeat(MiB / 8), list: Array.from({ length: 1_000 }, (_, at) => ({ at })) };
    expect(Buffer.byteLength(JSON.stringify(spec))).toBeGreaterThan(MiB);
    expect(await echo(spec)).toEqual({ spec });
  });
});

describe.skipIf(PWSH === null)("what is read of machines", { timeout: 120_000 }, () => {
  let world: FakeWorld;
  let bare: string;
  beforeAll(async () => {
    world = await startFakeWorld();
  });
  afterAll(() => world?.stop());

  it("has empty lists where there is nothing, and lists of one", async () => {
    expect(await world.done("vm.list", {})).toEqual({ items: [] });
    bare = (await world.done("vm.create", { name: "bare", cpus: 1, memory_bytes: GiB })).id;
    expect(await world.done("vm.list", {})).toMatchObject({ items: [{ id: bare, tags: [], addresses: [] }] });
    expect(await world.done("vm.get", { vm: bare })).toMatchObject({ disks: [], nics: [], boot_order: [], tags: [], pending: [] });
    const one = { disks: [{ size_bytes: GiB }], nics: [{ network: "lan", vlan_trunk: { allowed: [7] } }], tags: ["one"] };
    const { id } = await world.done("vm.create", { name: "one", cpus: 1, memory_bytes: GiB, ...one });
    const read = await world.done("vm.get", { vm: id });
    expect(read).toMatchObject({
      disks: [{ name: "disk0" }],
      nics: [{ vlan_trunk: { native: null, allowed: [7] }, addresses: [] }],
      tags: ["one"],
    });
    expect(read.boot_order).toEqual(["disk0", "nic0"]);
    expect(await world.done("snapshot.list", { vm: id })).toEqual({ items: [] });
  });

  it("of 150 machines with long descriptions, more than a mebibyte, is whole", async () => {
    const books = JSON.parse(readFileSync(join(world.folder, "world.json"), "utf8")) as {
      vms: { id: string; name: string; notes: string }[];
    };
    const model = books.vms.find(({ id }) => id === bare)!;
    const text = (at: number) => `${at} ${'漢字🐧"\\\n'.repeat(565)}.`;
    books.vms = Array.from({ length: 150 }, (_, at) => ({ ...model, id: randomUUID(), name: `vm ${at} 漢字🐧`, notes: text(at) }));
    writeFileSync(join(world.folder, "world.json"), JSON.stringify(books));
    const { items } = await world.done("vm.list", {});
    expect(Buffer.byteLength(JSON.stringify(items))).toBeGreaterThan(MiB);
    expect(items.map(({ id, name, description }) => [id, name, description])).toEqual(
      books.vms.map(({ id, name, notes }) => [id, name, notes]),
    );
  });
});
