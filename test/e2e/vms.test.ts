// The life of virtual machines over HTTP alone, as Terraform drives it: real edge, relay, libvirtd and QEMU.
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { vmUpdate } from "../../protocol/operations/vm.ts";
import { libvirtdMissing } from "../fixtures/libvirtd.ts";
import { ended, json, until } from "./api.ts";
import { machine, VmRig, type DataOf, type Machine } from "./vms-rig.ts";

const MIB = 1024 ** 2;

/** Made by hand: what no field of the contract stands for must survive. */
const FOREIGN = `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>old-timer</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <metadata><app:own xmlns:app='urn:example:app' owner='ops'><app:cost>7</app:cost></app:own></metadata>
  <memory unit='MiB'>96</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type><smbios mode='sysinfo'/></os>
  <sysinfo type='smbios'><bios><entry name='vendor'>Example</entry></bios></sysinfo>
  <devices>
    <watchdog model='i6300esb' action='pause'/>
    <serial type='pty'><target port='0'/></serial>
  </devices>
  <qemu:commandline><qemu:env name='QEMU_EXAMPLE' value='1'/></qemu:commandline>
</domain>`;

/** What a machine says of itself, as the body of an update; null is the absence of a setting. */
const asUpdate = (vm: Machine): Record<string, unknown> =>
  Object.fromEntries(Object.entries(vm).filter(([field, value]) => field in vmUpdate.spec.shape && value !== null));

