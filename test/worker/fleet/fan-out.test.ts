// POST /jobs by labels: one host or all, once for an idempotency key, with true states of the parent.
import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { hostNumberOf } from "../../../protocol/ids.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest } from "../host/scripted-relay.ts";
import { Edge, type Asked } from "../routes/edge.ts";
import { enrol } from "../routes/enrolled.ts";

const edge = new Edge();
let count = 0;

async function group(size: number): Promise<{ label: string; hosts: HostUnderTest[] }> {
  count += 1;
  const label = `group-${count}`;
  const hosts: HostUnderTest[] = [];
  for (let i = 0; i < size; i++) hosts.push(await enrol(edge, `${label}-${i}`, [label]));
  return { label, hosts };
}

const fanOut = (
  label: string,
  pick: "one" | "all",
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): Promise<Asked> => edge.post("/api/v1/jobs", { operation: "host.info", target: { labels: [label], pick }, ...more }, { headers });
const children = (answer: Asked) => answer.body["children"] as { id: string; host: string; status: string }[];
const ended = (status: string) => ["succeeded", "failed", "partial", "cancelled", "expired", "unknown"].includes(status);

async function finish(relay: ScriptedRelay): Promise<void> {
  const job = await relay.next("job");
  relay.event(job.channel, running());
  relay.event(job.channel, success(job));
}

/** The parent once it has ended: its hosts report within about a second. */
const parentEnded = (id: string) =>
  eventually(async () => {
    const answer = await edge.get(`/api/v1/jobs/${id}`);
    return ended(answer.body["status"] as string) ? answer : null;
  }, "the parent's end");

