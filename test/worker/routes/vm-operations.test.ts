// Routes of virtual machines through the whole edge, with a relay played by the test: what reaches the host, and what its
// answers become.
import { beforeAll, describe, expect, it } from "vitest";
import { problemSchema } from "../../../protocol/api/shapes.ts";
import type { JobResult } from "../../../protocol/envelope.ts";
import { ERRORS } from "../../../protocol/errors.ts";
import { VM_OPERATIONS } from "../../../protocol/operations/virtual-machines.ts";
import type { JobEvent } from "../../../protocol/link/records.ts";
import { CATALOGUE, running, ScriptedRelay, success, type Job } from "../host/scripted-relay.ts";
import { Edge, type Asked } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
const VM = "6f1d5a0e-3c1b-4b6a-9a57-0a6f4a1c2d3e";
const HOST = "/api/v1/hosts/kvm";
const ONE = `${HOST}/vms/${VM}`;
const GIB = 1024 ** 3;
const WAIT = { prefer: "wait=20" };

const RESOURCES = {
  hypervisor: "libvirt" as const,
  storage: [{ name: "default", description: "" }],
  networks: [{ name: "lan", description: "", vlan: null, vlan_supported: false }],
  images: [
    { name: "debian-12", description: "", kind: "disk" as const, os_family: "linux" as const },
    { name: "installer", description: "", kind: "iso" as const, os_family: null },
  ],
  unsupported: ["memory_buffer_percent"],
  choices: [],
};

let relay: ScriptedRelay;
let jobs = 0;
let calls = 0;

beforeAll(async () => {
  const host = await enrol(edge, "kvm");
  const operations = Object.keys(VM_OPERATIONS);
  relay = await ScriptedRelay.connect(host, { slots: 64, catalogue: { ...CATALOGUE, operations, virtual: RESOURCES } });
});

const nextJob = () => relay.next("job", jobs++);
const specOf = (job: Job) =>
  JSON.parse(job.payload) as { operation: string; resource_spec: Record<string, unknown>; metadata: { plan: boolean } };
const pointers = ({ body }: Asked) => (body["errors"] as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);

/** Asks a change and plays its end: the request as the relay got it, and the answer. */
async function changed(asking: Promise<Asked>, end: (job: Job) => JobEvent = (job) => success(job)) {
  const job = await nextJob();
  relay.event(job.channel, running());
  relay.event(job.channel, end(job));
  return { asked: specOf(job), answer: await asking, job };
}

/** Asks a read and plays its answer. */
async function called(asking: Promise<Asked>, result: Partial<JobResult>) {
  const call = await relay.next("call", calls++);
  const whole = { status: "success" as const, message: "", logs: [], correlation_id: "c", ...result };
  relay.send({ type: "call_result", call_id: call.call_id, result: whole });
  return { call, answer: await asking };
}

const failed = (status: "failed" | "partial", code: string, data?: unknown) => (job: Job) =>
  success(job, {
    status,
    result: {
      status: status === "partial" ? "partial" : "error",
      code,
      message: "Said by the host.",
      ...(data === undefined ? {} : { data }),
      logs: [],
      correlation_id: job.job_id,
    },
  });