describe.skipIf(libvirtdMissing !== null)("a virtual machine over HTTP", () => {
  let rig: VmRig;
  beforeAll(async () => {
    rig = await VmRig.start();
  });
  afterAll(() => rig.stop());

  it("is made once for each idempotency key, and read as it was asked for", async () => {
    const asked = { ...machine("web"), description: "the shop", tags: ["env=test"], cpus: 2 };
    const make = () => rig.change("POST", "/vms", asked, { "idempotency-key": "terraform-web" });
    const [first, second] = await Promise.all([make(), make()]);
    expect([first, second].map(({ status, body }) => [status, body.id, body.status])).toEqual([
      [200, first.body.id, "succeeded"],
      [200, first.body.id, "succeeded"],
    ]);
    expect(await rig.names()).toEqual(["web"]);
    const { id } = first.body.result!.data as DataOf<"vm.create">;
    expect((await rig.virsh("domuuid", "web")).trim()).toBe(id);
    const read = await rig.machine(id);
    expect(read).toMatchObject({ id, name: "web", state: "off", description: "the shop", tags: ["env=test"], cpus: 2, firmware: "bios" });
    expect(read).toMatchObject({
      memory_bytes: 64 * MIB,
      disks: [{ size_bytes: 16 * MIB, storage_class: "default" }],
      nics: [{ network: "nat" }],
    });
    const [disk, nic] = [read.disks[0]!, read.nics[0]!];
    expect((await rig.get<{ id: string }>(`/vms/${id}/disks/${disk.id}`)).body).toMatchObject({ id: disk.id, vm: id });
    expect((await rig.get<{ id: string }>(`/vms/${id}/nics/${nic.id}`)).body).toMatchObject({ id: nic.id, mac: nic.mac });
    // Another with that name is refused as the problem that it is.
    expect(await rig.change("POST", "/vms", machine("web"))).toMatchObject({ status: 409, body: { code: "VM_EXISTS" } });
  });

  it("differs in nothing from what it said: the plan is empty, and so is the change", async () => {
    const { id } = await rig.create("still", { tags: ["a"], autostart: true });
    const said = asUpdate(await rig.machine(id));
    expect(Object.keys(said)).toEqual(expect.arrayContaining(["cpus", "memory_bytes", "tags", "autostart", "boot_order"]));
    const before = await rig.virsh("dumpxml", "--inactive", "still");
    expect(await rig.done("vm.update", "PATCH", `/vms/${id}?plan=true`, said)).toMatchObject({
      planned: true,
      changes: [],
      needs_restart: false,
    });
    expect(await rig.done("vm.update", "PATCH", `/vms/${id}`, said)).toMatchObject({ planned: false, changes: [] });
    expect(await rig.virsh("dumpxml", "--inactive", "still")).toBe(before);
    expect(asUpdate(await rig.machine(id))).toEqual(said);
  });

  it("is changed in place; a plan says what would wait for a restart and changes nothing", async () => {
    const { id } = await rig.create("place");
    const changed = await rig.done("vm.update", "PATCH", `/vms/${id}`, { cpus: 2, description: "more", deletion_protection: true });
    expect(changed.changed.toSorted()).toEqual(["cpus", "deletion_protection", "description"]);
    expect(await rig.machine(id)).toMatchObject({ id, cpus: 2, description: "more", deletion_protection: true });
    expect(await rig.change("DELETE", `/vms/${id}`)).toMatchObject({ status: 409, body: { code: "VM_PROTECTED" } });
    await rig.done("vm.start", "POST", `/vms/${id}/start`);
    expect((await rig.virsh("domstate", "place")).trim()).toBe("running");
    const planned = await rig.done("vm.update", "PATCH", `/vms/${id}?plan=true`, { memory_bytes: 128 * MIB, deletion_protection: false });
    expect(planned).toMatchObject({ planned: true, needs_restart: true });
    expect(planned.changes.find(({ field }) => field === "memory_bytes")).toMatchObject({
      from: 64 * MIB,
      to: 128 * MIB,
      needs_restart: true,
    });
    expect(await rig.machine(id)).toMatchObject({ memory_bytes: 64 * MIB, deletion_protection: true, needs_restart: false });
    await rig.done("vm.update", "PATCH", `/vms/${id}`, { memory_bytes: 128 * MIB });
    expect(await rig.machine(id)).toMatchObject({ memory_bytes: 128 * MIB, needs_restart: true, pending: ["memory_bytes"] });
    expect(await rig.done("vm.stop", "POST", `/vms/${id}/stop`)).toMatchObject({ state: "off" });
    expect(await rig.machine(id)).toMatchObject({ state: "off", needs_restart: false, pending: [] });
  });

  it("made by another tool is there under its UUID, and keeps what the contract has no word for", async () => {
    const id = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    const file = `${rig.daemon.folder}/foreign.xml`;
    writeFileSync(file, FOREIGN);
    await rig.virsh("define", file);
    expect(await rig.machine(id)).toMatchObject({ name: "old-timer", memory_bytes: 96 * MIB, cpus: 1 });
    await rig.done("vm.update", "PATCH", `/vms/${id}`, { cpus: 2, description: "ours now", tags: ["imported"] });
    expect(await rig.machine(id)).toMatchObject({ cpus: 2, description: "ours now", tags: ["imported"] });
    const xml = await rig.virsh("dumpxml", "--inactive", "old-timer");
    for (const kept of ["urn:example:app", "<app:cost>7</app:cost>", "i6300esb", "QEMU_EXAMPLE", "<entry name='vendor'>Example</entry>"])
      expect(xml).toContain(kept);
  });

  it("that somebody changed behind our back is shown as it is", async () => {
    const { id } = await rig.create("drift", { cpus: 2 });
    await rig.virsh("desc", "drift", "--config", "drifted");
    await rig.virsh("setvcpus", "drift", "1", "--config");
    await rig.virsh("setmaxmem", "drift", "128M", "--config");
    await rig.virsh("setmem", "drift", "128M", "--config");
    await rig.virsh("autostart", "drift");
    await until("the drift is shown", async () => {
      const vm = await rig.machine(id);
      return vm.description === "drifted" && vm.memory_bytes === 128 * MIB && vm.autostart;
    });
    const back = await rig.done("vm.update", "PATCH", `/vms/${id}?plan=true`, { memory_bytes: 64 * MIB, autostart: false });
    expect(back.changed.toSorted()).toEqual(["autostart", "memory_bytes"]);
  });

  it("is gone after its deletion, and its disks when asked", async () => {
    const { id } = await rig.create("brief");
    await rig.done("vm.start", "POST", `/vms/${id}/start`);
    const [disk] = (await rig.machine(id)).disks;
    expect(disk).toBeDefined();
    expect(await rig.change("DELETE", `/vms/${id}?delete_disks=true`)).toMatchObject({ status: 409, body: { code: "VM_STATE_INVALID" } });
    const gone = await rig.done("vm.delete", "DELETE", `/vms/${id}?delete_disks=true&force=true`);
    expect(gone.deleted_disks).toHaveLength(1);
    expect(await rig.get(`/vms/${id}`)).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
    expect(await rig.change("PATCH", `/vms/${id}`, { cpus: 2 })).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
    expect(await rig.names()).not.toContain("brief");
    expect(await rig.virsh("vol-list", "--pool", "farhand-default").catch(() => "")).not.toContain("brief");
  });

  it("is refused with the fields that are wrong, before anything is made", async () => {
    const before = await rig.names();
    const wrong = { ...machine("wrong"), storage_class: "fast", nics: [{ network: "dmz" }] };
    const refused = await rig.change("POST", "/vms", wrong);
    expect(refused).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
    expect(refused.body.errors!.map(({ pointer }) => pointer)).toEqual(["/storage_class", "/nics/0/network"]);
    const lacking = await rig.change("POST", "/vms", { ...machine("lacking"), stop_action: "save" });
    expect(lacking).toMatchObject({ status: 422, body: { code: "HYPERVISOR_UNSUPPORTED", errors: [{ pointer: "/stop_action" }] } });
    const huge = await rig.change("POST", "/vms", { ...machine("huge"), disks: [{ size_bytes: 32 * 1024 ** 4 }, { image: "empty" }] });
    expect(huge.body.errors!.map(({ pointer }) => pointer)).toEqual(["/disks/1/image"]);
    expect(await rig.names()).toEqual(before);
  });

  it("is in the lists as it changes, without a question to the host", async () => {
    const { id } = await rig.create("listed", { tags: ["list=me"] });
    type List = { items: { id: string; state: string; host: string; stale: boolean }[]; stale: boolean };
    const inList = async (path: string) => (await json<List>(rig.product, "GET", path)).body.items.find((one) => one.id === id);
    await until("it is listed", () => inList("/api/v1/vms?tag=list%3Dme"));
    await rig.done("vm.start", "POST", `/vms/${id}/start`);
    await until("it runs in the list", async () => (await inList("/api/v1/hosts/kvm/vms"))?.state === "running");
    await rig.virsh("destroy", "listed");
    await until("it is off in the list", async () => (await inList("/api/v1/vms?state=off"))?.state === "off");
    await rig.virsh("undefine", "listed");
    await until("it is gone from the list", async () => !(await inList("/api/v1/vms")));
  });

  it("takes two changes at once one after the other", async () => {
    const { id } = await rig.create("ordered");
    const ask = (body: object) => rig.ask<Job>("PATCH", `/vms/${id}`, body);
    const asked = await Promise.all([1, 2, 3, 4].map((n) => ask({ memory_bytes: n * 64 * MIB, description: `number ${n}` })));
    const jobs = await Promise.all(asked.map(({ body }) => ended(rig.product, body.id)));
    expect(jobs.map(({ status }) => status)).toEqual(Array(4).fill("succeeded"));
    const { memory_bytes: memory, description } = await rig.machine(id);
    expect(description).toBe(`number ${memory / (64 * MIB)}`);
    // Each saw what the one before had left: none changed from a state that another was changing.
    const chain = jobs.map(({ result }) => (result!.data as DataOf<"vm.update">).changes.find(({ field }) => field === "description")!);
    const froms = chain.map(({ from }) => from as string).toSorted();
    expect(froms).toEqual(["", ...chain.map(({ to }) => to as string).filter((to) => to !== description)].toSorted());
  });
});

