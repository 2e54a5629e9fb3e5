// One exchange with a service through a lane of its host (contract.ts). Where Worker and objects share an isolate (embedded)
// the answer passes untouched; on Cloudflare it is pumped, so that an object's reset costs a pause and no byte.
import { AppError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Open } from "../../protocol/link/lane.ts";
import { snapshotCacheOf } from "../auth/snapshot.ts";
import { refusalOf } from "../lane/channel.ts";
import { ATTACH_HEADER, CHANNEL_HEADER, REFUSED_HEADER, STREAM_HEADER, type LaneRefusal } from "../lane/contract.ts";
import { handover, type Handed } from "../lane/handover.ts";
import { watch } from "../lane/watch.ts";
import type { Exchange, ExchangeInput, ExchangeResult } from "./contract.ts";
import { asking, CHANNEL_URL, countPassed, laneObject, newChannel, openHeaders, pickLane } from "./lanes.ts";
import { headersDown, headersUp } from "./passed-headers.ts";
import { pump } from "./pump.ts";

export { inFlight } from "./lanes.ts";

interface Way {
  readonly input: ExchangeInput;
  readonly lane: string;
  readonly channel: number;
  /** This Worker passes the answer's bytes itself. */
  readonly isPumped: boolean;
}

export const exchange: Exchange = async (input) => {
  if ((input.contentLength ?? 0) > LIMITS.passedBodyBytes) throw new AppError("PASSED_BODY_TOO_LARGE");
  const isPumped = input.env.EMBEDDED !== "on";
  const way: Way = { input, lane: pickLane(input.host), channel: newChannel(), isPumped };
  if (isPumped) countPassed(way.lane, 1);
  else watch.add(way.channel, (ctx) => mayStill(input, ctx));
  let isStreaming = false;
  try {
    const result = await ask(way);
    if ("refused" in result) {
      // A lane that refused before it opened the channel has nothing that ends.
      watch.remove(way.channel);
      return result;
    }
    isStreaming = result.isStream;
    return { response: answer(way, result) };
  } finally {
    if (isPumped && !isStreaming) countPassed(way.lane, -1);
  }
};

/** Renews what is known before the caller's own question is asked. */
async function mayStill({ env, still }: ExchangeInput, ctx: Pick<ExecutionContext, "waitUntil">): Promise<boolean> {
  try {
    await snapshotCacheOf(env).usable(env, ctx);
    still();
    return true;
  } catch {
    return false;
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly isStream: boolean;
}
type Asked = Answer | { readonly refused: LaneRefusal };

/** Opens the channel. What breaks before the head is gone on with by an attach, where that can be. */
async function ask(way: Way): Promise<Asked> {
  const { input, lane, channel, isPumped } = way;
  const { open, access, host, body, contentLength } = input;
  const said: Open = {
    kind: "http",
    ...open,
    headers: headersUp(input.headers ?? input.request.headers, contentLength),
    ...asking(access.caller.principal, input.requestId),
  };
  const handed = isPumped ? null : handover.give(channel, said, body);
  const asked = handed ? { headers: { [CHANNEL_HEADER]: String(channel) } } : { headers: openHeaders(channel, said), body };
  try {
    // What redirects is the upstream, and its answer is the caller's.
    const init: RequestInit = {
      method: methodOf({ open, body: handed ? null : body }),
      ...asked,
      redirect: "manual",
      ...(input.signal ? { signal: input.signal } : {}),
    };
    return judge(await laneObject(input.env, lane).fetch(CHANNEL_URL, init), handed);
  } catch (error) {
    const isReset = isPumped && !(body instanceof ReadableStream) && !(input.signal ?? input.request.signal).aborted;
    console.warn(
      JSON.stringify({ level: "warn", request_id: input.requestId, host: host.number, message: "a lane broke off", error: String(error) }),
    );
    return isReset ? await resume(way) : { refused: refusalOf("LANE_UNAVAILABLE", false) };
  }
}

const methodOf = ({ open, body }: Pick<ExchangeInput, "open" | "body">) =>
  open.method === "HEAD" ? "HEAD" : body === null ? "GET" : "POST";

function judge(response: Response, handed: Handed | null = null): Asked {
  if (handed?.answer) {
    const { status, headers, whole, isStream } = handed.answer;
    return { status, headers: Object.entries(headers), body: isStream ? response.body : whole, isStream };
  }
  const refused = response.headers.get(REFUSED_HEADER);
  if (refused !== null) return { refused: JSON.parse(decodeURIComponent(refused)) as LaneRefusal };
  const { status, headers, body } = response;
  return { status, headers, body, isStream: headers.has(STREAM_HEADER) };
}

const attachTo = ({ input, lane, channel }: Way, from: number, body: Uint8Array | null): Promise<Response> =>
  laneObject(input.env, lane).fetch(CHANNEL_URL, {
    method: methodOf({ ...input, body }),
    headers: { [CHANNEL_HEADER]: String(channel), [ATTACH_HEADER]: String(from) },
    body,
    redirect: "manual",
  });

const RESUME_PAUSE_MS = 50;

/** The object was reset before the head came: the relay has the request, or most of it. */
async function resume(way: Way): Promise<Asked> {
  const body = way.input.body as Uint8Array | null;
  for (const deadline = Date.now() + LIMITS.laneOpenMs; Date.now() < deadline;) {
    try {
      return judge(await attachTo(way, 0, body));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RESUME_PAUSE_MS));
    }
  }
  return { refused: refusalOf("LANE_UNAVAILABLE", false) };
}

function answer(way: Way, { status, headers: said, body, isStream }: Answer): Response {
  const { input, isPumped } = way;
  const { headers, length } = headersDown(said, isStream);
  headers["x-farhand-host"] = input.host.name;
  headers["x-request-id"] = input.requestId;
  const isLive = isPumped && isStream && body instanceof ReadableStream;
  return new Response(isLive ? pumped(way, body, length) : body, { status, headers, encodeBody: "manual" });
}

function pumped(way: Way, body: ReadableStream<Uint8Array>, length: number | null): ReadableStream<Uint8Array> {
  return pump({
    body,
    length,
    attach: async (from) => {
      const { body } = way.input;
      const result = judge(await attachTo(way, from, body instanceof ReadableStream ? null : body));
      return "refused" in result ? null : (result.body as ReadableStream<Uint8Array> | null);
    },
    isAllowed: () => mayStill(way.input, way.input.ctx),
    onEnd: () => countPassed(way.lane, -1),
  });
}

export type { ExchangeResult };
