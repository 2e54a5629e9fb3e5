// What a relay counted: taken once, durable before it is told so, at the Fleet once, and shown to those whose it is.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import type { UsageItem } from "../../../protocol/api/shapes.ts";
import type { UsageRow } from "../../../protocol/link/control.ts";
import type { FleetRpc, HostReport, UsageQuery } from "../../../worker/fleet/contract.ts";
import type { FleetDO } from "../../../worker/fleet/object.ts";
import { pruneUsage } from "../../../worker/fleet/usage.ts";
import { FleetStore } from "../../../worker/fleet/store.ts";
import { Outbox } from "../../../worker/host/outbox.ts";
import { Parts } from "../../../worker/host/parts.ts";
import { Edge } from "../routes/edge.ts";
import { evict, newHost, rows, stub } from "./edge.ts";
import { eventually, ScriptedRelay, type HostUnderTest } from "./scripted-relay.ts";

const SOURCE = "a".repeat(32);
const fleet = () => env.FLEET.getByName("fleet") as unknown as FleetRpc;
const row = (more: Partial<UsageRow> = {}): UsageRow => ({
  principal: "key:a",
  surface: "openai",
  model: "m",
  requests: 1,
  aborted: 0,
  input_tokens: 10,
  output_tokens: 20,
  ...more,
});
const query = (more: Partial<UsageQuery> = {}): UsageQuery => ({ limit: 200, ...more });
const at = async (host: HostUnderTest, more: Partial<UsageQuery> = {}, own: readonly string[] | null = null) =>
  (await fleet().usage(query({ host: host.name, ...more }), own)).items;
const sum = (items: readonly UsageItem[]) => items.reduce((all, item) => all + item.requests, 0);
const today = () => new Date().toISOString().slice(0, 10);

afterEach(() => {
  vi.useRealTimers();
});

