// Who becomes the link of a Host object, and what every other message before that gets.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../protocol/errors.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { CLOSE, type HelloBody } from "../../../protocol/link/control.ts";
import { encodeFrames, FRAME, frame } from "../../../protocol/link/frames.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { ACTOR, ALL, edge, evict, hibernate, newHost, rows, stub, submission } from "./edge.ts";
import { CATALOGUE, eventually, makeKeys, ScriptedRelay } from "./scripted-relay.ts";

const result = { status: "success", message: "", logs: [], correlation_id: "x" };
const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const BEFORE_HELLO: Record<string, string | Uint8Array> = {
  not_claimed: JSON.stringify({ type: "not_claimed", job_id: id, code: "X", message: "", retry_after_ms: 1 }),
  call_result: JSON.stringify({ type: "call_result", call_id: 1, result }),
  catalogue: JSON.stringify({ type: "catalogue", labels: [], slots: 1, catalogue: CATALOGUE }),
  probe: JSON.stringify({ type: "probe", id: 1 }),
  draining: JSON.stringify({ type: "draining" }),
  "an edge's welcome": JSON.stringify({ type: "welcome", host: "h", epoch: 1, lane: 0, jobs: [], gone: [] }),
  "no JSON": "{",
  "binary frames": encodeFrames([frame(FRAME.data, 1, 0, new Uint8Array(4))]),
  "too large": `"${"x".repeat(LIMITS.controlMessageBytes)}"`,
};

const WRONG: Record<string, { hello: Partial<HelloBody>; code: string }> = {
  "another nonce": { hello: { nonce: Buffer.alloc(32, 1).toString("base64") }, code: "LINK_HELLO_INVALID" },
  "another epoch": { hello: { epoch: 99 }, code: "LINK_HELLO_INVALID" },
  "another host's number": { hello: { host_number: 1_000_000 }, code: "LINK_HELLO_INVALID" },
  "lane 1": { hello: { lane: 1 }, code: "LINK_HELLO_INVALID" },
  "no slots": { hello: { slots: 0 }, code: "LINK_HELLO_INVALID" },
  "version N + 1": { hello: { version: PROTOCOL_VERSION + 1 }, code: "LINK_VERSION_UNSUPPORTED" },
  "version N - 1, which never was": { hello: { version: PROTOCOL_VERSION - 1 }, code: "LINK_VERSION_UNSUPPORTED" },
};

describe("before a hello", () => {
  it.each(Object.entries(BEFORE_HELLO))("%s closes the socket and changes nothing", async (_, message) => {
    const host = await newHost();
    const relay = await ScriptedRelay.dial(host);
    await relay.next("challenge");
    relay.ws.send(message);
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
    expect((await edge(host).presence()).online).toBe(false);
    expect(await rows(host, "SELECT * FROM meta WHERE key = 'link'")).toEqual([]);
  });
});

describe("a hello", () => {
  it.each(Object.entries(WRONG))("with %s is refused in words", async (_, { hello, code }) => {
    const host = await newHost();
    const relay = await ScriptedRelay.dial(host);
    await relay.hello(hello);
    expect((await relay.next("refused")).code).toBe(code);
    expect((await relay.closedWith()).code).toBe(CLOSE.refused);
    expect((await edge(host).presence()).online).toBe(false);
  });

  it("signed with another key is refused", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.dial(host);
    await relay.hello({}, makeKeys().privateKey);
    expect((await relay.next("refused")).code).toBe("LINK_SIGNATURE_INVALID");
  });

  it("of another socket, replayed, is refused", async () => {
    const host = await newHost();
    const first = await ScriptedRelay.dial(host);
    const recorded = await first.hello();
    await first.next("welcome");
    const second = await ScriptedRelay.dial(host);
    await second.next("challenge");
    second.ws.send(recorded);
    expect((await second.next("refused")).code).toBe("LINK_HELLO_INVALID");
    expect((await edge(host).presence()).online).toBe(true);
    first.close();
  });

  it("sent twice closes the link", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.dial(host);
    const text = await relay.hello();
    await relay.next("welcome");
    relay.ws.send(text);
    expect((await relay.closedWith()).code).toBe(CLOSE.invalid);
  });

  it("that is good makes the host online, also over hibernation, and a probe is answered", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await hibernate(host);
    expect((await edge(host).presence()).online).toBe(true);
    relay.send({ type: "probe", id: 7 });
    expect((await relay.next("probe_answer")).id).toBe(7);
    relay.close();
    await eventually(async () => !(await edge(host).presence()).online, "offline");
  });

  it("is answered with the heartbeat's reply without waking the object", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host);
    await expect(
      new Promise((resolve, reject) => {
        relay.ws.addEventListener("message", ({ data }) => (data === "pong" ? resolve(data) : reject(new Error("not a pong"))));
        relay.ws.send("ping");
      }),
    ).resolves.toBe("pong");
    relay.close();
  });
});

