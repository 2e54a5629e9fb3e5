// The parts of storage that both objects stand on: migrations, the due table with its one alarm, the audit chain, sealing.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { AUDIT_GENESIS, AuditChain, verify } from "../../../worker/storage/audit.ts";
import { DueTable } from "../../../worker/storage/due.ts";
import { migrate } from "../../../worker/storage/migrations.ts";
import { Sealer } from "../../../worker/storage/sealed.ts";

let count = 0;
/** Runs in an object of its own. A Host object has the tables of due and audit from its first step. */
async function inObject<T>(act: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
  count += 1;
  return await runInDurableObject(env.HOST.getByName(`storage-${count}`), async (_, state) => await act(state.storage));
}

describe("migrate", () => {
  const one = ["CREATE TABLE things (a INTEGER)", "INSERT INTO things VALUES (1)"];
  const two = ["ALTER TABLE things ADD COLUMN b TEXT NOT NULL DEFAULT 'old'"];

  it("brings an older database forward and keeps what is in it; a second run does nothing", async () => {
    await inObject((storage) => {
      storage.sql.exec("DROP TABLE _migrations");
      migrate(storage, [one]);
      migrate(storage, [one, two]);
      migrate(storage, [one, two]);
      expect(storage.sql.exec("SELECT * FROM things").toArray()).toEqual([{ a: 1, b: "old" }]);
      migrate(storage, [one]);
      expect(storage.sql.exec("SELECT max(step) AS step FROM _migrations").one()).toEqual({ step: 2 });
    });
  });

  it("that fails leaves nothing of its steps", async () => {
    await inObject((storage) => {
      storage.sql.exec("DROP TABLE _migrations");
      expect(() => migrate(storage, [one, ["CREATE NONSENSE"]])).toThrow();
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'things'").toArray()).toEqual([]);
      migrate(storage, [one]);
      expect(storage.sql.exec("SELECT a FROM things").toArray()).toEqual([{ a: 1 }]);
    });
  });
});

describe("the due table", () => {
  const later = () => Date.now() + 3600_000;

  it("holds the alarm at the earliest, and moves it only forward", async () => {
    await inObject(async (storage) => {
      const due = new DueTable(storage);
      const at = later();
      due.set("a", "1", at);
      await due.arm();
      expect(await storage.getAlarm()).toBe(at);
      due.set("b", "", at + 1000);
      await due.arm();
      expect(await storage.getAlarm()).toBe(at);
      due.set("a", "2", at - 1000);
      await due.arm();
      expect(await storage.getAlarm()).toBe(at - 1000);
      await new DueTable(storage).arm();
      expect(await storage.getAlarm()).toBe(at - 1000);
      due.clear("a", "2");
      expect(due.next()).toBe(at);
    });
  });

  it("gives what is due once, earliest first, and arms for the rest after the alarm fired", async () => {
    await inObject(async (storage) => {
      const due = new DueTable(storage);
      const at = later();
      due.set("k", "c", at);
      due.set("k", "b", 2);
      due.set("k", "a", 1);
      due.fired();
      expect(due.take(10)).toEqual([
        { kind: "k", key: "a" },
        { kind: "k", key: "b" },
      ]);
      expect(due.take(10)).toEqual([]);
      await due.arm();
      expect(await storage.getAlarm()).toBe(at);
    });
  });
});

describe("the audit chain", () => {
  const entry = (subject: string) =>
    ({ principal: "key:k", action: "job.cancel", subject, host: "h", outcome: "accepted", requestId: "r", detail: { n: 1 } }) as const;

  it("goes on over a new instance and after its records were handed on", async () => {
    await inObject((storage) => {
      const chain = new AuditChain(storage.sql);
      const first = [chain.append("h1", entry("a")), chain.append("h1", entry("b"))];
      expect(chain.list(10)).toEqual(first);
      chain.forget(2);
      expect(chain.list(10)).toEqual([]);
      const again = new AuditChain(storage.sql);
      expect(again.head()).toEqual({ seq: 2, hash: first[1]!.hash });
      const third = again.append("h1", entry("c"));
      expect(verify([...first, third], { seq: 0, hash: AUDIT_GENESIS })).toBeNull();
    });
  });

  it("shows a changed, a missing and an exchanged record", async () => {
    await inObject((storage) => {
      const chain = new AuditChain(storage.sql);
      const records = ["a", "b", "c"].map((subject) => chain.append("h1", entry(subject)));
      const [a, b, c] = records as [(typeof records)[0], (typeof records)[0], (typeof records)[0]];
      expect(verify([a, { ...b, outcome: "refused" }, c])).toBe(1);
      expect(verify([a, c])).toBe(1);
      expect(verify([b, a, c])).toBe(1);
      expect(verify(records, { seq: 3, hash: AUDIT_GENESIS })).toBe(0);
    });
  });
});

describe("sealing", () => {
  const key = Buffer.alloc(32, 9).toString("base64");

  it("opens for its owner only, and with its key only", () => {
    const sealer = new Sealer(key);
    const blob = sealer.seal(["a secret", { b: 1 }], "job-1");
    expect(Buffer.from(blob).toString("latin1")).not.toContain("secret");
    expect(sealer.open(blob, "job-1")).toEqual(["a secret", { b: 1 }]);
    expect(sealer.seal("x", "job-1")).not.toEqual(sealer.seal("x", "job-1"));
    expect(() => sealer.open(blob, "job-2")).toThrow(expect.objectContaining({ code: "SEAL_OPEN_FAILED" }));
    expect(() => new Sealer(Buffer.alloc(32, 8).toString("base64")).open(blob, "job-1")).toThrow(
      expect.objectContaining({ code: "SEAL_OPEN_FAILED" }),
    );
    for (let at = 0; at < blob.length; at++) {
      const changed = Uint8Array.from(blob);
      changed[at]! ^= 1;
      expect(() => sealer.open(changed, "job-1")).toThrow();
    }
    expect(() => sealer.open(new Uint8Array(3), "job-1")).toThrow(expect.objectContaining({ code: "SEAL_OPEN_FAILED" }));
  });

  it.each([undefined, "", "short", Buffer.alloc(31).toString("base64")])("without a key (%j) fails closed", (bad) => {
    const sealer = new Sealer(bad);
    expect(sealer.available).toBe(false);
    expect(() => sealer.seal("x", "job-1")).toThrow(expect.objectContaining({ code: "SEAL_KEY_MISSING" }));
  });
});