describe("a read", () => {
  it("answers with the operation's data alone", async () => {
    const data = { id: VM, name: "web" };
    const { call, answer } = await called(edge.get(ONE), { data });
    expect(call).toMatchObject({ operation: "vm.get", resource_spec: { vm: VM } });
    expect(answer).toMatchObject({ status: 200, body: data });
    const disk = await called(edge.get(`${ONE}/disks/d-1`), { data: { id: "d-1" } });
    expect(disk.call).toMatchObject({ operation: "disk.get", resource_spec: { vm: VM, disk: "d-1" } });
    const images = await called(edge.get(`${HOST}/images`), { data: { items: [] } });
    expect(images.call).toMatchObject({ operation: "image.list", resource_spec: {} });
  });

  it("that the host refuses is a problem with the host's code, known or not", async () => {
    const gone = await called(edge.get(ONE), { status: "error", code: "VM_NOT_FOUND", message: "There is none." });
    expect(problemSchema.parse(gone.answer.body)).toMatchObject({ status: 404, code: "VM_NOT_FOUND", detail: "There is none." });
    expect([gone.answer.status, gone.answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    const newer = await called(edge.get(ONE), { status: "error", code: "VM_FELL_OVER", message: "It fell." });
    expect(newer.answer).toMatchObject({ status: 502, body: { code: "VM_FELL_OVER", status: 502, detail: "It fell." } });
    const rude = await called(edge.get(ONE), { status: "error", code: "CREDENTIAL_INVALID", message: "Who are you?" });
    expect(rude.answer).toMatchObject({ status: 502, body: { code: "CREDENTIAL_INVALID" } });
    expect(rude.answer.headers.get("www-authenticate")).toBeNull();
    const busy = await called(edge.get(ONE), { status: "error", code: "RATE_LIMITED", message: "Too many." });
    expect([busy.answer.status, busy.answer.headers.get("retry-after")]).toEqual([429, "1"]);
    const nameless = await called(edge.get(ONE), { status: "error", message: "Something." });
    expect(nameless.answer).toMatchObject({ status: ERRORS.DRIVER_FAILED.status, body: { code: "DRIVER_FAILED" } });
  });

  it("of what can be no id is not found, without a question to the host", async () => {
    for (const [path, code] of [
      [`${HOST}/vms/web`, "VM_NOT_FOUND"],
      [`${HOST}/vms/${VM}x/stats`, "VM_NOT_FOUND"],
      [`${ONE}/disks/-`, "DISK_NOT_FOUND"],
      [`${ONE}/nics/${"x".repeat(200)}`, "NIC_NOT_FOUND"],
      [`${ONE}/nics/a%2fb`, "NIC_NOT_FOUND"],
    ] as const)
      expect(await edge.get(path), path).toMatchObject({ status: 404, body: { code } });
    expect(await edge.ask("DELETE", `${ONE}/snapshots/a%20b`)).toMatchObject({ status: 404, body: { code: "SNAPSHOT_NOT_FOUND" } });
    expect(relay.all("call").length).toBe(calls);
  });

  it("of one snapshot is found among them", async () => {
    const item = { name: "one", parent: null, current: true, state: "off", memory: false, kind: "internal", description: "" };
    const data = { items: [{ ...item, size_bytes: null, created_at: null }] };
    const found = await called(edge.get(`${ONE}/snapshots/one`), { data });
    expect(found.call).toMatchObject({ operation: "snapshot.list", resource_spec: { vm: VM } });
    expect(found.answer).toMatchObject({ status: 200, body: { name: "one" } });
    const other = await called(edge.get(`${ONE}/snapshots/two`), { data });
    expect(other.answer).toMatchObject({ status: 404, body: { code: "SNAPSHOT_NOT_FOUND" } });
  });

  it("of the screen answers with the picture's bytes", async () => {
    const asking = edge.raw("GET", `${ONE}/screenshot?max_width=320`);
    const call = await relay.next("call", calls++);
    expect(call).toMatchObject({ operation: "vm.screenshot", resource_spec: { vm: VM, max_width: 320 } });
    const data = { width: 1, height: 1, png_base64: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]).toString("base64") };
    relay.send({
      type: "call_result",
      call_id: call.call_id,
      result: { status: "success", message: "", data, logs: [], correlation_id: "c" },
    });
    const answer = await asking;
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([0x89, 0x50, 0x4e, 0x47, 0, 255]);
    const odd = await called(edge.get(`${ONE}/screenshot`), { data: { png: "no" } });
    expect(odd.answer).toMatchObject({ status: 502, body: { code: "DRIVER_FAILED" } });
    expect(pointers(await edge.get(`${ONE}/screenshot?max_width=1`))).toEqual(["/query/max_width"]);
  });

  it("is refused at once when the host is away", async () => {
    await enrol(edge, "away");
    expect(await edge.get(`/api/v1/hosts/away/vms/${VM}`)).toMatchObject({ status: 503, body: { code: "HOST_OFFLINE" } });
  });
});

