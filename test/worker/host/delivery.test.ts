// Into slots, in order, once for each key, never late, and cancelled at every state.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { JobResult } from "../../../protocol/envelope.ts";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { ACTOR, ALL, edge, evict, newHost, rows, stub, submission } from "./edge.ts";
import { CATALOGUE, eventually, running, ScriptedRelay, success } from "./scripted-relay.ts";

const status = async (host: Parameters<typeof edge>[0], id: string) => unwrap(await edge(host).job(id, ALL)).status;

/** Makes everything of a queue due now, as if its time had passed. */
async function passTime(host: Parameters<typeof edge>[0]): Promise<void> {
  await runInDurableObject(stub(host), (_, state) => {
    state.storage.sql.exec("UPDATE jobs SET expires_at = 1 WHERE status = 'queued'");
    state.storage.sql.exec("UPDATE due SET at = 1 WHERE kind = 'queue'");
  });
  await evict(host);
  await runDurableObjectAlarm(stub(host));
}

describe("slots", () => {
  it("are filled in order and never exceeded", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, { slots: 2 });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(unwrap(await edge(host).submit(submission())).id);
    await relay.next("job", 1);
    expect((await edge(host).presence()).queue).toEqual({ held: 0, queued: 3, delivered: 2, running: 0 });
    for (let i = 0; i < 5; i++) {
      const job = await relay.next("job", i);
      expect(job.job_id).toBe(ids[i]);
      expect(relay.all("job").length).toBeLessThanOrEqual(i + 2);
      relay.event(job.channel, running(), success(job));
      await relay.acked(job.channel);
    }
    expect((await edge(host).presence()).queue).toEqual({ held: 0, queued: 0, delivered: 0, running: 0 });
    relay.close();
  });

  it("are not filled on a draining link; more slots by a new catalogue are", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, { slots: 1 });
    unwrap(await edge(host).submit(submission()));
    unwrap(await edge(host).submit(submission()));
    await relay.next("job");
    relay.send({ type: "catalogue", labels: [], slots: 2, catalogue: CATALOGUE });
    await relay.next("job", 1);
    relay.send({ type: "draining" });
    relay.send({ type: "probe", id: 1 });
    await relay.next("probe_answer");
    const job = await relay.next("job");
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    const third = unwrap(await edge(host).submit(submission()));
    expect(third.status).toBe("queued");
    relay.close();
  });
});

describe("the queue of an offline host", () => {
  it("waits, is delivered on connection, and is bounded", async () => {
    const host = await newHost();
    const job = unwrap(await edge(host).submit(submission({ resourceSpec: { argv: ["/bin/true"] } })));
    expect(job).toMatchObject({ status: "queued", delivered_at: null });
    for (let i = 1; i < LIMITS.queuedJobs; i++) unwrap(await edge(host).submit(submission()));
    expect(await edge(host).submit(submission())).toMatchObject({ ok: false, code: "QUEUE_FULL" });
    const relay = await ScriptedRelay.connect(host, { slots: 1 });
    const sent = await relay.next("job");
    expect(sent.job_id).toBe(job.id);
    expect(sent.expires_in_ms).toBeLessThanOrEqual(60_000);
    // By one clock, so that the relay can tell how much longer the job was on its way than the welcome.
    expect(sent.now).toBeGreaterThanOrEqual((await relay.next("welcome")).now!);
    relay.close();
  });

  it("expires by the alarm, with a reason, and never fires late", async () => {
    const host = await newHost();
    const job = unwrap(await edge(host).submit(submission()));
    await passTime(host);
    const ended = unwrap(await edge(host).job(job.id, ALL));
    expect(ended).toMatchObject({ status: "expired", result: null, error: { code: "JOB_EXPIRED" } });
    await runDurableObjectAlarm(stub(host));
    const relay = await ScriptedRelay.connect(host);
    relay.send({ type: "probe", id: 1 });
    await relay.next("probe_answer");
    expect(relay.all("job")).toEqual([]);
    relay.close();
  });

  it("expires before it is sent when the alarm did not come", async () => {
    const host = await newHost();
    const job = unwrap(await edge(host).submit(submission({ ttlMs: 1 })));
    await eventually(() => Date.now() > Date.parse(job.queued_at) + 2, "time");
    const relay = await ScriptedRelay.connect(host);
    expect(await status(host, job.id)).toBe("expired");
    expect(relay.all("job")).toEqual([]);
    relay.close();
  });

  it("does not expire what was sent: only the relay may say so", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission({ ttlMs: 1 })));
    const job = await relay.next("job");
    await runDurableObjectAlarm(stub(host));
    expect(await status(host, id)).toBe("delivered");
    relay.event(job.channel, success(job, { status: "expired", result: null }));
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(id, ALL))).toMatchObject({ status: "expired", error: { code: "JOB_EXPIRED" } });
    relay.close();
  });
});

