// The Worker's copy of the access data: no hop while it is fresh, a bound on how old it may be, closed when the Fleet is gone.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { idFactory, MAX_HOST_NUMBER } from "../../../protocol/ids.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { Env } from "../../../worker/env.ts";
import { Edge } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";
import { ObjectWatch } from "./object-watch.ts";

/** Another isolate of the same deployment: it changes things behind the back of the one under test. */
const elsewhere = new Edge();
const SUBMIT = { operation: "host.info" };
let count = 0;

let watch: ObjectWatch<Env["FLEET"]>;
let edge: Edge;
let key: { id: string; key: string };
let path: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  count += 1;
  const host = await enrol(elsewhere, `snapshot-${count}`);
  path = `/api/v1/hosts/${host.name}/jobs`;
  const made = await elsewhere.post("/api/v1/keys", { name: "x", grants: [{ role: "operator", hosts: ["*"] }] });
  key = made.body;
  watch = new ObjectWatch(elsewhere.env.FLEET);
  edge = new Edge({ FLEET: watch.namespace });
});
afterEach(() => {
  vi.useRealTimers();
});

const submit = () => edge.post(path, SUBMIT, { key: key.key });
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("the hot path", () => {
  it("asks the Fleet once, then not at all", async () => {
    expect(await submit()).toMatchObject({ status: 202 });
    expect(watch.calls).toEqual(["snapshot"]);
    for (let i = 0; i < 20; i++) expect(await submit()).toMatchObject({ status: 202 });
    pass(LIMITS.snapshotRefreshMs - 1);
    expect(await submit()).toMatchObject({ status: 202 });
    expect(watch.calls).toEqual(["snapshot"]);
  });

  it("is not held up by the refresh, and many requests share one", async () => {
    await submit();
    pass(LIMITS.snapshotRefreshMs);
    watch.mode = "silent";
    const answers = await Promise.all(Array.from({ length: 10 }, () => edge.raw("POST", path, { body: SUBMIT, key: key.key })));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 202));
    expect(watch.calls).toEqual(["snapshot", "snapshot"]);
  });

  it("waits for one shared refresh when there is nothing fresh", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, submit));
    expect(answers.every((answer) => answer.status === 202)).toBe(true);
    expect(watch.calls).toEqual(["snapshot"]);
  });
});

describe("a revocation elsewhere", () => {
  it("holds here within the bound, on every kind of route", async () => {
    expect(await submit()).toMatchObject({ status: 202 });
    await elsewhere.ask("DELETE", `/api/v1/keys/${key.id}`);
    pass(LIMITS.snapshotFreshMs);
    expect(LIMITS.snapshotFreshMs).toBeLessThan(5_000);
    expect(await submit()).toMatchObject({ status: 401 });
    for (const route of ["/api/v1/me", "/api/v1/hosts", "/api/v1/jobs", "/docs", "/openapi.json"])
      expect(await edge.get(route, { key: key.key })).toMatchObject({ status: 401 });
  });

  it("holds at once for what destroys and what administers", async () => {
    const made = await elsewhere.post("/api/v1/keys", { name: "x", grants: [{ role: "admin", hosts: ["*"] }] });
    const admin = made.body.key;
    expect(await edge.get("/api/v1/me", { key: admin })).toMatchObject({ status: 200 });
    await elsewhere.ask("DELETE", `/api/v1/keys/${made.body.id}`);
    expect(await edge.get("/api/v1/me", { key: admin })).toMatchObject({ status: 200 });
    expect(await edge.post("/api/v1/enrollments", { host: "x" }, { key: admin })).toMatchObject({ status: 401 });
    const exec = { operation: "command.exec", resource_spec: { argv: ["true"] } };
    expect(await edge.post(path, exec, { key: admin })).toMatchObject({ status: 401 });
  });

  it("of a grant holds at once for what destroys, on one host and on many", async () => {
    const listed = await elsewhere.get("/api/v1/grants?limit=200");
    const grant = listed.body.items!.find((item) => item["principal"] === `key:${key.id}`)!;
    await submit();
    await elsewhere.ask("DELETE", `/api/v1/grants/${String(grant["id"])}`);
    const exec = { operation: "command.exec", resource_spec: { argv: ["true"] } };
    expect(await edge.post(path, exec, { key: key.key })).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    const many = { ...exec, target: { labels: ["x"], pick: "all" } };
    expect(await edge.post("/api/v1/jobs", many, { key: key.key })).toMatchObject({ status: 422, body: { code: "NO_HOST_MATCHES" } });
  });
});

