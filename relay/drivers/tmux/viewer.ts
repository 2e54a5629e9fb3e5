// One person's look at a terminal: a channel of the lane, its messages both ways, and how much of the output it has not shown yet.
// Does not know tmux. A viewer that does not keep up holds nobody: it gets no output until it has caught up, and then the screen anew.
import { terminalMessageSchema, type OpenOf, type TerminalMessage } from "../../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SOCKET_RECORD_HEADER_BYTES,
  type SocketRecord,
} from "../../../protocol/link/socket-records.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import type { Channel, ChannelEvents } from "../../streams/contract.ts";
import { ViewerRecords } from "../../streams/viewer-records.ts";

export type StateMessage = Extract<TerminalMessage, { type: "state" }>;

/** What a viewer asks of the pane that it looks at. */
export interface Looked {
  /** Bytes that a writer typed. `taken` must be called when they were given to the terminal. */
  typed(viewer: Viewer, bytes: Uint8Array, taken: () => void): void;
  resized(viewer: Viewer): void;
  /** Wants to write from now on. */
  take(viewer: Viewer): void;
  /** Can be shown the screen again. */
  caughtUp(viewer: Viewer): void;
  left(viewer: Viewer): void;
}

/** Unshown bytes at which a viewer that fell behind is shown the screen again: so that it fits beside them. */
const CAUGHT_UP_BYTES = LIMITS.windowBytes / 4;
/** One message of output. */
const PIECE_BYTES = LIMITS.socketMessageBytes / 2;
const decoder = new TextDecoder("utf-8", { fatal: true });

export class Viewer implements ChannelEvents {
  readonly mayWrite: boolean;
  /** Its own size; that of a writer becomes the terminal's. */
  columns: number;
  rows: number;
  /** joining: waits for the screen. live: gets output. behind: gets none until it caught up. */
  phase: "joining" | "live" | "behind" | "gone" = "joining";
  /** The next screen comes with the lines above it. */
  isFirst = true;
  readonly #channel: Channel;
  readonly #records = new ViewerRecords((record) => this.#record(record));
  #looked: Looked | null = null;
  #hasHead = false;
  #sent = 0;
  #shown = 0;
  #isFull = false;

  constructor(open: OpenOf<"terminal">, channel: Channel) {
    this.mayWrite = open.mode === "write";
    this.columns = open.columns;
    this.rows = open.rows;
    this.#channel = channel;
  }

  // ---- from the channel ----

  onBody(bytes: Uint8Array): void {
    if (this.phase === "gone") return;
    const error = this.#records.push(bytes);
    if (error !== null) this.close(1002, error);
  }

  onBodyEnd(): void {
    this.close(1000, "");
  }

  onDrain(): void {
    this.#isFull = false;
    this.#lookAgain();
  }

  onCancel(): void {
    if (this.phase === "gone") return;
    this.phase = "gone";
    this.#looked?.left(this);
  }

  #record({ kind, bytes }: SocketRecord): void {
    if (this.phase === "gone") return;
    const taken = () => this.phase !== "gone" && this.#channel.taken(bytes.length + SOCKET_RECORD_HEADER_BYTES);
    if (kind === SOCKET_RECORD.binary && this.mayWrite && bytes.length > 0) return this.#looked!.typed(this, bytes, taken);
    taken();
    if (kind === SOCKET_RECORD.close) this.close(1000, "");
    else if (kind === SOCKET_RECORD.text) this.#message(bytes);
  }

  #message(bytes: Uint8Array): void {
    let message: TerminalMessage;
    try {
      message = terminalMessageSchema.parse(JSON.parse(decoder.decode(bytes)));
    } catch {
      return this.close(1007, "not a terminal message");
    }
    if (message.type === "shown") return this.#onShown(message.bytes);
    if (message.type === "resize") {
      [this.columns, this.rows] = [message.columns, message.rows];
      this.#looked!.resized(this);
    } else if (message.type === "take") this.#looked!.take(this);
    else this.close(1007, "not a message of a viewer");
  }

  #onShown(bytes: number): void {
    if (bytes > this.#sent) return this.close(1007, "more shown than sent");
    this.#shown = Math.max(this.#shown, bytes);
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.phase === "behind" && !this.#isFull && this.#sent - this.#shown <= CAUGHT_UP_BYTES) this.#looked?.caughtUp(this);
  }

  // ---- from the pane ----

  /** The pane is there: what was said before is heard now. */
  joined(looked: Looked): void {
    this.#looked = looked;
    this.#records.open();
  }

  refuse(code: string, message: string): void {
    if (this.phase === "gone") return;
    this.phase = "gone";
    this.#channel.refuse(code, message);
  }

  /** Where it cannot take it now, a viewer that is behind gets it with its next screen. */
  state(message: StateMessage): void {
    if (this.phase === "live") this.#write(encodeSocketText(JSON.stringify(message)));
  }

  /** The screen as it is now: output goes on from here. */
  screen(message: StateMessage, bytes: Uint8Array): void {
    if (this.phase === "gone") return;
    if (!this.#hasHead) this.#channel.head({ status: 101, headers: [] });
    this.#hasHead = true;
    this.phase = "live";
    this.isFirst = false;
    this.#write(encodeSocketText(JSON.stringify(message)));
    this.#bytes(bytes);
  }

  output(bytes: Uint8Array): void {
    if (this.phase !== "live") return;
    if (this.#isFull || this.#sent - this.#shown + bytes.length > LIMITS.windowBytes) this.phase = "behind";
    else this.#bytes(bytes);
  }

  ended(reason: string): void {
    if (this.phase === "gone") return;
    if (!this.#hasHead) return this.refuse("TERMINAL_NOT_FOUND", reason);
    this.#write(encodeSocketText(JSON.stringify({ type: "ended", reason: reason.slice(0, 300) } satisfies TerminalMessage)));
    this.close(1000, "ended");
  }

  close(code: number, reason: string): void {
    if (this.phase === "gone") return;
    this.phase = "gone";
    if (this.#hasHead) {
      this.#channel.write(encodeSocketClose(code, reason));
      this.#channel.end();
    } else this.#channel.refuse("TERMINAL_FAILED", reason || "The viewer left.");
    this.#looked?.left(this);
  }

  #bytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      this.#write(encodeSocketRecord(SOCKET_RECORD.binary, bytes.subarray(at, at + PIECE_BYTES)));
    this.#sent += bytes.length;
  }

  #write(record: Uint8Array): void {
    if (!this.#channel.write(record)) this.#isFull = true;
  }
}
