// The straight path of a job through a Host object: submitted, delivered, claimed, heard, ended, waited for.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jobRequestSchema } from "../../../protocol/envelope.ts";
import { unwrap } from "../../../protocol/errors.ts";
import { jobSchema } from "../../../protocol/api/shapes.ts";
import { ALL, edge, newHost, submission } from "./edge.ts";
import { running, ScriptedRelay, success } from "./scripted-relay.ts";

describe("a job on a connected host", () => {
  it("is delivered at once, runs, and its waiter gets the result", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    const waited = edge(host).submit(submission({ waitMs: 20_000 }));
    const job = await relay.next("job");
    const request = jobRequestSchema.parse(JSON.parse(job.payload));
    expect(request.resource_spec).toEqual({ argv: ["/bin/true"] });
    expect(createHash("sha256").update(job.salt).update(job.payload).digest("hex")).toBe(job.payload_hash);
    relay.event(job.channel, running());
    await relay.acked(job.channel);
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("running");
    relay.output(job.channel, "stdout", 0, "hello\n");
    relay.event(job.channel, success(job, { stdout_bytes: 6 }));
    const ended = unwrap(await waited);
    expect(jobSchema.parse(ended)).toMatchObject({ id: job.job_id, status: "succeeded", output: { stdout_bytes: 6 } });
    expect(ended.result?.data).toEqual({ exit_code: 0 });
    const output = unwrap(await edge(host).output(job.job_id, "stdout", 0, null, ALL));
    expect(await new Response(output.body).text()).toBe("hello\n");
    const events = unwrap(await edge(host).events(job.job_id, null, "ndjson", ALL));
    const lines = (await new Response(events).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string; data: unknown });
    expect(lines.map(({ event }) => event)).toEqual(["status", "status", "status", "log", "result"]);
    relay.close();
  });
});
