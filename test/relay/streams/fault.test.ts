// What serves a channel must not throw; when it does all the same, that channel ends and the others go on.
import { expect, it } from "vitest";
import { decodeFrames, FLAG, FRAME, frame, type Frame } from "../../../protocol/link/frames.ts";
import { encodeHead } from "../../../protocol/link/lane.ts";
import { DEAF, type Channel, type StreamServers } from "../../../relay/streams/contract.ts";
import { LaneStreams } from "../../../relay/streams/lane-streams.ts";
import { FakeClock } from "../link/fake-clock.ts";
import { httpOpen } from "./scripted-lanes.ts";

it("a server that throws costs its own channel", async () => {
  const served: Channel[] = [];
  const logged: string[] = [];
  const http: StreamServers["http"] = (open, channel) => {
    if (open.path === "/throws") throw new Error("a fault of ours");
    served.push(channel);
    return {
      ...DEAF,
      onBody: () => {
        throw new Error("a fault in the body");
      },
    };
  };
  const streams = new LaneStreams({
    servers: { http } as unknown as StreamServers,
    clock: new FakeClock(),
    log: (_level, message) => void logged.push(message),
  });
  const sent: Frame[] = [];
  const send = (message: Buffer, done: () => void) => {
    const decoded = decodeFrames(Buffer.from(message));
    if ("frames" in decoded) sent.push(...decoded.frames);
    done();
  };
  streams.up(send, true, []);
  const open = (channel: number, path: string) => streams.take(frame(FRAME.open, channel, 0, encodeHead(httpOpen("web", path)), FLAG.end));
  expect(open(1, "/well")).toBeNull();
  expect(open(2, "/throws")).toBeNull();
  expect(streams.take(frame(FRAME.open, 3, 0, encodeHead(httpOpen("web", "/body"))))).toBeNull();
  expect(streams.take(frame(FRAME.data, 3, 0, Buffer.from("x")))).toBeNull();
  served[0]!.head({ status: 200, headers: [] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent.map(({ type, channel }) => [type, channel]).toSorted(([, a], [, b]) => a! - b!)).toEqual([
    [FRAME.head, 1],
    [FRAME.cancel, 2],
    [FRAME.cancel, 3],
  ]);
  expect(logged).toEqual(["a stream failed", "a stream failed"]);
  expect(streams.open).toBe(1);
  streams.close();
});