describe.skipIf(libvirtdMissing !== null)("twenty copies at once", () => {
  let rig: VmRig;
  beforeAll(async () => {
    rig = await VmRig.start({ slots: 4 });
  });
  afterAll(() => rig.stop());

  it("all come to be, and a read goes through meanwhile", async () => {
    const { id } = await rig.create("origin");
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        rig.ask<Job>("POST", `/vms/${id}/clone`, { name: `copy-${n}`, mode: n % 2 ? "linked" : "full" }),
      ),
    );
    expect(asked.map(({ status }) => status)).toEqual(Array(20).fill(202));
    const all = Promise.all(asked.map(({ body }) => ended(rig.product, body.id, 100_000)));
    const over = all.then(
      () => true,
      () => true,
    );
    let reads = 0;
    while (!(await Promise.race([over, Promise.resolve(false)]))) {
      expect((await rig.get<Machine>(`/vms/${id}`)).body).toMatchObject({ name: "origin" });
      reads += 1;
    }
    expect(reads).toBeGreaterThan(3);
    const jobs = await all;
    expect(jobs.map(({ status, result }) => `${status} ${result?.code ?? ""}`)).toEqual(Array(20).fill("succeeded "));
    expect((await rig.names()).toSorted()).toEqual(["origin", ...Array.from({ length: 20 }, (_, n) => `copy-${n}`)].toSorted());
    const macs = await Promise.all(jobs.map(async ({ result }) => (await rig.machine((result!.data as { id: string }).id)).nics[0]!.mac));
    expect(new Set(macs).size).toBe(20);
  }, 150_000);
});
