// An exchange where Worker and lane share an isolate (embedded) beside the same one where they may not (Cloudflare): the relay is
// asked for the same, and the caller gets the same, though one of them hands over what the other writes into headers.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { FLAG, FRAME, type Frame } from "../../../protocol/link/frames.ts";
import type { HeaderList } from "../../../protocol/link/lane.ts";
import { refusalAnswer } from "../../../worker/lane/answer.ts";
import { refusalOf } from "../../../worker/lane/channel.ts";
import { CHANNEL_HEADER, OPEN_HEADER } from "../../../worker/lane/contract.ts";
import { handover } from "../../../worker/lane/handover.ts";
import { watch } from "../../../worker/lane/watch.ts";
import type { ExchangeInput, ExchangeResult } from "../../../worker/routing/contract.ts";
import { exchange } from "../../../worker/routing/exchange.ts";
import { eventually } from "../host/scripted-relay.ts";
import { input, OPEN } from "./exchanges.ts";
import { newLane, ScriptedLane } from "./scripted-lane.ts";

interface Seen {
  readonly isHandedOver: boolean;
  readonly open: unknown;
  readonly sent: string;
  readonly isWhole: boolean;
  readonly answer: unknown;
}

interface Given {
  readonly more?: Partial<ExchangeInput>;
  /** What the relay sends, message by message. */
  readonly answer: (relay: ScriptedLane, channel: number) => readonly Frame[][];
}

async function shown(result: ExchangeResult): Promise<unknown> {
  if ("refused" in result) return result;
  const { status, headers } = result.response;
  return {
    status,
    headers: Object.fromEntries(headers),
    body: await result.response.text().catch((error: unknown) => `broke off: ${String(error)}`),
  };
}

async function run(EMBEDDED: string, { more = {}, answer }: Given): Promise<Seen> {
  const lane = newLane();
  const relay = await ScriptedLane.connect(lane);
  let isHandedOver = false;
  const fetch = (name: string) => (url: string, init: RequestInit) => {
    isHandedOver = !new Headers(init.headers).has(OPEN_HEADER);
    return env.LANE.getByName(name).fetch(url, init);
  };
  const LANE = { getByName: (name: string) => ({ fetch: fetch(name) }) } as unknown as typeof env.LANE;
  const asked = exchange(input(lane, { ...more, env: { ...env, EMBEDDED, LANE } }));
  const { channel, open } = await relay.opened();
  await eventually(() => relay.frames.some(({ flags }) => (flags & FLAG.end) !== 0), "the end of the body");
  const { bytes, isWhole } = relay.body(channel);
  for (const frames of answer(relay, channel)) relay.send(...frames);
  const seen = { isHandedOver, open, sent: Buffer.from(bytes).toString("latin1"), isWhole, answer: await shown(await asked) };
  expect(handover.take(channel)).toBeNull();
  return seen;
}

const text = (length: number) => new TextEncoder().encode("0123456789".repeat(length / 10));
const bodyOf = (body: Uint8Array): Partial<ExchangeInput> => ({ body, contentLength: body.length });
const whole =
  (status: number, headers: HeaderList, body: string): Given["answer"] =>
  (relay, channel) => [[relay.head(channel, status, headers), relay.data(channel, body), relay.end(channel)]];

const CASES: Record<string, Given & { readonly isHandedOver?: false }> = {
  "a whole answer": { more: bodyOf(text(100)), answer: whole(201, [["content-type", "a/b"]], "hello") },
  "no body, and an empty answer": { answer: (relay, channel) => [[relay.head(channel, 200, []), relay.end(channel)]] },
  "an empty body": { more: bodyOf(new Uint8Array(0)), answer: whole(200, [], "x") },
  "the largest body that is handed over": { more: bodyOf(text(65_530)), answer: whole(200, [], "x") },
  "a larger body": { more: bodyOf(text(65_540)), answer: whole(200, [], "x"), isHandedOver: false },
  "words beyond ASCII": {
    more: { open: { ...OPEN, model: "größe 模型" } },
    answer: whole(200, [["x-a", "plain"]], "grün"),
  },
  "lines of one name, names of every object, and ours": {
    answer: whole(
      200,
      [
        ["vary", "a"],
        ["vary", "b"],
        ["constructor", "c"],
        ["__proto__", "d"],
        ["content-security-policy", "default-src x"],
        ["set-cookie", "a=b"],
        ["x-farhand-open", "e"],
        ["x-request-id", "f"],
      ],
      "x",
    ),
  },
  "an encoded body": { answer: whole(200, [["content-encoding", "br"]], "not decoded") },
  "a stream of a known length": {
    answer: (relay, channel) => [
      [relay.head(channel, 200, [["content-length", "6"]]), relay.data(channel, "abc")],
      [relay.data(channel, "def"), relay.end(channel)],
    ],
  },
  "a live stream": {
    answer: (relay, channel) => [
      [relay.head(channel, 200, [["content-type", "text/event-stream"]])],
      [relay.data(channel, "data: 1\n\n"), relay.end(channel)],
    ],
  },
  "the head alone": {
    more: { open: { ...OPEN, method: "HEAD" } },
    answer: (relay, channel) => [[relay.head(channel, 200, [["content-length", "1000"]]), relay.end(channel)]],
  },
  "nothing new": { answer: (relay, channel) => [[relay.head(channel, 304, [["etag", '"x"']]), relay.end(channel)]] },
  "a status that is no answer": { answer: whole(199, [], "x") },
  "an end without a head": {
    answer: (relay, channel) => [[{ ...relay.end(channel), type: FRAME.data, flags: FLAG.end | FLAG.broken }]],
  },
};

describe("what is handed over is what would have been written", () => {
  it.each(Object.entries(CASES))("%s", async (_, given) => {
    const [cloud, embedded] = [await run("", given), await run("on", given)];
    expect(cloud.isHandedOver).toBe(false);
    expect(embedded.isHandedOver).toBe(given.isHandedOver ?? true);
    expect({ ...embedded, isHandedOver: false }).toEqual(cloud);
  });

  it("leaves nobody to be asked for where the lane refused", async () => {
    let channel = 0;
    const fetch = async (_: string, { headers }: RequestInit) => {
      channel = Number(new Headers(headers).get(CHANNEL_HEADER));
      expect(watch.get(channel)).toBeDefined();
      return refusalAnswer(refusalOf("STREAMS_EXHAUSTED", true));
    };
    const LANE = { getByName: () => ({ fetch }) } as unknown as typeof env.LANE;
    expect(await exchange(input(newLane(), { env: { ...env, EMBEDDED: "on", LANE } }))).toMatchObject({ refused: { untouched: true } });
    expect(channel).toBeGreaterThan(0);
    expect(watch.get(channel)).toBeUndefined();
    handover.take(channel);
  });

  it("is taken once", () => {
    const opened = { ...OPEN };
    expect(handover.give(1, opened, null)).not.toBeNull();
    expect(handover.take(1)?.open).toBe(opened);
    expect(handover.take(1)).toBeNull();
  });
});
