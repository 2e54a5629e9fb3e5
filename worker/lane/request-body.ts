// A request's body on its way into a channel: read as it comes, never gathered, paused while the window is full. The first
// piece travels in the message that opens the channel.
import { LIMITS } from "../../protocol/limits.ts";
import { encodeFrames, FLAG, FRAME, frame } from "../../protocol/link/frames.ts";
import type { Upload } from "./upload.ts";

const READ_BYTES = 64 * 1024;
/** Less room than this is not worth a frame. */
const LEAST_BYTES = 4 * 1024;
const EMPTY = new Uint8Array(0);

/** `whole`: everything was passed on; `closed`: nobody wants the rest; `broken`: the client went; `large`: more than may pass. */
export type BodyEnd = "whole" | "closed" | "broken" | "large";

export interface OpenMessage {
  readonly channel: number;
  /** JSON of the open. */
  readonly open: Uint8Array;
  readonly send: (message: Uint8Array) => boolean;
}

export class RequestBody {
  readonly #request: Request;
  #reader: ReadableStreamBYOBReader | null = null;
  readonly #length: number | null;
  readonly #upload: Upload;
  #buffer = new ArrayBuffer(0);
  #read = 0;

  constructor(request: Request, upload: Upload) {
    const declared = request.headers.get("content-length");
    this.#length = declared === null ? null : Number(declared);
    this.#request = request;
    this.#upload = upload;
  }

  /** The next bytes, valid until the next call; null: the end. Rejects when the client went. */
  async #next(): Promise<Uint8Array | null> {
    const { body } = this.#request;
    if (!body || this.#read === this.#length) return null;
    if (!this.#reader) {
      this.#reader = body.getReader({ mode: "byob" });
      this.#buffer = new ArrayBuffer(READ_BYTES);
    }
    const most = Math.min(this.#buffer.byteLength, Math.max(1, this.#upload.room));
    const { done, value } = await this.#reader.read(new Uint8Array(this.#buffer, 0, most));
    if (value) this.#buffer = value.buffer;
    if (done) return null;
    this.#read += value.length;
    return value;
  }

  /**
   * Sends the open, with the whole body in the same message where it is at hand. Of a body whose length is known the first
   * piece is waited for. Null: more is to come, see {@link pass}.
   */
  async open({ channel, open, send }: OpenMessage): Promise<BodyEnd | null> {
    const isEmpty = this.#length === 0 || this.#request.body === null;
    if (isEmpty || this.#length === null) {
      send(encodeFrames([frame(FRAME.open, channel, 0, open, isEmpty ? FLAG.end : 0)]));
      return isEmpty ? "whole" : null;
    }
    if (this.#length > LIMITS.passedBodyBytes) return "large";
    const first = await this.#first().catch(() => undefined);
    if (first === undefined) return "broken";
    if (this.#upload.isClosed) return this.#stop("closed");
    const isWhole = this.#read === this.#length;
    send(encodeFrames([frame(FRAME.open, channel, 0, open), this.#upload.take(first ?? EMPTY, isWhole)]));
    return isWhole ? "whole" : null;
  }

  /** A body that fits one piece is that piece. */
  async #first(): Promise<Uint8Array | null> {
    if (this.#length === null || this.#length > READ_BYTES) return await this.#next();
    const bytes = new Uint8Array(await this.#request.arrayBuffer());
    this.#read = bytes.length;
    return bytes;
  }

  /** Passes what is left. Never rejects. */
  async pass(): Promise<BodyEnd> {
    try {
      for (;;) {
        if (!(await this.#upload.hasRoom(LEAST_BYTES))) return await this.#stop("closed");
        const bytes = await this.#next();
        if (this.#upload.isClosed) return await this.#stop("closed");
        if (!bytes) break;
        if (this.#read > LIMITS.passedBodyBytes) return await this.#stop("large");
        this.#upload.writeCopied(bytes);
      }
      this.#upload.end();
      return "whole";
    } catch {
      return "broken";
    }
  }

  /** After a reset: the relay has `received` bytes of a body that is given once more. */
  async skip(received: number): Promise<boolean> {
    while (this.#read < received) {
      const bytes = await this.#next().catch(() => null);
      if (!bytes) return false;
      if (this.#read > received) this.#upload.writeCopied(bytes.slice(bytes.length - (this.#read - received)));
    }
    return true;
  }

  async #stop(end: BodyEnd): Promise<BodyEnd> {
    await (this.#reader ?? this.#request.body)?.cancel().catch(() => {});
    return end;
  }
}