describe("epochs", () => {
  it("the newest wins and closes the older; its frames are dropped", async () => {
    const host = await newHost();
    const old = await ScriptedRelay.connect(host);
    const fresh = await ScriptedRelay.connect(host);
    expect((await old.closedWith()).code).toBe(CLOSE.replaced);
    unwrap(await edge(host).submit(submission()));
    await fresh.next("job");
    expect(old.all("job")).toEqual([]);
    fresh.close();
  });

  it("a slower handshake of an older epoch is stale", async () => {
    const host = await newHost();
    const slow = await ScriptedRelay.dial(host);
    await slow.next("challenge");
    const quick = await ScriptedRelay.connect(host);
    await slow.hello();
    expect((await slow.next("refused")).code).toBe("LINK_EPOCH_STALE");
    expect(quick.closed).toBeNull();
    quick.close();
  });

  it("strangers that open sockets do not lock the host out", async () => {
    const host = await newHost();
    const strangers: ScriptedRelay[] = [];
    for (let i = 0; i < LIMITS.handshakesPerHost + 3; i++) strangers.push(await ScriptedRelay.dial(host));
    expect((await strangers[0]!.next("refused")).code).toBe("LINK_BUSY");
    const open = await runInDurableObject(stub(host), (_, state) =>
      state.getWebSockets().filter((ws) => (ws.deserializeAttachment() as { phase: string }).phase === "challenged"),
    );
    expect(open.length).toBeLessThanOrEqual(LIMITS.handshakesPerHost);
    const relay = await ScriptedRelay.connect(host);
    expect((await edge(host).presence()).online).toBe(true);
    for (const socket of [...strangers, relay]) socket.close();
  });

  it("grow over an eviction", async () => {
    const host = await newHost();
    const first = await ScriptedRelay.connect(host);
    const before = (await first.next("welcome")).epoch;
    await evict(host);
    const second = await ScriptedRelay.connect(host);
    expect((await second.next("welcome")).epoch).toBeGreaterThan(before);
    second.close();
  });
});

describe("a host that is not there", () => {
  it("refuses everything when it never was", async () => {
    const stub = env.HOST.getByName("host-99999");
    expect(await stub.submit(submission())).toMatchObject({ ok: false, code: "HOST_NOT_FOUND" });
    expect((await stub.fetch("http://edge/link", { headers: { upgrade: "websocket" } })).status).toBe(404);
  });

  it("refuses everything after its removal, and ends what was open", async () => {
    const host = await newHost();
    const relay = await ScriptedRelay.connect(host, { slots: 1 });
    const sent = unwrap(await edge(host).submit(submission()));
    const queued = unwrap(await edge(host).submit(submission()));
    await edge(host).retire(ACTOR);
    expect((await relay.next("refused")).code).toBe("HOST_REMOVED");
    expect((await relay.closedWith()).code).toBe(CLOSE.removed);
    expect(await edge(host).submit(submission())).toMatchObject({ ok: false, code: "HOST_REMOVED" });
    expect(await edge(host).job(sent.id, ALL)).toMatchObject({ ok: false, code: "HOST_REMOVED" });
    const states = await rows(host, "SELECT id, status FROM jobs ORDER BY id");
    expect(states).toEqual([
      { id: sent.id, status: "unknown" },
      { id: queued.id, status: "cancelled" },
    ]);
    const late = await ScriptedRelay.dial(host);
    expect((await late.next("refused")).code).toBe("HOST_REMOVED");
  });
});
