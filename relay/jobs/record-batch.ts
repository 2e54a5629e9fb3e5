// Records on their way into a batch: made from events, measured, and neighbours of one stream joined. No I/O.
import { RECORD, RECORD_HEADER_BYTES, type JobEvent, type RawRecord } from "../../protocol/link/records.ts";

const encoder = new TextEncoder();

export const eventRecord = (event: JobEvent): RawRecord => ({
  kind: RECORD.event,
  offset: 0,
  bytes: encoder.encode(JSON.stringify(event)),
});

/** Bytes that a record takes in a channel. */
export const sizeOf = (record: RawRecord): number => RECORD_HEADER_BYTES + record.bytes.length;

/** The same records, with runs of one stream, which continue each other, as one. */
export function merged(records: RawRecord[]): RawRecord[] {
  if (records.length < 3) return records;
  const out: RawRecord[] = [];
  for (let index = 0; index < records.length;) {
    const first = records[index]!;
    let next = index + 1;
    if (first.kind !== RECORD.event) while (records[next]?.kind === first.kind) next += 1;
    const run = records.slice(index, next);
    out.push(run.length === 1 ? first : { ...first, bytes: Buffer.concat(run.map((record) => record.bytes)) });
    index = next;
  }
  return out;
}
