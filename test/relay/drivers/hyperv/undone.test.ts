// Whatever step fails, what the others made is taken back by one more run of the agent, in reverse order, and said when it cannot be.
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeAnswer, FakeScript } from "./fake-agent.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { changed, disk, refused, RESOURCES, summary, vm, VM } from "./views.ts";

let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost();
});
afterEach(() => host.stop());

const MADE: NonNullable<FakeScript["answers"]> = {
  ...RESOURCES,
  "vm.create": changed(VM),
  "disk.create": [changed("disk-a"), changed("disk-b")],
  "nic.create": changed("nic-a"),
  "iso.attach": changed("dvd-0-2"),
  "vm.update": changed(VM),
  "vm.start": changed(VM, { state: "running" }),
  "vm.stop": changed(VM, { state: "off" }),
  "vm.delete": changed(VM, { deleted_disks: [], kept_disks: [] }),
  "disk.delete": changed("disk-a"),
};

const SPEC = {
  name: "web",
  cpus: 2,
  memory_bytes: 2 * 1024 ** 3,
  disks: [{ image: "debian" }, { size_bytes: 1024 ** 3, name: "data" }],
  nics: [{ network: "lan" }],
  iso: "installer",
  start: true,
};

describe("vm.create", () => {
  it("is one run for the plan and one for the change", async () => {
    await host.answer({ answers: MADE });
    const data = await host.done("vm.create", SPEC);
    expect(data).toMatchObject({ id: VM, name: "web", disks: ["disk-a", "disk-b"], nics: ["nic-a"] });
    expect(await host.asked()).toEqual([
      "[vm.list image.list network.list storage.list hyperv.host]",
      "[vm.create disk.create disk.create nic.create iso.attach vm.update vm.start]",
    ]);
  });

  it("names what earlier steps made by reference, and each disk's boot order by name", async () => {
    await host.answer({ answers: MADE });
    await host.done("vm.create", SPEC);
    const steps = (await host.jobs())[1]!.job.resource_spec["steps"] as { resource_spec: Record<string, unknown> }[];
    const made = { $result: 0, path: "id" };
    expect(steps.slice(1).map(({ resource_spec: spec }) => spec["vm"])).toEqual(Array.from({ length: 6 }, () => made));
    expect(steps[1]!.resource_spec).toEqual({
      vm: made,
      name: "disk0",
      storage_class: "default",
      format: "vhdx",
      size_bytes: 3 * 1024 ** 3,
      image: "debian",
      bus: "scsi",
    });
    expect(steps[5]!.resource_spec).toEqual({ vm: made, boot_order: ["disk0", "data", "cdrom"] });
    for (const field of ["disks", "nics", "iso", "start", "boot_order"]) expect(steps[0]!.resource_spec).not.toHaveProperty(field);
  });

  it.each<[step: string, undone: string[]]>([
    ["vm.create", []],
    ["disk.create", ["vm.delete"]],
    ["nic.create", ["disk.delete", "disk.delete", "vm.delete"]],
    ["iso.attach", ["disk.delete", "disk.delete", "vm.delete"]],
    ["vm.update", ["disk.delete", "disk.delete", "vm.delete"]],
    ["vm.start", ["disk.delete", "disk.delete", "vm.delete"]],
  ])("takes everything back when %s fails", async (step, undone) => {
    await host.answer({ answers: { ...MADE, [step]: refused("STORAGE_FULL", "no room") } });
    const result = await host.run("vm.create", SPEC);
    expect(result).toMatchObject({ status: "error", code: "STORAGE_FULL", message: "no room" });
    const runs = undone.length > 1 ? [`[${undone.join(" ")}]`] : undone;
    expect((await host.asked()).slice(2)).toEqual(runs);
  });

  it("takes back the first disk when the second fails", async () => {
    await host.answer({ answers: { ...MADE, "disk.create": [changed("disk-a"), refused("DISK_EXISTS", "is there", "/name")] } });
    const result = await host.run("vm.create", SPEC);
    // The step's pointer is that of the whole specification.
    expect(result).toMatchObject({ code: "DISK_EXISTS", data: { errors: [{ pointer: "/disks/1/name", message: "is there" }] } });
    expect((await host.asked()).slice(2)).toEqual(["[disk.delete vm.delete]"]);
  });

  it("says what was left behind, and goes on with the rest", async () => {
    const answers = { ...MADE, "nic.create": refused("NETWORK_UNAVAILABLE"), "disk.delete": [refused("DISK_IN_USE"), changed("disk-a")] };
    await host.answer({ answers });
    const result = await host.run("vm.create", SPEC);
    expect(result.message).toContain("Left behind: the disk data.");
    expect((await host.asked()).slice(2)).toEqual(["[disk.delete disk.delete vm.delete]", "[disk.delete vm.delete]"]);
  });

  it("says of each that was left behind why", async () => {
    const half: FakeAnswer = { ...changed("disk-b"), status: "partial", code: "STORAGE_UNAVAILABLE", message: "half" };
    const answers = { ...MADE, "nic.create": refused("NETWORK_UNAVAILABLE"), "disk.delete": [half, refused("DISK_IN_USE", "used")] };
    await host.answer({ answers });
    const said: string[] = [];
    const result = await host.run("vm.create", SPEC, { log: (_level, text) => said.push(text) });
    expect(result.message).toContain("Left behind: the disk data, the disk disk0.");
    expect(said).toEqual(["the disk data could not be taken back: half", "the disk disk0 could not be taken back: used"]);
    expect((await host.asked()).slice(2)).toEqual(["[disk.delete disk.delete vm.delete]", "vm.delete"]);
  });

  it("is protected at the end, and not when it has to be taken back", async () => {
    await host.answer({ answers: { ...MADE, "vm.start": refused("HOST_MEMORY_SHORT") } });
    expect(await host.run("vm.create", { ...SPEC, deletion_protection: true })).toMatchObject({ code: "HOST_MEMORY_SHORT" });
    const sent = await host.jobs();
    const steps = sent[1]!.job.resource_spec["steps"] as { operation: string; resource_spec: Record<string, unknown> }[];
    expect(steps[0]!.resource_spec).not.toHaveProperty("deletion_protection");
    expect(steps.at(-2)).toMatchObject({ operation: "vm.update", resource_spec: { deletion_protection: true } });
    expect(sent[2]!.job.resource_spec["steps"]).toMatchObject([
      { operation: "vm.update", resource_spec: { vm: VM, deletion_protection: false } },
      { operation: "disk.delete" },
      { operation: "disk.delete" },
      { operation: "vm.delete" },
    ]);
  });

  it("that was partly done by a step is taken back as a whole", async () => {
    const partial: FakeAnswer = { ...changed(VM), status: "partial", code: "VM_STATE_INVALID", message: "only half" };
    await host.answer({ answers: { ...MADE, "vm.update": partial } });
    const result = await host.run("vm.create", SPEC);
    expect(result).toMatchObject({ status: "error", code: "VM_STATE_INVALID" });
    expect((await host.asked()).at(-1)).toBe("[vm.stop disk.delete disk.delete vm.delete]");
  });

  it("whose run ended without an answer is found by its name, if it was not there before, and taken back", async () => {
    const list = [RESOURCES["vm.list"], { data: { items: [summary()] } }];
    const answers = {
      ...MADE,
      "vm.list": list,
      "vm.get": { data: vm({ state: "running" }) },
      "disk.create": { status: "success", data: { id: 7 } } as const,
    };
    await host.answer({ answers });
    const result = await host.run("vm.create", SPEC);
    expect(result).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect((await host.asked()).slice(2)).toEqual(["vm.list", "vm.get", "[vm.stop disk.delete vm.delete]"]);
  });

  it("that is cancelled is ended at once, and what it had begun is taken back", async () => {
    const list = [RESOURCES["vm.list"], { data: { items: [summary()] } }];
    await host.answer({ hangsOn: "vm.create", answers: { ...MADE, "vm.list": list, "vm.get": { data: vm() } } });
    const cancel = new AbortController();
    const end = host.run("vm.create", SPEC, { signal: cancel.signal });
    const sent = async () => (await readFile(join(host.folder, "jobs.jsonl"), "utf8").catch(() => "")).trim().split("\n").length;
    while ((await sent()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    cancel.abort();
    expect(await end).toMatchObject({ status: "error", code: "JOB_CANCELLED" });
    expect((await host.asked()).slice(2)).toEqual(["vm.list", "vm.get", "[vm.stop disk.delete vm.delete]"]);
  });

  it("whose run ended without an answer touches no machine that was there before", async () => {
    const other = summary({ id: "99999999-2222-4333-8444-555555555555", name: "other" });
    const answers = { ...MADE, "vm.list": { data: { items: [other] } }, "disk.create": { status: "success", data: { id: 7 } } as const };
    await host.answer({ answers });
    await host.run("vm.create", SPEC);
    expect((await host.asked()).slice(2)).toEqual(["vm.list"]);
  });

  it("writes a seed beside the disks that goes when a later step fails, and is told to the agent by its path alone", async () => {
    const seeded = { ...SPEC, iso: undefined, seed: { user_data: "#cloud-config\npassword: hush\n" } };
    const files = () => readdir(join(host.folder, "default"));
    await host.answer({ answers: MADE });
    await host.done("vm.create", seeded);
    expect(await files()).toEqual([`seed-${VM}.iso`]);
    const sent = await host.jobs();
    expect(JSON.stringify(sent)).not.toContain("hush");
    expect(sent.at(-1)!.job.host["images"]).toMatchObject({ "the seed": { path: join(host.folder, "default", `seed-${VM}.iso`) } });
    // Gone with its machine.
    await host.answer({ answers: { ...MADE, "vm.get": { data: vm({ disks: [] }) } } });
    await host.done("vm.delete", { vm: VM });
    expect(await files()).toEqual([]);
    await host.answer({ answers: { ...MADE, "iso.attach": refused("DISK_SLOT_TAKEN") } });
    expect(await host.run("vm.create", seeded)).toMatchObject({ code: "DISK_SLOT_TAKEN" });
    expect(await files()).toEqual([]);
  });
});

describe("vm.create with a seed", () => {
  const seeded = { ...SPEC, iso: undefined, disks: [{ size_bytes: 1024 ** 3 }], seed: { user_data: "#cloud-config" } };

  it("that may run by now, without an answer, is turned off before its disks are taken back", async () => {
    await host.answer({ answers: { ...MADE, "vm.start": { data: { id: 7 } } } });
    expect(await host.run("vm.create", seeded)).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect((await host.asked()).slice(2)).toEqual(["[iso.attach vm.start]", "vm.stop", "[disk.delete vm.delete]"]);
    expect(await readdir(join(host.folder, "default"))).toEqual([]);
  });
});

describe("an agent that says that it made", () => {
  const other = summary({ name: "other" });

  it("a machine that was there before is not believed, and that machine is not touched", async () => {
    await host.answer({ answers: { ...MADE, "vm.list": { data: { items: [other] } } } });
    expect(await host.run("vm.create", SPEC)).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect((await host.asked()).slice(2)).toEqual(["vm.list"]);
  });

  it("something, and not what, is not believed, and what is there is looked for", async () => {
    const list = [RESOURCES["vm.list"], { data: { items: [summary()] } }];
    await host.answer({ answers: { ...MADE, "vm.list": list, "vm.get": { data: vm() }, "vm.create": { data: {} } } });
    expect(await host.run("vm.create", SPEC)).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect((await host.asked()).slice(2)).toEqual(["vm.list", "vm.get", "[vm.stop disk.delete vm.delete]"]);
  });
});

describe("vm.clone", () => {
  const CLONED = { ...MADE, "vm.get": { data: vm() }, "disk.clone": changed("disk-c") };
  const spec = { vm: VM, name: "copy" };

  it("copies machine, disks and adapters in one run", async () => {
    await host.answer({ answers: { ...CLONED, "vm.create": changed("22222222-2222-4333-8444-555555555555") } });
    const data = await host.done("vm.clone", spec);
    expect(data).toMatchObject({ name: "copy", disks: ["disk-c"], nics: ["nic-a"] });
    const jobs = await host.jobs();
    const steps = jobs.at(-1)!.job.resource_spec["steps"] as { operation: string; resource_spec: Record<string, unknown> }[];
    expect(steps.map(({ operation }) => operation)).toEqual(["vm.create", "disk.clone", "nic.create", "vm.update"]);
    expect(steps[1]!.resource_spec).toMatchObject({ vm: VM, disk: disk().id, mode: "full", attach_to: { $result: 0, path: "id" } });
    expect(steps[2]!.resource_spec).not.toHaveProperty("mac");
  });

  it("copies each disk as at a snapshot, onto the bus of the original", async () => {
    const past = { name: "s", parent: null, current: true, state: "off", memory: false, kind: "external", description: "" };
    const items = [{ ...past, size_bytes: null, created_at: null, disks: [disk().id] }];
    const vm_ = vm({ firmware: "bios", disks: [disk({ bus: "ide", iops_max: 500 })] });
    const made = changed("22222222-2222-4333-8444-555555555555");
    await host.answer({ answers: { ...CLONED, "vm.get": { data: vm_ }, "snapshot.list": { data: { items } }, "vm.create": made } });
    await host.done("vm.clone", { ...spec, snapshot: "s" });
    const steps = (await host.jobs()).at(-1)!.job.resource_spec["steps"] as { resource_spec: Record<string, unknown> }[];
    expect(steps[1]!.resource_spec).toMatchObject({ disk: disk().id, snapshot: "s", mode: "full", bus: "ide", iops_max: 500 });
  });

  it("blames its original for a disk that cannot be copied", async () => {
    const full = { status: "error", code: "STORAGE_FULL", data: { errors: [{ pointer: "/disk", message: "is too large" }] } } as const;
    await host.answer({ answers: { ...CLONED, "vm.create": changed("22222222-2222-4333-8444-555555555555"), "disk.clone": full } });
    expect(await host.run("vm.clone", spec)).toMatchObject({
      code: "STORAGE_FULL",
      data: { errors: [{ pointer: "/vm", message: "is too large" }] },
    });
  });

  it.each(["disk.clone", "nic.create", "vm.update"])("leaves nothing when %s fails, and never touches the original", async (step) => {
    await host.answer({
      answers: { ...CLONED, "vm.create": changed("22222222-2222-4333-8444-555555555555"), [step]: refused("STORAGE_FULL") },
    });
    expect(await host.run("vm.clone", spec)).toMatchObject({ status: "error", code: "STORAGE_FULL" });
    const undo = (await host.jobs()).at(-1)!;
    expect(undo.job.operation === "vm.delete" || undo.job.operation === "batch").toBe(true);
    expect(JSON.stringify(undo.job.resource_spec)).not.toContain(VM);
  });
});

describe("a machine that is being copied", () => {
  it("takes no change meanwhile", async () => {
    await host.answer({ answers: { ...MADE, "vm.get": { data: vm() } } });
    const copy = host.run("vm.clone", { vm: VM, name: "copy" });
    expect(await host.run("vm.start", { vm: VM })).toMatchObject({ status: "error", code: "VM_BUSY" });
    await copy;
    expect((await host.run("vm.start", { vm: VM })).status).toBe("success");
  });
});

describe("vm.export", () => {
  it("leaves no folder when it fails, and takes none that was there", async () => {
    await host.answer({ answers: { "vm.get": { data: vm() }, "vm.export": refused("STORAGE_FULL") } });
    const classFolder = join(host.folder, "default");
    expect(await host.run("vm.export", { vm: VM, folder: "out" })).toMatchObject({ status: "error", code: "STORAGE_FULL" });
    await mkdir(join(classFolder, "out/half"), { recursive: true });
    expect(await host.run("vm.export", { vm: VM, folder: "out" })).toMatchObject({
      code: "DISK_EXISTS",
      data: { errors: [{ pointer: "/folder" }] },
    });
    expect(await readdir(join(classFolder, "out"))).toEqual(["half"]);
  });
});

describe("vm.delete", () => {
  const two = vm({ disks: [disk(), disk({ id: "disk-b", name: "data" }), disk({ id: "disk-x", name: "far", storage_class: null })] });
  const answers = { ...MADE, "vm.get": { data: two } };

  it("deletes the disks of the host's classes after the machine", async () => {
    await host.answer({ answers });
    const data = await host.done("vm.delete", { vm: VM, delete_disks: true });
    expect(data).toMatchObject({ deleted_disks: [disk().id, "disk-b"], kept_disks: ["disk-x"] });
    expect(await host.asked()).toEqual(["[vm.get snapshot.list]", "vm.delete", "[disk.delete disk.delete]"]);
  });

  it("keeps a disk that another stands on, and that is no failure", async () => {
    await host.answer({ answers: { ...answers, "disk.delete": [refused("DISK_HAS_CHILDREN"), changed("disk-b")] } });
    expect(await host.done("vm.delete", { vm: VM, delete_disks: true })).toMatchObject({
      deleted_disks: ["disk-b"],
      kept_disks: [disk().id, "disk-x"],
    });
  });

  it("is partial where a disk could not be deleted", async () => {
    await host.answer({ answers: { ...answers, "disk.delete": [changed("disk-a"), refused("STORAGE_UNAVAILABLE", "gone")] } });
    expect(await host.run("vm.delete", { vm: VM, delete_disks: true })).toMatchObject({
      status: "partial",
      code: "STORAGE_UNAVAILABLE",
      data: { not_changed: [{ field: "disks", message: "data: gone" }], kept_disks: ["disk-b", "disk-x"] },
    });
  });

  it("says that the machine is gone when its disks were not heard of", async () => {
    await host.answer({ answers: { ...answers, "disk.delete": { data: { id: 7 } } } });
    expect(await host.run("vm.delete", { vm: VM, delete_disks: true })).toMatchObject({
      status: "partial",
      code: "AGENT_PROTOCOL",
      data: { changed: ["name"], deleted_disks: [] },
    });
  });

  it("stops and deletes snapshots first, and goes no further when that fails", async () => {
    const item = {
      name: "s1",
      parent: null,
      current: true,
      state: "off",
      memory: false,
      kind: "external",
      description: "",
      size_bytes: null,
      created_at: null,
    };
    const running = { ...answers, "vm.get": { data: { ...two, state: "running" } }, "snapshot.list": { data: { items: [item] } } };
    await host.answer({ answers: { ...running, "snapshot.delete": refused("VM_BUSY") } });
    expect(await host.run("vm.delete", { vm: VM, delete_disks: true, force: true })).toMatchObject({
      status: "partial",
      code: "VM_BUSY",
      data: {
        changed: ["state"],
        not_changed: [{ field: "name", code: "VM_BUSY" }],
        deleted_disks: [],
        kept_disks: two.disks.map(({ id }) => id),
      },
    });
    expect(await host.asked()).toEqual(["[vm.get snapshot.list]", "[vm.stop snapshot.delete vm.delete]"]);
  });
});
