// The index of jobs across hosts, and the audit list: complete, in order, paged, and only what a caller may see.
import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { AuditRecord, JobSummary } from "../../../protocol/api/shapes.ts";
import { firstIdAt, idFactory } from "../../../protocol/ids.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { HostReport } from "../../../worker/fleet/contract.ts";
import { fleetOf } from "../../../worker/fleet/objects.ts";
import { AUDIT_GENESIS, verify } from "../../../worker/storage/audit.ts";
import { eventually, type HostUnderTest } from "../host/scripted-relay.ts";
import { Edge } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

const edge = new Edge();
const fleet = fleetOf(edge.env);
let revision = 1_000_000;

const presence = (more: Partial<HostReport["presence"]> = {}): HostReport["presence"] => ({
  online: true,
  lastSeenAtMs: Date.now(),
  relayVersion: "0.1.0",
  slots: 4,
  queue: { held: 0, queued: 0, delivered: 0, running: 0 },
  relayLabels: [],
  ...more,
});

function report(host: HostUnderTest, more: Partial<HostReport> = {}): Promise<{ revision: number; removed: boolean }> {
  revision += 1;
  return fleet.report({ hostNumber: host.number, revision, presence: presence(), jobs: [], audit: [], ...more });
}

function summary(host: HostUnderTest, id: string, more: Partial<JobSummary> = {}): JobSummary {
  const at = new Date().toISOString();
  return {
    id,
    parent_id: null,
    host: host.name,
    operation: "host.info",
    status: "succeeded",
    correlation_id: id,
    requested_by: "key:x",
    queued_at: at,
    delivered_at: at,
    started_at: at,
    ended_at: at,
    expires_at: null,
    cancel_requested_at: null,
    ...more,
  };
}

async function list(query: string, key?: string): Promise<{ ids: unknown[]; next: string | null }> {
  const answer = await edge.get(`/api/v1/jobs?${query}`, key === undefined ? {} : { key });
  expect(answer.status).toBe(200);
  return { ids: answer.body.items!.map((job) => job["id"]), next: answer.body.next_cursor };
}