describe("a change", () => {
  const machine = { name: "web", cpus: 2, memory_bytes: 2 * GIB };

  it("is a job: 202 with its Location, and once for each key", async () => {
    const headers = { "idempotency-key": "make web" };
    const made = await edge.post(`${HOST}/vms`, machine, { headers });
    expect(made).toMatchObject({ status: 202, body: { operation: "vm.create", host: "kvm" } });
    expect(made.headers.get("location")).toBe(`/api/v1/jobs/${made.body.id}`);
    const again = await edge.post(`${HOST}/vms`, machine, { headers });
    expect(again.body.id).toBe(made.body.id);
    expect(await edge.post(`${HOST}/vms`, { ...machine, cpus: 4 }, { headers })).toMatchObject({ status: 409 });
    const job = await nextJob();
    expect(specOf(job).resource_spec).toMatchObject({ ...machine, firmware: "uefi", storage_class: "default", disks: [], start: false });
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
  });

  it("that was waited for answers 200 with the ended job", async () => {
    const { asked, answer } = await changed(edge.ask("PATCH", ONE, { body: { cpus: 4 }, headers: WAIT }));
    expect(asked).toMatchObject({ operation: "vm.update", resource_spec: { vm: VM, cpus: 4 }, metadata: { plan: false } });
    expect(answer).toMatchObject({ status: 200, body: { status: "succeeded" } });
    expect(answer.headers.get("preference-applied")).toBe("wait=20");
  });

  it("takes its flags from the query: plan, ttl_ms and the operation's own", async () => {
    const gone = await changed(edge.ask("DELETE", `${ONE}?delete_disks=true&force=false&plan=true`, { headers: WAIT }));
    expect(gone.asked).toMatchObject({
      operation: "vm.delete",
      resource_spec: { vm: VM, delete_disks: true, force: false },
      metadata: { plan: true },
    });
    const line = await changed(edge.ask("DELETE", `${ONE}/snapshots/one?children=true`, { headers: WAIT }));
    expect(line.asked).toMatchObject({ operation: "snapshot.delete", resource_spec: { vm: VM, snapshot: "one", children: true } });
    expect(pointers(await edge.ask("DELETE", `${ONE}?force=yes`))).toEqual(["/query/force"]);
    expect(await edge.post(`${ONE}/send-keys?plan=true`, { text: "a" })).toMatchObject({ status: 422, body: { code: "PLAN_UNSUPPORTED" } });
  });

  it("needs no body where the operation needs none", async () => {
    for (const [verb, spec] of [
      ["start", { vm: VM }],
      ["stop", { vm: VM }],
      ["shutdown", { vm: VM, wait_ms: 120_000, force: false }],
      ["snapshots/one/revert", { vm: VM, snapshot: "one", power: "as-saved" }],
    ] as const) {
      const { asked, answer } = await changed(edge.post(`${ONE}/${verb}`, undefined, { headers: WAIT }));
      expect(asked.resource_spec, verb).toEqual(spec);
      expect(answer.status, verb).toBe(200);
    }
    expect(await edge.post(`${ONE}/start`, "", {})).toMatchObject({ status: 400, body: { code: "BODY_NOT_JSON" } });
    expect(await edge.post(`${ONE}/start`, "x=1", { headers: { "content-type": "text/plain" } })).toMatchObject({ status: 415 });
    expect(await edge.post(`${ONE}/clone`)).toMatchObject({ status: 415 });
  });

  it("that imports has a word where others have a machine's id; any other word there is no such route", async () => {
    const { asked, answer } = await changed(edge.post(`${HOST}/vms/import`, { folder: "web-old" }, { headers: WAIT }));
    expect(asked).toMatchObject({ operation: "vm.import", resource_spec: { folder: "web-old", identity: "new" } });
    expect(answer.status).toBe(200);
    const other = await edge.post(ONE, { folder: "web-old" });
    expect(other).toMatchObject({ status: 405, body: { code: "METHOD_NOT_ALLOWED" } });
    expect(other.headers.get("allow")!.split(", ").toSorted()).toEqual(["DELETE", "GET", "PATCH"]);
    expect(await edge.post(`${HOST}/vms/imports`, { folder: "web-old" }, { key: null })).toMatchObject({ status: 401 });
    expect(await edge.get(`${HOST}/vms/import`)).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
  });

  it("that waits for a guest may take as long as it was told to wait", async () => {
    for (const [wait_ms, timeout_ms] of [
      [1_000, 180_000],
      [600_000, 660_000],
      [3_600_000, 3_660_000],
    ]) {
      const { asked } = await changed(edge.post(`${ONE}/shutdown`, { wait_ms }, { headers: WAIT }));
      expect(asked.metadata).toMatchObject({ timeout_ms });
    }
  });

  it("that fails while it is waited for is a problem with the job's code and id", async () => {
    const errors = [
      { pointer: "/memory_bytes", message: "is more than the host has" },
      { pointer: "/resource_spec/cpus", message: "is too many" },
      { pointer: 5, message: "is no field error" },
    ];
    const { answer, job } = await changed(
      edge.ask("PATCH", ONE, { body: { cpus: 4 }, headers: WAIT }),
      failed("failed", "HOST_MEMORY_SHORT", { errors }),
    );
    expect(problemSchema.parse(answer.body)).toMatchObject({
      status: 409,
      code: "HOST_MEMORY_SHORT",
      detail: "Said by the host.",
      job: job.job_id,
    });
    expect(pointers(answer)).toEqual(["/memory_bytes", "/cpus"]);
    expect(answer.headers.get("location")).toBe(`/api/v1/jobs/${job.job_id}`);
    const part = await changed(edge.ask("PATCH", ONE, { body: { cpus: 4 }, headers: WAIT }), failed("partial", "HYPERVISOR_UNSUPPORTED"));
    expect(part.answer).toMatchObject({ status: 422, body: { code: "HYPERVISOR_UNSUPPORTED" } });
    const newer = await changed(edge.post(`${ONE}/start`, {}, { headers: WAIT }), failed("failed", "VM_FELL_OVER"));
    expect(newer.answer).toMatchObject({ status: 502, body: { code: "VM_FELL_OVER" } });
    const unseen = await changed(
      edge.post(`${ONE}/start`, {}, { headers: WAIT }),
      (ended) => ({ ...success(ended), status: "unknown", code: "JOB_UNKNOWN", result: null }) as JobEvent,
    );
    expect(unseen.answer).toMatchObject({ status: 502, body: { code: "JOB_UNKNOWN", job: unseen.job.job_id } });
  });

  it("that is faulty is refused with pointers into the body", async () => {
    const cases: [string, string, unknown, string[]][] = [
      ["POST", `${HOST}/vms`, { ...machine, cpus: 0, extra: 1 }, ["/cpus", "/extra"]],
      ["POST", `${HOST}/vms`, { ...machine, memory_min_bytes: 4 * GIB }, ["/memory_min_bytes"]],
      ["PATCH", ONE, {}, [""]],
      ["PATCH", ONE, { vm: VM, cpus: 1 }, ["/vm"]],
      ["PATCH", `${ONE}/disks/d-1`, {}, [""]],
      ["POST", `${ONE}/send-keys`, {}, [""]],
      ["POST", `${ONE}/disks`, { name: "data" }, ["/size_bytes"]],
    ];
    for (const [method, path, body, expected] of cases) {
      const answer = await edge.ask(method, path, { body });
      expect(answer, path).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
      expect(pointers(answer), path).toEqual(expected);
    }
  });

  it("of a machine whose id is none finds no machine, before it becomes a job", async () => {
    expect(await edge.post(`${HOST}/vms/web/start`, {})).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
    expect(await edge.ask("DELETE", `${HOST}/vms/web`)).toMatchObject({ status: 404, body: { code: "VM_NOT_FOUND" } });
    expect(relay.all("job").length).toBe(jobs);
  });

  it("is a job for a host that is away, too", async () => {
    expect(await edge.post(`/api/v1/hosts/away/vms/${VM}/start`, {})).toMatchObject({ status: 202, body: { status: "queued" } });
  });
});

