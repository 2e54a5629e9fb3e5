// A client's WebSocket to a service, or a viewer's to a terminal or console, through a lane of the host. The Lane object holds the socket
// and asks for its reader; this Worker is out of the way once it is open.
import { AppError } from "../../protocol/errors.ts";
import type { Open } from "../../protocol/link/lane.ts";
import type { Reader } from "../auth/reader.ts";
import type { SnapshotHost } from "../fleet/contract.ts";
import { REFUSED_HEADER, type LaneRefusal } from "../lane/contract.ts";
import type { Access, Incoming } from "../routes/call.ts";
import { asking, CHANNEL_URL, laneObject, newChannel, openHeaders, pickLane, readerHeader } from "./lanes.ts";
import { headersDown } from "./passed-headers.ts";

type Filled = "principal" | "request_id" | "detach_ms";
type Without<O> = O extends Open ? Omit<O, Filled> : never;

export interface SocketInput extends Incoming {
  readonly access: Access;
  readonly host: SnapshotHost;
  readonly open: Without<Exclude<Open, { kind: "http" }>>;
  /** What the caller must be allowed for as long as the socket is open. */
  readonly use: Reader["use"];
}

/** 101 with the client's end, or what the service answered instead. Throws AppError for what the host or its lane refuses. */
export async function openSocket({ request, env, requestId, access, host, open, use }: SocketInput): Promise<Response> {
  const said = { ...open, ...asking(access.caller.principal, requestId) } as Open;
  const reader: Reader = { proofs: access.proofs, hostNumber: host.number, use };
  const headers = { ...openHeaders(newChannel(), said), ...readerHeader(reader), upgrade: "websocket" };
  const response = await laneObject(env, pickLane(host))
    .fetch(CHANNEL_URL, { headers, signal: request.signal, redirect: "manual" })
    .catch((cause: unknown) => {
      throw new AppError("LANE_UNAVAILABLE", {}, { cause });
    });
  const refused = response.headers.get(REFUSED_HEADER);
  if (refused !== null) {
    const { code, message, retryAfterMs } = JSON.parse(decodeURIComponent(refused)) as LaneRefusal;
    throw new AppError(code, { detail: message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
  const kept = response.webSocket ? Object.fromEntries(response.headers) : headersDown(response.headers, false).headers;
  kept["x-farhand-host"] = host.name;
  kept["x-request-id"] = requestId;
  const { status, webSocket, body } = response;
  return new Response(webSocket ? null : body, { status, headers: kept, webSocket, encodeBody: "manual" });
}
