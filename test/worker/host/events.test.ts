// Event streams: live, resumed anywhere without loss or repeat, over eviction, with gaps told.
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { abort, ALL, edge, evict, newHost, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest, type Job } from "./scripted-relay.ts";

interface Seen {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events from a stream, one at a time. */
class SseReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  readonly seen: Seen[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next event; null at the end of the stream. */
  async next(): Promise<Seen | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end < 0) {
        const { value, done } = await this.#reader.read();
        if (done) return null;
        this.#text += new TextDecoder().decode(value, { stream: true });
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const match = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block);
      if (!match) continue;
      const event = { id: Number(match[1]), event: match[2]!, data: JSON.parse(match[3]!) as Record<string, unknown> };
      this.seen.push(event);
      return event;
    }
  }

  async take(count: number): Promise<Seen[]> {
    const events: Seen[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  async rest(): Promise<Seen[]> {
    return await this.take(Infinity);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

async function follow(host: HostUnderTest, id: string, after: string | null = null): Promise<SseReader> {
  return new SseReader(unwrap(await edge(host).events(id, after, "sse", ALL)));
}

async function started(): Promise<{ host: HostUnderTest; relay: ScriptedRelay; job: Job }> {
  const host = await newHost();
  const relay = await ScriptedRelay.connect(host);
  unwrap(await edge(host).submit(submission()));
  const job = await relay.next("job");
  relay.event(job.channel, running());
  await relay.acked(job.channel);
  return { host, relay, job };
}

const plain = (events: Seen[]) => events.map(({ event, data }) => [event, data["text"] ?? data["status"] ?? data["message"]]);

describe("a live stream", () => {
  it("shows what was and what comes, and ends with the result", async () => {
    const { host, relay, job } = await started();
    const stream = await follow(host, job.job_id);
    expect(plain(await stream.take(3))).toEqual([
      ["status", "queued"],
      ["status", "delivered"],
      ["status", "running"],
    ]);
    relay.output(job.channel, "stdout", 0, "a");
    expect(await stream.next()).toMatchObject({ event: "log", data: { stream: "stdout", offset: 0, text: "a" } });
    relay.event(job.channel, { type: "progress", at: Date.now(), percent: 10, message: "m" });
    expect(await stream.next()).toMatchObject({ event: "progress", data: { percent: 10, message: "m" } });
    relay.event(job.channel, { type: "log", at: Date.now(), level: "warn", message: "w" });
    expect(await stream.next()).toMatchObject({ event: "log", data: { level: "warn", message: "w" } });
    relay.event(job.channel, { type: "gap", stream: "stdout", from: 1, to: 5, lost: true });
    expect(await stream.next()).toMatchObject({ event: "gap", data: { stream: "stdout", from: 1, to: 5, lost: true } });
    relay.event(job.channel, success(job, { stdout_bytes: 5 }));
    expect(await stream.rest()).toMatchObject([{ event: "result", data: { status: "succeeded", result: { status: "success" } } }]);
    relay.close();
  });

  it("of a job that ends without a result says why", async () => {
    const host = await newHost();
    const { id } = unwrap(await edge(host).submit(submission()));
    const stream = await follow(host, id);
    await stream.take(1);
    await edge(host).cancel({ principal: "key:x", requestId: "r" }, id, ALL);
    expect(await stream.rest()).toMatchObject([{ event: "result", data: { status: "cancelled", error: { code: "JOB_CANCELLED" } } }]);
  });

  it("that nobody reads any more gives way to new ones", async () => {
    const { host, relay, job } = await started();
    for (let i = 0; i < LIMITS.eventStreamsPerHost + 10; i++) {
      const stream = await follow(host, job.job_id);
      await stream.take(1);
      await stream.cancel();
    }
    const oldest = await follow(host, job.job_id);
    const last = await oldest.take(3);
    for (let i = 0; i < LIMITS.eventStreamsPerHost; i++) await (await follow(host, job.job_id)).take(1);
    expect(await oldest.rest()).toEqual([]);
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    const resumed = await follow(host, job.job_id, String(last.at(-1)!.id));
    expect((await resumed.rest()).map(({ event }) => event)).toEqual(["result"]);
    relay.close();
  });
});

describe("a resumed stream", () => {
  it("from any event on misses nothing and repeats nothing, over eviction", async () => {
    const { host, relay, job } = await started();
    let offset = 0;
    for (const text of ["ä", "€€", "plain", "🙂"]) {
      const bytes = new TextEncoder().encode(text);
      // Characters are cut in the middle, across records.
      const middle = Math.ceil(bytes.length / 2);
      relay.output(job.channel, "stdout", offset, bytes.subarray(0, middle));
      await relay.acked(job.channel);
      relay.output(job.channel, "stdout", offset + middle, bytes.subarray(middle));
      offset += bytes.length;
    }
    relay.event(job.channel, { type: "progress", at: Date.now(), percent: null, message: "p" });
    relay.event(job.channel, success(job, { stdout_bytes: offset }));
    await relay.acked(job.channel);
    const all = await (await follow(host, job.job_id)).rest();
    const output = (events: Seen[]) => events.map(({ data }) => (data["text"] as string | undefined) ?? "").join("");
    expect(output(all)).toBe("ä€€plain🙂");
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => a - b));
    await evict(host);
    for (const [index, { id }] of all.entries())
      expect(await (await follow(host, job.job_id, String(id))).rest()).toEqual(all.slice(index + 1));
    relay.close();
  });

  it("goes on after an eviction while the job runs", async () => {
    const { host, relay, job } = await started();
    const first = await follow(host, job.job_id);
    relay.output(job.channel, "stdout", 0, "one");
    const seen = await first.take(4);
    await abort(host);
    await expect(first.next()).rejects.toThrow();
    const again = await ScriptedRelay.connect(host, { jobs: [{ job_id: job.job_id, state: "running", channel: job.channel }] });
    again.offsets.set(job.channel, (await again.next("welcome")).jobs[0]!.offset);
    const second = await follow(host, job.job_id, String(seen.at(-1)!.id));
    again.output(job.channel, "stdout", 3, "two");
    again.event(job.channel, success(job, { stdout_bytes: 6 }));
    expect(plain(await second.rest())).toEqual([
      ["log", "two"],
      ["result", "succeeded"],
    ]);
    again.close();
  });

  it("with a nonsense id begins at the start; at the end it is empty", async () => {
    const { host, relay, job } = await started();
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    const all = await (await follow(host, job.job_id, "nonsense")).rest();
    expect(all.length).toBe(4);
    expect(await (await follow(host, job.job_id, String(all.at(-1)!.id))).rest()).toEqual([]);
    relay.close();
  });
});

describe("output beyond what is kept", () => {
  it("shows head, a gap and the tail; the missing part comes from the spool or is refused", async () => {
    const { host, relay, job } = await started();
    const piece = 64 * 1024;
    const total = 80 * piece;
    const byteAt = (offset: number) => 97 + (Math.floor(offset / piece) % 26);
    for (let at = 0; at < total; at += piece) {
      relay.output(job.channel, "stdout", at, new Uint8Array(piece).fill(byteAt(at)));
      await relay.acked(job.channel);
    }
    relay.event(job.channel, success(job, { stdout_bytes: total }));
    await relay.acked(job.channel);
    const events = await (await follow(host, job.job_id)).rest();
    const gaps = events.filter(({ event }) => event === "gap");
    expect(gaps.length).toBe(1);
    const { from, to } = gaps[0]!.data as { from: number; to: number };
    expect(from).toBeGreaterThanOrEqual(LIMITS.edgeOutputHeadBytes);
    expect(from).toBeLessThan(LIMITS.edgeOutputHeadBytes + 2 * piece);
    expect(total - to).toBeGreaterThanOrEqual(LIMITS.edgeOutputTailBytes - piece);
    const shown = events.filter(({ event }) => event === "log").reduce((sum, { data }) => sum + (data["text"] as string).length, 0);
    expect(shown).toBe(total - (to - from));
    const at = events.findIndex(({ event }) => event === "gap");
    expect(await (await follow(host, job.job_id, String(events[at]!.id))).rest()).toEqual(events.slice(at + 1));
    expect(await (await follow(host, job.job_id, String(events[at - 1]!.id))).rest()).toEqual(events.slice(at));

    const head = unwrap(await edge(host).output(job.job_id, "stdout", 10, from, ALL));
    expect((await new Response(head.body).bytes()).length).toBe(from - 10);
    const whole = edge(host).output(job.job_id, "stdout", from - 100, to + 100, ALL);
    const body = new Response(unwrap(await whole).body).bytes();
    let answered = 0;
    const pump = async (): Promise<void> => {
      for (let at = from; at < to; answered++) {
        const asked = await relay.next("spool", answered);
        expect(asked).toMatchObject({ job_id: job.job_id, stream: "stdout", offset: at });
        const bytes = new Uint8Array(asked.length).map((_, index) => byteAt(at + index));
        const { encodeFrames, frame, FRAME } = await import("../../../protocol/link/frames.ts");
        relay.ws.send(encodeFrames([frame(FRAME.spool, asked.request, at, bytes)]));
        at += asked.length;
      }
    };
    await pump();
    const got = await body;
    expect(got.length).toBe(to - from + 200);
    expect(got.every((byte, index) => byte === byteAt(from - 100 + index))).toBe(true);

    const missing = edge(host).output(job.job_id, "stdout", from, to, ALL);
    const asked = await relay.next("spool", answered);
    const { encodeFrames, frame, FRAME, FLAG } = await import("../../../protocol/link/frames.ts");
    relay.ws.send(encodeFrames([frame(FRAME.spool, asked.request, from, new Uint8Array(0), FLAG.missing)]));
    expect(await missing).toMatchObject({ ok: false, code: "OUTPUT_NOT_KEPT" });
    relay.close();
    await eventually(async () => !(await edge(host).presence()).online, "offline");
    expect(await edge(host).output(job.job_id, "stdout", 0, null, ALL)).toMatchObject({ ok: false, code: "OUTPUT_NOT_KEPT" });
    const tail = unwrap(await edge(host).output(job.job_id, "stdout", to, null, ALL));
    expect((await new Response(tail.body).bytes()).length).toBe(total - to);
    expect(await edge(host).output(job.job_id, "stdout", total + 1, null, ALL)).toMatchObject({ ok: false, code: "RANGE_INVALID" });
  });
});