describe("an idempotency key", () => {
  it("answers the first job again, refuses another request, and is scoped to the principal", async () => {
    const host = await newHost();
    const one = unwrap(await edge(host).submit(submission({ idempotencyKey: "k" })));
    expect(unwrap(await edge(host).submit(submission({ idempotencyKey: "k" }))).id).toBe(one.id);
    const other = submission({ idempotencyKey: "k", resourceSpec: { argv: ["/bin/false"] } });
    expect(await edge(host).submit(other)).toMatchObject({ ok: false, code: "IDEMPOTENCY_MISMATCH" });
    const stranger = submission({ idempotencyKey: "k", actor: { principal: "key:other", requestId: "r" } });
    expect(unwrap(await edge(host).submit(stranger)).id).not.toBe(one.id);
    await evict(host);
    expect(unwrap(await edge(host).submit(submission({ idempotencyKey: "k" }))).id).toBe(one.id);
  });

  it("of a child is its id", async () => {
    const host = await newHost();
    const child = { id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", parentId: "01ARZ3NDEKTSV4RRFFQ69G5FAW" };
    expect(unwrap(await edge(host).submit(submission({ child }))).id).toBe(child.id);
    expect(unwrap(await edge(host).submit(submission({ child })))).toMatchObject({ id: child.id, parent_id: child.parentId });
    expect(await rows(host, "SELECT count(*) AS n FROM jobs")).toEqual([{ n: 1 }]);
  });
});

describe("cancel", () => {
  const cancel = async (host: Parameters<typeof edge>[0], id: string) => unwrap(await edge(host).cancel(ACTOR, id, ALL));

  it("ends what waits at once", async () => {
    const host = await newHost();
    const { id } = unwrap(await edge(host).submit(submission()));
    expect(await cancel(host, id)).toMatchObject({ status: "cancelled", error: { code: "JOB_CANCELLED" } });
    expect((await cancel(host, id)).status).toBe("cancelled");
  });

  it.each(["delivered", "running"])("of a %s job is a wish that the relay is told, again after a reconnect", async (state) => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    if (state === "running") {
      relay.event(job.channel, running());
      await relay.acked(job.channel);
    }
    const asked = await cancel(host, id);
    expect(asked.status).toBe(state);
    expect(asked.cancel_requested_at).not.toBeNull();
    expect((await relay.next("cancel")).job_id).toBe(id);
    await evict(host);
    const again = await ScriptedRelay.connect(host, { jobs: [{ job_id: id, state: "running", channel: job.channel }] });
    expect((await again.next("welcome")).jobs).toMatchObject([{ job_id: id, cancel: true }]);
    again.offsets.set(job.channel, (await again.next("welcome")).jobs[0]!.offset);
    again.event(job.channel, success(job, { status: "cancelled", result: null }));
    await again.acked(job.channel);
    expect(await status(host, id)).toBe("cancelled");
    again.close();
  });

  it("loses against an effect that finished", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    await cancel(host, id);
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    expect(await status(host, id)).toBe("succeeded");
    expect((await cancel(host, id)).status).toBe("succeeded");
    relay.close();
  });

  it("of a job that the relay does not know yet is told before the job comes again", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    await relay.next("job");
    await cancel(host, id);
    const again = await ScriptedRelay.connect(host);
    await again.next("job");
    expect(again.heard.map(({ type }) => type)).toEqual(["challenge", "welcome", "cancel", "job"]);
    again.close();
  });
});

