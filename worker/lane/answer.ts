// What a lane answers its Worker: the upstream's answer, whole or as a stream, or a refusal.
import type { Head } from "../../protocol/link/lane.ts";
import { refusalOf, type Channel } from "./channel.ts";
import { ENCODING_HEADER, LENGTH_HEADER, REFUSED_HEADER, STREAM_HEADER, type LaneRefusal } from "./contract.ts";

const REFUSED_STATUS = 500;
/** Statuses that have no body (Fetch standard); 101 is no answer to an exchange. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
const MIN_STATUS = 200;

export function refusalAnswer(refusal: LaneRefusal): Response {
  return new Response(null, { status: REFUSED_STATUS, headers: { [REFUSED_HEADER]: encodeURIComponent(JSON.stringify(refusal)) } });
}

/** Headers of a head as the Worker gets them, and the length that it declares. */
function headersOf(head: Head): { headers: [string, string][]; length: number | null } {
  const headers: [string, string][] = [];
  let length: number | null = null;
  for (const [name, value] of head.headers) {
    if (name === "content-length") length = /^\d{1,15}$/.test(value) ? Number(value) : null;
    else if (name === "content-encoding") headers.push([ENCODING_HEADER, value]);
    // Ours come from us alone.
    else if (!name.startsWith("x-farhand-")) headers.push([name, value]);
  }
  return { headers, length };
}

/** Of a channel that is ready. `isHead`: the request was one for the head only. */
export function answerOf(channel: Channel, isHead: boolean): Response {
  const { head, refusal } = channel;
  if (refusal || !head) return refusalAnswer(refusal ?? refusalOf("UPSTREAM_FAILED", false));
  if (head.status < MIN_STATUS) {
    channel.cancel();
    return refusalAnswer(refusalOf("UPSTREAM_FAILED", false, `The service answered ${head.status}.`));
  }
  const { status } = head;
  const { headers, length } = headersOf(head);
  const hasBody = !isHead && !NO_BODY.has(status);
  if (hasBody && channel.isWhole) return new Response(channel.takeAll(), { status, headers });
  if (length !== null) headers.push([LENGTH_HEADER, String(length)]);
  if (!hasBody) {
    channel.takeNone();
    return new Response(null, { status, headers });
  }
  headers.push([STREAM_HEADER, "1"]);
  return new Response(channel.stream(length), { status, headers });
}
