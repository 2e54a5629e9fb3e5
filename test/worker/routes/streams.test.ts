// Events and output of a job through the Worker: formats, resuming, ranges, and the end that a revocation puts to a stream.
import { beforeAll, describe, expect, it } from "vitest";
import { ObjectWatch } from "../auth/object-watch.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest, type Job } from "../host/scripted-relay.ts";
import { Edge, type More } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();
let host: HostUnderTest;
let relay: ScriptedRelay;
let jobs = 0;

beforeAll(async () => {
  host = await enrol(edge, "streaming");
  relay = await ScriptedRelay.connect(host);
});

/** A job that the relay has begun. */
async function begin(): Promise<{ id: string; job: Job }> {
  const made = await edge.post("/api/v1/hosts/streaming/jobs", { operation: "command.exec", resource_spec: { argv: ["true"] } });
  const job = await relay.next("job", jobs++);
  relay.event(job.channel, running());
  await relay.acked(job.channel);
  return { id: made.body.id, job };
}

async function jobWithOutput(text: string): Promise<string> {
  const { id, job } = await begin();
  relay.output(job.channel, "stdout", 0, text);
  relay.event(job.channel, success(job, { stdout_bytes: text.length }));
  await relay.acked(job.channel);
  return id;
}

/** Reads until `text` has come. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, text: string): Promise<string> {
  const decoder = new TextDecoder();
  let seen = "";
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended before ${text}: ${seen}`);
    seen += decoder.decode(value, { stream: true });
  }
  return seen;
}

describe("events", () => {
  it("come live as server-sent events and end with the job", async () => {
    const { id, job } = await begin();
    const answer = await edge.raw("GET", `/api/v1/jobs/${id}/events`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const reader = answer.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    expect(await readUntil(reader, "running")).toMatch(/^id: \d+\nevent: status\n/m);
    relay.event(job.channel, success(job));
    expect(await readUntil(reader, "event: result")).toContain("succeeded");
    while (!(await reader.read()).done);
  });

  it("come as lines, and continue after the last one that was seen", async () => {
    const id = await jobWithOutput("hello");
    const ask = async (headers: Record<string, string>) => {
      const answer = await edge.raw("GET", `/api/v1/jobs/${id}/events`, { headers: { accept: "application/x-ndjson", ...headers } });
      expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
      const lines = Buffer.from(await answer.arrayBuffer())
        .toString()
        .split("\n")
        .filter((line: string) => line.trim() !== "");
      return lines.map((line: string) => JSON.parse(line) as { id: number | string });
    };
    const all = await ask({});
    expect(all.length).toBeGreaterThan(2);
    expect(await ask({ "last-event-id": String(all[0]!.id) })).toEqual(all.slice(1));
    expect(await ask({ "last-event-id": String(all.at(-1)!.id) })).toEqual([]);
    const faulty = await edge.get(`/api/v1/jobs/${id}/events`, { headers: { "last-event-id": "a b\tc" } });
    expect(faulty).toMatchObject({ status: 422, body: { errors: [{ pointer: "/headers/last-event-id" }] } });
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ["its key is revoked", (id) => edge.ask("DELETE", `/api/v1/keys/${id}`)],
    ["its grant is taken back", (id) => takeGrant(id)],
  ])("end by themselves within seconds when %s", async (_name, revoke) => {
    const { id, job } = await begin();
    const key = await edge.post("/api/v1/keys", { name: "reader", grants: [{ role: "reader", hosts: ["*"] }] });
    const answer = await edge.raw("GET", `/api/v1/jobs/${id}/events`, { key: key.body.key });
    const reader = answer.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    await readUntil(reader, "running");
    const kept = await edge.raw("GET", `/api/v1/jobs/${id}/events`);
    const keptReader = kept.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    await readUntil(keptReader, "running");
    const since = Date.now();
    await revoke(key.body.id);
    while (!(await reader.read()).done);
    expect(Date.now() - since).toBeLessThan(5_000);
    relay.event(job.channel, success(job));
    await readUntil(keptReader, "event: result");
  });

  it("go on when rights only change", async () => {
    const { id, job } = await begin();
    const key = await edge.post("/api/v1/keys", { name: "reader", grants: [{ role: "reader", hosts: ["*"] }] });
    const watch = new ObjectWatch(edge.env.HOST);
    const watched = new Edge({ HOST: watch.namespace });
    const answer = await watched.raw("GET", `/api/v1/jobs/${id}/events`, { key: key.body.key });
    const reader = answer.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    await readUntil(reader, "running");
    const principal = `key:${key.body.id}`;
    await edge.post("/api/v1/grants", { principal, role: "reader", hosts: ["streaming"], operations: ["command.*"] });
    await eventually(() => watch.calls.includes("job"), "the job's object to judge the new rights");
    relay.event(job.channel, success(job));
    await readUntil(reader, "event: result");
  });

  it("let go of the host's stream when the client goes", async () => {
    const { id, job } = await begin();
    const answer = await edge.raw("GET", `/api/v1/jobs/${id}/events`);
    const reader = answer.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    await readUntil(reader, "running");
    await reader.cancel();
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
  });
});

async function takeGrant(keyId: string): Promise<void> {
  const grants = await edge.get("/api/v1/grants?limit=200");
  const grant = grants.body.items!.find((item) => item["principal"] === `key:${keyId}`)!;
  await edge.ask("DELETE", `/api/v1/grants/${String(grant["id"])}`);
}

describe("output", () => {
  const text = "0123456789";
  let path: string;
  const ask = async (query: string, more: More = {}) => {
    const answer = await edge.raw("GET", path + query, more);
    return { status: answer.status, headers: answer.headers, text: Buffer.from(await answer.arrayBuffer()).toString() };
  };

  beforeAll(async () => {
    path = `/api/v1/jobs/${await jobWithOutput(text)}/output`;
  });

  it("is whole, from an offset on, and empty at its end", async () => {
    const whole = await ask("");
    expect(whole).toMatchObject({ status: 200, text });
    expect(whole.headers.get("accept-ranges")).toBe("bytes");
    expect(whole.headers.get("content-type")).toBe("application/octet-stream");
    expect(await ask("?offset=7")).toMatchObject({ status: 200, text: "789" });
    expect(await ask("?offset=10")).toMatchObject({ status: 200, text: "" });
    expect(await ask("?stream=stderr")).toMatchObject({ status: 200, text: "" });
    expect(await ask("?offset=11")).toMatchObject({ status: 416 });
    expect(await ask("?stream=stdin")).toMatchObject({ status: 422 });
  });

  it.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=4-", "456789", "bytes 4-9/10"],
    ["bytes=9-9", "9", "bytes 9-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-100", text, "bytes 0-9/10"],
  ])("range %s is 206", async (range, expected, contentRange) => {
    const answer = await ask("", { headers: { range } });
    expect(answer).toMatchObject({ status: 206, text: expected });
    expect(answer.headers.get("content-range")).toBe(contentRange);
  });

  it.each(["bytes=10-", "bytes=11-12", "bytes=-0"])("range %s is 416 with the length", async (range) => {
    const answer = await ask("", { headers: { range } });
    expect(answer.status).toBe(416);
    expect(answer.headers.get("content-range")).toBe("bytes */10");
  });

  it.each(["bytes=3-1", "bytes=0-1,3-4", "items=0-1", "bytes=x-"])("range %s is ignored", async (range) => {
    expect(await ask("", { headers: { range } })).toMatchObject({ status: 200, text });
  });
});
