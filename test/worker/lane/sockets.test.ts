// Clients' WebSockets and terminals through a lane: messages to records and back, over hibernation, cuts and hostile peers.
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { FLAG, FRAME, frame } from "../../../protocol/link/frames.ts";
import { encodeHead, type OpenOf } from "../../../protocol/link/lane.ts";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SocketRecordReader,
  type SocketRecord,
} from "../../../protocol/link/socket-records.ts";
import { eventually } from "../host/scripted-relay.ts";
import { ask, bytesOf, hibernate, refusalIn } from "./exchanges.ts";
import { newLane, ScriptedLane, type LaneUnderTest } from "./scripted-lane.ts";

const OPEN: OpenOf<"socket"> = {
  kind: "socket",
  service: "live",
  path: "/ws?x=1",
  headers: [],
  principal: "key:test",
  request_id: "req-1",
  detach_ms: 30_000,
};

class Client {
  readonly ws: WebSocket;
  readonly heard: (string | Uint8Array)[] = [];
  closed: { code: number; reason: string } | null = null;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("message", ({ data }) => {
      this.heard.push(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    });
    ws.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    ws.accept({ allowHalfOpen: false });
  }

  heardAll = (count: number) => eventually(() => this.heard.length >= count, `${count} messages, have ${this.heard.length}`);
  closedWith = () => eventually(() => this.closed, "the client's close");
}

interface Open {
  readonly lane: LaneUnderTest;
  readonly relay: ScriptedLane;
  readonly channel: number;
  readonly client: Client;
}

async function open(headers: [string, string][] = []): Promise<Open> {
  const lane = newLane();
  const relay = await ScriptedLane.connect(lane);
  const asked = ask(lane, { open: OPEN, headers: { upgrade: "websocket" } });
  const { channel } = await relay.opened();
  relay.send(relay.head(channel, 101, headers));
  const response = await asked;
  expect(response.status).toBe(101);
  return { lane, relay, channel, client: new Client(response.webSocket!) };
}

/** What the relay got of the client's messages. */
function records({ relay, channel }: Pick<Open, "relay" | "channel">): SocketRecord[] {
  const read = new SocketRecordReader().push(relay.body(channel).bytes);
  if ("error" in read) throw new Error(read.error);
  return read.records;
}

const text = ({ bytes }: SocketRecord) => new TextDecoder().decode(bytes);

