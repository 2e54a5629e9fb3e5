// What a Worker asks of a lane, and what a test does to the object.
import { createExecutionContext, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { encodeHead, type Open, type OpenOf } from "../../../protocol/link/lane.ts";
import {
  ATTACH_HEADER,
  CHANNEL_HEADER,
  OPEN_HEADER,
  REFUSED_HEADER,
  type LaneRefusal,
  type LaneRelay,
} from "../../../worker/lane/contract.ts";
import { settingsOf } from "../../../worker/auth/settings.ts";
import type { Access } from "../../../worker/routes/call.ts";
import type { ExchangeInput, ExchangeResult } from "../../../worker/routing/contract.ts";
import { newChannel } from "../../../worker/routing/lanes.ts";
import { stub, type LaneUnderTest } from "./scripted-lane.ts";

export const OPEN: OpenOf<"http"> = {
  kind: "http",
  service: "model",
  method: "POST",
  path: "/v1/chat",
  headers: [["content-type", "application/json"]],
  dialect: "openai",
  model: "m",
  manage: false,
  principal: "key:test",
  request_id: "req-1",
  detach_ms: 30_000,
};

interface Asked extends RequestInit {
  readonly open?: Partial<OpenOf<"http">> | Open;
  readonly channel?: number;
}

export function ask(lane: LaneRelay, { open = {}, channel = newChannel(), headers, ...init }: Asked = {}): Promise<Response> {
  const said = "kind" in open ? open : { ...OPEN, ...open };
  return stub(lane).fetch("http://lane/channel", {
    ...init,
    headers: {
      ...(headers as Record<string, string>),
      [CHANNEL_HEADER]: String(channel),
      [OPEN_HEADER]: encodeURIComponent(new TextDecoder().decode(encodeHead(said as Open))),
    },
  });
}

export const attach = (lane: LaneRelay, channel: number, from: number, init: RequestInit = {}): Promise<Response> =>
  stub(lane).fetch("http://lane/channel", { ...init, headers: { [CHANNEL_HEADER]: String(channel), [ATTACH_HEADER]: String(from) } });

export function refusalIn(response: Response): LaneRefusal | null {
  const text = response.headers.get(REFUSED_HEADER);
  return text === null ? null : (JSON.parse(decodeURIComponent(text)) as LaneRefusal);
}

/** The object loses its memory; its sockets stay, as when it hibernates. */
export const hibernate = (lane: LaneRelay): Promise<void> => evictDurableObject(stub(lane));

/** The object is thrown away at once, with sockets, streams and waiting calls. */
export async function abort(lane: LaneRelay): Promise<void> {
  await runInDurableObject(stub(lane), (_, state) => state.abort("thrown away by a test")).catch(() => null);
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

const CLOUD = { ...env, EMBEDDED: "" };

/** Of an exchange, as a surface asks for it; on Cloudflare. */
export function input(lane: LaneUnderTest, more: Partial<ExchangeInput> = {}): ExchangeInput {
  const { service, method, path, dialect, model, manage } = OPEN;
  return {
    request: new Request("https://edge.test/x"),
    env: CLOUD,
    ctx: createExecutionContext(),
    settings: settingsOf(CLOUD),
    place: { origin: "https://edge.test", hostname: "edge.test", host: "edge.test", surfaces: new Set() },
    requestId: "req-1",
    access: { caller: { principal: "key:test" } } as unknown as Access,
    host: {
      number: lane.hostNumber,
      id: "id",
      name: "box",
      labels: [],
      publicKey: lane.publicKey,
      online: true,
      lanes: 1,
      terminals: false,
      consoles: false,
      services: [],
    },
    open: { service, method, path, dialect, model, manage },
    body: null,
    contentLength: null,
    still: () => {},
    ...more,
  };
}

export function responseOf(result: ExchangeResult): Response {
  if ("refused" in result) throw new Error(JSON.stringify(result.refused));
  return result.response;
}
