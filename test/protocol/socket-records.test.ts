// Socket records: wire literals in both directions, any cut of the stream, and hostile bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SOCKET_RECORD_HEADER_BYTES,
  SocketRecordReader,
  type SocketRecord,
} from "../../protocol/link/socket-records.ts";
import { hostileRuns } from "./hostile.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

const LITERALS: readonly [string, Uint8Array, SocketRecord["kind"], string, string][] = [
  ["text", encodeSocketText("hé"), SOCKET_RECORD.text, "68c3a9", "01 00000003 68c3a9"],
  ["empty text", encodeSocketText(""), SOCKET_RECORD.text, "", "01 00000000"],
  ["binary", encodeSocketRecord(SOCKET_RECORD.binary, new Uint8Array([0, 255])), SOCKET_RECORD.binary, "00ff", "02 00000002 00ff"],
  ["a close", encodeSocketClose(4000, "no"), SOCKET_RECORD.close, "0fa06e6f", "03 00000004 0fa0 6e6f"],
  ["a close without a code", encodeSocketClose(null), SOCKET_RECORD.close, "", "03 00000000"],
];

describe("socket records", () => {
  it.each(LITERALS)("%s is this on the wire, and comes back", (_, encoded, kind, payload, literal) => {
    expect(hex(encoded)).toBe(literal.replaceAll(" ", ""));
    expect(new SocketRecordReader().push(bytes(literal))).toEqual({ records: [{ kind, bytes: bytes(payload) }] });
  });

  it("cut a close's reason to what a frame may hold", () => {
    expect(encodeSocketClose(1000, "é".repeat(100)).length).toBe(SOCKET_RECORD_HEADER_BYTES + 2 + 123);
  });

  it.each([
    ["kind 0", "00 00000000", "unknown record kind"],
    ["an unknown kind", "04 00000000", "unknown record kind"],
    ["a length over the limit", "02 00020001", "message too large"],
  ])("refuse %s before its bytes arrive", (_, literal, error) => {
    expect(new SocketRecordReader().push(bytes(literal))).toEqual({ error });
  });

  it("of the largest message fit a window", () => {
    const record = encodeSocketRecord(SOCKET_RECORD.binary, new Uint8Array(LIMITS.socketMessageBytes));
    expect(record.length).toBeLessThanOrEqual(LIMITS.windowBytes);
    const read = new SocketRecordReader().push(record);
    expect("records" in read && read.records[0]!.bytes.length).toBe(LIMITS.socketMessageBytes);
  });

  it("come back however the stream is cut", () => {
    const message = fc.record({ kind: fc.constantFrom(1 as const, 2 as const), data: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (list, cuts) => {
        const stream = Buffer.concat(list.map(({ kind, data }) => encodeSocketRecord(kind, data)));
        const reader = new SocketRecordReader();
        const got: SocketRecord[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const piece = new Uint8Array(stream.subarray(at, at + cuts[turn % cuts.length]!));
          at += piece.length;
          const read = reader.push(piece);
          if ("error" in read) throw new Error(read.error);
          got.push(...read.records.map(({ kind, bytes: data }) => ({ kind, bytes: data.slice() })));
        }
        expect(got).toEqual(list.map(({ kind, data }) => ({ kind, bytes: data })));
      }),
      { numRuns: 1_000 },
    );
  });

  it("survive hostile bytes: records or an error, never an exception, never more than was given", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
        const reader = new SocketRecordReader();
        let given = 0;
        let got = 0;
        for (const piece of pieces) {
          given += piece.length;
          const read = reader.push(piece);
          if ("error" in read) return;
          for (const record of read.records) got += SOCKET_RECORD_HEADER_BYTES + record.bytes.length;
        }
        expect(got).toBeLessThanOrEqual(given);
      }),
      { numRuns: hostileRuns },
    );
  });
});
