// What a host's database keeps, and for how long: by alarm, twice if need be, never what is open.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { ACTOR, ALL, edge, evict, newHost, rows, stub, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest } from "./scripted-relay.ts";

async function endedJob(host: HostUnderTest): Promise<string> {
  const { id } = unwrap(await edge(host).submit(submission({ idempotencyKey: `k-${Math.random()}` })));
  await edge(host).cancel(ACTOR, id, ALL);
  return id;
}

async function sweep(host: HostUnderTest, change: (sql: SqlStorage) => void): Promise<void> {
  await runInDurableObject(stub(host), async (_, state) => {
    change(state.storage.sql);
    state.storage.sql.exec("INSERT OR REPLACE INTO due (kind, key, at) VALUES ('retention', '', 1)");
    await state.storage.setAlarm(Date.now() + 3600_000);
  });
  await evict(host);
  await runDurableObjectAlarm(stub(host));
}

describe("retention", () => {
  it("lets ended jobs go by age, with their logs; open ones stay; the alarm may come twice", async () => {
    const host = await newHost();
    const old = await endedJob(host);
    const fresh = await endedJob(host);
    const open = unwrap(await edge(host).submit(submission())).id;
    const past = Date.now() - LIMITS.jobRetentionMs - 1;
    await sweep(host, (sql) => {
      sql.exec("UPDATE jobs SET ended_at = ? WHERE id = ?", past, old);
      sql.exec("UPDATE jobs SET queued_at = ? WHERE id = ?", past, open);
      sql.exec("UPDATE idempotency SET expires_at = 1");
    });
    await runDurableObjectAlarm(stub(host));
    expect(await edge(host).job(old, ALL)).toMatchObject({ ok: false, code: "JOB_NOT_FOUND" });
    for (const id of [fresh, open]) unwrap(await edge(host).job(id, ALL));
    expect(await rows(host, "SELECT * FROM idempotency")).toEqual([]);
    expect(await rows(host, "SELECT count(*) AS n FROM due WHERE kind = 'retention'")).toEqual([{ n: 1 }]);
  });

  it("lets the oldest go by bytes", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push(unwrap(await edge(host).submit(submission())).id);
      const job = await relay.next("job", i);
      relay.event(job.channel, running());
      relay.output(job.channel, "stdout", 0, "x".repeat(1000));
      relay.event(job.channel, success(job, { stdout_bytes: 1000 }));
      await relay.acked(job.channel);
    }
    expect(await rows(host, "SELECT kept >= 1000 AS k FROM jobs")).toEqual([{ k: 1 }, { k: 1 }, { k: 1 }]);
    relay.close();
    await eventually(async () => !(await edge(host).presence()).online, "offline");
    await sweep(host, (sql) => void sql.exec("UPDATE jobs SET kept = ?", LIMITS.edgeHostBytes / 2));
    expect((await edge(host).jobs({ limit: 10 }, ALL)).items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(await rows(host, "SELECT DISTINCT job_id FROM logs ORDER BY job_id")).toEqual([{ job_id: ids[1] }, { job_id: ids[2] }]);
  });

  it("lets the oldest go by number, a slice at a time, and then rests", async () => {
    const host = await newHost();
    const kept = await endedJob(host);
    const extra = 450;
    await sweep(host, (sql) => {
      const columns =
        "changed, status, operation, parent_id, correlation_id, requested_by, queued_at, ended_at, expires_at, channel, next_seq, shown, salt, hash, payload";
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO jobs (id, ${columns}) SELECT printf('00%024d', i), ${columns} FROM jobs, n WHERE id = ?`,
        LIMITS.jobRetentionCount - 1 + extra,
        kept,
      );
    });
    await eventually(async () => {
      await runDurableObjectAlarm(stub(host));
      const [row] = await rows(host, "SELECT count(*) AS n FROM jobs");
      return row?.["n"] === LIMITS.jobRetentionCount;
    }, "the surplus to go");
    unwrap(await edge(host).job(kept, ALL));
    const [next] = await rows(host, "SELECT at FROM due WHERE kind = 'retention'");
    expect(next?.["at"]).toBeGreaterThan(Date.now());
  });
});
