// The life of a virtual machine on Hyper-V over HTTP alone: real edge, relay and host agent in real PowerShell 7; the hypervisor
// alone is a fake one.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { pidOf, startProduct, type Product } from "../product.ts";
import { PWSH } from "../relay/drivers/hyperv/fake-world.ts";
import { ended, follow, json, until } from "./api.ts";
import { HypervRig, hypervToml, type VmList } from "./hyperv-rig.ts";
import { VmHost, type DataOf } from "./vm-host.ts";

const GIB = 1024 ** 3;
const HOSTILE = `"'\`"$(Remove-VM *); $env:PATH | & rm -rf / #>\n<# ünï 漢字 🐧\r\n\t--%`;
/** Cmdlets that never come back though their effect is there, as on Windows when a guest or a disk hangs. */
const HANGING = { "Save-VM": 600_000, "Suspend-VM": 600_000 };
const WARNING = "Der Datenträger ist langsam.";

describe.skipIf(PWSH === null)("a virtual machine on Hyper-V over HTTP", { timeout: 240_000 }, () => {
  let rig: HypervRig;
  let id: string;
  beforeAll(async () => {
    rig = await HypervRig.start({ record: true, delays: HANGING, faults: [{ cmdlet: "New-VM", warning: WARNING }] });
  }, 120_000);
  afterAll(() => rig?.stop());

  it("is made once for each idempotency key, and read as it was asked for", async () => {
    const asked = {
      name: "web",
      cpus: 2,
      memory_bytes: GIB,
      description: HOSTILE,
      tags: ["env=test"],
      secure_boot: true,
      tpm: true,
      disks: [
        { image: "debian", size_bytes: 2 * GIB },
        { size_bytes: GIB, name: "data" },
      ],
      nics: [{ network: "dmz" }],
      iso: "installer",
      seed: { user_data: "#cloud-config\n" },
    };
    const make = () => rig.change("POST", "/vms", asked, { "idempotency-key": "terraform-web" });
    const [first, second] = await Promise.all([make(), make()]);
    expect([first, second].map(({ status, body }) => [status, body.id, body.status])).toEqual([
      [200, first.body.id, "succeeded"],
      [200, first.body.id, "succeeded"],
    ]);
    const made = first.body.result!.data as DataOf<"vm.create">;
    id = made.id;
    expect((await make()).body.id).toBe(first.body.id);
    expect(rig.world().vms.map((vm) => [vm.id, vm.name, vm.state])).toEqual([[id, "web", "Off"]]);
    const read = await rig.machine(id);
    expect(read).toMatchObject({ id, name: "web", state: "off", description: HOSTILE, tags: ["env=test"], cpus: 2, memory_bytes: GIB });
    expect(read).toMatchObject({ firmware: "uefi", secure_boot: true, tpm: true, os_family: "linux", storage_class: "default" });
    expect(read.disks.filter(({ kind }) => kind === "disk").map(({ id: disk, name, size_bytes: size }) => [disk, name, size])).toEqual([
      [made.disks[0], "disk0", 2 * GIB],
      [made.disks[1], "data", GIB],
    ]);
    expect(read.nics).toMatchObject([{ id: made.nics[0], network: "dmz", vlan: 30, connected: true }]);
    expect(rig.files("default")).toContain(`seed-${id}.iso`);
  });

  it("came with a warning of the hypervisor in its job's events, before its result", async () => {
    const { items } = (await json<{ items: Job[] }>(rig.product, "GET", "/api/v1/jobs?host=hyperv&operation=vm.create")).body;
    expect(items).toHaveLength(1);
    const events = await follow(rig.product, items[0]!.id);
    const said = events.filter(({ event }) => event === "log").map(({ data }) => [data["level"], data["message"]]);
    expect(said).toEqual([["warn", `step 0: ${WARNING}`]]);
    expect(events.at(-1)).toMatchObject({ event: "result", data: { status: "succeeded" } });
  });

  it("is refused with the fields that are wrong, before anything is made", async () => {
    const wrong = { name: "wrong", cpus: 1, memory_bytes: GIB };
    const undeclared = await rig.change("POST", "/vms", { ...wrong, storage_class: "fast", nics: [{ network: "moon" }] });
    expect(undeclared).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
    expect(undeclared.body.errors!.map(({ pointer }) => pointer)).toEqual(["/storage_class", "/nics/0/network"]);
    const lacking = await rig.change("POST", "/vms", { ...wrong, disks: [{ size_bytes: GIB, cache: "writeback" }] });
    expect(lacking).toMatchObject({ status: 422, body: { code: "HYPERVISOR_UNSUPPORTED", errors: [{ pointer: "/disks/0/cache" }] } });
    expect(await rig.change("POST", "/vms", { ...wrong, name: "WEB" })).toMatchObject({ status: 409, body: { code: "VM_EXISTS" } });
    expect(rig.world().vms.map(({ name }) => name)).toEqual(["web"]);
  });

  it("is in the lists as it changes, without a question to the host", async () => {
    const inList = async (path: string) => (await json<VmList>(rig.product, "GET", path)).body.items.find((one) => one.id === id);
    await until("it is listed", () => inList("/api/v1/vms?tag=env%3Dtest"), 60_000);
    expect(await rig.done("vm.start", "POST", `/vms/${id}/start`)).toMatchObject({ state: "running" });
    await until("it runs in the list", async () => (await inList("/api/v1/hosts/hyperv/vms"))?.state === "running", 60_000);
    expect(await rig.list()).toMatchObject({ items: [{ id, host: "hyperv", name: "web", description: HOSTILE }], stale: false });
    await until("it is off no more", async () => (await inList("/api/v1/vms?state=off")) === undefined, 60_000);
  });

  it("shows its screen, takes keys, counts, and cannot be what it is not", async () => {
    const screen = await until(
      "a picture",
      async () => {
        const answer = await fetch(`${rig.product.ready.url}/api/v1/hosts/hyperv/vms/${id}/screenshot?max_width=200`, {
          headers: { authorization: `Bearer ${rig.product.ready.api_key}` },
        });
        return answer.status !== 504 && answer;
      },
      60_000,
    );
    expect([screen.status, screen.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect(
      Buffer.from(await screen.arrayBuffer())
        .subarray(0, 8)
        .toString("latin1"),
    ).toBe("\x89PNG\r\n\x1a\n");
    expect(await rig.read<DataOf<"vm.stats">>(`/vms/${id}/stats`)).toMatchObject({ id, state: "running" });
    expect(await rig.done("vm.send-keys", "POST", `/vms/${id}/send-keys`, { text: "ls; $(rm -rf /)\n" })).toEqual({ sent: 16 });
    expect(rig.world().vms[0]!.guest.keys[0]).toMatchObject({ method: "TypeText", value: "ls; $(rm -rf /)" });
    expect(await rig.change("POST", `/vms/${id}/resume`)).toMatchObject({ status: 200, body: { result: { data: { changes: [] } } } });
    const looked = await rig.change("POST", "/jobs", { operation: "vm.console", resource_spec: { vm: id, console: "screen" } });
    expect(looked.body.result).toMatchObject({ status: "error", code: "CONSOLE_UNSUPPORTED" });
  });

  it("is changed in place as far as it can while it runs, and whole when it is off", async () => {
    const some = await rig.change("PATCH", `/vms/${id}`, { cpus: 4, tags: ["b"] });
    expect(some.body).toMatchObject({ code: "VM_STATE_INVALID" });
    expect((await json<Job>(rig.product, "GET", `/api/v1/jobs/${some.body.job}`)).body).toMatchObject({
      status: "partial",
      result: { status: "partial", data: { changed: ["tags"], not_changed: [{ field: "cpus", code: "VM_STATE_INVALID" }] } },
    });
    expect(await rig.done("vm.shutdown", "POST", `/vms/${id}/shutdown`)).toMatchObject({ state: "off", forced: false });
    const planned = await rig.done("vm.update", "PATCH", `/vms/${id}?plan=true`, { cpus: 4 });
    expect(planned).toMatchObject({ planned: true, changes: [{ field: "cpus", from: 2, to: 4 }] });
    const wished = { cpus: 4, memory_max_bytes: 2 * GIB, description: `${HOSTILE}!`, boot_order: ["nic0", "disk0"] };
    expect((await rig.done("vm.update", "PATCH", `/vms/${id}`, wished)).changed.toSorted()).toEqual(Object.keys(wished).toSorted());
    const { boot_order: order, ...read } = await rig.machine(id);
    expect(read).toMatchObject({ cpus: 4, memory_max_bytes: 2 * GIB, description: `${HOSTILE}!`, tags: ["b"] });
    expect(order.slice(0, 2)).toEqual(["nic0", "disk0"]);
  });

  it("has disks that come, grow and go", async () => {
    const made = await rig.done("disk.create", "POST", `/vms/${id}/disks`, { size_bytes: GIB, name: "more" });
    await rig.done("disk.update", "PATCH", `/vms/${id}/disks/${made.id}`, { size_bytes: 2 * GIB, iops_max: 500 });
    expect(await rig.read(`/vms/${id}/disks/${made.id}`)).toMatchObject({ vm: id, name: "more", size_bytes: 2 * GIB, iops_max: 500 });
    await rig.done("disk.delete", "DELETE", `/vms/${id}/disks/${made.id}`);
    const { items } = await rig.read<DataOf<"disk.list">>(`/vms/${id}/disks`);
    expect(items.filter(({ kind }) => kind === "disk").map(({ name }) => name)).toEqual(["disk0", "data"]);
    expect(rig.files("default").filter((name) => name.includes("more"))).toEqual([]);
  });

  it("has adapters that come, change and go", async () => {
    const made = await rig.done("nic.create", "POST", `/vms/${id}/nics`, { network: "lan", mac: "00:15:5d:77:00:01" });
    await rig.done("nic.update", "PATCH", `/vms/${id}/nics/${made.id}`, { vlan: 12, bandwidth_max_bps: 100_000_000, connected: false });
    const read = await rig.read(`/vms/${id}/nics/${made.id}`);
    expect(read).toMatchObject({ mac: "00:15:5d:77:00:01", vlan: 12, bandwidth_max_bps: 100_000_000, connected: false });
    await rig.done("nic.delete", "DELETE", `/vms/${id}/nics/${made.id}`);
    expect((await rig.read<DataOf<"nic.list">>(`/vms/${id}/nics`)).items).toHaveLength(1);
    expect((await rig.get<{ code: string }>(`/vms/${id}/nics/${made.id}`)).body.code).toBe("NIC_NOT_FOUND");
  });

  it("goes back to its snapshot", async () => {
    await rig.done("snapshot.create", "POST", `/vms/${id}/snapshots`, { name: "before", description: HOSTILE });
    await rig.done("vm.update", "PATCH", `/vms/${id}`, { cpus: 1 });
    expect(await rig.read(`/vms/${id}/snapshots/before`)).toMatchObject({ name: "before", description: HOSTILE, current: true });
    expect(await rig.done("snapshot.revert", "POST", `/vms/${id}/snapshots/before/revert`, {})).toMatchObject({ state: "off" });
    expect(await rig.machine(id)).toMatchObject({ cpus: 4, description: `${HOSTILE}!` });
    await rig.done("snapshot.delete", "DELETE", `/vms/${id}/snapshots/before`);
    expect((await rig.read<DataOf<"snapshot.list">>(`/vms/${id}/snapshots`)).items).toEqual([]);
    expect(rig.files("default").filter((name) => name.includes("avhdx"))).toEqual([]);
  });

  it("is copied by a job that says what it does, and the copy goes with its disks", async () => {
    const { status, body } = await rig.ask<Job>("POST", `/vms/${id}/clone`, { name: "copy" });
    expect([status, body.host, body.operation]).toEqual([202, "hyperv", "vm.clone"]);
    const events = await follow(rig.product, body.id);
    expect(events.filter(({ event }) => event === "progress").map(({ data }) => data["message"])).toContain("copying");
    const job = await ended(rig.product, body.id);
    expect(job).toMatchObject({ status: "succeeded", result: { status: "success" } });
    const { id: copy, disks } = job.result!.data as DataOf<"vm.clone">;
    expect(disks).toHaveLength(2);
    expect(await rig.machine(copy)).toMatchObject({ name: "copy", state: "off", cpus: 4, description: `${HOSTILE}!` });
    const gone = await rig.done("vm.delete", "DELETE", `/vms/${copy}?delete_disks=true`);
    expect(gone.deleted_disks.toSorted()).toEqual(disks.toSorted());
    expect(rig.files("default").filter((name) => name.includes("copy"))).toEqual([]);
  });

  it("tells what the host declares", async () => {
    const [images, networks, storage] = await Promise.all([
      rig.read<DataOf<"image.list">>("/images"),
      rig.read<DataOf<"network.list">>("/networks"),
      rig.read<DataOf<"storage.list">>("/storage"),
    ]);
    expect(images.items.map(({ name, kind, available }) => [name, kind, available])).toEqual([
      ["debian", "disk", true],
      ["installer", "iso", true],
    ]);
    expect(networks.items.map(({ name, kind, vlan }) => [name, kind, vlan])).toEqual([
      ["lan", "switch", null],
      ["dmz", "switch", 30],
    ]);
    expect(storage.items).toMatchObject([{ name: "default", description: "the usual one", formats: ["vhdx"], available: true }]);
  });

  /** A job whose cmdlet hangs: it has the effect, and the agent does not come back. Answers the job and the agent's process. */
  async function hanging(verb: "save" | "suspend", cmdlet: keyof typeof HANGING): Promise<{ job: Job; agent: string }> {
    await rig.done("vm.start", "POST", `/vms/${id}/start`);
    const { body: job } = await rig.ask<Job>("POST", `/vms/${id}/${verb}`);
    const call = await until("the effect", () => rig.world().calls.find(({ command }) => command === cmdlet), 60_000);
    const agent = String(call.process);
    expect(rig.agents()).toContain(agent);
    return { job, agent };
  }

  it("whose change is cancelled while its agent hangs is left alone by that agent, and says so", async () => {
    const { job, agent } = await hanging("save", "Save-VM");
    expect((await json(rig.product, "POST", `/api/v1/jobs/${job.id}/cancel`)).status).toBe(202);
    expect(await ended(rig.product, job.id)).toMatchObject({ status: "cancelled", result: { code: "JOB_CANCELLED" } });
    await until("the agent is gone", () => !rig.agents().includes(agent));
    expect(await rig.machine(id)).toMatchObject({ state: "saved" });
  });

  it("whose relay is killed while its agent works: the job is unknown, the agent gone, the list true", async () => {
    const { job, agent } = await hanging("suspend", "Suspend-VM");
    process.kill(pidOf(rig.product, "relay"), "SIGKILL");
    expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "unknown", error: { code: "JOB_UNKNOWN" } });
    await until("the agent is gone", () => !rig.agents().includes(agent));
    await until(
      "the list is live",
      async () => {
        const { items, stale } = await rig.list();
        return !stale && items[0]?.state === "paused";
      },
      40_000,
    );
    expect(await rig.done("vm.resume", "POST", `/vms/${id}/resume`)).toMatchObject({ state: "running" });
  });

  it("is gone after its deletion, with its disks and its seed", async () => {
    expect(await rig.change("DELETE", `/vms/${id}?delete_disks=true`)).toMatchObject({ status: 409, body: { code: "VM_STATE_INVALID" } });
    const gone = await rig.done("vm.delete", "DELETE", `/vms/${id}?delete_disks=true&force=true`);
    expect(gone.deleted_disks).toHaveLength(2);
    expect(rig.world().vms).toEqual([]);
    expect(rig.files("default").filter((name) => /vhdx|seed/.test(name))).toEqual([]);
    expect(await rig.get(`/vms/${id}`)).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
    await until("an empty list", async () => (await rig.list()).items.length === 0, 60_000);
  });
});

