// What a viewer of a terminal or a console sends: records in order, kept until what they are for is open. At most one window
// comes before, because nothing of it is acknowledged. Knows neither terminals nor consoles.
import { SocketRecordReader, type SocketRecord } from "../../protocol/link/socket-records.ts";

export class ViewerRecords {
  readonly #reader = new SocketRecordReader();
  readonly #take: (record: SocketRecord) => void;
  #early: SocketRecord[] | null = [];

  /** `take` is called with each record, in order, once it is open. */
  constructor(take: (record: SocketRecord) => void) {
    this.#take = take;
  }

  /** Null, or what is wrong with the bytes. */
  push(bytes: Uint8Array): string | null {
    const read = this.#reader.push(bytes);
    if ("error" in read) return read.error;
    for (const record of read.records) {
      if (this.#early) this.#early.push(record);
      else this.#take(record);
    }
    return null;
  }

  /** What came before goes in now, what comes from now on at once. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const record of early) this.#take(record);
  }

  /** Lets go of what was kept; nothing of it is taken any more. */
  drop(): void {
    this.#early = null;
  }
}
