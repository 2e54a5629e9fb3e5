// The object is thrown away under an exchange that a Worker pumps (Cloudflare): no byte is lost or doubled, before the head and
// in the middle; where the relay lost the channel the reader sees a broken answer. And what an exchange passes of headers.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { HeaderList } from "../../../protocol/link/lane.ts";
import { AppError } from "../../../protocol/errors.ts";
import { FRAME } from "../../../protocol/link/frames.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { exchange, inFlight } from "../../../worker/routing/exchange.ts";
import { eventually } from "../host/scripted-relay.ts";
import { abort, input, responseOf } from "./exchanges.ts";
import { newLane, ScriptedLane } from "./scripted-lane.ts";

/** A relay that keeps a whole answer, and gives it from where it is attached to, in pieces of this size. */
async function serve(relay: ScriptedLane, channel: number, answer: Uint8Array, upTo: number): Promise<void> {
  const wanted = relay.of(channel, FRAME.attach).at(-1)?.offset ?? 0;
  relay.offsets.set(channel, wanted);
  relay.send(relay.head(channel));
  for (let at = wanted; at < upTo; at += 1_000) relay.send(relay.data(channel, answer.subarray(at, Math.min(at + 1_000, upTo))));
  if (upTo === answer.length) relay.send(relay.end(channel));
}

const answer = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 31) % 253);

async function collect(body: ReadableStream<Uint8Array>, seen: { bytes: number }): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) {
    pieces.push(piece);
    seen.bytes += piece.length;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

describe("a reset of the object", () => {
  it("before the head costs nothing: the request is attached to, with its body once more", async () => {
    const lane = newLane();
    const first = await ScriptedLane.connect(lane);
    const body = new TextEncoder().encode('{"model":"m"}');
    const asked = exchange(input(lane, { body, contentLength: body.length }));
    const { channel } = await first.opened();
    await abort(lane);
    const second = await ScriptedLane.connect(lane, { channels: [{ channel, received: 5 }] });
    await second.heardOf(channel, FRAME.attach);
    await eventually(() => second.of(channel, FRAME.data).at(-1)?.flags === 1, "the end of the body");
    expect(Buffer.concat(second.of(channel, FRAME.data).map(({ bytes }) => bytes)).toString()).toBe('el":"m"}');
    expect(second.of(channel, FRAME.data)[0]!.offset).toBe(5);
    await serve(second, channel, answer, answer.length);
    expect(Buffer.compare(Buffer.from(await responseOf(await asked).arrayBuffer()), answer)).toBe(0);
  });

  it("in the middle, again and again, costs a pause and no byte", { timeout: 60_000 }, async () => {
    const lane = newLane();
    let relay = await ScriptedLane.connect(lane);
    const asked = exchange(input(lane));
    const { channel } = await relay.opened();
    await serve(relay, channel, answer, 3_000);
    const seen = { bytes: 0 };
    const got = collect(responseOf(await asked).body!, seen);
    for (const upTo of [9_000, 9_001, 17_000, 30_000, 40_000]) {
      await eventually(() => seen.bytes > 0, "first bytes");
      await abort(lane);
      relay = await ScriptedLane.connect(lane, { channels: [{ channel, received: 0 }] });
      await relay.heardOf(channel, FRAME.attach);
      await serve(relay, channel, answer, upTo);
      await eventually(() => seen.bytes >= upTo, `${upTo} bytes, have ${seen.bytes}`);
    }
    expect(Buffer.compare(await got, answer)).toBe(0);
    expect(inFlight(lane.hostNumber)).toBe(0);
  });

  it("after which the relay does not know the channel breaks the answer", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const asked = exchange(input(lane));
    const { channel } = await relay.opened();
    relay.send(relay.head(channel), relay.data(channel, "some"));
    const got = responseOf(await asked).text();
    got.catch(() => {});
    await abort(lane);
    const second = await ScriptedLane.connect(lane);
    const wanted = await second.heardOf(channel, FRAME.attach);
    second.send({ ...wanted, type: FRAME.cancel, offset: 0 });
    await expect(got).rejects.toThrow();
  });

  it("is not needed for a reader that goes: the channel is cancelled", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const asked = exchange(input(lane));
    const { channel } = await relay.opened();
    relay.send(relay.head(channel), relay.data(channel, "some"));
    const response = responseOf(await asked);
    expect(inFlight(lane.hostNumber)).toBeGreaterThan(0);
    await response.body!.cancel();
    await relay.heardOf(channel, FRAME.cancel);
    await eventually(() => inFlight(lane.hostNumber) === 0, "nothing in flight");
  });
});

