// The envelope of libvirt's RPC: a length word, six words of header, a payload. Builds and reads it; does not know who sends.
import { RPC_LIMITS } from "./limits.ts";
import { PROGRAM_VERSION, PROGRAMS } from "./procedures/define.ts";
import { XdrError, XdrWriter } from "./xdr.ts";

export const MESSAGE_TYPE = { call: 0, reply: 1, event: 2, stream: 3 } as const;
export const MESSAGE_STATUS = { ok: 0, error: 1, continue: 2 } as const;

export const LENGTH_BYTES = 4;
export const HEADER_BYTES = 24;
const PREFIX_BYTES = LENGTH_BYTES + HEADER_BYTES;

export interface Header {
  readonly program: number;
  readonly procedure: number;
  /** Of MESSAGE_TYPE. */
  readonly type: number;
  readonly serial: number;
  /** Of MESSAGE_STATUS. */
  readonly status: number;
}

/** `message` is without its length word. Throws XdrError for what is not a message of this protocol. */
export function readHeader(message: Buffer): Header {
  if (message.length < HEADER_BYTES) throw new XdrError("the message is shorter than its header");
  if (message.readUInt32BE(4) !== PROGRAM_VERSION) throw new XdrError("not a version of the protocol");
  return {
    program: message.readUInt32BE(0),
    procedure: message.readInt32BE(8),
    type: message.readUInt32BE(12),
    serial: message.readUInt32BE(16),
    status: message.readUInt32BE(20),
  };
}

function writeHeader(bytes: Buffer, header: Header): Buffer {
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(header.program, 4);
  bytes.writeUInt32BE(PROGRAM_VERSION, 8);
  bytes.writeInt32BE(header.procedure, 12);
  bytes.writeUInt32BE(header.type, 16);
  bytes.writeUInt32BE(header.serial, 20);
  bytes.writeUInt32BE(header.status, 24);
  return bytes;
}

/** A whole message whose payload `write` puts in. Throws XdrError when a value does not fit its type. */
export function buildMessage(header: Header, write: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter(PREFIX_BYTES);
  write(writer);
  return writeHeader(writer.finish(), header);
}

/** A whole message around bytes of a stream, at most RPC_LIMITS.streamChunkBytes; copies them. */
export function buildStreamMessage(header: Header, bytes: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
  message.set(bytes, PREFIX_BYTES);
  return writeHeader(message, header);
}

/** Pings and pongs are events of the keepalive program. */
export const KEEPALIVE = { ping: 1, pong: 2 } as const;

export function buildKeepalive(procedure: number): Buffer {
  const header = { program: PROGRAMS.keepalive, procedure, type: MESSAGE_TYPE.event, serial: 0, status: MESSAGE_STATUS.ok };
  return buildMessage(header, () => undefined);
}

/**
 * Cuts a byte stream into messages. Whole messages within one chunk are views of it; one that arrives in pieces is gathered in a
 * buffer that doubles as bytes arrive. Throws XdrError for a length that is not legal; it must not be used after that.
 */
export class MessageSplitter {
  #partial: Buffer | null = null;
  #held = 0;

  /** Calls `take` for each message (without its length word), in order. What `take` throws ends the push, and the splitter with it. */
  push(chunk: Buffer, take: (message: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length) at = this.#partial === null ? this.#fromChunk(chunk, at, take) : this.#gather(chunk, at, take);
  }

  #fromChunk(chunk: Buffer, at: number, take: (message: Buffer) => void): number {
    const left = chunk.length - at;
    if (left >= LENGTH_BYTES) {
      const length = legalLength(chunk.readUInt32BE(at));
      if (length <= left) {
        take(chunk.subarray(at + LENGTH_BYTES, at + length));
        return at + length;
      }
    }
    this.#partial = Buffer.allocUnsafe(Math.max(left * 2, 256));
    chunk.copy(this.#partial, 0, at);
    this.#held = left;
    return chunk.length;
  }

  #gather(chunk: Buffer, at: number, take: (message: Buffer) => void): number {
    const length = this.#held < LENGTH_BYTES ? LENGTH_BYTES : legalLength(this.#partial!.readUInt32BE(0));
    const count = Math.min(length - this.#held, chunk.length - at);
    this.#reserve(this.#held + count, length);
    chunk.copy(this.#partial!, this.#held, at, at + count);
    this.#held += count;
    if (this.#held > LENGTH_BYTES && this.#held === length) {
      const message = this.#partial!.subarray(LENGTH_BYTES, length);
      this.#partial = null;
      this.#held = 0;
      take(message);
    }
    return at + count;
  }

  #reserve(needed: number, length: number): void {
    if (needed <= this.#partial!.length) return;
    const doubled = Math.max(needed, this.#partial!.length * 2, RPC_LIMITS.messageBufferBytes);
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(doubled, length)));
    this.#partial!.copy(grown, 0, 0, this.#held);
    this.#partial = grown;
  }
}

function legalLength(length: number): number {
  if (length < PREFIX_BYTES || length > RPC_LIMITS.messageBytes + LENGTH_BYTES) throw new XdrError("not the length of a message");
  return length;
}
