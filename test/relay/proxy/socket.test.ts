// WebSockets through a real relay: messages as they were, closes both ways, and both windows.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import {
  encodeSocketClose,
  encodeSocketRecord,
  encodeSocketText,
  SOCKET_RECORD,
  SocketRecordReader,
} from "../../../protocol/link/socket-records.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { until } from "../link/scripted-edge.ts";
import { laneUnderTest, serviceToml, type LaneUnderTest } from "../streams/lane-under-test.ts";
import { socketOpen, type SeenChannel } from "../streams/scripted-lanes.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Begun {
  readonly test: LaneUnderTest;
  readonly peers: { socket: WebSocket; request: IncomingMessage; closed: [number, string] | null }[];
}

async function begin(connected: (socket: WebSocket) => void = () => undefined, routes = ["WS /**"]): Promise<Begun> {
  const peers: Begun["peers"] = [];
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: (offered) => [...offered].at(-1) ?? false });
  server.on("connection", (socket, request) => {
    const peer: Begun["peers"][number] = { socket, request, closed: null };
    peers.push(peer);
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => (peer.closed = [code, reason.toString()]));
    connected(socket);
  });
  await new Promise((resolve) => server.once("listening", resolve));
  ends.push(() => new Promise((resolve) => (server.clients.forEach((client) => client.terminate()), server.close(resolve))));
  const test = await laneUnderTest(serviceToml(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, routes));
  ends.push(() => test.end());
  return { test, peers };
}

function recordsOf(seen: SeenChannel): { kind: number; text: string }[] {
  const read = new SocketRecordReader().push(seen.bytes);
  if ("error" in read) throw new Error(read.error);
  return read.records.map(({ kind, bytes }) => ({ kind, text: Buffer.from(bytes).toString("utf8") }));
}

/** A channel that is open on both sides. */
async function opened({ test, peers }: Begun, headers: [string, string][] = []): Promise<SeenChannel> {
  const before = peers.length;
  const seen = test.lanes.openUpload(socketOpen("web", "/live?x=%2f", headers));
  await until("the head", () => seen.head && peers.length > before);
  return seen;
}

describe("a WebSocket", () => {
  it("carries text and binary messages as they were, both ways", async () => {
    const begun = await begin((socket) => socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })));
    const seen = await opened(begun);
    expect(seen.head?.status).toBe(101);
    expect(begun.peers[0]?.request.url).toBe("/live?x=%2f");
    const messages = Buffer.concat([
      encodeSocketText("héllo 😀"),
      encodeSocketRecord(SOCKET_RECORD.binary, Uint8Array.of(0, 255, 1)),
      encodeSocketText(""),
      encodeSocketText("x".repeat(LIMITS.socketMessageBytes)),
    ]);
    // Cut where no record ends.
    begun.test.lanes.body(seen, 0, messages.subarray(0, 7));
    begun.test.lanes.body(seen, 7, messages.subarray(7));
    await until("all back", () => seen.at === messages.length);
    expect(seen.bytes.equals(messages)).toBe(true);
  });

  it("passes the subprotocol, and nothing of ours", async () => {
    const begun = await begin();
    const seen = await opened(begun, [
      ["sec-websocket-protocol", "a, b"],
      ["cookie", "session=secret"],
      ["authorization", "Bearer fh_secret"],
      ["origin", "https://farhand.example"],
      ["x-kept", "1"],
    ]);
    const { headers } = begun.peers[0]!.request;
    expect(headers["sec-websocket-protocol"]).toBe("a,b");
    expect(headers["x-kept"]).toBe("1");
    for (const name of ["cookie", "authorization", "origin"]) expect(headers[name]).toBeUndefined();
    expect(seen.head?.headers).toContainEqual(["sec-websocket-protocol", "b"]);
  });

  it("closed by the upstream says its code and reason", async () => {
    const begun = await begin((socket) => socket.close(4321, "enough"));
    const seen = begun.test.lanes.openUpload(socketOpen("web", "/"));
    expect(await begun.test.lanes.ended(seen)).toBe("whole");
    const [close] = recordsOf(seen);
    expect(close?.kind).toBe(SOCKET_RECORD.close);
    expect(close?.text.slice(2)).toBe("enough");
    expect(seen.bytes.readUInt16BE(5)).toBe(4321);
  });

  it("closed by the reader says its code and reason to the upstream", async () => {
    const begun = await begin();
    const seen = await opened(begun);
    begun.test.lanes.body(seen, 0, encodeSocketClose(4000, "bye"), true);
    await until("its close", () => begun.peers[0]?.closed);
    expect(begun.peers[0]?.closed).toEqual([4000, "bye"]);
    expect(await begun.test.lanes.ended(seen)).toBe("whole");
  });

  it("closed for a reason that is cut within a character passes what is whole of it", async () => {
    const begun = await begin();
    const seen = await opened(begun);
    begun.test.lanes.body(seen, 0, encodeSocketClose(4000, `a${"\ufffd".repeat(60)}`), true);
    await until("its close", () => begun.peers[0]?.closed);
    expect(begun.peers[0]?.closed).toEqual([4000, `a${"\ufffd".repeat(40)}`]);
  });

  it("cut by the upstream is broken", async () => {
    const begun = await begin((socket) => setImmediate(() => socket.terminate()));
    const seen = begun.test.lanes.openUpload(socketOpen("web", "/"));
    expect(await begun.test.lanes.ended(seen)).toBe("broken");
  });

  it("that nobody reads any more is closed at once", async () => {
    const begun = await begin();
    const seen = await opened(begun);
    begun.test.lanes.cancel(seen);
    await until("its end", () => begun.peers[0]?.closed);
  });

  it("pauses an upstream at the window, and a sender whose upstream does not read", async () => {
    const begun = await begin((socket) => {
      socket.pause();
      const more = () => socket.readyState === socket.OPEN && socket.send(Buffer.alloc(64 * 1024), more);
      for (let index = 0; index < 4; index += 1) more();
    });
    begun.test.lanes.options.acks = false;
    const seen = await opened(begun);
    await until("a window", () => seen.at === LIMITS.windowBytes);
    const record = encodeSocketRecord(SOCKET_RECORD.binary, Buffer.alloc(LIMITS.ackEveryBytes));
    let sent = 0;
    let last = -1;
    await until("the sender to stand still", async () => {
      while (sent + record.length - seen.bodyAcked <= LIMITS.windowBytes) {
        begun.test.lanes.body(seen, sent, record);
        sent += record.length;
      }
      const same = sent === last;
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return same;
    });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(seen.at).toBe(LIMITS.windowBytes);
    expect(seen.faults).toEqual([]);
  });

  it("that the upstream refuses, and one on a closed route, are refused", async () => {
    const begun = await begin(undefined, ["WS /open", "GET /live"]);
    const closed = begun.test.lanes.openUpload(socketOpen("web", "/live"));
    await begun.test.lanes.ended(closed);
    expect(closed.head?.error?.code).toBe("SERVICE_ROUTE_NOT_ALLOWED");
    begun.test.lanes.body(closed, 0, encodeSocketText("late"));
    const offered = begun.test.lanes.openUpload(socketOpen("web", "/open", [["sec-websocket-protocol", ""]]));
    await until("the head", () => offered.head);
    expect(offered.head?.status).toBe(101);
  });
});