describe("the index of jobs", () => {
  it("has what a host reports, newest first, paged without loss or repeat", async () => {
    const host = await enrol(edge, "indexed");
    const newId = idFactory(host.number);
    const ids = Array.from({ length: 25 }, newId);
    await report(host, { jobs: ids.map((id, index) => summary(host, id, { operation: index % 2 ? "command.run" : "host.info" })) });
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const page = await list(`limit=10${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.ids);
      cursor = page.next ?? "";
    } while (cursor);
    expect(seen).toEqual(ids.toReversed());
    expect((await list("operation=command.run&limit=200")).ids).toHaveLength(12);
    expect((await list("status=failed")).ids).toEqual([]);
    expect((await list(`since=${new Date(Date.now() + 60_000).toISOString()}`)).ids).toEqual([]);
    expect((await list(`since=${new Date(Date.now() - 60_000).toISOString()}&limit=200`)).ids).toHaveLength(25);
  });

  it("shows a caller the jobs of its hosts and operations only, with a cursor that leads past the others", async () => {
    const [mine, theirs] = [await enrol(edge, "mine"), await enrol(edge, "theirs")];
    const myIds = Array.from({ length: 6 }, idFactory(mine.number));
    const theirIds = Array.from({ length: 30 }, idFactory(theirs.number));
    await report(mine, { jobs: myIds.map((id, index) => summary(mine, id, { operation: index < 3 ? "host.info" : "command.run" })) });
    await report(theirs, { jobs: theirIds.map((id) => summary(theirs, id)) });
    const { body } = await edge.post("/api/v1/keys", {
      name: "mine",
      grants: [{ role: "reader", hosts: ["mine"], operations: ["host.*"] }],
    });
    const key = body.key;
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const page = await list(`limit=2${cursor && `&cursor=${cursor}`}`, key);
      seen.push(...page.ids);
      cursor = page.next ?? "";
    } while (cursor);
    expect(seen).toEqual(myIds.slice(0, 3).toReversed());
  });

  it("follows a real job from its host's own reports", async () => {
    const host = await enrol(edge, "reporting");
    const { body } = await edge.post("/api/v1/hosts/reporting/jobs", { operation: "host.info" });
    await eventually(async () => (await list("limit=200")).ids.includes(body.id), "the index to have the job");
    await edge.post(`/api/v1/jobs/${body.id}/cancel`);
    await eventually(async () => (await list("status=cancelled")).ids.includes(body.id), "the index to have its end");
    expect(host.number).toBeGreaterThan(0);
  });

  it("ignores an older report, and keeps what a newer one left out", async () => {
    const host = await enrol(edge, "revised");
    const facts = { hostname: "h", os: "linux", os_version: "12", arch: "x64", cpus: 2, memory_bytes: 1, node_version: "24" };
    await report(host, { presence: presence({ facts, slots: 7 }) });
    const taken = await report(host, { presence: presence({ slots: 8, relayLabels: ["gpu"] }) });
    expect(await fleet.report({ hostNumber: host.number, revision: 5, presence: presence({ slots: 1 }), jobs: [], audit: [] })).toEqual(
      taken,
    );
    expect(await edge.get("/api/v1/hosts?limit=200")).toMatchObject({
      body: { items: expect.arrayContaining([expect.objectContaining({ name: "revised", slots: 8, facts, relay_labels: ["gpu"] })]) },
    });
  });

  it("lets go of what is older than the retention", async () => {
    const host = await enrol(edge, "aged");
    const old = firstIdAt(Date.now() - LIMITS.jobRetentionMs - 1_000);
    const young = idFactory(host.number)();
    await report(host, { jobs: [summary(host, old), summary(host, young)] });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 7 * 3600_000 });
    try {
      await runDurableObjectAlarm(env.FLEET.getByName("fleet"));
    } finally {
      vi.useRealTimers();
    }
    const left = await runInDurableObject(env.FLEET.getByName("fleet"), (_, state) =>
      state.storage.sql.exec("SELECT id FROM jobs WHERE id IN (?, ?)", old, young).toArray(),
    );
    expect(left).toEqual([{ id: young }]);
  });
});

async function wholeAudit(query = ""): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  let cursor = "";
  do {
    const answer = await edge.get(`/api/v1/audit?limit=7${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    expect(answer.status).toBe(200);
    records.push(...(answer.body.items as AuditRecord[]));
    cursor = answer.body.next_cursor ?? "";
  } while (cursor);
  return records;
}

describe("the audit list", () => {
  it("has a record for every changing request, in one chain that verifies, and shows a break", async () => {
    const key = await edge.post("/api/v1/keys", { name: "audited", grants: [{ role: "reader", hosts: ["*"] }] });
    const id = key.body.id;
    await edge.ask("PATCH", `/api/v1/keys/${id}`, { body: { name: "renamed" } });
    const grant = await edge.post("/api/v1/grants", { principal: "user:x", role: "reader", hosts: ["*"] });
    const grantId = grant.body.id;
    await edge.ask("PATCH", `/api/v1/grants/${grantId}`, { body: { role: "operator", hosts: ["*"] } });
    await edge.ask("DELETE", `/api/v1/grants/${grantId}`);
    await edge.ask("DELETE", `/api/v1/keys/${id}`);
    const records = await wholeAudit("&object=fleet");
    const told = records.filter((record) => [id, grantId].includes(record.subject)).map((record) => record.action);
    expect(told).toEqual(["key.delete", "grant.delete", "grant.update", "grant.create", "key.update", "key.create"]);
    const chain = records.toSorted((a, b) => a.seq - b.seq);
    expect(verify(chain, { seq: 0, hash: AUDIT_GENESIS })).toBeNull();
    expect(verify(chain.with(2, { ...chain[2]!, principal: "key:someone" }))).toBe(2);
    expect(verify(chain.toSpliced(2, 1))).toBe(2);
    expect(JSON.stringify(records)).not.toContain(key.body.key);
    expect(records.find((record) => record.action === "key.create")).toMatchObject({
      principal: "key:admin",
      outcome: "ok",
      object: "fleet",
    });
  });

  it("names the request that made the change", async () => {
    const made = await edge.post("/api/v1/enrollments", { host: "named-by-request" });
    const [latest] = await wholeAudit("&object=fleet");
    expect(latest).toMatchObject({ action: "enrollment.create", request_id: made.headers.get("x-request-id") });
  });

  it("has the hosts' own records too, each once, newest first, by principal", async () => {
    const host = await enrol(edge, "auditing");
    await edge.post("/api/v1/hosts/auditing/jobs", { operation: "command.run", resource_spec: { name: "x" } });
    await eventually(async () => (await wholeAudit(`&object=${host.id}`)).length > 0, "the host's record");
    const all = await wholeAudit();
    expect(all.map((record) => record.at)).toEqual(
      all
        .map((record) => record.at)
        .toSorted()
        .toReversed(),
    );
    expect(new Set(all.map((record) => `${record.object} ${record.seq}`)).size).toBe(all.length);
    expect(all.some((record) => record.object === host.id && record.action === "command.run")).toBe(true);
    expect((await wholeAudit("&principal=key:nobody")).length).toBe(0);
    expect(await edge.get("/api/v1/audit?cursor=x")).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/cursor" }] } });
  });

  it("has nothing of what was refused", async () => {
    const before = await wholeAudit();
    await edge.post("/api/v1/grants", { principal: "user:x", role: "reader" });
    await edge.post("/api/v1/grants", { principal: "user:x", role: "reader", hosts: ["*"], labels: ["a"] });
    await edge.ask("DELETE", `/api/v1/keys/${"0".repeat(26)}`);
    await edge.post("/link/enroll", { code: "0".repeat(26), public_key: `${"A".repeat(59)}=` }, { key: null });
    expect(await wholeAudit()).toHaveLength(before.length);
  });
});
