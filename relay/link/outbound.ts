// What leaves on one socket. Frames of one turn of the event loop travel in one message (messages are billed), at the
// latest when 16 KiB are together.
import type { WebSocket } from "ws";
import type { RelayMessage } from "../../protocol/link/control.ts";
import { encodeFrames, HEADER_BYTES, type Frame } from "../../protocol/link/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Uplink } from "../jobs/reports.ts";

const FLUSH_BYTES = 16 * 1024;
const CLOGGED_BYTES = 16 * 1024 * 1024;
/** More than all windows together: what still waits then is no honest peer's. */
const MOST_BYTES = 2 * LIMITS.slots * LIMITS.jobWindowBytes;

export class Outbound implements Uplink {
  readonly #socket: WebSocket;
  #frames: Frame[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isClogged(): boolean {
    return this.#socket.bufferedAmount > CLOGGED_BYTES;
  }

  frames(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const size = HEADER_BYTES + frame.bytes.length;
      if (this.#bytes + size > LIMITS.binaryMessageBytes || this.#frames.length >= LIMITS.framesPerMessage) this.#flush();
      this.#frames.push(frame);
      this.#bytes += size;
    }
    if (this.#bytes >= FLUSH_BYTES) this.#flush();
    else this.#schedule();
  }

  message(message: RelayMessage): void {
    this.#flush();
    this.text(JSON.stringify(message));
  }

  text(text: string): void {
    this.#send(text);
  }

  #send(message: string | Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_BYTES) this.#socket.terminate();
    else this.#socket.send(message);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#frames.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#frames.length === 0) return;
    const message = encodeFrames(this.#frames);
    this.#frames = [];
    this.#bytes = 0;
    this.#send(message);
  }
}
