// What the Fleet is told by a Host, and that it is told after everything that can go wrong between the two.
import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import type { FleetRpc, HostReport } from "../../../worker/fleet/contract.ts";
import { verify } from "../../../worker/storage/audit.ts";
import { Changes } from "../../../worker/host/changes.ts";
import { Outbox } from "../../../worker/host/outbox.ts";
import { Parts } from "../../../worker/host/parts.ts";
import { ACTOR, ALL, auditOf, edge, evict, newHost, rows, stub, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest } from "./scripted-relay.ts";

const fleet = () => env.FLEET.getByName("fleet") as unknown as FleetRpc;
const jobAtFleet = async (host: HostUnderTest, id: string) =>
  (await fleet().jobs({ limit: 50, host: host.name }, [{ number: host.number, visibility: ALL }])).items.find((job) => job.id === id);

describe("the Fleet is told", () => {
  it("of a job's acceptance and end, of presence and of the catalogue", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    await eventually(async () => (await jobAtFleet(host, id))?.status === "delivered", "the acceptance");
    const shown = await eventually(async () => {
      const found = unwrap(await fleet().host(host.number));
      return found.online ? found : null;
    }, "presence");
    expect(shown).toMatchObject({ slots: 4, relay_labels: ["linux"], capabilities: { commands: { restart: {} } }, facts: { os: "linux" } });
    const job = await relay.next("job");
    relay.event(job.channel, running(), success(job));
    await eventually(async () => (await jobAtFleet(host, id))?.status === "succeeded", "the end");
    expect(await rows(host, "SELECT * FROM audit")).toEqual([]);
    relay.close();
  });

  it("that the host is offline, but not at once", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await eventually(async () => unwrap(await fleet().host(host.number)).online, "online");
    const lostAt = Date.now();
    relay.close();
    await eventually(async () => (await rows(host, "SELECT * FROM due WHERE kind = 'presence'")).length === 1, "the due row");
    expect(unwrap(await fleet().host(host.number)).online).toBe(true);
    await runInDurableObject(stub(host), (_, state) => state.storage.sql.exec("UPDATE due SET at = 1 WHERE kind = 'presence'").toArray());
    await evict(host);
    await runDurableObjectAlarm(stub(host));
    const gone = await eventually(async () => {
      const found = unwrap(await fleet().host(host.number));
      return found.online ? null : found;
    }, "offline");
    // When it was last there, not when it came.
    expect(Date.parse(gone.last_seen_at!)).toBeGreaterThanOrEqual(lostAt);
  });

  it("after an eviction before the report, by the due row", async () => {
    const host = await newHost();
    const { id } = unwrap(await edge(host).submit(submission()));
    await runInDurableObject(stub(host), (_, state) => {
      // As if the report of this change had never left.
      state.storage.sql.exec("UPDATE jobs SET changed = changed + 1000000, correlation_id = 'told-late'");
      state.storage.sql.exec("INSERT OR REPLACE INTO due (kind, key, at) VALUES ('outbox', '', 1)");
      return state.storage.setAlarm(Date.now() + 3600_000);
    });
    await evict(host);
    await runDurableObjectAlarm(stub(host));
    await eventually(async () => (await jobAtFleet(host, id))?.correlation_id === "told-late", "the late report");
  });

  it("everything in one chain that verifies", async () => {
    const host = await newHost();
    for (let i = 0; i < 3; i++) {
      const { id } = unwrap(await edge(host).submit(submission()));
      await edge(host).cancel(ACTOR, id, ALL);
    }
    const records = await eventually(async () => {
      const page = await auditOf({ object: host.id, limit: 50 });
      return page.items.length === 6 ? page.items.toSorted((a, b) => a.seq - b.seq) : null;
    }, "six records");
    expect(verify(records, { seq: 0, hash: "0".repeat(64) })).toBeNull();
  });
});