describe("a Hyper-V host whose agent cannot be started", () => {
  let product: Product;
  let host: VmHost;
  beforeAll(async () => {
    product = await startProduct(hypervToml("/nowhere", "/nowhere/pwsh"));
    host = new VmHost(product, "hyperv");
  });
  afterAll(() => product?.stop());

  it("says so with a remedy, to a question and to a change", async () => {
    const vm = "11111111-2222-4333-8444-555555555555";
    const asked = await until("the relay", async () => {
      const answer = await host.get<{ code: string; detail: string; remedy: string; retryable: boolean }>(`/vms/${vm}`);
      return answer.body.code !== "HOST_OFFLINE" && answer;
    });
    expect(asked).toMatchObject({ status: 503, body: { code: "HYPERVISOR_UNAVAILABLE", retryable: true } });
    expect(asked.body.detail).toContain("/nowhere/pwsh");
    expect(asked.body.remedy).toContain("farhand doctor");
    const changed = await host.change("POST", `/vms/${vm}/start`);
    expect(changed).toMatchObject({ status: 503, body: { code: "HYPERVISOR_UNAVAILABLE" } });
  });

  it("has a list that nothing was told for", async () => {
    expect(await host.read<VmList>("/vms")).toMatchObject({ items: [], as_of: null, stale: true });
  });
});
