// Which headers pass between a client and a service, each way. The relay filters too: neither side trusts the other with it.
import { LIMITS } from "../../protocol/limits.ts";
import type { HeaderList } from "../../protocol/link/lane.ts";
import { ENCODING_HEADER, LENGTH_HEADER, STREAM_HEADER } from "../lane/contract.ts";
import { addHeader, headerRecord, type HeaderRecord } from "../lane/header-record.ts";

const words = (text: string) => text.trim().split(/\s+/);

const HOP_BY_HOP = words(
  "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade",
);

/** Ours, a proxy's before us, or of this connection alone. */
const NEVER_UP: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...words(`host origin referer cookie cookie2 authorization x-api-key expect content-length http2-settings forwarded via
    x-real-ip true-client-ip cdn-loop`),
]);
const NEVER_UP_PREFIXES = ["cf-", "x-farhand-", "x-forwarded-", "sec-fetch-", "sec-websocket-"];

/** Of the connection, about who asks, a word to the browser about our origin, or ours to say. */
const NEVER_DOWN: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...words(`set-cookie set-cookie2 www-authenticate alt-svc strict-transport-security clear-site-data public-key-pins
    expect-ct nel report-to reporting-endpoints service-worker-allowed access-control-allow-origin access-control-allow-credentials
    access-control-allow-methods access-control-allow-headers access-control-expose-headers access-control-max-age
    access-control-allow-private-network x-content-type-options referrer-policy cross-origin-resource-policy x-request-id
    content-length ${STREAM_HEADER}`),
]);

const HEADER_CHARS = 16 * 1024;

/** Names that a Connection header makes hop-by-hop. */
function connectionNames(headers: Headers): readonly string[] {
  const connection = headers.get("connection");
  return connection === null ? [] : connection.split(",").map((name) => name.trim().toLowerCase());
}

/** For an open. `contentLength`: of the body, where it is known. What is too long for a head is left out. */
export function headersUp(headers: Headers, contentLength: number | null): HeaderList {
  const named = connectionNames(headers);
  const passed: HeaderList = contentLength === null ? [] : [["content-length", String(contentLength)]];
  for (const [name, value] of headers) {
    if (NEVER_UP.has(name) || named.includes(name) || NEVER_UP_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (value.length <= HEADER_CHARS && passed.length < LIMITS.headersPerHead) passed.push([name, value]);
  }
  return passed;
}

const STREAMED = /^(text\/event-stream|application\/(x-)?ndjson)\b/i;

/** A page of an upstream runs no script, has no origin and is framed by nobody: it is not this edge's. */
const OURS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "frame-ancestors 'none'; sandbox",
};

export interface Down {
  readonly headers: HeaderRecord;
  /** That the upstream declared, where the lane did not have the whole answer. */
  readonly length: number | null;
}

/**
 * Makes a lane's headers the client's: what an upstream may not say is gone, nothing of it is a page of this origin, and
 * nothing on the way keeps or changes a stream.
 */
export function headersDown(said: Iterable<readonly [string, string]>, isStream: boolean): Down {
  const headers = Object.assign(headerRecord(), OURS);
  let length: number | null = null;
  let type = "";
  for (const [name, value] of said) {
    if (name === ENCODING_HEADER) headers["content-encoding"] = value;
    else if (name === LENGTH_HEADER) {
      length = Number(value);
      headers["content-length"] = value;
    } else if (!NEVER_DOWN.has(name)) {
      if (name === "content-type") type = value;
      addHeader(headers, name, value);
    }
  }
  const isLive = isStream && (length === null || STREAMED.test(type));
  headers["cache-control"] ??= isLive ? "no-store, no-transform" : "no-store";
  if (isLive) headers["x-accel-buffering"] ??= "no";
  return { headers, length };
}
