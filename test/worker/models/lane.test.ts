// The surfaces over a real lane: a request through the Worker's own fetch to a relay that a test plays, and back.
import { beforeAll, describe, expect, it } from "vitest";
import { encodeHead } from "../../../protocol/link/lane.ts";
import { FRAME, frame } from "../../../protocol/link/frames.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { eventually, type HostUnderTest } from "../host/scripted-relay.ts";
import { ScriptedLane } from "../lane/scripted-lane.ts";
import { Edge } from "../routes/edge.ts";
import { fleetOf } from "../../../worker/fleet/objects.ts";
import { snapshotCacheOf } from "../../../worker/auth/snapshot.ts";
import { enrol } from "../routes/enrolled.ts";
import { model, service } from "./fake-plane.ts";
import { CATALOGUE } from "../host/scripted-relay.ts";

const edge = new Edge();
let host: HostUnderTest;
let lane: ScriptedLane;
let key: string;

beforeAll(async () => {
  host = await enrol(edge, "laned");
  const queue = { held: 0, queued: 0, delivered: 0, running: 0 };
  const services = [service("ollama", [model("llama3.2:latest")], { default_model: "llama3.2:latest" })];
  await fleetOf(edge.env).report({
    hostNumber: host.number,
    revision: 1,
    presence: {
      online: true,
      lastSeenAtMs: 0,
      relayVersion: "0",
      slots: 1,
      queue,
      relayLabels: [],
      catalogue: { ...CATALOGUE, lanes: 1, services },
    },
    jobs: [],
    audit: [],
  });
  snapshotCacheOf(edge.env).invalidate();
  const { publicKey, privateKey } = host;
  lane = await ScriptedLane.connect({ hostNumber: host.number, lane: 1, publicKey, privateKey });
  const grant = { role: "operator", hosts: ["laned"], operations: ["model.*"], models: ["llama*"] };
  key = (await edge.post("/api/v1/keys", { name: "k", grants: [grant] })).body.key;
});

let opened = 0;
const next = () => lane.opened(opened++);
const json = [["content-type", "application/json"]] as [string, string][];

describe("over a lane", () => {
  it("a request and its answer pass byte for byte, our headers apart", async () => {
    const text = '{"model" : "llama3.2@laned","stream":true}';
    const asked = edge.raw("POST", "/v1/chat/completions", { body: text, key, headers: { "x-farhand-host": "laned", "openai-beta": "x" } });
    const { channel, open } = await next();
    expect(open).toMatchObject({
      kind: "http",
      service: "ollama",
      path: "/v1/chat/completions",
      dialect: "openai",
      surface: "openai",
      model: "llama3.2:latest",
    });
    const headers = new Map((open as unknown as { headers: [string, string][] }).headers);
    expect(headers.get("openai-beta")).toBe("x");
    expect(headers.get("content-length")).toBe(String(text.length - "@laned".length));
    expect([...headers.keys()].filter((name) => /farhand|authorization/.test(name))).toEqual([]);
    await eventually(() => lane.body(channel).isWhole, "the body");
    expect(new TextDecoder().decode(lane.body(channel).bytes)).toBe(text.replace("@laned", ""));
    lane.send(lane.head(channel, 200, [["content-type", "text/event-stream"]]), lane.data(channel, "data: 1\n\n"));
    const response = await asked;
    expect(response.headers.get("x-farhand-host")).toBe("laned");
    lane.send(lane.data(channel, "data: [DONE]\n\n"), lane.end(channel));
    expect(await response.text()).toBe("data: 1\n\ndata: [DONE]\n\n");
  });

  it("a large body streams on while it comes, and nothing of it is lost", async () => {
    const text = `{"model":"llama3.2","x":"${"é".repeat(LIMITS.modelScanBytes)}"}`;
    const bytes = new TextEncoder().encode(text);
    const asked = edge.raw("POST", "/api/chat", { body: bytes, key });
    const { channel } = await next();
    let acked = 0;
    await eventually(() => {
      const { bytes: got, isWhole } = lane.body(channel);
      if (got.length > acked) lane.send(frame(FRAME.ack, channel, (acked = got.length)));
      return isWhole;
    }, "the whole body");
    expect(Buffer.from(lane.body(channel).bytes).equals(Buffer.from(bytes))).toBe(true);
    lane.send(lane.head(channel, 200, json), lane.data(channel, "{}"), lane.end(channel));
    expect((await asked).status).toBe(200);
  });

  it("a large body that names another model is broken off, and the relay is told", async () => {
    const text = `{"model":"llama3.2","x":"${"y".repeat(LIMITS.modelScanBytes)}","model":"secret"}`;
    const asked = edge.raw("POST", "/api/chat", { body: text, key });
    const { channel } = await next();
    let acked = 0;
    await eventually(() => {
      const { bytes: got } = lane.body(channel);
      if (got.length > acked) lane.send(frame(FRAME.ack, channel, (acked = got.length)));
      return lane.of(channel, FRAME.cancel).length > 0;
    }, "the cancel");
    expect(lane.body(channel).isWhole).toBe(false);
    const response = await asked;
    expect(response.status).toBe(403);
    expect(response.headers.get("x-farhand-error")).toBe("MODEL_UNPROVEN");
  });

  it("the ingest contract answers with `text`", async () => {
    const asked = edge.post("/api/generate", { prompt: "p", max_tokens: 3 }, { key });
    const { channel, open } = await next();
    expect(open).toMatchObject({ dialect: "ollama", surface: "ingest", model: "llama3.2:latest" });
    await eventually(() => lane.body(channel).isWhole, "the body");
    expect(JSON.parse(new TextDecoder().decode(lane.body(channel).bytes))).toMatchObject({
      model: "llama3.2:latest",
      stream: false,
      options: { num_predict: 3 },
    });
    const body = '{"model":"llama3.2:latest","response":"hi","done":true}';
    lane.send(lane.head(channel, 200, [...json, ["content-length", String(body.length)]]), lane.data(channel, body), lane.end(channel));
    expect(await asked).toMatchObject({ status: 200, body: { response: "hi", text: "hi", done: true } });
  });

  it("what the relay refuses is told in the surface's shape", async () => {
    const asked = edge.post("/api/chat", { model: "llama3.2" }, { key });
    const { channel } = await next();
    const error = { code: "UPSTREAM_UNREACHABLE", message: "Ollama does not answer on laned." };
    lane.send(frame(FRAME.head, channel, 0, encodeHead({ status: 502, headers: [], error })), lane.end(channel));
    const answer = await asked;
    expect(answer).toMatchObject({ status: 502, body: { error: expect.stringContaining("Ollama does not answer on laned.") } });
    expect(answer.headers.get("x-farhand-host")).toBe("laned");
  });
});
