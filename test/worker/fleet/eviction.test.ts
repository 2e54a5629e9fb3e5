// The Fleet loses its memory at any time: what it promised stays true, and nothing is done twice.
import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../../protocol/api/shapes.ts";
import { fleetOf } from "../../../worker/fleet/objects.ts";
import { AUDIT_GENESIS, verify } from "../../../worker/storage/audit.ts";
import { eventually, makeKeys, running, ScriptedRelay, success } from "../host/scripted-relay.ts";
import { Edge } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

const edge = new Edge();

/** Only an object that runs can be evicted, so it is woken first. */
async function evict(): Promise<void> {
  await fleetOf(edge.env).snapshot(null);
  await evictDurableObject(env.FLEET.getByName("fleet"));
}

describe("an evicted Fleet", () => {
  it("keeps hosts, keys, codes and the version of its access data", async () => {
    await enrol(edge, "kept");
    const { body } = await edge.post("/api/v1/keys", { name: "kept", grants: [{ role: "reader", hosts: ["*"] }] });
    const code = (await edge.post("/api/v1/enrollments", { host: "claimed-later" })).body.code;
    const before = (await fleetOf(edge.env).snapshot(null))!;
    await evict();
    expect(await fleetOf(edge.env).snapshot(before.version)).toBeNull();
    expect(await fleetOf(edge.env).snapshot(null)).toEqual(before);
    expect(await new Edge().get("/api/v1/hosts/kept", { key: body.key })).toMatchObject({ status: 200 });
    const claim = { code, public_key: makeKeys().publicKey };
    expect(await edge.post("/link/enroll", claim, { key: null })).toMatchObject({ status: 201, body: { host: "claimed-later" } });
  });

  it("answers the same parent for its key, and brings it to its true end", async () => {
    const hosts = [await enrol(edge, "evicted-1", ["evicted"]), await enrol(edge, "evicted-2", ["evicted"])];
    const relays = await Promise.all(hosts.map((host) => ScriptedRelay.connect(host)));
    const ask = () =>
      edge.post(
        "/api/v1/jobs",
        { operation: "host.info", target: { labels: ["evicted"], pick: "all" } },
        { headers: { "idempotency-key": "evicted" } },
      );
    const made = await ask();
    await evict();
    expect((await ask()).body.id).toBe(made.body.id);
    for (const relay of relays) {
      const job = await relay.next("job");
      relay.event(job.channel, running());
      await evict();
      relay.event(job.channel, success(job));
    }
    await evict();
    const path = `/api/v1/jobs/${made.body.id}`;
    await eventually(async () => (await edge.get(path)).body["status"] === "succeeded", "the parent's end");
    for (const relay of relays) expect(relay.all("job")).toHaveLength(1);
  });

  it("goes on with one audit chain", async () => {
    await evict();
    await edge.post("/api/v1/enrollments", { host: "audited" });
    await evict();
    await edge.post("/api/v1/enrollments", { host: "audited" });
    const { items } = (await edge.get("/api/v1/audit?object=fleet&limit=200")).body;
    const chain = (items as unknown as AuditRecord[]).toReversed();
    expect(verify(chain, { seq: 0, hash: AUDIT_GENESIS })).toBeNull();
  });

  it("tells a removed host's object although the alarm comes twice", async () => {
    const host = await enrol(edge, "removed");
    const relay = await ScriptedRelay.connect(host);
    await edge.ask("DELETE", "/api/v1/hosts/removed");
    await evict();
    await runDurableObjectAlarm(env.FLEET.getByName("fleet"));
    await runDurableObjectAlarm(env.FLEET.getByName("fleet"));
    await relay.closedWith();
    const again = await edge.raw("GET", `/link?host=${host.number}`, { key: null, headers: { upgrade: "websocket" } });
    expect(again.status).toBe(101);
    const said = new Promise<string>((resolve) => again.webSocket!.addEventListener("message", ({ data }) => resolve(String(data))));
    again.webSocket!.accept();
    expect(JSON.parse(await said)).toMatchObject({ type: "refused", code: "HOST_REMOVED" });
  });
});
