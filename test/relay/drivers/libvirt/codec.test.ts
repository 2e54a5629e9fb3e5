// The RPC codec: wire literals, round trips, messages in any pieces, hostile lengths.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildKeepalive, buildMessage, LENGTH_BYTES, MessageSplitter, readHeader } from "../../../../relay/drivers/libvirt/rpc/message.ts";
import { PROGRAMS } from "../../../../relay/drivers/libvirt/rpc/procedures/define.ts";
import { EVENTS } from "../../../../relay/drivers/libvirt/rpc/procedures/events.ts";
import { PROCEDURES } from "../../../../relay/drivers/libvirt/rpc/procedures.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import * as t from "../../../../relay/drivers/libvirt/rpc/types.ts";
import { XdrError, XdrReader, XdrWriter } from "../../../../relay/drivers/libvirt/rpc/xdr.ts";
import { domainRef, parameter, text } from "./arbitraries.ts";

function roundTrip<T>(type: t.XdrType<T>, value: T): T {
  const writer = new XdrWriter();
  type.write(writer, value);
  const reader = new XdrReader(writer.finish());
  const read = type.read(reader);
  reader.end();
  return read;
}

const header = { program: PROGRAMS.remote, procedure: 14, type: 0, serial: 7, status: 0 };

describe("the wire", () => {
  it("is what libvirt documents", () => {
    const domain = { name: "vm", uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f", id: -1 };
    const bytes = buildMessage(header, (writer) => PROCEDURES.domainGetXmlDesc.args.write(writer, { domain, flags: 2 }));
    const words = ["0000003c", "20008086", "00000001", "0000000e", "00000000", "00000007", "00000000", "00000002", "766d0000"];
    expect(bytes.toString("hex")).toBe([...words, "000102030405060708090a0b0c0d0e0f", "ffffffff", "00000002"].join(""));
    const ping = ["0000001c", "6b656570", "00000001", "00000001", "00000002", "00000000", "00000000"];
    expect(buildKeepalive(1).toString("hex")).toBe(ping.join(""));
  });

  it("reads a false boolean, a null pointer and libvirt's unlimited", () => {
    const reader = new XdrReader(Buffer.from("0000000000000000ffffffffffffffff", "hex"));
    expect([t.flag.read(reader), t.optional(t.string).read(reader), t.unsignedHyper.read(reader)]).toEqual([false, null, 2 ** 64]);
  });

  it("names errors by number", () => {
    const error = new LibvirtError("daemon", "Domain not found", { number: 42, domain: 10 });
    expect([error.libvirtError, error.libvirtDomain]).toEqual(["NO_DOMAIN", "QEMU"]);
    expect(new LibvirtError("daemon", "", { number: 4711, domain: 999 }).libvirtError).toBe("ERROR_4711");
  });
});

describe("values", () => {
  it.each([
    ["domains", t.domain, domainRef],
    ["snapshots", t.snapshot, fc.record({ name: text, domain: domainRef })],
    ["typed parameters", t.list(t.typedParameter), fc.array(parameter, { maxLength: 5 })],
    ["optional text", t.optional(t.string), fc.option(text)],
  ] as [string, t.XdrType<unknown>, fc.Arbitrary<unknown>][])("%s come back as they went", (_name, type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(roundTrip(type, value)).toEqual(value);
      }),
    );
  });

  it("of any length come back as they went, wherever the buffer grows", () => {
    const type = t.struct({
      text: t.string,
      int: t.int,
      uint: t.uint,
      hyper: t.hyper,
      size: t.unsignedHyper,
      double: t.double,
      domain: t.domain,
    });
    const domain = { name: "vm", uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f", id: 1 };
    for (let length = 400; length < 1_100; length += 1) {
      const value = { text: "x".repeat(length), int: -2, uint: 3, hyper: -4, size: 5, double: 0.5, domain };
      expect(roundTrip(type, value)).toEqual(value);
    }
  });

  it("that do not fit are refused before anything is sent", () => {
    const refuse = <T>(type: t.XdrType<T>, value: T) => expect(() => type.write(new XdrWriter(), value)).toThrow(XdrError);
    refuse(t.int, 2 ** 31);
    refuse(t.uint, -1);
    refuse(t.unsignedHyper, 2 ** 60);
    refuse(t.hyper, 0.5);
    refuse(t.uuid, "not a uuid");
    refuse(t.list(t.int, 2), [1, 2, 3]);
    refuse(t.string, "x".repeat(4 * 1024 * 1024 + 1));
  });

  it("a false count or length costs an error, not memory", () => {
    const read = (hex: string, type: t.XdrType<unknown>) => () => type.read(new XdrReader(Buffer.from(hex, "hex")));
    expect(read("ffffffff", t.string)).toThrow(XdrError);
    expect(read("00400000", t.string)).toThrow(XdrError);
    expect(read("0003ffff00000000", t.list(t.domain))).toThrow(XdrError);
    expect(read("000000", t.int)).toThrow(XdrError);
    expect(read("0000000300000000", t.typedParameter)).toThrow(XdrError);
  });
});

describe("the table", () => {
  const all = [
    ...Object.entries(PROCEDURES),
    ...Object.entries(EVENTS).map(([name, event]) => [name, { ...event, program: PROGRAMS.remote, number: event.procedure }] as const),
  ];

  it("has each number once", () => {
    const numbers = all.map(([, { program, number }]) => `${program}/${number}`);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("has each event id once", () => {
    const ids = Object.values(EVENTS).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("messages", () => {
  const messages = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      buildMessage({ ...header, serial: index }, (writer) => writer.string("x".repeat(index * 37))),
    );

  it("arrive whole from any pieces", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }),
        (count, sizes) => {
          const sent = messages(count);
          const bytes = Buffer.concat(sent);
          const got: string[] = [];
          const splitter = new MessageSplitter();
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length]!;
            splitter.push(bytes.subarray(at, at + size), (message) => got.push(message.toString("hex")));
            at += size;
          }
          expect(got).toEqual(sent.map((message) => message.subarray(LENGTH_BYTES).toString("hex")));
        },
      ),
    );
  });

  it("of 8 MiB arrive from pieces of a byte and more without a copy for each", () => {
    const big = buildMessage(header, (writer) => {
      writer.fixed(Buffer.alloc(8 << 20, 7));
    });
    const splitter = new MessageSplitter();
    let got = 0;
    for (let at = 0; at < big.length; at += at < 200 ? 1 : 61)
      splitter.push(big.subarray(at, at + (at < 200 ? 1 : 61)), (message) => (got = message.length));
    expect(got).toBe(big.length - LENGTH_BYTES);
  });

  it.each(["00000000", "0000001b", "02000005", "ffffffff", "47455420"])("with the length %s are refused", (length) => {
    expect(() => new MessageSplitter().push(Buffer.from(length + "00".repeat(40), "hex"), () => undefined)).toThrow(XdrError);
    const slow = new MessageSplitter();
    expect(() => {
      for (const byte of Buffer.from(length + "00".repeat(40), "hex")) slow.push(Buffer.from([byte]), () => undefined);
    }).toThrow(XdrError);
  });

  it("of another version are refused", () => {
    const bytes = buildMessage(header, () => undefined).subarray(LENGTH_BYTES);
    bytes.writeUInt32BE(2, 4);
    expect(() => readHeader(bytes)).toThrow(XdrError);
    expect(() => readHeader(bytes.subarray(0, 23))).toThrow(XdrError);
  });
});
