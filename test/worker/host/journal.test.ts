// What a hello says of the relay's journal, and what both sides agree on: nothing is sent again that may have run.
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import type { HelloBody } from "../../../protocol/link/control.ts";
import { ALL, auditOf, edge, evict, newHost, rows, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success } from "./scripted-relay.ts";

const journal = (high_water: number, id = "b".repeat(32)): Pick<HelloBody, "journal"> => ({ journal: { id, high_water } });
const jobOf = async (host: Parameters<typeof edge>[0], id: string) => unwrap(await edge(host).job(id, ALL));

describe("a journal", () => {
  it.each([
    ["went back", journal(4)],
    ["is another one", journal(99, "c".repeat(32))],
  ])("that %s: what was sent becomes unknown, audited, and is not sent again; what waits is sent", async (_, hello) => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, { slots: 2, ...journal(5) });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push(unwrap(await edge(host).submit(submission())).id);
    const first = await relay.next("job");
    relay.event(first.channel, running());
    await relay.acked(first.channel);
    const again = await ScriptedRelay.connect(host, { slots: 2, ...hello });
    const sent = await again.next("job");
    expect(sent.job_id).toBe(ids[2]);
    expect((await again.next("welcome")).jobs).toEqual([]);
    for (const id of ids.slice(0, 2)) expect(await jobOf(host, id)).toMatchObject({ status: "unknown", error: { code: "JOURNAL_LOST" } });
    expect(again.all("job").length).toBe(1);
    const audit = await edge(host).jobs({ limit: 10, status: "unknown" }, ALL);
    expect(audit.items.length).toBe(2);
    again.close();
  });

  it("that went back behind the claims seen on the link is noticed too", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, journal(5));
    for (let i = 0; i < 2; i++) {
      unwrap(await edge(host).submit(submission()));
      const job = await relay.next("job", i);
      relay.event(job.channel, running());
      await relay.acked(job.channel);
    }
    const ids = relay.all("job").map(({ job_id }) => job_id);
    const again = await ScriptedRelay.connect(host, { ...journal(6), jobs: [{ job_id: ids[0]!, state: "running", channel: null }] });
    expect((await again.next("welcome")).jobs.map(({ job_id }) => job_id)).toEqual([ids[0]]);
    expect((await jobOf(host, ids[1]!)).status).toBe("unknown");
    again.close();
  });

  it("that grew changes nothing", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, journal(5));
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, running());
    await relay.acked(job.channel);
    const again = await ScriptedRelay.connect(host, { ...journal(6), jobs: [{ job_id: id, state: "running", channel: job.channel }] });
    expect((await again.next("welcome")).jobs).toMatchObject([{ job_id: id, channel: job.channel }]);
    expect((await jobOf(host, id)).status).toBe("running");
    again.close();
  });
});

describe("a job after a reconnect", () => {
  it("that the relay does not hold is sent again with the same bytes, over eviction", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    unwrap(await edge(host).submit(submission()));
    const first = await relay.next("job");
    await evict(host);
    const again = await ScriptedRelay.connect(host);
    const second = await again.next("job");
    expect({ ...second, expires_in_ms: 0, now: 0 }).toEqual({ ...first, expires_in_ms: 0, now: 0 });
    again.close();
  });

  it("that ran and that the journal does not hold is unknown, not run again", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, running());
    await relay.acked(job.channel);
    const again = await ScriptedRelay.connect(host);
    expect((await again.next("welcome")).jobs).toEqual([]);
    expect((await jobOf(host, id)).status).toBe("unknown");
    expect(again.all("job")).toEqual([]);
    again.close();
  });

  it("that ended here is gone, and so is one that never was", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    const stranger = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    const again = await ScriptedRelay.connect(host, {
      jobs: [id, stranger].map((job_id) => ({ job_id, state: "ended" as const, channel: null })),
    });
    expect((await again.next("welcome")).gone).toEqual([id, stranger]);
    again.close();
  });

  it("that is unknown here and held there is corrected by the journal's later word, audited, over eviction", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, journal(5));
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, running());
    relay.output(job.channel, "stdout", 0, "abc");
    await relay.acked(job.channel);
    await evict(host);
    const again = await ScriptedRelay.connect(host, { ...journal(1), jobs: [{ job_id: id, state: "ended", channel: null }] });
    const resumed = (await again.next("welcome")).jobs[0]!;
    expect(resumed).toMatchObject({ job_id: id, stdout_offset: 3, offset: 0 });
    expect((await jobOf(host, id)).status).toBe("unknown");
    again.output(resumed.channel, "stdout", 0, "abcdef");
    again.event(resumed.channel, success(job, { stdout_bytes: 6 }));
    await again.acked(resumed.channel);
    expect(await jobOf(host, id)).toMatchObject({ status: "succeeded", output: { stdout_bytes: 6 } });
    const actions = await eventually(async () => {
      const page = await auditOf({ object: host.id, limit: 50 });
      const seen = page.items.map(({ action }) => action);
      return seen.includes("job.corrected") ? seen : null;
    }, "the audit at the Fleet");
    expect(actions).toContain("job.unknown");
    expect(await rows(host, "SELECT result IS NOT NULL AS r FROM jobs WHERE id = ?", id)).toEqual([{ r: 1 }]);
    again.close();
  });

  it("that is unknown on both sides is settled by one word: no later welcome names it", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, journal(5));
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, running());
    await relay.acked(job.channel);
    const held: Partial<HelloBody> = { ...journal(1), jobs: [{ job_id: id, state: "ended", channel: null }] };
    const again = await ScriptedRelay.connect(host, held);
    const [resumed] = (await again.next("welcome")).jobs;
    again.event(resumed!.channel, success(job, { status: "unknown", code: "JOB_UNKNOWN", result: null }));
    await again.acked(resumed!.channel);
    expect(await jobOf(host, id)).toMatchObject({ status: "unknown", error: { code: "JOURNAL_LOST" } });
    // Late words on its channel are still acknowledged, and change nothing.
    again.event(resumed!.channel, success(job));
    await again.acked(resumed!.channel);
    expect((await jobOf(host, id)).status).toBe("unknown");
    const third = await ScriptedRelay.connect(host, journal(1));
    expect(await third.next("welcome")).toMatchObject({ jobs: [], gone: [] });
    // The acknowledgement may have been lost with the relay: it is asked once more, and settled once more.
    const fourth = await ScriptedRelay.connect(host, held);
    expect((await fourth.next("welcome")).jobs.map(({ job_id }) => job_id)).toEqual([id]);
    // A relay that holds it no more has nothing to correct, also when no word came in between.
    const fifth = await ScriptedRelay.connect(host, journal(1));
    expect(await fifth.next("welcome")).toMatchObject({ jobs: [], gone: [] });
    fifth.close();
  });
});
