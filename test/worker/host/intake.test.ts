// What a relay says on job channels: repeated, overlapping, broken, hostile.
import { describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE } from "../../../protocol/link/control.ts";
import { encodeFrames, FLAG, FRAME, frame, HEADER_BYTES } from "../../../protocol/link/frames.ts";
import { encodeEvent, encodeRecord, RECORD, type JobEvent } from "../../../protocol/link/records.ts";
import { ALL, edge, hibernate, newHost, rows, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success, type HostUnderTest, type Job } from "./scripted-relay.ts";

async function started(): Promise<{ host: HostUnderTest; relay: ScriptedRelay; job: Job }> {
  const host = await newHost();
  const relay = await ScriptedRelay.connect(host);
  unwrap(await edge(host).submit(submission()));
  const job = await relay.next("job");
  relay.event(job.channel, running());
  await relay.acked(job.channel);
  return { host, relay, job };
}

async function output(host: HostUnderTest, id: string, stream: "stdout" | "stderr" = "stdout"): Promise<string> {
  const read = unwrap(await edge(host).output(id, stream, 0, null, ALL));
  return await new Response(read.body).text();
}

const text = (value: string) => new TextEncoder().encode(value);

describe("repeated bytes", () => {
  it("of a channel are taken once, whatever the frames", async () => {
    const { host, relay, job } = await started();
    const from = relay.offsets.get(job.channel)!;
    const bytes = Buffer.concat([
      encodeRecord(RECORD.stdout, 0, text("abc")),
      encodeRecord(RECORD.stdout, 3, text("def")),
      encodeEvent(success(job)),
    ]);
    for (let cut = 0; cut < bytes.length; cut += 7) {
      const piece = new Uint8Array(bytes.subarray(Math.max(0, cut - 5), cut + 7));
      relay.ws.send(encodeFrames([frame(FRAME.data, job.channel, from + Math.max(0, cut - 5), piece)]));
    }
    relay.offsets.set(job.channel, from + bytes.length);
    await relay.acked(job.channel);
    expect(await output(host, job.job_id)).toBe("abcdef");
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("succeeded");
    relay.close();
  });

  it("of a stream, on a new channel after the relay restarted, are dropped", async () => {
    const { host, relay, job } = await started();
    relay.output(job.channel, "stdout", 0, "hello ");
    await relay.acked(job.channel);
    relay.close();
    const again = await ScriptedRelay.connect(host, { jobs: [{ job_id: job.job_id, state: "running", channel: null }] });
    const resumed = (await again.next("welcome")).jobs[0]!;
    expect(resumed).toMatchObject({ job_id: job.job_id, offset: 0, stdout_offset: 6 });
    expect(resumed.channel).not.toBe(job.channel);
    again.output(resumed.channel, "stdout", 2, "llo wor");
    again.output(resumed.channel, "stdout", 0, "hello world");
    again.event(resumed.channel, success(job, { stdout_bytes: 11 }));
    await again.acked(resumed.channel);
    expect(await output(host, job.job_id)).toBe("hello world");
    again.close();
  });

  it("after the end are acknowledged and count for nothing", async () => {
    const { host, relay, job } = await started();
    relay.event(job.channel, success(job));
    relay.output(job.channel, "stdout", 0, "late");
    relay.event(job.channel, success(job, { status: "failed" }));
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL))).toMatchObject({ status: "succeeded", output: { stdout_bytes: 0 } });
    relay.close();
  });
});

const header = (type: number, flags: number, channel: number, offset: number, length: number, bytes: number): Uint8Array => {
  const message = new Uint8Array(HEADER_BYTES + bytes);
  const view = new DataView(message.buffer);
  view.setUint8(0, type);
  view.setUint8(1, flags);
  view.setUint32(2, channel);
  view.setBigUint64(6, BigInt(offset));
  view.setUint32(14, length);
  return message;
};

const BROKEN: Record<string, (channel: number, next: number) => Uint8Array> = {
  "a gap": (channel, next) => encodeFrames([frame(FRAME.data, channel, next + 1, new Uint8Array(4))]),
  "an unknown frame type": (channel) => header(9, 0, channel, 0, 0, 0),
  "unknown flags": (channel) => header(FRAME.data, 0xf0, channel, 0, 0, 0),
  "a frame that is too large": (channel) => header(FRAME.data, 0, channel, 0, LIMITS.frameBytes + 1, LIMITS.frameBytes + 1),
  "a frame that says more than it has": (channel) => header(FRAME.data, 0, channel, 0, 100, 10),
  "an empty message": () => new Uint8Array(0),
  "a message that is too large": () => new Uint8Array(LIMITS.binaryMessageBytes + 1),
  "an acknowledgement of nothing": (channel) => encodeFrames([frame(FRAME.ack, channel, 0)]),
  "an unknown kind of record": (channel, next) =>
    encodeFrames([frame(FRAME.data, channel, next, header(7, 0, 0, 0, 0, 8).subarray(0, 13))]),
  "a record that is too large": (channel, next) => {
    const record = new Uint8Array(13);
    record[0] = RECORD.stdout;
    new DataView(record.buffer).setUint32(9, LIMITS.recordBytes + 1);
    return encodeFrames([frame(FRAME.data, channel, next, record)]);
  },
};

