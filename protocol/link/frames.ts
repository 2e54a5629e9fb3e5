// Binary frames of the link: one message holds one or more. Big-endian header of 18 bytes:
// type u8, flags u8, channel u32, offset u64, length u32, then `length` bytes.
import { LIMITS } from "../limits.ts";

export const FRAME = {
  /** `offset` is that of the first byte in the channel. */
  data: 1,
  /** `offset` is the next byte wanted: everything before it is durable (job channels) or taken. No bytes. */
  ack: 2,
  /** Answer to a spool read: `channel` is the request's id, `offset` the position in the stream. Control socket only. */
  spool: 3,
  /** Lane: opens `channel` towards the relay; the bytes are an {@link Open} as JSON. With `end`: no body follows. */
  open: 4,
  /** Lane: the relay's answer to an open, once, before any data; the bytes are a {@link Head} as JSON. Sent again after an attach. */
  head: 5,
  /** Lane: to the relay: nobody reads any more, end what produces. To the edge: the relay has no such channel. No bytes. */
  cancel: 6,
  /** Lane, to the relay: `offset` is the next response byte wanted: send the head, the bytes from there on, and the end again. No bytes. */
  attach: 7,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export const FLAG = {
  /** The last bytes of the channel; on a spool frame: the stream ends here. */
  end: 1,
  /** On a spool frame: these bytes are not kept. */
  missing: 2,
  /** With `end` on a lane's data: what came before is not all; the producer failed. */
  broken: 4,
} as const;

export const HEADER_BYTES = 18;

export interface Frame {
  readonly type: FrameType;
  readonly flags: number;
  readonly channel: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export function frame(type: FrameType, channel: number, offset: number, bytes: Uint8Array = NO_BYTES, flags = 0): Frame {
  return { type, flags, channel, offset, bytes };
}

export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  const message = new Uint8Array(frames.reduce((sum, item) => sum + HEADER_BYTES + item.bytes.length, 0));
  const view = new DataView(message.buffer);
  let at = 0;
  for (const item of frames) {
    view.setUint8(at, item.type);
    view.setUint8(at + 1, item.flags);
    view.setUint32(at + 2, item.channel);
    view.setUint32(at + 6, Math.floor(item.offset / 2 ** 32));
    view.setUint32(at + 10, item.offset >>> 0);
    view.setUint32(at + 14, item.bytes.length);
    message.set(item.bytes, at + HEADER_BYTES);
    at += HEADER_BYTES + item.bytes.length;
  }
  return message;
}

/** The frames of one message, as views on it, or why the message is refused. A refused message has no effect at all. */
export function decodeFrames(message: Uint8Array): { frames: Frame[] } | { error: string } {
  if (message.length > LIMITS.binaryMessageBytes) return { error: "message too large" };
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const frames: Frame[] = [];
  let at = 0;
  while (at < message.length) {
    if (frames.length >= LIMITS.framesPerMessage) return { error: "too many frames" };
    if (message.length - at < HEADER_BYTES) return { error: "truncated header" };
    const type = view.getUint8(at);
    const flags = view.getUint8(at + 1);
    const offset = view.getUint32(at + 6) * 2 ** 32 + view.getUint32(at + 10);
    const length = view.getUint32(at + 14);
    if (type < FRAME.data || type > FRAME.attach) return { error: "unknown frame type" };
    if (flags > (FLAG.end | FLAG.missing | FLAG.broken)) return { error: "unknown flags" };
    if (offset > Number.MAX_SAFE_INTEGER) return { error: "offset too large" };
    if (length > LIMITS.frameBytes) return { error: "frame too large" };
    if (message.length - at - HEADER_BYTES < length) return { error: "truncated frame" };
    if (length > 0 && (type === FRAME.ack || type === FRAME.cancel || type === FRAME.attach))
      return { error: "bytes in a frame that has none" };
    frames.push({
      type: type as FrameType,
      flags,
      channel: view.getUint32(at + 2),
      offset,
      bytes: message.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length),
    });
    at += HEADER_BYTES + length;
  }
  return frames.length > 0 ? { frames } : { error: "empty message" };
}
