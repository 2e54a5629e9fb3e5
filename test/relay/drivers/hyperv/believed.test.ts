// What the driver makes of answers that are partial, about something else than was asked, or go round in a circle.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeAnswer } from "./fake-agent.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { changed, disk, nic, refused, RESOURCES, vm, VM } from "./views.ts";

const OTHER = "99999999-2222-4333-8444-555555555555";

let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost();
});
afterEach(() => host.stop());

const snapshot = (name: string, parent: string | null) => ({
  name,
  parent,
  current: parent !== null,
  state: "off",
  memory: false,
  kind: "external",
  description: "",
  size_bytes: null,
  created_at: null,
});

describe("a change that was done in part", () => {
  const change = { field: "state", from: "running", to: "off", needs_restart: false };
  const left = [{ field: "state", code: "VM_START_FAILED", message: "no memory" }];
  const partial = (more: object): FakeAnswer => ({
    ...changed(VM, { changed: ["state"], changes: [change], not_changed: left, ...more }),
    status: "partial",
    code: "VM_START_FAILED",
    message: "It shut down and did not start.",
  });

  it("is partial, with what was and was not done", async () => {
    const answers = { "vm.get": { data: vm({ state: "running" }) }, "vm.reboot": partial({ state: "off", forced: false }) };
    await host.answer({ answers });
    expect(await host.run("vm.reboot", { vm: VM })).toMatchObject({
      status: "partial",
      code: "VM_START_FAILED",
      message: "It shut down and did not start.",
      data: { id: VM, state: "off", forced: false, changes: [change], not_changed: left },
    });
  });

  it("is a failure where it does not say what was done as agreed", async () => {
    await host.answer({ answers: { "vm.get": { data: vm({ state: "running" }) }, "vm.reboot": partial({ state: "nowhere" }) } });
    expect(await host.run("vm.reboot", { vm: VM })).toMatchObject({ status: "error", code: "VM_START_FAILED" });
  });

  it("of an update is told field by field", async () => {
    const not_changed = [{ field: "tags", code: "VM_BUSY", message: "later" }];
    const answer = { ...changed(VM, { not_changed }), status: "partial", code: "VM_BUSY", message: "half" } as const;
    await host.answer({ answers: { "vm.get": { data: vm() }, "vm.update": answer } });
    expect(await host.run("vm.update", { vm: VM, description: "new", tags: ["a"] })).toMatchObject({
      status: "partial",
      code: "VM_BUSY",
      data: { changed: ["description"], not_changed },
    });
  });
});

describe("an answer about another", () => {
  const wrong = (operation: string) => expect.stringContaining(`answered ${operation} with another than was asked for`) as string;

  it.each<[operation: "vm.get" | "vm.start" | "vm.delete", spec: object]>([
    ["vm.get", {}],
    ["vm.start", {}],
    ["vm.delete", { force: true }],
  ])("machine is not believed, and %s changes nothing", async (operation, spec) => {
    await host.answer({ answers: { ...RESOURCES, "vm.get": { data: vm({ id: OTHER }) }, [operation]: { data: vm({ id: OTHER }) } } });
    expect(await host.run(operation, { vm: VM, ...spec })).toMatchObject({
      status: "error",
      code: "AGENT_PROTOCOL",
      message: wrong("vm.get"),
    });
    expect(await host.asked()).toHaveLength(1);
  });

  it("disk or adapter is not believed", async () => {
    await host.answer({ answers: { "disk.get": { data: disk({ id: "disk-b", vm: null }) }, "nic.get": { data: nic({ id: "nic-b" }) } } });
    expect(await host.run("disk.delete", { disk: "disk-a" })).toMatchObject({ code: "AGENT_PROTOCOL", message: wrong("disk.get") });
    expect(await host.run("nic.get", { vm: VM, nic: "nic-a" })).toMatchObject({ code: "AGENT_PROTOCOL", message: wrong("nic.get") });
  });

  it("is none where letters differ in case alone", async () => {
    await host.answer({ answers: { "vm.get": { data: vm() } } });
    expect((await host.run("vm.get", { vm: VM.toUpperCase() })).status).toBe("success");
  });
});

describe("a name that Windows has no file of", () => {
  it.each(["nul", "COM1.old", "web."])("%s is refused before the agent changes anything, in a plan too", async (name) => {
    await host.answer({ answers: { ...RESOURCES, "vm.get": { data: vm() }, "vm.rename": changed(VM) } });
    for (const plan of [true, false]) {
      expect(await host.run("vm.rename", { vm: VM, name }, { plan })).toMatchObject({
        code: "SPEC_INVALID",
        data: { errors: [{ pointer: "/name" }] },
      });
      expect(await host.run("vm.export", { vm: VM, folder: name }, { plan })).toMatchObject({
        code: "SPEC_INVALID",
        data: { errors: [{ pointer: "/folder" }] },
      });
    }
    expect((await host.asked()).flatMap((asked) => (/vm\.(rename|export)/.test(asked) ? [asked] : []))).toEqual([]);
  });
});

describe("snapshots of one name", () => {
  it("one after the other are each counted once", async () => {
    const items = [snapshot("s", null), snapshot("s", "s"), snapshot("t", "s")];
    await host.answer({
      answers: { "vm.get": { data: vm() }, "snapshot.list": { data: { items } }, "snapshot.delete": refused("VM_BUSY") },
    });
    const plan = await host.run("snapshot.delete", { vm: VM, snapshot: "s", children: true }, { plan: true });
    expect(plan).toMatchObject({ status: "success", data: { changes: [{ from: "s" }, { from: "s" }, { from: "t" }] } });
  });
});
