// What a lane answers its Worker: the upstream's answer, whole or as a stream, or a refusal.
import type { Head } from "../../protocol/link/lane.ts";
import { refusalOf, type Channel } from "./channel.ts";
import { ENCODING_HEADER, LENGTH_HEADER, REFUSED_HEADER, STREAM_HEADER, type LaneRefusal } from "./contract.ts";
import type { Handed } from "./handover.ts";
import { addHeader, headerRecord, type HeaderRecord } from "./header-record.ts";

const REFUSED_STATUS = 500;
/** Statuses that have no body (Fetch standard); 101 is no answer to an exchange. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
const MIN_STATUS = 200;

export function refusalAnswer(refusal: LaneRefusal): Response {
  return new Response(null, { status: REFUSED_STATUS, headers: { [REFUSED_HEADER]: encodeURIComponent(JSON.stringify(refusal)) } });
}

/** Headers of a head as the Worker gets them, and the length that it declares. */
function headersOf(head: Head): { headers: HeaderRecord; length: number | null } {
  const headers = headerRecord();
  let length: number | null = null;
  for (const [name, value] of head.headers) {
    if (name === "content-length") length = /^\d{1,15}$/.test(value) ? Number(value) : null;
    else if (name === "content-encoding") addHeader(headers, ENCODING_HEADER, value);
    // Ours come from us alone.
    else if (!name.startsWith("x-farhand-")) addHeader(headers, name, value);
  }
  return { headers, length };
}

/** Of a channel that is ready. `isHead`: the request was one for the head only. `handed`: gets what needs no response. */
export function answerOf(channel: Channel, isHead: boolean, handed: Handed | null = null): Response {
  const { head, refusal } = channel;
  if (refusal || !head) return refusalAnswer(refusal ?? refusalOf("UPSTREAM_FAILED", false));
  if (head.status < MIN_STATUS) {
    channel.cancel();
    return refusalAnswer(refusalOf("UPSTREAM_FAILED", false, `The service answered ${head.status}.`));
  }
  const { status } = head;
  const { headers, length } = headersOf(head);
  const hasBody = !isHead && !NO_BODY.has(status);
  const whole = hasBody && channel.isWhole ? channel.takeAll() : null;
  const isStream = hasBody && whole === null;
  if (whole === null && length !== null) headers[LENGTH_HEADER] = String(length);
  if (!hasBody) channel.takeNone();
  if (handed) {
    handed.answer = { status, headers, whole, isStream };
    return new Response(isStream ? channel.stream(length) : null);
  }
  if (isStream) headers[STREAM_HEADER] = "1";
  return new Response(isStream ? channel.stream(length) : whole, { status, headers });
}
