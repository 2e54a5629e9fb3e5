// A viewer's end of a lane's channel, without the lane: says what a browser says, and keeps what a browser would be shown.
import { randomBytes } from "node:crypto";
import type { OpenOf, TerminalMessage } from "../../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SocketRecordReader,
} from "../../../protocol/link/socket-records.ts";
import type { Channel, ChannelEvents, Serve } from "../../../relay/streams/contract.ts";
import { until } from "../exec/processes.ts";

type State = Extract<TerminalMessage, { type: "state" }>;

export class FakeViewer implements Channel {
  readonly states: State[] = [];
  readonly #reader = new SocketRecordReader();
  #events: ChannelEvents | null = null;
  #bytes: Buffer[] = [];
  /** Of all output so far, and since the last reset. */
  received = 0;
  refused: { code: string; message: string } | null = null;
  endedWith: string | null = null;
  closed = false;
  isHead = false;
  takenBytes = 0;
  sentBytes = 0;
  resets = 0;
  /** Says `shown` by itself for all that comes. */
  shows = true;
  largest = 0;

  static open(serve: Serve<"terminal">, more: Partial<OpenOf<"terminal">> = {}): FakeViewer {
    const viewer = new FakeViewer();
    viewer.#events = serve(
      {
        kind: "terminal",
        terminal: null,
        mode: "write",
        columns: 80,
        rows: 24,
        principal: "key:test",
        request_id: randomBytes(4).toString("hex"),
        detach_ms: 0,
        ...more,
      },
      viewer,
    );
    return viewer;
  }

  head(): void {
    this.isHead = true;
  }

  write(record: Uint8Array): boolean {
    this.largest = Math.max(this.largest, record.length);
    const read = this.#reader.push(record);
    if ("error" in read) throw new Error(read.error);
    for (const { kind, bytes } of read.records) {
      if (kind === SOCKET_RECORD.binary) {
        this.#bytes.push(Buffer.from(bytes));
        this.received += bytes.length;
        if (this.shows) setImmediate(() => this.say({ type: "shown", bytes: this.received }));
      } else if (kind === SOCKET_RECORD.text) this.#message(JSON.parse(Buffer.from(bytes).toString("utf8")) as TerminalMessage);
    }
    return true;
  }

  #message(message: TerminalMessage): void {
    if (message.type === "ended") this.endedWith = message.reason;
    else if (message.type === "state") {
      this.states.push(message);
      if (!message.reset) return;
      this.resets += 1;
      this.#bytes = [];
    }
  }

  end(): void {
    this.closed = true;
  }

  refuse(code: string, message: string): void {
    this.refused = { code, message };
    this.closed = true;
  }

  taken(bytes: number): void {
    this.takenBytes += bytes;
  }

  // ---- what a person does ----

  say(message: TerminalMessage): void {
    this.#send(encodeSocketText(JSON.stringify(message)));
  }

  type(text: string | Uint8Array): void {
    this.#send(encodeSocketRecord(SOCKET_RECORD.binary, typeof text === "string" ? Buffer.from(text, "utf8") : text));
  }

  raw(bytes: Uint8Array): void {
    this.#send(bytes);
  }

  leave(): void {
    this.#send(encodeSocketClose(1000));
  }

  cancel(): void {
    this.#events?.onCancel();
  }

  #send(record: Uint8Array): void {
    if (this.closed) return;
    this.sentBytes += record.length;
    this.#events?.onBody(record);
  }

  /** Output since the last reset, the screen that it began with included. */
  get text(): string {
    return Buffer.concat(this.#bytes).toString("utf8");
  }

  get state(): State {
    const state = this.states.at(-1);
    if (!state) throw new Error("no state yet");
    return state;
  }

  async ready(): Promise<this> {
    await until(() => this.states.length > 0 || this.closed, `a state; refused ${JSON.stringify(this.refused)}`);
    return this;
  }

  async sees(text: string | RegExp, what = String(text)): Promise<void> {
    const has = () => (typeof text === "string" ? this.text.includes(text) : text.test(this.text));
    await until(has, `${what} on the screen`).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it shows ${JSON.stringify(this.text.slice(-400))}`, { cause: error });
    });
  }
}
