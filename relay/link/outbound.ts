// What leaves on one socket. Frames of one turn of the event loop travel in one message (messages are billed), at the
// latest when 16 KiB are together.
import type { WebSocket } from "ws";
import type { RelayMessage } from "../../protocol/link/control.ts";
import { encodeFrames, HEADER_BYTES, type Frame } from "../../protocol/link/frames.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Uplink } from "../jobs/reports.ts";

const FLUSH_BYTES = 16 * 1024;

export class Outbound implements Uplink {
  readonly #socket: WebSocket;
  #frames: Frame[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
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
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
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
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(message);
  }
}
