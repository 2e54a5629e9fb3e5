// One person at a console: a channel of the lane on one side, a byte stream on the other, both held to their pace. Knows neither
// libvirt nor RFB. What ends one side ends the other, and frees everything.
import type { Duplex } from "node:stream";
import { consoleMessageSchema, type ConsoleMessage } from "../../../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SOCKET_RECORD_HEADER_BYTES,
  type SocketRecord,
} from "../../../../protocol/link/socket-records.ts";
import { LIMITS } from "../../../../protocol/limits.ts";
import type { Channel, ChannelEvents } from "../../../streams/contract.ts";
import { ViewerRecords } from "../../../streams/viewer-records.ts";

/** One message to the viewer. */
const PIECE_BYTES = LIMITS.socketMessageBytes / 2;
/** An emulated serial port gives some twenty bytes at a time, and each message is billed, there and back: those that follow the first are gathered. */
const GATHER_MS = 8;
const GATHER_BYTES = 16 * 1024;
const decoder = new TextDecoder("utf-8", { fatal: true });

export interface ViewerOptions {
  readonly channel: Channel;
  /** The viewer says what it has shown, and gets at most a window beyond. */
  readonly isPaced: boolean;
  /** Once, when it is over, however that came. */
  readonly onOver: (viewer: Viewer) => void;
}

export class Viewer implements ChannelEvents {
  readonly #options: ViewerOptions;
  readonly #channel: Channel;
  readonly #records = new ViewerRecords((record) => this.#record(record));
  readonly #gone = new AbortController();
  #stream: Duplex | null = null;
  #sent = 0;
  #shown = 0;
  #isFull = false;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #gathering: NodeJS.Timeout | null = null;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#channel = options.channel;
  }

  /** Aborts when it is over. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  // ---- from the channel ----

  onBody(bytes: Uint8Array): void {
    if (this.gone.aborted) return;
    const error = this.#records.push(bytes);
    if (error !== null) this.close(1002, error);
  }

  onBodyEnd(): void {
    this.close(1000, "");
  }

  onDrain(): void {
    this.#isFull = false;
    this.#goOn();
  }

  onCancel(): void {
    this.#over();
  }

  #record({ kind, bytes }: SocketRecord): void {
    if (this.gone.aborted) return;
    const taken = () => this.#channel.taken(bytes.length + SOCKET_RECORD_HEADER_BYTES);
    if (kind === SOCKET_RECORD.binary && bytes.length > 0) return void this.#stream!.write(bytes, taken);
    taken();
    if (kind === SOCKET_RECORD.close) this.close(1000, "");
    else if (kind === SOCKET_RECORD.text) this.#message(bytes);
  }

  #message(bytes: Uint8Array): void {
    let message: ConsoleMessage;
    try {
      message = consoleMessageSchema.parse(JSON.parse(decoder.decode(bytes)));
    } catch {
      return this.close(1007, "not a console message");
    }
    if (message.type !== "shown") return this.close(1007, "not a message of a viewer");
    if (message.bytes > this.#sent) return this.close(1007, "more shown than sent");
    this.#shown = Math.max(this.#shown, message.bytes);
    this.#goOn();
  }

  // ---- from what opens consoles ----

  /** The console is there: what was typed before goes in now. `why` says in words why it ended, when it did. */
  opened(stream: Duplex, why: () => Promise<string>): void {
    if (this.gone.aborted) return void stream.destroy();
    this.#stream = stream;
    this.#channel.head({ status: 101, headers: [] });
    stream.on("data", (bytes: Buffer) => this.#output(bytes));
    stream.on("error", () => undefined);
    // Nothing more will come: what was typed since is of no use.
    stream.once("end", () => stream.destroy());
    stream.once("close", () => {
      if (!this.gone.aborted) void why().then((reason) => this.ended(reason));
    });
    this.#records.open();
  }

  refuse(code: string, message: string): void {
    if (this.gone.aborted) return;
    this.#channel.refuse(code, message);
    this.#over();
  }

  ended(reason: string): void {
    if (this.gone.aborted) return;
    if (!this.#stream) return this.refuse("CONSOLE_IN_USE", reason);
    this.#giveGathered();
    this.#channel.write(encodeSocketText(JSON.stringify({ type: "ended", reason: reason.slice(0, 300) } satisfies ConsoleMessage)));
    this.close(1000, "ended");
  }

  close(code: number, reason: string): void {
    if (this.gone.aborted) return;
    if (this.#stream) {
      this.#channel.write(encodeSocketClose(code, reason));
      this.#channel.end();
    } else this.#channel.refuse("CONSOLE_UNSUPPORTED", reason || "The viewer left.");
    this.#over();
  }

  #over(): void {
    if (this.gone.aborted) return;
    this.#gone.abort();
    this.#records.drop();
    if (this.#gathering) clearTimeout(this.#gathering);
    this.#gathered = [];
    this.#stream?.destroy();
    this.#options.onOver(this);
  }

  // ---- to the viewer ----

  #output(bytes: Buffer): void {
    if (!this.#options.isPaced) return this.#give(bytes);
    if (this.#gathering === null) {
      this.#give(bytes);
      return this.#gatherOn();
    }
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= GATHER_BYTES) this.#giveGathered();
  }

  /** Until a moment passes in which nothing came. */
  #gatherOn(): void {
    this.#gathering = setTimeout(() => {
      this.#gathering = null;
      if (this.#gatheredBytes === 0) return;
      this.#giveGathered();
      this.#gatherOn();
    }, GATHER_MS);
  }

  #giveGathered(): void {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (bytes.length > 0) this.#give(bytes);
  }

  #give(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.gone.aborted; at += PIECE_BYTES)
      if (!this.#channel.write(encodeSocketRecord(SOCKET_RECORD.binary, bytes.subarray(at, at + PIECE_BYTES)))) this.#isFull = true;
    this.#sent += bytes.length;
    if (!this.#mayGoOn) this.#stream?.pause();
  }

  get #mayGoOn(): boolean {
    return !this.#isFull && (!this.#options.isPaced || this.#sent - this.#shown < LIMITS.windowBytes);
  }

  #goOn(): void {
    if (this.#mayGoOn && this.#stream?.isPaused() === true) this.#stream.resume();
  }
}
