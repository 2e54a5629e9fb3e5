// What travels inside a channel of kind `socket` or `terminal`, both ways: one record for each WebSocket message.
// kind u8, length u32 (big-endian), bytes.
import { LIMITS } from "../limits.ts";

export const SOCKET_RECORD = {
  /** UTF-8. */
  text: 1,
  binary: 2,
  /** RFC 6455 close: code u16, then the reason as UTF-8 (at most 123 bytes). No bytes: no code was given. The last record. */
  close: 3,
} as const;
export type SocketRecordKind = (typeof SOCKET_RECORD)[keyof typeof SOCKET_RECORD];
export const SOCKET_RECORD_HEADER_BYTES = 5;

export interface SocketRecord {
  readonly kind: SocketRecordKind;
  readonly bytes: Uint8Array;
}

export function encodeSocketRecord(kind: SocketRecordKind, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(SOCKET_RECORD_HEADER_BYTES + bytes.length);
  out[0] = kind;
  new DataView(out.buffer).setUint32(1, bytes.length);
  out.set(bytes, SOCKET_RECORD_HEADER_BYTES);
  return out;
}

const encoder = new TextEncoder();
export const encodeSocketText = (text: string): Uint8Array => encodeSocketRecord(SOCKET_RECORD.text, encoder.encode(text));

/** `code` null: none was given. The reason is cut to what RFC 6455 allows. */
export function encodeSocketClose(code: number | null, reason = ""): Uint8Array {
  if (code === null) return encodeSocketRecord(SOCKET_RECORD.close, new Uint8Array(0));
  const said = encoder.encode(reason).subarray(0, 123);
  const bytes = new Uint8Array(2 + said.length);
  new DataView(bytes.buffer).setUint16(0, code);
  bytes.set(said, 2);
  return encodeSocketRecord(SOCKET_RECORD.close, bytes);
}

/** Splits a byte stream that arrives in pieces into records. Holds at most one unfinished record, and copies each byte once. */
export class SocketRecordReader {
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Bytes that must be there before looking again is worth it. */
  #wanted = SOCKET_RECORD_HEADER_BYTES;

  /** The whole records that are there now, in order; an error ends the channel. Bytes may be views of `piece`. */
  push(piece: Uint8Array): { records: SocketRecord[] } | { error: string } {
    this.#parts.push(piece);
    this.#length += piece.length;
    if (this.#length < this.#wanted) return { records: [] };
    const bytes = this.#parts.length === 1 ? piece : joined(this.#parts, this.#length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const records: SocketRecord[] = [];
    let at = 0;
    this.#wanted = SOCKET_RECORD_HEADER_BYTES;
    while (bytes.length - at >= SOCKET_RECORD_HEADER_BYTES) {
      const kind = view.getUint8(at);
      const length = view.getUint32(at + 1);
      if (kind < SOCKET_RECORD.text || kind > SOCKET_RECORD.close) return { error: "unknown record kind" };
      if (length > LIMITS.socketMessageBytes) return { error: "message too large" };
      const end = at + SOCKET_RECORD_HEADER_BYTES + length;
      if (bytes.length < end) {
        this.#wanted = end - at;
        break;
      }
      records.push({ kind: kind as SocketRecordKind, bytes: bytes.subarray(at + SOCKET_RECORD_HEADER_BYTES, end) });
      at = end;
    }
    this.#parts = at === bytes.length ? [] : [bytes.slice(at)];
    this.#length = bytes.length - at;
    return { records };
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