/** An outbox of its own over the host's database, with a Fleet that answers as told. */
async function withFleet(
  host: HostUnderTest,
  report: (report: HostReport) => Promise<{ revision: number; removed: boolean }>,
  act: (outbox: Outbox, parts: Parts, removed: { count: number }) => Promise<void>,
): Promise<void> {
  await runInDurableObject(stub(host), async (_, state) => {
    const fakeFleet = { getByName: () => ({ report }) } as unknown as typeof env.FLEET;
    const parts = new Parts(state, { ...env, FLEET: fakeFleet }, () => {});
    const removed = { count: 0 };
    const outbox = new Outbox(
      parts,
      parts.links,
      parts,
      () => 0,
      () => {
        removed.count += 1;
      },
    );
    await act(outbox, parts, removed);
  });
}

describe("a Fleet that does not take a report", () => {
  it("is sent it again, with all that came since, and never twice the same revision", async () => {
    const host = await newHost();
    const { id } = unwrap(await edge(host).submit(submission()));
    await eventually(async () => (await jobAtFleet(host, id)) !== undefined, "the first report");
    const got: HostReport[] = [];
    let fails = 2;
    await withFleet(
      host,
      async (report) => {
        got.push(report);
        if (fails-- > 0) throw new Error("the Fleet is being deployed");
        return { revision: report.revision, removed: false };
      },
      async (outbox, parts) => {
        const job = parts.jobs.open().get(id)!;
        for (let i = 0; i < 3; i++) {
          parts.jobs.write(job, job.status);
          await outbox.flush();
        }
        expect(parts.due.at("outbox", "")).not.toBeNull();
        expect(parts.changes.isEmpty).toBe(true);
      },
    );
    expect(got.length).toBe(3);
    expect(got.every(({ jobs }) => jobs[0]?.id === id)).toBe(true);
    expect(got.map(({ revision }) => revision)).toEqual([...new Set(got.map(({ revision }) => revision))].toSorted((a, b) => a - b));
  });

  it("is sent again under a new revision also when not all that waits fits one report, so that nothing is taken for told", async () => {
    const host = await newHost();
    const got: HostReport[] = [];
    await withFleet(
      host,
      async (report) => {
        got.push(report);
        // Taken, and the answer lost.
        if (got.length === 1) throw new Error("no answer in time");
        return { revision: report.revision, removed: false };
      },
      async (outbox, parts) => {
        const from = parts.changes.stamp();
        for (let n = 1; n <= 501; n++) parts.changes.found(`job ${n}`, from + n);
        await outbox.flush();
        await outbox.flush();
        expect(parts.changes.pending(1_000).ids).toEqual(["job 501"]);
        await outbox.flush();
        expect(parts.changes.isEmpty).toBe(true);
      },
    );
    const revisions = got.map(({ revision }) => revision);
    expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
  });

  it("because the host was removed makes the Host retire", async () => {
    const host = await newHost();
    await withFleet(
      host,
      async (report) => ({ revision: report.revision, removed: true }),
      async (outbox, parts, removed) => {
        parts.changes.host();
        await outbox.flush();
        expect(removed.count).toBe(1);
      },
    );
  });

  it("that knows a newer revision is not believed to have taken an older one", async () => {
    const host = await newHost();
    const revisions: number[] = [];
    await withFleet(
      host,
      async (report) => {
        revisions.push(report.revision);
        return { revision: revisions.length === 1 ? report.revision + 5_000 : report.revision, removed: false };
      },
      async (outbox, parts) => {
        parts.changes.host();
        await outbox.flush();
        expect(parts.changes.isEmpty).toBe(false);
        await outbox.flush();
        expect(parts.changes.isEmpty).toBe(true);
      },
    );
    expect(revisions[1]).toBeGreaterThan(revisions[0]! + 5_000);
  });
});

describe("stamps", () => {
  it("grow also when the clock does not, and begin after what was reported", () => {
    const changes = new Changes(() => Date.now() + 60_000);
    const first = changes.stamp();
    expect(first).toBeGreaterThan(Date.now() + 59_000);
    expect(changes.stamp()).toBeGreaterThan(first);
    changes.job("a");
    const { upTo, isAll } = changes.pending(1);
    expect(isAll).toBe(true);
    changes.job("a");
    changes.taken(upTo);
    expect(changes.isEmpty).toBe(false);
  });
});