describe("a broken message", () => {
  it.each(Object.entries(BROKEN))("%s closes the link, has no effect, and the relay resumes", async (_, make) => {
    const { host, relay, job } = await started();
    const next = relay.offsets.get(job.channel)!;
    relay.ws.send(make(job.channel, next));
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
    const again = await ScriptedRelay.connect(host, { jobs: [{ job_id: job.job_id, state: "running", channel: job.channel }] });
    expect((await again.next("welcome")).jobs).toMatchObject([{ channel: job.channel, offset: next }]);
    again.offsets.set(job.channel, next);
    again.event(job.channel, success(job));
    await again.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("succeeded");
    again.close();
  });

  it("on a channel that is no open job's is not heard", async () => {
    const { host, relay, job } = await started();
    relay.ws.send(encodeFrames([frame(FRAME.data, job.channel === 1 ? 3 : 1, 0, encodeEvent(success(job)), FLAG.end)]));
    relay.send({ type: "probe", id: 1 });
    await relay.next("probe_answer");
    expect(relay.closed).toBeNull();
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("running");
    relay.close();
  });

  it("of unfinished records beyond the bound closes the link", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, { slots: LIMITS.slots });
    const piece = new Uint8Array(900 * 1024);
    const count = Math.ceil(LIMITS.partialRecordsBytes / piece.length) + 1;
    for (let i = 0; i < count; i++) unwrap(await edge(host).submit(submission()));
    await relay.next("job", count - 1);
    piece[0] = RECORD.stdout;
    new DataView(piece.buffer).setUint32(9, LIMITS.recordBytes);
    for (const job of relay.all("job"))
      for (let at = 0; at < piece.length; at += LIMITS.frameBytes) {
        if (relay.closed) break;
        relay.ws.send(encodeFrames([frame(FRAME.data, job.channel, at, piece.subarray(at, at + LIMITS.frameBytes))]));
      }
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
  });
});

describe("an event", () => {
  it("that is no event is ignored; an end that cannot be read ends the job in unknown", async () => {
    const { host, relay, job } = await started();
    const raw = (value: unknown) => encodeRecord(RECORD.event, 0, text(JSON.stringify(value)));
    relay.records(
      job.channel,
      raw({ type: "fly" }),
      encodeRecord(RECORD.event, 0, text("{")),
      raw({ type: "status", status: "succeeded", at: 0 }),
    );
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("running");
    relay.records(job.channel, raw({ type: "result", status: "won", at: 0 }));
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL))).toMatchObject({ status: "unknown", error: { code: "LINK_MESSAGE_INVALID" } });
    relay.close();
  });

  it("that is no event, a thousand times, costs the log no more than a hundred lines", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { host, relay, job } = await started();
    const wrong = encodeRecord(RECORD.event, 0, text("{"));
    relay.records(job.channel, ...Array.from({ length: 1_000 }, () => wrong));
    await relay.acked(job.channel);
    expect(warn.mock.calls.length).toBeGreaterThan(50);
    expect(warn.mock.calls.length).toBeLessThanOrEqual(100);
    warn.mockRestore();
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("running");
    relay.close();
  });

  it.each<JobEvent["type"]>(["status", "result"])("%s of a state that cannot follow is ignored", async (type) => {
    const { host, relay, job } = await started();
    const event: JobEvent = type === "status" ? running() : success(job, { status: "expired", result: null });
    relay.event(job.channel, event);
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("running");
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("succeeded");
    relay.close();
  });

  it("is shown at the relay's time, mapped, and never outside the job's life", async () => {
    const host = await newHost();
    const skew = 10 * 60_000;
    const relay = await ScriptedRelay.connect(host, { now: Date.now() - skew });
    const { id } = unwrap(await edge(host).submit(submission()));
    const job = await relay.next("job");
    relay.event(job.channel, { type: "status", status: "running", at: Date.now() - skew });
    relay.event(job.channel, success(job, { at: Date.now() + 3600_000 }));
    await relay.acked(job.channel);
    const shown = unwrap(await edge(host).job(id, ALL));
    const queued = Date.parse(shown.queued_at);
    for (const time of [shown.started_at, shown.ended_at]) {
      expect(Date.parse(time ?? "")).toBeGreaterThanOrEqual(queued);
      expect(Date.parse(time ?? "")).toBeLessThanOrEqual(Date.now());
    }
    relay.close();
  });
});

describe("what is acknowledged", () => {
  it("is what is durable: whole records, also over a hibernation in the middle of one", async () => {
    const { host, relay, job } = await started();
    const from = relay.offsets.get(job.channel)!;
    const record = encodeRecord(RECORD.stdout, 0, text("0123456789"));
    relay.ws.send(encodeFrames([frame(FRAME.data, job.channel, from, record.subarray(0, 15))]));
    await eventually(() => relay.frames.filter((item) => item.type === FRAME.ack).length >= 2, "an ack");
    expect(relay.frames.at(-1)).toMatchObject({ type: FRAME.ack, offset: from });
    await hibernate(host);
    relay.ws.send(encodeFrames([frame(FRAME.data, job.channel, from + 15, record.subarray(15))]));
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
    const again = await ScriptedRelay.connect(host, { jobs: [{ job_id: job.job_id, state: "running", channel: job.channel }] });
    expect((await again.next("welcome")).jobs[0]).toMatchObject({ offset: from, stdout_offset: 0 });
    again.ws.send(encodeFrames([frame(FRAME.data, job.channel, from, record)]));
    again.offsets.set(job.channel, from + record.length);
    await again.acked(job.channel);
    expect(await output(host, job.job_id)).toBe("0123456789");
    expect(await rows(host, "SELECT count(*) AS n FROM logs")).toEqual([{ n: 1 }]);
    again.close();
  });

  it("is one row for each batch, none for a job that only runs and ends", async () => {
    const { host, relay, job } = await started();
    relay.event(job.channel, success(job));
    await relay.acked(job.channel);
    expect(await rows(host, "SELECT count(*) AS n FROM logs")).toEqual([{ n: 0 }]);
    relay.close();
  });
});