describe("something new elsewhere", () => {
  it("a key and a host are known at the first request", async () => {
    await submit();
    pass(1_000);
    const made = await elsewhere.post("/api/v1/keys", { name: "new", grants: [{ role: "reader", hosts: ["*"] }] });
    expect(await edge.get("/api/v1/me", { key: made.body.key })).toMatchObject({ status: 200 });
  });

  it("made-up keys do not become a flood of calls", async () => {
    await submit();
    for (let i = 0; i < 50; i++) expect(await edge.get("/api/v1/me", { key: `fh_made-up-${i}` })).toMatchObject({ status: 401 });
    expect(watch.calls.length).toBeLessThanOrEqual(2);
  });
});

describe("a silent Fleet", () => {
  it.each(["silent", "broken"] as const)("(%s) is served around for a while, then nothing is allowed", async (mode) => {
    await submit();
    watch.mode = mode;
    pass(LIMITS.snapshotStaleMs - 1);
    expect(await submit()).toMatchObject({ status: 202 });
    pass(1);
    const closed = await submit();
    expect(closed).toMatchObject({ status: 503, body: { code: "ACCESS_STATE_UNAVAILABLE" } });
    expect(closed.headers.get("retry-after")).toBe("1");
    watch.mode = "live";
    pass(1_000);
    expect(await submit()).toMatchObject({ status: 202 });
  });

  it("is never served around for what destroys or administers", async () => {
    await submit();
    watch.mode = "broken";
    const refused = { status: 503, body: { code: "ACCESS_STATE_UNAVAILABLE" } };
    const exec = { operation: "command.exec", resource_spec: { argv: ["true"] } };
    expect(await edge.post(path, exec, { key: key.key })).toMatchObject(refused);
    expect(await edge.get("/api/v1/keys", { key: key.key })).toMatchObject(refused);
    expect(await submit()).toMatchObject({ status: 202 });
  });
});

describe("a clock that goes back", () => {
  it("makes the copy old, not young", async () => {
    await submit();
    await elsewhere.ask("DELETE", `/api/v1/keys/${key.id}`);
    pass(-600_000);
    expect(await submit()).toMatchObject({ status: 401 });
  });
});

describe("what a caller may not see", () => {
  it("wakes no host's object and asks no Fleet, whether it is there or not", async () => {
    const mine = await elsewhere.post("/api/v1/keys", { name: "x", grants: [{ role: "operator", hosts: ["no-such-host"] }] });
    const job = await elsewhere.post(path, SUBMIT);
    const hosts = new ObjectWatch(elsewhere.env.HOST);
    const blind = new Edge({ FLEET: watch.namespace, HOST: hosts.namespace });
    const more = { key: mine.body.key };
    expect(await blind.get("/api/v1/me", more)).toMatchObject({ status: 200 });
    const asked = watch.calls.length;
    const unknownHost = idFactory(MAX_HOST_NUMBER)();
    for (const id of [job.body.id, unknownHost, "not-an-id"]) {
      expect(await blind.get(`/api/v1/jobs/${id}`, more)).toMatchObject({ status: 404, body: { code: "JOB_NOT_FOUND" } });
      expect(await blind.get(`/api/v1/jobs/${id}/events`, more)).toMatchObject({ status: 404 });
      expect(await blind.get(`/api/v1/jobs/${id}/output`, more)).toMatchObject({ status: 404 });
      expect(await blind.post(`/api/v1/jobs/${id}/cancel`, undefined, more)).toMatchObject({ status: 404 });
    }
    expect(await blind.post(path, SUBMIT, more)).toMatchObject({ status: 404, body: { code: "HOST_NOT_FOUND" } });
    expect(await blind.get(`/link?host=${MAX_HOST_NUMBER}`, { key: null, headers: { upgrade: "websocket" } })).toMatchObject({
      status: 404,
    });
    expect(hosts.calls).toEqual([]);
    expect(watch.calls.slice(asked).filter((method) => method !== "snapshot")).toEqual([]);
  });

  it("is FORBIDDEN, not missing, where the host may be seen but this not be done", async () => {
    const reader = await elsewhere.post("/api/v1/keys", { name: "x", grants: [{ role: "reader", hosts: ["*"] }] });
    const job = await elsewhere.post(path, SUBMIT);
    const more = { key: reader.body.key };
    expect(await edge.post(`/api/v1/jobs/${job.body.id}/cancel`, undefined, more)).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect(await edge.get(`/api/v1/jobs/${job.body.id}`, more)).toMatchObject({ status: 200 });
  });
});
