// A client's WebSocket, or a viewer's terminal or console, on a channel: messages become socket records and back. The socket hibernates:
// what goes on after a sleep is in its attachment.
import { LIMITS } from "../../protocol/limits.ts";
import { ReceiveWindow } from "../../protocol/link/channel.ts";
import { encodeFrames, FLAG, FRAME, frame } from "../../protocol/link/frames.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  SOCKET_RECORD,
  SOCKET_RECORD_HEADER_BYTES,
  SocketRecordReader,
  type SocketRecord,
} from "../../protocol/link/socket-records.ts";
import type { Reader } from "../auth/reader.ts";
import { WINDOW_BYTES, type Lane, type LaneChannel } from "./channel.ts";
import { Upload } from "./upload.ts";

export const CLIENT_TAG = "client";

/** At most 16 KiB. */
export interface ClientAttachment {
  readonly channel: number;
  /** Bytes of the relay's records that were handed to the client. */
  readonly taken: number;
  /** Bytes of the client's records that were sent. */
  readonly sent: number;
  readonly reader: Reader | null;
}

/** RFC 6455. */
const CODE = {
  normal: 1000,
  protocol: 1002,
  invalidText: 1007,
  refused: 1008,
  tooLarge: 1009,
  failed: 1011,
  restart: 1012,
  later: 1013,
} as const;
const NO_CODE = 1005;
const ABNORMAL = 1006;
const REASON_CHARS = 100;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A code that may be put in a close frame; those that say that there was none, or that are nobody's to send, may not. */
function sendable(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= CODE.normal && code <= 1014 && ![1004, NO_CODE, ABNORMAL].includes(code);
}

export class ClientSocket implements LaneChannel {
  readonly id: number;
  readonly reader: Reader | null;
  readonly #ws: WebSocket;
  readonly #lane: Lane;
  readonly #upload: Upload;
  readonly #window: ReceiveWindow;
  readonly #records = new SocketRecordReader();
  /** Records of the client that wait for the window. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The client's close, for the relay. */
  #goodbye: Uint8Array | null = null;
  /** The reader was found to be allowed since the object began, or since it last dozed: until then nothing passes. */
  #isProven: boolean;
  #taken: number;
  #asked = -1;
  #isOver = false;

  /** `upload` and `window` of a channel that was just opened; without them the object slept. */
  constructor(ws: WebSocket, lane: Lane, at: ClientAttachment, upload?: Upload, window?: ReceiveWindow) {
    this.#isProven = upload !== undefined;
    this.id = at.channel;
    this.reader = at.reader;
    this.#ws = ws;
    this.#lane = lane;
    this.#taken = at.taken;
    this.#upload = upload ?? new Upload(at.channel, (message) => lane.send(message), at.sent);
    this.#window = window ?? new ReceiveWindow(at.taken, WINDOW_BYTES);
  }

