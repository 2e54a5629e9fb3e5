// What a job and an idle host cost where rows and alarms are billed, and a link that died without a word.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE } from "../../../protocol/link/control.ts";
import { encodeFrames, FRAME, frame } from "../../../protocol/link/frames.ts";
import { encodeEvent, encodeRecord, RECORD } from "../../../protocol/link/records.ts";
import { Parts } from "../../../worker/host/parts.ts";
import { counted } from "./counted-rows.ts";
import { ALL, edge, hibernate, newHost, rows, stub, submission } from "./edge.ts";
import { eventually, running, ScriptedRelay, success } from "./scripted-relay.ts";

describe("rows written", () => {
  it("for a job without output are four: the job, its audit record, its claim, its end; one more for a batch of output", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await runInDurableObject(stub(host), (_, real) => {
      const { state, written } = counted(real);
      const parts = new Parts(state, env, () => {});
      parts.changes.onChange(() => {});
      const sent: unknown[] = [];
      const link = { send: (message: unknown) => sent.push(message) } as unknown as WebSocket;
      const run = (output: string): number => {
        const before = written();
        const id = unwrap(parts.submit.submit(submission(), parts.meta.get("identity")!));
        const { channel } = parts.jobs.open().get(id)!;
        let offset = 0;
        const say = (bytes: Uint8Array): void => {
          expect(parts.intake.message(link, encodeFrames([frame(FRAME.data, channel, offset, bytes)]))).toBeNull();
          offset += bytes.length;
        };
        say(encodeEvent(running()));
        if (output) say(encodeRecord(RECORD.stdout, 0, new TextEncoder().encode(output)));
        say(encodeEvent(success({ type: "job", job_id: id, channel, expires_in_ms: 0, salt: "", payload_hash: "", payload: "" })));
        expect(parts.jobs.status(id)).toBe("succeeded");
        return written() - before;
      };
      // The first one also writes when to look at what is old.
      run("");
      expect(run("")).toBe(4);
      expect(run("hello")).toBe(5);
    });
    relay.close();
  });

  it("for a host that is connected and idle are none after it was reported", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await eventually(async () => (await rows(host, "SELECT value FROM meta WHERE key = 'report'")).length === 1, "the report");
    const before = await rows(host, "SELECT * FROM meta");
    await hibernate(host);
    expect((await edge(host).presence()).online).toBe(true);
    expect(await rows(host, "SELECT * FROM meta")).toEqual(before);
    expect((await rows(host, "SELECT kind FROM due")).map(({ kind }) => kind)).toEqual(["outbox"]);
    relay.close();
  });
});

describe("a link that died without a word", () => {
  it("is found by its overdue heartbeat: the host is offline, jobs wait, the socket is closed", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await runInDurableObject(stub(host), (_, state) => {
      for (const ws of state.getWebSockets())
        ws.serializeAttachment({ ...(ws.deserializeAttachment() as object), atMs: Date.now() - LIMITS.heartbeatDeadMs - 1 });
    });
    await hibernate(host);
    expect(unwrap(await edge(host).submit(submission())).status).toBe("queued");
    expect((await edge(host).presence()).online).toBe(false);
    expect((await relay.closedWith()).code).toBe(CLOSE.timeout);
    const again = await ScriptedRelay.connect(host);
    const job = await again.next("job");
    expect(unwrap(await edge(host).job(job.job_id, ALL)).status).toBe("delivered");
    again.close();
  });
});