describe("a job that was not claimed", () => {
  it("waits again, and is sent with the same bytes after the time that the relay named", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const first = await relay.next("job");
    relay.send({ type: "not_claimed", job_id: id, code: "BUSY", message: "locks", retry_after_ms: 200 });
    await eventually(async () => (await status(host, id)) === "queued", "queued");
    await runInDurableObject(stub(host), (_, state) => state.storage.sql.exec("UPDATE due SET at = 1 WHERE kind = 'queue'").toArray());
    const second = await eventually(async () => {
      await runDurableObjectAlarm(stub(host));
      return relay.all("job")[1];
    }, "a second delivery");
    expect({ ...second, expires_in_ms: 0, now: 0 }).toEqual({ ...first, expires_in_ms: 0, now: 0 });
    relay.event(second.channel, running());
    relay.event(second.channel, success(second));
    await relay.acked(second.channel);
    const events = unwrap(await edge(host).events(id, null, "ndjson", ALL));
    const seen = (await new Response(events).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { data: { status: string } });
    expect(seen.map(({ data }) => data.status)).toEqual(["queued", "delivered", "queued", "delivered", "running", "succeeded"]);
    relay.close();
  });

  it("ends when it was cancelled meanwhile; a running job cannot be given back", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const one = unwrap(await edge(host).submit(submission()));
    const two = unwrap(await edge(host).submit(submission()));
    await edge(host).cancel(ACTOR, one.id, ALL);
    const job = await relay.next("job", 1);
    relay.event(job.channel, running());
    relay.send({ type: "not_claimed", job_id: one.id, code: "BUSY", message: "", retry_after_ms: 0 });
    relay.send({ type: "not_claimed", job_id: two.id, code: "BUSY", message: "", retry_after_ms: 0 });
    await eventually(async () => (await status(host, one.id)) === "cancelled", "cancelled");
    expect(await status(host, two.id)).toBe("running");
    relay.close();
  });
});

describe("what may be seen", () => {
  it("is only what every credential's patterns cover", async () => {
    const host = await newHost();
    const { id } = unwrap(await edge(host).submit(submission()));
    for (const visibility of [[], [["host.*"]], [["*"], ["host.*"]]])
      for (const answer of [await edge(host).job(id, visibility), await edge(host).cancel(ACTOR, id, visibility)])
        expect(answer).toMatchObject({ ok: false, code: "JOB_NOT_FOUND" });
    expect((await edge(host).jobs({ limit: 10 }, [["host.*"]])).items).toEqual([]);
    expect(unwrap(await edge(host).job(id, [["command.*"], ["*"]])).status).toBe("queued");
  });

  it("is listed newest first, in pages", async () => {
    const host = await newHost();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(unwrap(await edge(host).submit(submission())).id);
    const one = await edge(host).jobs({ limit: 3 }, ALL);
    const two = await edge(host).jobs({ limit: 3, cursor: one.next_cursor! }, ALL);
    expect([...one.items, ...two.items].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(two.next_cursor).toBeNull();
    expect((await edge(host).jobs({ limit: 10, status: "running" }, ALL)).items).toEqual([]);
  });
});

describe("a call", () => {
  it("is answered by the host, refused when it is offline or leaves", async () => {
    const host = await newHost();
    const call = { actor: ACTOR, operation: "host.info", resourceSpec: {} };
    expect(await edge(host).call(call)).toMatchObject({ ok: false, code: "HOST_OFFLINE" });
    const relay = await ScriptedRelay.connect(host);
    const answer = edge(host).call(call);
    const asked = await relay.next("call");
    const result: JobResult = { status: "success", message: "ok", data: { cpus: 2 }, logs: [], correlation_id: "req-1" };
    relay.send({ type: "call_result", call_id: asked.call_id + 1, result });
    relay.send({ type: "call_result", call_id: asked.call_id, result });
    expect(unwrap(await answer)).toEqual(result);
    const lost = edge(host).call(call);
    await relay.next("call", 1);
    relay.close();
    expect(await lost).toMatchObject({ ok: false, code: "HOST_OFFLINE" });
  });
});
