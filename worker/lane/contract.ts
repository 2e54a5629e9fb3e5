// How the Worker reaches a lane. A Lane object is named `lane-<host number>-<lane>`; it keeps nothing, trusts the Worker to have
// authenticated and authorised, and answers fetch only:
//
//   GET  /link          (upgrade) the relay's socket, with RELAY_HEADER
//   any  /channel       opens a channel: OPEN_HEADER, CHANNEL_HEADER; the body is the request's body. Answers the upstream's
//                       status, headers and body as they come from the relay, or (status 500 + REFUSED_HEADER) what the relay or the
//                       lane refused. With an upgrade: a socket, a terminal or a console, and READER_HEADER. In one isolate (embedded) open,
//                       small body and answer may be handed over instead: handover.ts.
//   GET  /channel       with ATTACH_HEADER: goes on with a channel after the object was reset, from that byte of the answer on.
//                       POST: the body is the request's whole body once more; the lane passes on what the relay has not got
//   POST /retire?code=  HOST_REMOVED, or LINK_SIGNATURE_INVALID for a new key: the relay's socket is closed with it
import type { ErrorCode } from "../../protocol/errors.ts";
import type { Open } from "../../protocol/link/lane.ts";

/** JSON {@link Open}, percent-encoded (encodeURIComponent), because header values are bytes. */
export const OPEN_HEADER = "x-farhand-open";
/** Decimal, 1 to 2^32-1, chosen at random by the Worker. */
export const CHANNEL_HEADER = "x-farhand-channel";
/** Decimal: the next byte of the answer that the Worker wants. */
export const ATTACH_HEADER = "x-farhand-attach";
/** JSON {@link LaneRelay}, percent-encoded: whose socket it is. */
export const RELAY_HEADER = "x-farhand-relay";
/** JSON {@link LaneRefusal}, percent-encoded, on an answer of status 500. */
export const REFUSED_HEADER = "x-farhand-refused";
/** JSON of a `Reader` (auth/reader.ts), percent-encoded: who must still be allowed while a socket is open. */
export const READER_HEADER = "x-farhand-reader";
/** On an answer that is a stream: it may break off, and go on by an attach. Without it the answer is whole. */
export const STREAM_HEADER = "x-farhand-stream";
/** The upstream's `content-encoding`: under its own name the platform would decode and encode the bytes. */
export const ENCODING_HEADER = "x-farhand-content-encoding";
/** The upstream's `content-length`, where the answer is a stream or has no body (HEAD, 304). */
export const LENGTH_HEADER = "x-farhand-content-length";

export interface LaneRelay {
  readonly hostNumber: number;
  readonly lane: number;
  /** Ed25519, SPKI DER in base64. */
  readonly publicKey: string;
}

export interface LaneRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
  /** Nothing of the request left the edge, or the relay said that nothing reached the upstream: it may be sent elsewhere. */
  readonly untouched: boolean;
}

export const laneName = (hostNumber: number, lane: number): string => `lane-${hostNumber}-${lane}`;

export type { Open };