  save(): void {
    const at: ClientAttachment = { channel: this.id, taken: this.#taken, sent: this.#upload.next, reader: this.reader };
    this.#ws.serializeAttachment(at);
  }

  // ---- from the client ----

  /** The platform cannot hold a client back, so what does not fit the window waits here, within a bound of the lane. */
  message(message: string | ArrayBuffer): void {
    if (this.#isOver) return;
    const bytes = typeof message === "string" ? encoder.encode(message) : new Uint8Array(message);
    if (bytes.length > LIMITS.socketMessageBytes) return this.#stop(CODE.tooLarge, "the message is too large");
    const record = encodeSocketRecord(typeof message === "string" ? SOCKET_RECORD.text : SOCKET_RECORD.binary, bytes);
    if (this.#isProven && this.#pending.length === 0 && record.length <= this.#upload.room) {
      this.#upload.writeCopied(record);
      this.save();
    } else this.#wait(record);
  }

  #wait(record: Uint8Array): void {
    this.#pending.push(record);
    this.#pendingBytes += record.length;
    this.#lane.waiting.bytes += record.length;
    if (this.#lane.waiting.bytes > LIMITS.socketsWaitingBytes) this.#stop(CODE.later, "more was sent than the host takes");
  }

  #drain(): void {
    if (!this.#isProven) return;
    let sent = 0;
    while (sent < this.#pending.length && this.#pending[sent]!.length <= this.#upload.room) {
      const record = this.#pending[sent++]!;
      this.#upload.writeCopied(record);
      this.#pendingBytes -= record.length;
      this.#lane.waiting.bytes -= record.length;
    }
    if (sent === 0) return;
    this.#pending.splice(0, sent);
    this.save();
    if (this.#goodbye) this.#sayGoodbye();
  }

  /** The client closed, or is gone. */
  closed(code: number, reason: string): void {
    if (this.#isOver) return;
    const record = encodeSocketClose(code === NO_CODE ? null : code, reason);
    if (code === ABNORMAL) return this.cancel();
    this.#goodbye = record;
    this.#answerClose(code, reason);
    this.#sayGoodbye();
  }

  /** The close goes after everything that the client said before it. */
  #sayGoodbye(): void {
    if (!this.#goodbye || this.#pending.length > 0 || this.#goodbye.length > this.#upload.room) return;
    this.#upload.write(this.#goodbye, true);
    this.#leave();
  }

  // ---- from the relay ----

  headed(): boolean {
    return true;
  }

  data(offset: number, bytes: Uint8Array): boolean {
    // What comes before the reader is proven is asked for again then.
    if (this.#isOver || !this.#isProven) return true;
    if (offset > this.#window.next) {
      if (this.#asked !== this.#window.next) this.#attach();
      return true;
    }
    const fresh = this.#window.take(offset, bytes);
    if ("error" in fresh) return false;
    // The reader may keep a part of it for longer than the message lives.
    this.feed(fresh.slice());
    return true;
  }

  /** New bytes, in order: hands on the records that they complete. */
  feed(bytes: Uint8Array): void {
    const read = this.#records.push(bytes);
    if ("error" in read) return this.#stop(CODE.failed, "the host sent what is no message");
    for (const record of read.records) {
      this.#taken += SOCKET_RECORD_HEADER_BYTES + record.bytes.length;
      if (!this.#isOver) this.#deliver(record);
    }
    if (this.#isOver) return;
    if (this.#taken - this.#window.acked >= LIMITS.ackEveryBytes)
      this.#lane.send(encodeFrames([frame(FRAME.ack, this.id, this.#window.ack(this.#taken))]));
    this.save();
  }

  #deliver({ kind, bytes }: SocketRecord): void {
    try {
      if (kind === SOCKET_RECORD.text) this.#ws.send(decoder.decode(bytes));
      else if (kind === SOCKET_RECORD.binary) this.#ws.send(bytes);
      else this.#closeAsTold(bytes);
    } catch (error) {
      // Text that is none, or a socket that is closing: its close event follows.
      if (error instanceof TypeError) this.#stop(CODE.invalidText, "the message is not UTF-8");
    }
  }

  #closeAsTold(bytes: Uint8Array): void {
    const code = bytes.length >= 2 ? new DataView(bytes.buffer, bytes.byteOffset).getUint16(0) : NO_CODE;
    this.#leave();
    // The relay's channel is over when this side has said so too.
    this.#lane.send(encodeFrames([frame(FRAME.data, this.id, this.#upload.next, new Uint8Array(0), FLAG.end)]));
    this.#answerClose(code, new TextDecoder().decode(bytes.subarray(2)));
  }

  ended(_offset: number, _isBroken: boolean): boolean {
    if (!this.#isOver && this.#isProven) this.#end(CODE.failed, "the service broke off");
    return true;
  }

  acked(offset: number): boolean {
    if (!this.#upload.acked(offset)) return false;
    this.#drain();
    return true;
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  /** The object stops asking for the reader: from now on nothing passes before it has asked again. */
  doubt(): void {
    this.#isProven = false;
  }

  proven(): void {
    if (this.#isProven || this.#isOver) return;
    this.#isProven = true;
    this.#attach();
    this.#drain();
  }

  flush(): void {
    // Records are handed on as they come.
  }

  linked(received: number | null): void {
    if (received === null || !this.#upload.resume(received)) this.#stop(CODE.restart, "the connection to the host was lost");
    else {
      this.#attach();
      this.#drain();
    }
  }

  #attach(): void {
    this.#asked = this.#window.next;
    this.#lane.send(encodeFrames([frame(FRAME.attach, this.id, this.#window.next)]));
  }

  // ---- the end ----

  fail(): void {
    this.#end(CODE.restart, "the connection to the host was lost");
  }

  /** The reader may not any more. */
  revoke(): void {
    this.#stop(CODE.refused, "you are not allowed to do this any more");
  }

  /** The relay sent what it may not. */
  breakOff(): void {
    this.#stop(CODE.failed, "the host broke the protocol");
  }

  cancel(): void {
    this.#stop(CODE.failed, "");
  }

  #stop(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#lane.send(encodeFrames([frame(FRAME.cancel, this.id, 0)]));
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#leave();
    this.#answerClose(code, reason);
  }

  #leave(): void {
    this.#isOver = true;
    this.#lane.waiting.bytes -= this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#upload.close();
    this.#lane.over(this);
  }

  #answerClose(code: number, reason: string): void {
    try {
      if (code === NO_CODE) this.#ws.close();
      else this.#ws.close(sendable(code) ? code : CODE.protocol, reason.slice(0, REASON_CHARS));
    } catch {
      // It is closed already, or the reason is longer as bytes than a frame may hold.
      try {
        this.#ws.close(sendable(code) ? code : CODE.protocol);
      } catch {
        // Closed.
      }
    }
  }
}
