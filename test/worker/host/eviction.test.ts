// The object loses its memory, alone or with its sockets, at every point of a job's life: one effect, one true end.
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { encodeRecord, RECORD } from "../../../protocol/link/records.ts";
import { ALL, edge, evict, hibernate, newHost, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest, type Job } from "./scripted-relay.ts";

/** The relay's side of one job: its records, in the order in which a real relay sends them. */
const PIECES = (job: Job): Uint8Array[] => [
  encodeEventOf(running()),
  encodeRecord(RECORD.stdout, 0, new TextEncoder().encode("one ")),
  encodeEventOf({ type: "progress", at: Date.now(), percent: 50, message: "half" }),
  encodeRecord(RECORD.stdout, 4, new TextEncoder().encode("two ")),
  encodeRecord(RECORD.stderr, 0, new TextEncoder().encode("oops")),
  encodeRecord(RECORD.stdout, 8, new TextEncoder().encode("three")),
  encodeEventOf(success(job, { stdout_bytes: 13, stderr_bytes: 4 })),
];
const encodeEventOf = (event: Parameters<ScriptedRelay["event"]>[1]): Uint8Array =>
  encodeRecord(RECORD.event, 0, new TextEncoder().encode(JSON.stringify(event)));

const POINTS = ["accepted", "delivered", "after 1", "after 2", "after 3", "after 4", "after 5", "after 6", "after the end"] as const;

async function lose(host: HostUnderTest, relay: ScriptedRelay, how: "memory" | "sockets", job: Job | null): Promise<ScriptedRelay> {
  if (how === "memory") {
    await hibernate(host);
    return relay;
  }
  await evict(host);
  await relay.closedWith();
  const isHeld = job !== null && relay.offsets.size > 0;
  const again = await ScriptedRelay.connect(host, {
    jobs: isHeld ? [{ job_id: job.job_id, state: "running", channel: job.channel }] : [],
  });
  for (const known of (await again.next("welcome")).jobs) again.offsets.set(known.channel, known.offset);
  return again;
}

describe.each(["memory", "sockets"] as const)("losing its %s", (how) => {
  it.each(POINTS)("at: %s", async (point) => {
    const host = await newHost();
    let relay = await ScriptedRelay.connect(host);
    if (point === "accepted") relay.send({ type: "draining" });
    if (point === "accepted") {
      relay.send({ type: "probe", id: 1 });
      await relay.next("probe_answer");
    }
    const { id } = unwrap(await edge(host).submit(submission()));
    if (point === "accepted") {
      await lose(host, relay, how, null);
      relay = await ScriptedRelay.connect(host);
    }
    let job = await relay.next("job");
    if (point === "delivered") {
      relay = await lose(host, relay, how, null);
      if (how === "sockets") job = await relay.next("job");
    }
    const pieces = PIECES(job);
    for (const [index, piece] of pieces.entries()) {
      relay.records(job.channel, piece);
      await relay.acked(job.channel);
      if (point === `after ${index + 1}`) relay = await lose(host, relay, how, job);
    }
    if (point === "after the end") {
      relay = await lose(host, relay, how, job);
      if (how === "sockets") expect((await relay.next("welcome")).gone).toEqual([id]);
    }
    const ended = unwrap(await edge(host).job(id, ALL));
    expect(ended).toMatchObject({ status: "succeeded", output: { stdout_bytes: 13, stderr_bytes: 4 } });
    const read = unwrap(await edge(host).output(id, "stdout", 0, null, ALL));
    expect(await new Response(read.body).text()).toBe("one two three");
    const events = unwrap(await edge(host).events(id, null, "ndjson", ALL));
    const lines = (await new Response(events).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: string; event: string });
    expect(lines.map(({ event }) => event)).toEqual(["status", "status", "status", "log", "progress", "log", "log", "log", "result"]);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
    relay.close();
  });
});

describe("a waiting submit", () => {
  it("is answered when the object kept its memory, and not lost as a job when it did not", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    await hibernate(host);
    relay.event(job.channel, running(), success(job));
    await relay.acked(job.channel);
    await eventually(async () => unwrap(await edge(host).job(id, ALL)).status === "succeeded", "the end");
    const waited = unwrap(await edge(host).submit(submission({ idempotencyKey: "again", waitMs: 50 })));
    expect(["delivered", "running"]).toContain(waited.status);
    relay.close();
  });
});