describe("pick all", () => {
  it("makes a parent with a child on each host, and ends with them", async () => {
    const { label, hosts } = await group(3);
    const relays = await Promise.all(hosts.map((host) => ScriptedRelay.connect(host)));
    const made = await fanOut(label.toUpperCase(), "all");
    expect(made).toMatchObject({ status: 202, body: { host: null, parent_id: null, operation: "host.info" } });
    const id = made.body.id;
    expect(hostNumberOf(id)).toBe(0);
    expect(children(made).map((child) => child.host)).toEqual(hosts.map((host) => host.name));
    expect(children(made).map((child) => hostNumberOf(child.id))).toEqual(hosts.map((host) => host.number));
    await Promise.all(relays.map(finish));
    expect((await parentEnded(id)).body).toMatchObject({ status: "succeeded", children: hosts.map(() => ({ status: "succeeded" })) });
    const child = await edge.get(`/api/v1/jobs/${children(made)[0]!.id}`);
    expect(child.body).toMatchObject({ parent_id: id, status: "succeeded", correlation_id: id });
    const listed = await edge.get(`/api/v1/jobs?parent=${id}`);
    expect(listed.body.items!.map((job) => job["parent_id"])).toEqual([id, id, id]);
  });

  it("is still there when one of its hosts was removed", async () => {
    const { label, hosts } = await group(2);
    const { body } = await fanOut(label, "all");
    await edge.ask("DELETE", `/api/v1/hosts/${hosts[0]!.name}`);
    expect(await edge.get(`/api/v1/jobs/${body.id}`)).toMatchObject({ status: 200, body: { id: body.id } });
    await edge.ask("DELETE", `/api/v1/hosts/${hosts[1]!.name}`);
    expect((await edge.get(`/api/v1/jobs/${body.id}`)).status).toBe(404);
  });

  it("is waited for", async () => {
    const { label, hosts } = await group(2);
    const relays = await Promise.all(hosts.map((host) => ScriptedRelay.connect(host)));
    const waiting = fanOut(label, "all", { prefer: "wait=20" });
    await Promise.all(relays.map(finish));
    expect(await waiting).toMatchObject({ status: 200, body: { status: "succeeded" } });
  });

  it("answers the same parent for the same key, another request is refused, and nothing runs twice", async () => {
    const { label } = await group(2);
    const headers = { "idempotency-key": `all ${label}` };
    const answers = await Promise.all(Array.from({ length: 10 }, () => fanOut(label, "all", headers)));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(await fanOut(label, "one", headers)).toMatchObject({ status: 409, body: { code: "IDEMPOTENCY_MISMATCH" } });
    expect(await fanOut(label, "all", headers, { correlation_id: "x" })).toMatchObject({ status: 409 });
    for (const { id, host } of children(answers[0]!)) {
      const there = await edge.get(`/api/v1/jobs?host=${host}`);
      expect(there.body.items!.map((job) => job["id"])).toEqual([id]);
    }
  });

  it("is cancelled with all of its children", async () => {
    const { label } = await group(3);
    const made = await fanOut(label, "all");
    const cancelled = await edge.post(`/api/v1/jobs/${made.body.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 202 });
    expect(cancelled.body["cancel_requested_at"]).not.toBeNull();
    const end = await parentEnded(made.body.id);
    expect(end.body).toMatchObject({ status: "cancelled", error: { code: "JOB_CANCELLED" } });
    for (const child of children(made)) expect(await edge.get(`/api/v1/jobs/${child.id}`)).toMatchObject({ body: { status: "cancelled" } });
  });

  it("comes to its hosts later when they could not be reached, as the same children", async () => {
    const { label, hosts } = await group(2);
    const made = await fanOut(label, "all");
    const ids = children(made).map((child) => child.id);
    const fleet = env.FLEET.getByName("fleet");
    await eventually(async () => children(await edge.get(`/api/v1/jobs/${made.body.id}`)).length === 2, "children");
    // As if the object had been lost before its submissions: the rows are what remains.
    await runInDurableObject(fleet, async (_, state) => {
      state.storage.sql.exec("UPDATE steps SET taken = 0 WHERE parent_id = ?", made.body.id);
      state.storage.sql.exec("INSERT OR REPLACE INTO due (kind, key, at) VALUES ('parent', ?, 0)", made.body.id);
      await state.storage.setAlarm(Date.now());
    });
    await runDurableObjectAlarm(fleet);
    for (const [index, host] of hosts.entries()) {
      const there = await edge.get(`/api/v1/jobs?host=${host.name}`);
      expect(there.body.items!.map((job) => job["id"])).toEqual([ids[index]]);
    }
    const left = await runInDurableObject(fleet, (_, state) =>
      state.storage.sql.exec("SELECT count(*) AS n FROM steps WHERE parent_id = ? AND taken = 0", made.body.id).one(),
    );
    expect(left["n"]).toBe(0);
  });

  it("tells its events: its children's states, then the result; what was told is not told again", async () => {
    const { label, hosts } = await group(2);
    const relays = await Promise.all(hosts.map((host) => ScriptedRelay.connect(host)));
    const made = await fanOut(label, "all");
    const path = `/api/v1/jobs/${made.body.id}/events`;
    const stream = await edge.raw("GET", path, { headers: { accept: "application/x-ndjson" } });
    await Promise.all(relays.map(finish));
    const lines = (await stream.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: string; event: string; data: { status: string } });
    expect(lines.at(-1)).toMatchObject({ event: "result", data: { status: "succeeded" } });
    expect(lines.slice(0, -1).every((line) => line.event === "status")).toBe(true);
    const again = await edge.raw("GET", path, { headers: { "last-event-id": lines.at(-1)!.id } });
    expect(again.headers.get("content-type")).toBe("text/event-stream");
    expect(await again.text()).toBe("");
  });

  it("seals its secrets, shows none, and lets them go when all hosts have theirs", async () => {
    const { label } = await group(1);
    const canary = `canary-${label}`;
    const more = { operation: "command.exec", resource_spec: { argv: ["true"], env: { TOKEN: canary } } };
    const made = await fanOut(label, "all", {}, more);
    expect(made).toMatchObject({ status: 202, body: { resource_spec: { argv: ["true"], env: null } } });
    const dump = () =>
      runInDurableObject(env.FLEET.getByName("fleet"), (_, state) =>
        state.storage.sql
          .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'")
          .toArray()
          .map(({ name }) => [name, state.storage.sql.exec(`SELECT * FROM ${name}`).toArray()] as const),
      );
    expect(
      JSON.stringify(await dump(), (_, value: unknown) => (value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value)),
    ).not.toContain(canary);
    await eventually(
      async () => (await dump()).find(([name]) => name === "parents")![1].every((row) => row["secrets"] === null),
      "no secret left",
    );
  });
});

describe("pick one", () => {
  it("answers the child itself, on an online host when there is one", async () => {
    const { label, hosts } = await group(3);
    const relay = await ScriptedRelay.connect(hosts[1]!);
    await eventually(
      async () => (await edge.get(`/api/v1/hosts?limit=200`)).body.items!.find((host) => host["id"] === hosts[1]!.id)?.["online"],
      "presence",
    );
    const made = await fanOut(label, "one");
    expect(made).toMatchObject({ status: 202, body: { host: hosts[1]!.name, parent_id: null } });
    expect(made.body["children"]).toBeUndefined();
    expect((await relay.next("job")).job_id).toBe(made.body.id);
  });

  it("stays with its host and its job for the same key", async () => {
    const { label } = await group(5);
    const headers = { "idempotency-key": `one ${label}` };
    const answers = [];
    for (let i = 0; i < 8; i++) answers.push(await fanOut(label, "one", headers));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(await fanOut(label, "one", headers, { metadata: { debug: true } })).toMatchObject({
      status: 409,
      body: { code: "IDEMPOTENCY_MISMATCH" },
    });
  });
});

describe("a target", () => {
  it("that no host has is refused; one host by name needs no parent", async () => {
    expect(await fanOut("no-such-label", "all")).toMatchObject({ status: 422, body: { code: "NO_HOST_MATCHES" } });
    const { hosts } = await group(1);
    const made = await edge.post("/api/v1/jobs", { operation: "host.info", target: { host: hosts[0]!.name } });
    expect(made).toMatchObject({ status: 202, body: { host: hosts[0]!.name, parent_id: null } });
    expect(await edge.post("/api/v1/jobs", { operation: "host.info" })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/target" }] },
    });
  });

  it("reaches only hosts that the caller may use for the operation", async () => {
    const { label, hosts } = await group(3);
    const grants = [{ role: "operator", hosts: [hosts[0]!.name, hosts[2]!.id] }];
    const { body } = await edge.post("/api/v1/keys", { name: "some", grants });
    const made = await edge.post("/api/v1/jobs", { operation: "host.info", target: { labels: [label], pick: "all" } }, { key: body.key });
    expect(children(made).map((child) => child.host)).toEqual([hosts[0]!.name, hosts[2]!.name]);
  });
});
