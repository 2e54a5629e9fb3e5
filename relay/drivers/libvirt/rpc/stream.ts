// One byte stream of libvirt (console, volume, screenshot) as a Node Duplex. It has its connection to itself, so its reader's
// pace is the socket's pace and holds nobody else back. Does not open or share connections.
import { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { daemonError } from "./calls.ts";
import { LibvirtError } from "./errors.ts";
import { RPC_LIMITS } from "./limits.ts";
import { buildStreamMessage, HEADER_BYTES, MESSAGE_STATUS, MESSAGE_TYPE, type Header } from "./message.ts";
import { procedure, type StreamName } from "./procedures.ts";
import { XdrReader } from "./xdr.ts";

/** What a stream may do with its connection. */
export interface StreamPort {
  /** `sent` is called when the bytes left this process, or with the error that ended the connection. */
  send(bytes: Buffer, sent?: (error?: Error | null) => void): void;
  pause(): void;
  resume(): void;
  close(): void;
}

const EMPTY = new Uint8Array();

export class LibvirtStream extends Duplex {
  readonly #port: StreamPort;
  readonly #name: StreamName;
  readonly #serial: number;
  #confirm: ((error?: Error | null) => void) | null = null;
  #isOver = false;

  constructor(name: StreamName, serial: number, port: StreamPort) {
    // When the daemon says that there is no more, our side ends too: that is how a stream is confirmed.
    super({ allowHalfOpen: false, readableHighWaterMark: RPC_LIMITS.streamChunkBytes, writableHighWaterMark: RPC_LIMITS.streamChunkBytes });
    this.#name = name;
    this.#serial = serial;
    this.#port = port;
    // An error that nobody listens for would end the process; who reads or writes sees it all the same.
    this.on("error", () => undefined);
  }

  #message(status: number, bytes: Uint8Array): Buffer {
    const { program, number } = procedure(this.#name);
    return buildStreamMessage({ program, procedure: number, type: MESSAGE_TYPE.stream, serial: this.#serial, status }, bytes);
  }

  /** Takes a message of type stream. */
  receive(header: Header, message: Buffer): void {
    if (header.serial !== this.#serial || this.#isOver) return;
    if (header.status === MESSAGE_STATUS.error) {
      this.#isOver = true;
      return void this.destroy(this.#readError(message));
    }
    if (header.status === MESSAGE_STATUS.ok) return this.#finished();
    const bytes = message.subarray(HEADER_BYTES);
    if (bytes.length === 0) this.#endReading();
    else if (!this.readableEnded && !this.push(bytes)) this.#port.pause();
  }

  #readError(message: Buffer): LibvirtError {
    try {
      return daemonError(new XdrReader(message, HEADER_BYTES), this.#name);
    } catch (cause) {
      return new LibvirtError("protocol", "libvirt's answer is not of its type", { procedure: this.#name, cause });
    }
  }

  #endReading(): void {
    this.push(null);
    // An end that waits behind unread bytes is emitted when they were read; without any it needs a read to be noticed.
    if (this.readableLength === 0) this.read(0);
  }

  /** Both sides are done: the daemon confirmed all that was written. */
  #finished(): void {
    this.#isOver = true;
    this.#confirm?.();
    this.#confirm = null;
    if (!this.readableEnded) this.#endReading();
    this.#port.close();
  }

  /** The connection ended under the stream. */
  fail(error: LibvirtError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.destroy(new LibvirtError(error.condition, error.message, { procedure: this.#name, cause: error }));
  }

  override _read(): void {
    if (!this.#isOver) this.#port.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; at += RPC_LIMITS.streamChunkBytes) {
      const piece = chunk.subarray(at, at + RPC_LIMITS.streamChunkBytes);
      const isLast = at + piece.length === chunk.length;
      this.#port.send(this.#message(MESSAGE_STATUS.continue, piece), isLast ? done : undefined);
    }
    if (chunk.length === 0) done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isOver) return done();
    const timer = setTimeout(
      () => this.destroy(new LibvirtError("timeout", "libvirt did not confirm the end of the stream", { procedure: this.#name })),
      RPC_LIMITS.slowTimeoutMs,
    );
    this.#confirm = (error) => {
      clearTimeout(timer);
      done(error);
    };
    this.#port.send(this.#message(MESSAGE_STATUS.ok, EMPTY));
    this.#port.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isOver) {
      this.#isOver = true;
      // After the end was announced there is nothing to abort.
      if (this.#confirm === null) this.#port.send(this.#message(MESSAGE_STATUS.error, EMPTY));
    }
    this.#confirm?.(error ?? new LibvirtError("cancelled", "the stream was closed", { procedure: this.#name }));
    this.#confirm = null;
    this.#port.close();
    done(error);
  }
}

/** Everything that a stream gives, as one buffer, once the daemon confirmed its end; `protocol` beyond `maxBytes`. */
export async function gather(stream: LibvirtStream, maxBytes: number = RPC_LIMITS.gatheredStreamBytes): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let held = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    held += chunk.length;
    if (held > maxBytes) {
      stream.destroy();
      throw new LibvirtError("protocol", "the stream is longer than its bound");
    }
    chunks.push(chunk);
  }
  await finished(stream);
  return Buffer.concat(chunks);
}
