// A viewer's end of a console's channel, without the lane: says what a browser says, and keeps what it would be given.
import type { ConsoleMessage, OpenOf } from "../../../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SocketRecordReader,
} from "../../../../protocol/link/socket-records.ts";
import type { Channel, ChannelEvents, Serve } from "../../../../relay/streams/contract.ts";
import { until } from "../../../fixtures/until.ts";

export class FakeViewer implements Channel {
  readonly #reader = new SocketRecordReader();
  #events: ChannelEvents | null = null;
  readonly bytes: Buffer[] = [];
  received = 0;
  taken_ = 0;
  typed = 0;
  refused: { code: string; message: string } | null = null;
  endedWith: string | null = null;
  closeCode: number | null = null;
  isOpen = false;
  isOver = false;
  /** Says `shown` by itself for all that comes. */
  shows = true;
  /** What `write` answers. */
  hasRoom = true;

  static open(serve: Serve<"console">, vm: string, more: Partial<OpenOf<"console">> = {}): FakeViewer {
    const viewer = new FakeViewer();
    const open = {
      kind: "console",
      vm,
      console: "serial",
      take_over: false,
      principal: "key:test",
      request_id: "r",
      detach_ms: 0,
    } as const;
    if (more.console === "screen") viewer.shows = false;
    viewer.#events = serve({ ...open, ...more }, viewer);
    return viewer;
  }

  head(): void {
    this.isOpen = true;
  }

  write(record: Uint8Array): boolean {
    const read = this.#reader.push(record);
    if ("error" in read) throw new Error(read.error);
    for (const { kind, bytes } of read.records) {
      if (kind === SOCKET_RECORD.binary) {
        this.bytes.push(Buffer.from(bytes));
        this.received += bytes.length;
        if (this.shows) setImmediate(() => this.say({ type: "shown", bytes: this.received }));
      } else if (kind === SOCKET_RECORD.close) this.closeCode = Buffer.from(bytes).readUInt16BE(0);
      else this.endedWith = (JSON.parse(Buffer.from(bytes).toString("utf8")) as { reason: string }).reason;
    }
    return this.hasRoom;
  }

  end(): void {
    this.isOver = true;
  }

  refuse(code: string, message: string): void {
    this.refused = { code, message };
    this.isOver = true;
  }

  taken(bytes: number): void {
    this.taken_ += bytes;
  }

  // ---- what a person does ----

  say(message: ConsoleMessage | { type: string }): void {
    this.raw(encodeSocketText(JSON.stringify(message)));
  }

  type(text: string | Uint8Array): void {
    const record = encodeSocketRecord(SOCKET_RECORD.binary, typeof text === "string" ? Buffer.from(text, "utf8") : text);
    this.typed += record.length;
    this.raw(record);
  }

  raw(bytes: Uint8Array): void {
    if (!this.isOver) this.#events?.onBody(bytes);
  }

  drain(): void {
    this.hasRoom = true;
    this.#events?.onDrain();
  }

  leave(): void {
    this.raw(encodeSocketClose(1000));
  }

  /** The lane ends it: the link or the right is gone. */
  cancel(): void {
    this.isOver = true;
    this.#events?.onCancel();
  }

  get text(): string {
    return Buffer.concat(this.bytes).toString("latin1");
  }

  async opened(): Promise<this> {
    await until("the console", () => this.isOpen || this.isOver);
    if (!this.isOpen) throw new Error(`refused: ${JSON.stringify(this.refused)}`);
    return this;
  }

  async sees(text: string, ms?: number): Promise<void> {
    await until(`${text} on the console`, () => this.text.includes(text), ms).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it shows ${JSON.stringify(this.text.slice(-300))}`, { cause: error });
    });
  }
}
