import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal, type JournalOptions } from "../../../relay/jobs/journal.ts";

let dir: string;
let journal: Journal;
const open = async (options: Partial<JournalOptions> = {}) =>
  (journal = await Journal.open({ file: join(dir, "journal.db"), onFatal: () => expect.unreachable(), ...options }));
const claim = (id: string, payloadHash = "h") =>
  journal.claim({ id, payloadHash, operation: "host.info", correlationId: "c", end: null, cancelledEnd: '{"status":"cancelled"}' });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "farhand-journal-"));
});
afterEach(async () => {
  await journal.close();
  await rm(dir, { recursive: true, force: true });
});

describe("the journal", () => {
  it("gives a job to one of a hundred that ask at once", async () => {
    await open();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => claim("a")));
    expect(outcomes.filter(({ outcome }) => outcome === "claimed")).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === "known")).toHaveLength(99);
    expect(journal.highWater).toBe(1);
  });

  it("keeps its first end, its identity and its count over a restart", async () => {
    const { id } = await open();
    await claim("a");
    await journal.finish("a", '{"n":1}');
    await journal.finish("a", '{"n":2}');
    await journal.close();
    await open();
    expect([journal.id, journal.highWater]).toEqual([id, 1]);
    expect(await journal.find("a")).toMatchObject({ end: '{"n":1}', acknowledged: 0 });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect((await stat(join(dir, "journal.db"))).mode & 0o777).toBe(0o600);
  });

  it("commits what arrives together in one go, so that a slow disk costs once", async () => {
    await open({ commitDelayMs: 50 });
    let commits = 0;
    let isCounted = false;
    const count = () => {
      if (!isCounted) commits += 1;
      isCounted = true;
      setImmediate(() => (isCounted = false));
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => claim(`j${index}`).then(count)));
    expect(commits).toBeLessThanOrEqual(3);
  });

  it("forgets acknowledged jobs beyond a number, and never another", async () => {
    await open({ keepAcknowledged: 100 });
    const claims: Promise<unknown>[] = [];
    for (let n = 0; n < 1_200; n++) {
      claims.push(claim(`j${n}`));
      void journal.finish(`j${n}`, "{}");
      if (n % 2 === 0) journal.acknowledged(`j${n}`);
    }
    const open1 = await journal.open();
    expect(open1).toHaveLength(600);
    expect(await journal.find("j0")).toBeNull();
    expect(await journal.find("j1")).not.toBeNull();
    expect(await journal.find("j1198")).not.toBeNull();
    await Promise.all(claims);
    expect(journal.highWater).toBe(1_200);
  });

  it("keeps tombstones within their number, and uses each once", async () => {
    await open({ keepTombstones: 10 });
    for (let n = 0; n < 30; n++) await journal.tombstone(`t${n}`);
    expect(await claim("t29")).toMatchObject({ outcome: "cancelled" });
    expect(await claim("t29")).toMatchObject({ outcome: "known", row: { end: '{"status":"cancelled"}' } });
    expect(await claim("t0")).toMatchObject({ outcome: "claimed" });
    await journal.tombstone("t0");
    expect(await journal.find("t0")).toMatchObject({ end: null });
  });

  it("cannot acknowledge what has not ended", async () => {
    await open();
    await claim("a");
    journal.acknowledged("a");
    expect(await journal.open()).toHaveLength(1);
  });

  it("of a newer version is refused in words", async () => {
    await open();
    await journal.close();
    const db = new DatabaseSync(join(dir, "journal.db"));
    db.exec("pragma user_version = 99");
    db.close();
    await expect(Journal.open({ file: join(dir, "journal.db"), onFatal: () => undefined })).rejects.toThrow(/newer version/);
  });

  it("takes two hundred of the largest ends at once, and lists them: its thread's memory is bounded", async () => {
    await open();
    const ids = Array.from({ length: 200 }, (_, n) => `j${n}`);
    const end = JSON.stringify({ type: "result", result: { data: "x".repeat(900 * 1024) } });
    await Promise.all(ids.map((id) => claim(id)));
    await Promise.all(ids.map((id) => journal.finish(id, end)));
    expect(await journal.open()).toHaveLength(200);
    await journal.close();
    await open();
    expect((await journal.open()).every((row) => row.ended === 1)).toBe(true);
    expect((await journal.find("j199"))!.end).toBe(end);
  });

  it("is of one process at a time, also when the lock file says otherwise", async () => {
    await open();
    await expect(Journal.open({ file: join(dir, "journal.db"), onFatal: () => undefined })).rejects.toThrow(/locked/);
  });
});