describe("a client's socket", () => {
  it("passes messages both ways as they are, also the lane's own heartbeat words of others", async () => {
    const opened = await open([["sec-websocket-protocol", "chat"]]);
    const { relay, channel, client } = opened;
    client.ws.send("héllo");
    client.ws.send(new Uint8Array([0, 255, 10]));
    client.ws.send("");
    client.ws.send("ping");
    await eventually(() => records(opened).length === 4, "four records");
    const got = records(opened);
    expect(got.map(({ kind }) => kind)).toEqual([1, 2, 1, 1]);
    expect(text(got[0]!)).toBe("héllo");
    expect([...got[1]!.bytes]).toEqual([0, 255, 10]);
    expect(text(got[3]!)).toBe("ping");
    const all = Buffer.concat([
      encodeSocketText("ä€😀"),
      encodeSocketRecord(SOCKET_RECORD.binary, new Uint8Array([1, 2])),
      encodeSocketText(""),
    ]);
    for (const byte of all) relay.send(relay.data(channel, new Uint8Array([byte])));
    await client.heardAll(3);
    expect(client.heard).toEqual(["ä€😀", new Uint8Array([1, 2]), ""]);
  });

  it("that sends faster than the relay takes waits, and loses nothing", async () => {
    const opened = await open();
    const { relay, channel, client } = opened;
    const piece = new Uint8Array(64 * 1024).fill(7);
    for (let i = 0; i < 20; i++) client.ws.send(piece.with(0, i));
    await eventually(() => relay.body(channel).bytes.length >= 3 * 65_541, "a window");
    expect(relay.body(channel).bytes.length).toBeLessThanOrEqual(LIMITS.windowBytes);
    for (;;) {
      const { length } = relay.body(channel).bytes;
      relay.send(frame(FRAME.ack, channel, length));
      if (length === 20 * 65_541) break;
      await eventually(() => relay.body(channel).bytes.length > length, `more than ${length}`);
    }
    expect(records(opened).map(({ bytes }) => bytes[0])).toEqual([...Array(20).keys()]);
  });

  it("survives the object's sleep in both directions, with what the relay has", async () => {
    const opened = await open();
    const { lane, relay, channel, client } = opened;
    client.ws.send("before");
    await eventually(() => records(opened).length === 1, "a record");
    relay.send(relay.data(channel, encodeSocketText("one")));
    await client.heardAll(1);
    await hibernate(lane);
    client.ws.send("after");
    await eventually(() => records(opened).length === 2, "a record after the sleep");
    expect(records(opened).map(text)).toEqual(["before", "after"]);
    relay.send(relay.data(channel, encodeSocketText("two")));
    await client.heardAll(2);
    expect(client.heard).toEqual(["one", "two"]);
    client.ws.close(1000, "bye");
    await eventually(() => records(opened).length === 3, "the close");
  });

  it("goes on after a cut of the link, in the middle of a record", async () => {
    const opened = await open();
    const { lane, relay, channel, client } = opened;
    const record = encodeSocketText("in two parts");
    relay.send(relay.data(channel, record.subarray(0, 7)));
    relay.close();
    client.ws.send("while it was cut");
    const again = await ScriptedLane.connect(lane, { channels: [{ channel, received: 0 }] });
    expect(again.welcome!.channels).toContain(channel);
    const wanted = await again.heardOf(channel, FRAME.attach);
    again.offsets.set(channel, wanted.offset);
    again.send(again.head(channel, 101), again.data(channel, record.subarray(wanted.offset)));
    await client.heardAll(1);
    expect(client.heard).toEqual(["in two parts"]);
    await eventually(() => records({ relay: again, channel }).length === 1, "the client's record");
    expect(records({ relay: again, channel }).map(text)).toEqual(["while it was cut"]);
  });

  it("is closed with 1012 when a new link does not know it any more", async () => {
    const { lane, relay, client } = await open();
    relay.close();
    await ScriptedLane.connect(lane);
    expect((await client.closedWith()).code).toBe(1012);
  });

  it("is closed with 1012 when the relay gives it up, 1011 when the service broke off", async () => {
    const first = await open();
    first.relay.send(frame(FRAME.cancel, first.channel, 0));
    expect((await first.client.closedWith()).code).toBe(1012);
    const second = await open();
    second.relay.send(second.relay.end(second.channel, true));
    expect((await second.client.closedWith()).code).toBe(1011);
  });

  it.each([
    [encodeSocketClose(4321, "done"), 4321],
    [encodeSocketClose(1000), 1000],
    [encodeSocketClose(null), 1005],
    [encodeSocketClose(1005), 1005],
    [encodeSocketClose(1006), 1002],
    [encodeSocketClose(1015), 1002],
    [encodeSocketClose(65_000), 1002],
  ])("that the service closes closes as said, or as may be said: %#", async (record, code) => {
    const { relay, channel, client } = await open();
    relay.send(relay.data(channel, Buffer.concat([encodeSocketText("last"), record])), relay.end(channel));
    expect((await client.closedWith()).code).toBe(code);
    expect(client.heard).toEqual(["last"]);
    expect((await relay.heardOf(channel, FRAME.data)).flags).toBe(FLAG.end);
  });

  it("that the client closes says so to the relay, once, after all that it said", async () => {
    const opened = await open();
    const { relay, channel, client } = opened;
    client.ws.send("last");
    client.ws.close(4000, "enough");
    await eventually(() => relay.body(channel).isWhole, "the end");
    const [said, closed] = records(opened);
    expect(text(said!)).toBe("last");
    expect(closed!.kind).toBe(SOCKET_RECORD.close);
    expect(new DataView(closed!.bytes.buffer, closed!.bytes.byteOffset).getUint16(0)).toBe(4000);
    expect(new TextDecoder().decode(closed!.bytes.subarray(2))).toBe("enough");
    expect(relay.of(channel, FRAME.cancel)).toEqual([]);
  });

  it("with a message over the limit is closed with 1009, and the relay is told", async () => {
    const { relay, channel, client } = await open();
    client.ws.send(new Uint8Array(LIMITS.socketMessageBytes + 1));
    expect((await client.closedWith()).code).toBe(1009);
    await relay.heardOf(channel, FRAME.cancel);
  });

  it.each([
    ["a record of an unknown kind", new Uint8Array([9, 0, 0, 0, 0]), 1011],
    ["a record over the limit", new Uint8Array([1, 0, 255, 255, 255]), 1011],
    ["text that is not UTF-8", encodeSocketRecord(SOCKET_RECORD.text, new Uint8Array([0xff])), 1007],
  ])("is ended by %s, and nothing else is", async (_, bytes, code) => {
    const { relay, channel, client } = await open();
    relay.send(relay.data(channel, bytes));
    expect((await client.closedWith()).code).toBe(code);
    await relay.heardOf(channel, FRAME.cancel);
    expect(relay.closed).toBeNull();
  });

  it("that the service refuses is an ordinary answer; that the relay refuses, a refusal", async () => {
    const lane = newLane();
    const relay = await ScriptedLane.connect(lane);
    const refused = ask(lane, { open: OPEN, headers: { upgrade: "websocket" } });
    const { channel } = await relay.opened();
    relay.send(relay.head(channel, 403), relay.data(channel, "no"), relay.end(channel));
    expect((await refused).status).toBe(403);
    expect(new TextDecoder().decode(await bytesOf(await refused))).toBe("no");
    const missing = ask(lane, { open: OPEN, headers: { upgrade: "websocket" } });
    const second = await relay.opened(1);
    relay.send(refusalHead(second.channel));
    expect(refusalIn(await missing)).toMatchObject({ code: "SERVICE_NOT_FOUND", untouched: true });
  });
});

const refusalHead = (channel: number) =>
  frame(FRAME.head, channel, 0, encodeHead({ status: 500, headers: [], error: { code: "SERVICE_NOT_FOUND", message: "none" } }));