describe("what a specification names", () => {
  const spec = {
    name: "web",
    cpus: 1,
    memory_bytes: GIB,
    storage_class: "fast",
    iso: "debian-12",
    disks: [{ image: "debian-12" }, { image: "installer" }],
    nics: [{ network: "lan" }, { network: "dmz" }],
  };

  it("must be declared by the host, whichever way it comes in", async () => {
    const names = ["/storage_class", "/iso", "/disks/1/image", "/nics/1/network"];
    expect(pointers(await edge.post(`${HOST}/vms`, spec))).toEqual(names);
    const submitted = await edge.post(`${HOST}/jobs`, { operation: "vm.create", resource_spec: spec });
    expect(submitted).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
    expect(pointers(submitted)).toEqual(names.map((pointer) => `/resource_spec${pointer}`));
    const targeted = await edge.post("/api/v1/jobs", { operation: "vm.create", resource_spec: spec, target: { host: "kvm" } });
    expect(targeted).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
    const spread = { operation: "vm.create", resource_spec: spec, target: { labels: ["linux"], pick: "all" } };
    const parent = await edge.post("/api/v1/jobs", spread, { headers: WAIT });
    expect(parent).toMatchObject({ status: 200, body: { children: [{ host: "kvm", status: "failed" }] } });
    const iso = await edge.post(`${HOST}/jobs`, { operation: "iso.attach", resource_spec: { vm: VM, image: "debian-12" } });
    expect(pointers(iso)).toEqual(["/resource_spec/image"]);
    expect(relay.all("job").length).toBe(jobs);
  });

  it("is not looked at where the host has told nothing, nor in a question", async () => {
    const vms = "/api/v1/hosts/away/vms";
    expect(await edge.post(vms, spec)).toMatchObject({ status: 202 });
    const asked = await called(edge.post(`${HOST}/calls`, { operation: "disk.list", resource_spec: { storage_class: "fast" } }), {
      data: { items: [] },
    });
    expect(asked.answer).toMatchObject({ status: 200, body: { status: "success" } });
  });
});

describe("the right to it", () => {
  it("is that of the operation: what destroys is asked of the Fleet itself", async () => {
    const keyOf = async (name: string, operations: string[], role = "operator") =>
      (await edge.post("/api/v1/keys", { name, grants: [{ role, hosts: ["kvm"], operations }] })).body;
    const starter = await keyOf("starter", ["vm.start"]);
    expect(await edge.post(`${ONE}/stop`, {}, { key: starter.key })).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    const { answer } = await changed(edge.post(`${ONE}/start`, {}, { key: starter.key, headers: WAIT }));
    expect(answer.status).toBe(200);
    const stopper = await keyOf("stopper", ["vm.*"]);
    expect((await changed(edge.post(`${ONE}/stop`, {}, { key: stopper.key, headers: WAIT }))).answer.status).toBe(200);
    // Taken back a moment ago: a snapshot may not know it yet, the Fleet does.
    await edge.ask("DELETE", `/api/v1/keys/${stopper.id}`);
    expect((await edge.post(`${ONE}/stop`, {}, { key: stopper.key })).status).toBe(401);
  });
});