describe("a relay's report", () => {
  it("is added to the day's totals, taken once however often it comes, and reaches the Fleet", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    relay.send({ type: "usage", source: SOURCE, batch: 1, rows: [row(), row({ model: "n", aborted: 1 })] });
    await relay.next("usage_taken");
    expect(await rows(host, "SELECT count(*) AS n FROM usage")).toEqual([{ n: 2 }]);
    relay.send({ type: "usage", source: SOURCE, batch: 1, rows: [row()] });
    relay.send({ type: "usage", source: SOURCE, batch: 2, rows: [row({ requests: 4, input_tokens: 1, output_tokens: 2 })] });
    expect(await relay.next("usage_taken", 2)).toEqual({ type: "usage_taken", batch: 2 });
    const items = await eventually(async () => {
      const found = await at(host);
      return sum(found) === 6 ? found : null;
    }, "the totals");
    expect(items.toSorted((a, b) => (a.model < b.model ? -1 : 1))).toEqual([
      {
        day: today(),
        principal: "key:a",
        host: host.name,
        surface: "openai",
        model: "m",
        requests: 5,
        aborted: 0,
        input_tokens: 11,
        output_tokens: 22,
      },
      {
        day: today(),
        principal: "key:a",
        host: host.name,
        surface: "openai",
        model: "n",
        requests: 1,
        aborted: 1,
        input_tokens: 10,
        output_tokens: 20,
      },
    ]);
    relay.close();
  });

  it("of the same batch after an eviction and on a new link is still the same", async () => {
    const host = await newHost();
    const before = await ScriptedRelay.connect(host);
    before.send({ type: "usage", source: SOURCE, batch: 7, rows: [row()] });
    await before.next("usage_taken");
    await evict(host);
    const after = await ScriptedRelay.connect(host);
    after.send({ type: "usage", source: SOURCE, batch: 7, rows: [row()] });
    await after.next("usage_taken");
    after.send({ type: "usage", source: "b".repeat(32), batch: 1, rows: [row()] });
    await after.next("usage_taken", 1);
    await eventually(async () => sum(await at(host)) === 2, "both, once");
    expect(await rows(host, "SELECT requests FROM usage")).toEqual([{ requests: 2 }]);
    after.close();
  });

  it("of more rows than a host may keep is taken as far as there is room", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await runInDurableObject(stub(host), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO usage SELECT ?, 'key:a', 'openai', 'm' || i, 0, 1, 0, 0, 0 FROM n`,
        LIMITS.usageRowsPerHost - 1,
        today(),
      );
    });
    const more = [row({ model: "m1" }), row({ model: "new-1" }), row({ model: "new-2" })];
    relay.send({ type: "usage", source: SOURCE, batch: 1, rows: more });
    await relay.next("usage_taken");
    expect(await rows(host, "SELECT model, requests FROM usage WHERE changed > 0 ORDER BY model")).toEqual([
      { model: "m1", requests: 2 },
      { model: "new-1", requests: 1 },
    ]);
    relay.close();
  });
});

describe("the way to the Fleet", () => {
  it("counts once though a report is taken and its answer is lost, and goes in pieces", async () => {
    const host = await newHost();
    const got: HostReport[] = [];
    let answers = 0;
    await runInDurableObject(stub(host), async (_, state) => {
      const report = async (told: HostReport) => {
        got.push(told);
        const answer = await fleet().report(told);
        answers += 1;
        if (answers === 1) throw new Error("the answer was lost");
        return answer;
      };
      const parts = new Parts(state, { ...env, FLEET: { getByName: () => ({ report }) } as unknown as typeof env.FLEET }, () => {});
      const outbox = new Outbox(
        parts,
        parts.links,
        parts,
        () => 0,
        () => {},
      );
      parts.usage.take({ type: "usage", source: SOURCE, batch: 1, rows: Array.from({ length: 500 }, (_, i) => row({ model: `m${i}` })) });
      parts.usage.take({ type: "usage", source: SOURCE, batch: 2, rows: Array.from({ length: 300 }, (_, i) => row({ model: `n${i}` })) });
      for (let i = 0; i < 3; i++) await outbox.flush();
      expect(parts.usage.isSent).toBe(true);
      expect(parts.changes.isEmpty).toBe(true);
    });
    expect(got.map(({ usage }) => usage?.length)).toEqual([500, 500, 300]);
    const shown = await fleet().usage(query({ host: host.name }), null);
    const rest: UsageItem[] = [...shown.items];
    for (let { next_cursor: cursor } = shown; cursor !== null;) {
      const page = await fleet().usage(query({ host: host.name, cursor }), null);
      rest.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(rest).toHaveLength(800);
    expect(new Set(rest.map(({ model }) => model)).size).toBe(800);
    expect(sum(rest)).toBe(800);
  });

  it("keeps a day until the Fleet has it, and no longer than into the next", async () => {
    const host = await newHost();
    await runInDurableObject(stub(host), (_, state) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
      const parts = new Parts(state, env, () => {});
      const count = () => state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM usage").one().n;
      parts.usage.take({ type: "usage", source: SOURCE, batch: 1, rows: [row()] });
      vi.setSystemTime(Date.now() + 24 * 3600_000);
      parts.usage.take({ type: "usage", source: SOURCE, batch: 2, rows: [row()] });
      expect(count()).toBe(2);
      const { totals, upTo } = parts.usage.pending(10);
      expect(totals.map(({ day }) => day)).toEqual([new Date(Date.now() - 24 * 3600_000).toISOString().slice(0, 10), today()]);
      parts.usage.sent(upTo);
      vi.setSystemTime(Date.now() + 24 * 3600_000);
      parts.usage.take({ type: "usage", source: SOURCE, batch: 3, rows: [row()] });
      expect(count()).toBe(1);
    });
  });
});

describe("GET /usage", () => {
  const edge = new Edge();

  it("shows an admin everyone's and others their own, by day, principal, host and model", async () => {
    const host = await newHost();
    const made = await edge.post("/api/v1/keys", { name: "u", grants: [{ role: "operator", hosts: [host.name] }] });
    const own = `key:${made.body.id}`;
    const day = (offset: number) => new Date(Date.now() - offset * 24 * 3600_000).toISOString().slice(0, 10);
    const usage = [
      { ...row({ principal: own }), day: day(2) },
      { ...row({ principal: `token:t+${own}`, model: "n" }), day: day(1) },
      { ...row({ principal: "key:other" }), day: day(0) },
      { ...row({ principal: `${own}x` }), day: day(0) },
    ];
    await fleet().report({
      hostNumber: host.number,
      revision: Date.now() + 60_000,
      presence: await presence(),
      jobs: [],
      audit: [],
      usage,
    });
    const ask = async (path: string, key?: string) =>
      (await edge.get(`/api/v1/usage?host=${host.name}${path}`, key === undefined ? {} : { key })).body.items!.map((item) => [
        item["day"],
        item["principal"],
      ]);
    expect(await ask("")).toEqual([
      [day(0), "key:other"],
      [day(0), `${own}x`],
      [day(1), `token:t+${own}`],
      [day(2), own],
    ]);
    expect(await ask("", made.body.key)).toEqual([
      [day(1), `token:t+${own}`],
      [day(2), own],
    ]);
    expect(await ask(`&principal=key:other`, made.body.key)).toEqual([]);
    expect(await ask(`&since=${day(1)}&until=${day(1)}`)).toEqual([[day(1), `token:t+${own}`]]);
    expect(await ask("&model=n")).toEqual([[day(1), `token:t+${own}`]]);
    expect((await edge.get(`/api/v1/usage?host=${host.id}`)).body.items).toHaveLength(4);
    expect((await edge.get("/api/v1/usage?cursor=x")).status).toBe(422);
    expect((await edge.get("/api/v1/usage?since=yesterday")).status).toBe(422);
    const first = await edge.get(`/api/v1/usage?host=${host.name}&limit=3`);
    expect((await edge.get(`/api/v1/usage?host=${host.name}&limit=3&cursor=${first.body.next_cursor!}`)).body.items).toHaveLength(1);
  });

  it("is kept for as many days as the limit says", async () => {
    await runInDurableObject(env.FLEET.getByName("fleet"), async (_object: FleetDO, state) => {
      const store = new FleetStore(state.storage, env);
      await store.open();
      const old = new Date(Date.now() - (LIMITS.usageDays + 1) * 24 * 3600_000).toISOString().slice(0, 10);
      store.sql.exec(
        "INSERT INTO usage (day, host_number, host, principal, surface, model, requests, aborted, input_tokens, output_tokens) VALUES (?, 1, 'h', 'p', 'openai', 'old', 1, 0, 0, 0)",
        old,
      );
      const count = () => store.sql.exec<{ n: number }>("SELECT count(*) AS n FROM usage").one().n;
      const before = count();
      pruneUsage(store, Date.now());
      expect(count()).toBe(before - 1);
    });
  });
});

async function presence(): Promise<HostReport["presence"]> {
  const queue = { held: 0, queued: 0, delivered: 0, running: 0 };
  return { online: true, lastSeenAtMs: Date.now(), relayVersion: null, slots: 1, queue, relayLabels: [] };
}
