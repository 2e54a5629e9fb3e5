// POST /hosts/{host}/jobs through the whole edge: Worker, Fleet, Host object, and a relay's real socket.
import { describe, expect, it } from "vitest";
import { ScriptedRelay, running, success } from "../host/scripted-relay.ts";
import { Edge } from "./edge.ts";
import { enrol } from "./enrolled.ts";

const edge = new Edge();

describe("a job submitted with the admin key", () => {
  it("is queued with 202, a Location, and shown", async () => {
    const host = await enrol(edge, "plain");
    const made = await edge.post(`/api/v1/hosts/${host.name}/jobs`, { operation: "host.info" });
    expect(made).toMatchObject({ status: 202, body: { status: "queued", host: "plain", requested_by: "key:admin" } });
    expect(made.headers.get("location")).toBe(`/api/v1/jobs/${made.body.id}`);
    expect(made.headers.get("preference-applied")).toBeNull();
    expect(await edge.get(made.headers.get("location")!)).toMatchObject({ status: 200, body: { id: made.body.id } });
  });

  it("is waited for, and answers 200 with the result", async () => {
    const host = await enrol(edge, "waited");
    const relay = await ScriptedRelay.connect(host);
    const waiting = edge.post(
      `/api/v1/hosts/${host.id}/jobs`,
      { operation: "command.exec", resource_spec: { argv: ["/bin/true"] } },
      { headers: { prefer: "wait=20" } },
    );
    const job = await relay.next("job");
    relay.event(job.channel, running());
    relay.event(job.channel, success(job));
    const made = await waiting;
    expect(made).toMatchObject({ status: 200, body: { status: "succeeded", result: { status: "success" } } });
    expect(made.headers.get("preference-applied")).toBe("wait=20");
  });
});
