// Enrolment codes: single use under any number of claims, a lost answer repeated, guesses refused, everything audited.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { fleetOf } from "../../../worker/fleet/objects.ts";
import { makeKeys } from "../host/scripted-relay.ts";
import { Edge } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

const edge = new Edge();

const claim = (code: unknown, publicKey = makeKeys().publicKey) =>
  edge.post("/link/enroll", { code, public_key: publicKey }, { key: null });
const newCode = async (host: string, more: Record<string, unknown> = {}) =>
  (await edge.post("/api/v1/enrollments", { host, ...more })).body.code;

describe("an enrolment code", () => {
  it("is won by one of 100 claims at once", async () => {
    const code = await newCode("raced");
    const answers = await Promise.all(Array.from({ length: 100 }, () => claim(code)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status !== 201).every((answer) => answer.body.code === "ENROLLMENT_CODE_INVALID")).toBe(true);
    const hosts = await edge.get("/api/v1/hosts");
    expect(hosts.body.items!.filter((host) => host["name"] === "raced")).toHaveLength(1);
  });

  it("answers the same host again to the same key, and to no other", async () => {
    const code = await newCode("repeated");
    const { publicKey } = makeKeys();
    const first = await claim(code, publicKey);
    expect(first.status).toBe(201);
    const again = await claim(code.toLowerCase().replaceAll("-", ""), publicKey);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(await claim(code)).toMatchObject({ status: 403 });
  });

  it("is readable, has 128 bits, and is stored only as a hash", async () => {
    const code = await newCode("stored");
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$/);
    const dump = await runInDurableObject(env.FLEET.getByName("fleet"), (_, state) =>
      JSON.stringify(["codes", "audit"].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
    );
    expect(dump).not.toContain(code);
    expect(dump).not.toContain(code.replaceAll("-", ""));
  });

  it("ends with its time", async () => {
    const code = await newCode("late", { ttl_ms: 1_000 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1_000 });
    try {
      expect(await claim(code)).toMatchObject({ status: 403, body: { code: "ENROLLMENT_CODE_INVALID" } });
    } finally {
      vi.useRealTimers();
    }
  });

  it("that cannot be one is refused without asking the Fleet; many wrong ones are told to stop, a right one still works", async () => {
    expect(await claim("hello")).toMatchObject({ status: 403, body: { code: "ENROLLMENT_CODE_INVALID" } });
    const code = await newCode("besieged");
    const wrong: number[] = [];
    for (let i = 0; i < 30; i++) wrong.push((await claim(String(i).padStart(26, "0"))).status);
    expect(wrong.slice(0, 3)).toEqual([403, 403, 403]);
    const last = await claim("Z".repeat(26));
    expect(last).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await claim(code)).toMatchObject({ status: 201 });
  });

  it.each([
    ["no key", { code: "0".repeat(26) }],
    ["a key that is too short", { code: "0".repeat(26), public_key: "AAAA" }],
    ["more than asked", { code: "0".repeat(26), public_key: `${"A".repeat(59)}=`, name: "x" }],
    ["a number for a code", { code: 1, public_key: `${"A".repeat(59)}=` }],
  ])("with %s is not looked at", async (_name, body) => {
    expect(await edge.post("/link/enroll", body, { key: null })).toMatchObject({ status: 422, body: { code: "BODY_INVALID" } });
  });
});

describe("a host", () => {
  it("gets a number that is never used again", async () => {
    const first = await enrol(edge, "numbered");
    await edge.ask("DELETE", "/api/v1/hosts/numbered");
    const second = await enrol(edge, "numbered");
    expect(second.number).toBe(first.number + 1);
    expect(second.id).not.toBe(first.id);
  });

  it("that is enrolled again keeps its number and gets the new key, audited", async () => {
    const first = await enrol(edge, "rekeyed", ["kept"]);
    const second = await enrol(edge, "REKEYED");
    expect(second).toMatchObject({ number: first.number, id: first.id });
    expect(await edge.get("/api/v1/hosts/rekeyed")).toMatchObject({ body: { name: "rekeyed", labels: ["kept"] } });
    const { items } = (await edge.get("/api/v1/audit")).body;
    expect(items!.find((record) => record["action"] === "host.rekey")).toMatchObject({ subject: first.id, principal: "key:admin" });
  });

  it("is found by name without case and by id; labels and note change; it is gone after removal", async () => {
    const host = await enrol(edge, "Changed.Host", ["a"]);
    const path = `/api/v1/hosts/${host.id}`;
    expect(await edge.get("/api/v1/hosts/changed.HOST")).toMatchObject({ status: 200, body: { id: host.id, online: false } });
    const change = { labels: ["b", "c"], note: "hello" };
    expect(await edge.ask("PATCH", path, { body: change })).toMatchObject({ status: 200, body: change });
    expect(await edge.ask("PATCH", path, { body: { note: "" } })).toMatchObject({ body: { labels: ["b", "c"], note: "" } });
    expect(await edge.ask("DELETE", path)).toMatchObject({ status: 204 });
    expect(await edge.get(path)).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    expect(await edge.post(`${path}/jobs`, { operation: "host.info" })).toMatchObject({ status: 404 });
    const { removed } = await fleetOf(edge.env).report({
      hostNumber: host.number,
      revision: 1_000,
      presence: {
        online: true,
        lastSeenAtMs: 1,
        relayVersion: null,
        slots: 1,
        queue: { held: 0, queued: 0, delivered: 0, running: 0 },
        relayLabels: [],
      },
      jobs: [],
      audit: [],
    });
    expect(removed).toBe(true);
    expect(await edge.get(path)).toMatchObject({ status: 404 });
  });

  it("lists are paged by a cursor, without loss or repeat", async () => {
    for (let i = 0; i < 5; i++) await enrol(edge, `paged-${i}`);
    const names: unknown[] = [];
    let cursor = "";
    do {
      const page = await edge.get(`/api/v1/hosts?limit=2${cursor && `&cursor=${cursor}`}`);
      names.push(...page.body.items!.map((host) => host["name"]));
      cursor = page.body.next_cursor ?? "";
    } while (cursor);
    const whole = await edge.get(`/api/v1/hosts?limit=${LIMITS.pageItems}`);
    expect(names).toEqual(whole.body.items!.map((host) => host["name"]));
    expect(await edge.get("/api/v1/hosts?cursor=x")).toMatchObject({ status: 422, body: { errors: [{ pointer: "/query/cursor" }] } });
  });
});
