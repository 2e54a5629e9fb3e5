// 100,000 hostile messages: what a broken daemon sends costs errors of known kinds, never an exception of another kind, an
// answer to the wrong call, or memory beyond the bounds.
import { describe, expect, it } from "vitest";
import { CallTable } from "../../../../relay/drivers/libvirt/rpc/calls.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { buildMessage, LENGTH_BYTES, MessageSplitter, readHeader } from "../../../../relay/drivers/libvirt/rpc/message.ts";
import { PROGRAMS } from "../../../../relay/drivers/libvirt/rpc/procedures/define.ts";
import { EVENTS } from "../../../../relay/drivers/libvirt/rpc/procedures/events.ts";
import { PROCEDURES, type ProcedureName } from "../../../../relay/drivers/libvirt/rpc/procedures.ts";
import { remoteError, type XdrType } from "../../../../relay/drivers/libvirt/rpc/types.ts";
import { XdrError, XdrReader } from "../../../../relay/drivers/libvirt/rpc/xdr.ts";
import { random } from "./arbitraries.ts";

const COUNT = process.env["FARHAND_SOAK"] === "1" ? 1_000_000 : 100_000;
const TYPES: readonly XdrType<unknown>[] = [
  ...Object.values(PROCEDURES).map((entry) => entry.result as XdrType<unknown>),
  ...Object.values(EVENTS).map((event) => event.message as XdrType<unknown>),
  remoteError,
];

/** Random words, many of them small: lengths and counts that nearly fit are what finds mistakes. */
function fillWords(bytes: Buffer, below: (n: number) => number): Buffer {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const kind = below(8);
    bytes.writeUInt32BE(kind < 4 ? below(6) : kind < 6 ? below(64) : kind === 6 ? 0xffff_ffff - below(3) : below(0xffff_ffff), at);
  }
  return bytes;
}

describe("hostile payloads", () => {
  it(`${COUNT} of them are read or refused as XDR, by each type in turn`, () => {
    const below = random(20261121);
    let refused = 0;
    for (let turn = 0; turn < COUNT; turn += 1) {
      const payload = fillWords(Buffer.allocUnsafe(below(30) * 4 + (below(4) === 0 ? below(4) : 0)), below);
      try {
        TYPES[turn % TYPES.length]!.read(new XdrReader(payload));
      } catch (error) {
        if (!(error instanceof XdrError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(COUNT / 10);
    expect(refused).toBeLessThan(COUNT);
  });
});

describe("hostile answers", () => {
  it("reach only the call that they name, and every call ends once with a result or a LibvirtError", async () => {
    const below = random(7);
    const names: ProcedureName[] = [
      "domainGetInfo",
      "domainGetXmlDesc",
      "connectListAllDomains",
      "connectGetAllDomainStats",
      "nodeGetInfo",
    ];
    const domain = { name: "vm", uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f", id: 1 };
    const args = { domain, flags: 0, need: true, domains: [], stats: 0 };
    let settled = 0;
    let wrong = 0;
    let asked = 0;
    const sent: Buffer[] = [];
    let table = new CallTable(
      (bytes) => void sent.push(bytes),
      () => undefined,
    );
    const ask = () => {
      asked += 1;
      table.call(names[below(names.length)]!, args as never).then(
        () => (settled += 1),
        (error: unknown) => (error instanceof LibvirtError ? (settled += 1) : (wrong += 1)),
      );
    };
    for (let turn = 0; turn < COUNT / 10; turn += 1) {
      ask();
      const call = readHeader(sent.shift()!.subarray(LENGTH_BYTES));
      const serial = below(50) === 0 ? below(99) : call.serial;
      const message = buildMessage(
        { ...call, type: 1, serial, status: below(3), procedure: below(100) === 0 ? 1 : call.procedure },
        (writer) => writer.fixed(fillWords(Buffer.allocUnsafe(below(20) * 4), below)),
      ).subarray(LENGTH_BYTES);
      try {
        table.reply(readHeader(message), message);
      } catch (error) {
        if (!(error instanceof XdrError)) throw error;
        table.end(new LibvirtError("protocol", "garbage"));
        table = new CallTable(
          (bytes) => void sent.push(bytes),
          () => undefined,
        );
        sent.length = 0;
      }
      if (turn % 1_000 === 0) await Promise.resolve();
    }
    table.end(new LibvirtError("disconnected", "over"));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ settled, wrong }).toEqual({ settled: asked, wrong: 0 });
  });
});

describe("hostile streams of bytes", () => {
  it("are cut into legal messages or refused, whatever the pieces", () => {
    const below = random(99);
    for (let turn = 0; turn < COUNT / 10; turn += 1) {
      const parts = Array.from({ length: 1 + below(4) }, () => {
        const message = buildMessage(
          { program: PROGRAMS.remote, procedure: below(400), type: below(7), serial: below(9), status: below(4) },
          (writer) => writer.fixed(Buffer.alloc(below(40))),
        );
        if (below(3) === 0) message[below(message.length)] = below(256);
        return message;
      });
      const bytes = Buffer.concat(parts);
      const splitter = new MessageSplitter();
      let held = 0;
      try {
        for (let at = 0; at < bytes.length;) {
          const size = 1 + below(90);
          splitter.push(bytes.subarray(at, at + size), (message) => {
            held += message.length;
            readHeader(message);
          });
          at += size;
        }
      } catch (error) {
        if (!(error instanceof XdrError)) throw error;
      }
      expect(held).toBeLessThanOrEqual(bytes.length);
    }
  });
});