describe("a caller that may not any more", () => {
  it.each(["", "on"])("loses its stream within seconds (EMBEDDED: %j)", { timeout: 20_000 }, async (EMBEDDED) => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    let isAllowed = true;
    const still = () => {
      if (!isAllowed) throw new AppError("FORBIDDEN");
    };
    const asked = exchange(input(lane, { still, env: { ...env, EMBEDDED } }));
    const { channel } = await relay.opened();
    relay.send(relay.head(channel), relay.data(channel, "some"));
    const got = responseOf(await asked).text();
    got.catch(() => {});
    isAllowed = false;
    await expect(got).rejects.toThrow();
    await relay.heardOf(channel, FRAME.cancel);
    await eventually(() => inFlight(lane.hostNumber) === 0, "nothing in flight");
  });
});

describe("an exchange", () => {
  const SECRETS = {
    authorization: "Bearer fh_secret",
    "x-api-key": "fh_secret",
    cookie: "a=b",
    origin: "https://edge.test",
    referer: "https://edge.test/x",
    "cf-access-jwt-assertion": "x.y.z",
    "cf-connecting-ip": "1.2.3.4",
    "x-forwarded-for": "1.2.3.4",
    "x-real-ip": "1.2.3.4",
    forwarded: "for=1.2.3.4",
    "x-farhand-open": "{}",
    connection: "x-hop, keep-alive",
    "x-hop": "1",
    te: "trailers",
    "proxy-authorization": "Basic x",
  };

  it("passes what is the caller's and nothing that is ours", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const headers = new Headers({
      ...SECRETS,
      accept: "text/event-stream",
      "x-mine": "ü".normalize("NFD").replace(/[^\x20-\x7e]/g, ""),
      "content-type": "a/b",
    });
    const asked = exchange(input(lane, { headers, body: new Uint8Array(3), contentLength: 3 }));
    const { channel, open } = await relay.opened();
    if (open.kind !== "http") throw new Error(open.kind);
    expect(Object.fromEntries(open.headers)).toEqual({
      accept: "text/event-stream",
      "content-length": "3",
      "content-type": "a/b",
      "x-mine": "u",
    });
    expect(open).toMatchObject({ principal: "key:test", request_id: "req-1", detach_ms: LIMITS.detachMs });
    relay.send(relay.head(channel), relay.end(channel));
    await asked;
  });

  it("keeps from the client what an upstream may not say here", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const asked = exchange(input(lane));
    const { channel } = await relay.opened();
    const said: HeaderList = [
      ["set-cookie", "farhand_session=evil; Path=/"],
      ["www-authenticate", "Basic"],
      ["access-control-allow-origin", "*"],
      ["clear-site-data", '"*"'],
      ["strict-transport-security", "max-age=1"],
      ["x-farhand-refused", "%7B%7D"],
      ["x-request-id", "theirs"],
      ["content-type", "text/event-stream"],
      ["content-encoding", "gzip"],
      ["x-theirs", "1"],
      ["content-security-policy", "default-src 'none'"],
    ];
    relay.send(relay.head(channel, 200, said), relay.data(channel, "x"));
    const { headers, body } = responseOf(await asked);
    for (const [name] of said.slice(0, 5)) expect(headers.get(name), name).toBeNull();
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-request-id": "req-1",
      "x-farhand-host": "box",
      "x-theirs": "1",
      "content-encoding": "gzip",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      "content-security-policy": "frame-ancestors 'none'; sandbox, default-src 'none'",
    });
    expect([...headers.keys()].filter((name) => name.startsWith("x-farhand-"))).toEqual(["x-farhand-host"]);
    await body!.cancel();
  });

  it("of a body that is larger than what passes is refused before anything is sent", async () => {
    const lane = newLane();
    const large = exchange(input(lane, { body: new Uint8Array(1), contentLength: LIMITS.passedBodyBytes + 1 }));
    await expect(large).rejects.toMatchObject({ code: "PASSED_BODY_TOO_LARGE" });
  });
});
