// A stolen edge: whatever it sends, nothing runs that relay.toml does not allow, and the relay lives on.
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { encodeFrames, FLAG, FRAME, frame } from "../../../protocol/link/frames.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { ALL, relayUnderTest, type UnderTest } from "./relay-under-test.ts";
import { ScriptedEdge, until } from "./scripted-edge.ts";

let test: UnderTest;
afterEach(() => test.end());

const isMarked = async () => (await readdir(test.dir)).includes("marked");

describe("a hostile edge", () => {
  it("cannot run what relay.toml does not allow", async () => {
    test = await relayUnderTest(`[allow]\noperations = ["host.info"]\n[commands.mark]\nargv = ["touch", "/tmp/never"]\n`);
    const { edge } = test;
    await edge.up();
    const attempts: [string, unknown, string][] = [
      ["command.exec", { argv: ["/bin/true"] }, "EXEC_DISABLED"],
      ["command.run", { name: "mark" }, "OPERATION_NOT_ALLOWED"],
      ["host.metrics", {}, "OPERATION_NOT_ALLOWED"],
      ["vm.create", {}, "OPERATION_NOT_ALLOWED"],
      ["vm.teleport", {}, "OPERATION_UNKNOWN"],
      ["__proto__.x", {}, "LINK_MESSAGE_INVALID"],
      ["host.info", { argv: ["/bin/true"] }, "SPEC_INVALID"],
    ];
    for (const [operation, spec, code] of attempts)
      expect(await edge.ended(edge.deliver(edge.delivery(operation, spec)))).toMatchObject({ status: "failed", code });
    edge.send({
      type: "call",
      call_id: 1,
      operation: "command.run",
      resource_spec: { name: "mark" },
      timeout_ms: 1_000,
      correlation_id: "c",
    });
    const answer = await until("the call", () => edge.messages.find((said) => said.type === "call_result"));
    expect(answer).toMatchObject({ result: { status: "error", code: "OPERATION_NOT_ALLOWED" } });
  });

  it("cannot call what changes something", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    const argv = ["touch", join(test.dir, "marked")];
    edge.send({ type: "call", call_id: 1, operation: "command.exec", resource_spec: { argv }, timeout_ms: 1_000, correlation_id: "c" });
    const answer = await until("the call", () => edge.messages.find((said) => said.type === "call_result"));
    expect(answer).toMatchObject({ result: { status: "error", code: "OPERATION_NOT_A_CALL" } });
    expect(await isMarked()).toBe(false);
  });

  it("cannot run a payload that does not fit its hash, its id or its shape", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    const argv = ["touch", join(test.dir, "marked")];
    const honest = () => edge.delivery("command.exec", { argv });
    const spoiled = [
      { ...honest(), payload: honest().payload },
      { ...honest(), job_id: edge.newId() },
      { ...honest(), salt: "0".repeat(64) },
      { ...honest(), payload: "{}" },
    ];
    for (const message of spoiled)
      expect(await edge.ended(edge.deliver(message))).toMatchObject({ status: "failed", code: "LINK_MESSAGE_INVALID" });
    expect(await isMarked()).toBe(false);
    await until("the acknowledgements", async () => (edge.cut(), await edge.up(), edge.hellos.length > 1));
    expect(edge.hellos.at(-1)!.journal.high_water).toBe(0);
  });

  const WRONG: [string, (edge: ScriptedEdge, socket: WebSocket) => void][] = [
    ["text that is no JSON", (_, socket) => socket.send("hello")],
    ["an unknown message", (_, socket) => socket.send(JSON.stringify({ type: "shell", argv: ["id"] }))],
    ["a message of its own side", (_, socket) => socket.send(JSON.stringify({ type: "probe", id: 1 }))],
    ["an unknown field", (_, socket) => socket.send(JSON.stringify({ type: "cancel", job_id: "01JZZZZZZZ0000000000000000", more: 1 }))],
    ["a second welcome", (_, socket) => socket.send(JSON.stringify({ type: "welcome", host: "h", epoch: 1, lane: 0, jobs: [], gone: [] }))],
    ["an answer to no probe", (_, socket) => socket.send(JSON.stringify({ type: "probe_answer", id: 3 }))],
    ["random bytes", (_, socket) => socket.send(randomBytes(1000))],
    ["a truncated frame", (_, socket) => socket.send(encodeFrames([frame(FRAME.ack, 3, 0)]).subarray(0, 10))],
    ["a frame with data", (edge) => edge.frames([frame(FRAME.data, 3, 0, randomBytes(10), FLAG.end)])],
    ["a message beyond the limit", (_, socket) => socket.send(Buffer.alloc(LIMITS.binaryMessageBytes + 1))],
    ["text beyond the limit", (_, socket) => socket.send(JSON.stringify("x".repeat(LIMITS.binaryMessageBytes)))],
    ["an oversized payload", (edge) => edge.send({ ...edge.delivery("host.info", {}), payload: " ".repeat(LIMITS.controlMessageBytes) })],
  ];
  for (const [what, send] of WRONG)
    it(`that sends ${what} loses the connection, and gets a new one`, async () => {
      test = await relayUnderTest(ALL);
      const { edge } = test;
      await edge.up();
      send(edge, edge.socket!);
      await until("the close", () => edge.closes.length === 1 || edge.hellos.length > 1);
      await until("the next hello", () => edge.hellos.length > 1 && edge.isUp);
      expect(await edge.ended(edge.exec(["/bin/true"]))).toMatchObject({ status: "succeeded" });
    });

  it("that acknowledges what was never sent loses the connection, and the result is not lost", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    edge.acks = false;
    const job = edge.exec(["/bin/sleep", "0.3"]);
    await until("it runs", () => job.events.length > 0);
    edge.frames([frame(FRAME.ack, job.channel, 1_000_000)]);
    await until("the next hello", () => edge.hellos.length > 1);
    edge.acks = true;
    expect(await edge.ended(job)).toMatchObject({ status: "succeeded" });
  });

  it("gets nothing done before its welcome", async () => {
    const marks = await mkdtemp(join(tmpdir(), "farhand-marks-"));
    const helper = await ScriptedEdge.start();
    const attack = () => JSON.stringify(helper.delivery("command.exec", { argv: ["touch", join(marks, "marked")] }));
    let dials = 0;
    test = await relayUnderTest(
      ALL,
      {},
      {
        connected: (socket) => {
          dials += 1;
          if (dials % 2 === 1) return socket.send(attack());
          socket.send(JSON.stringify({ type: "challenge", nonce: "AAAA", epoch: 1, versions: [1] }));
          socket.on("message", () => socket.send(attack()));
        },
      },
    );
    await until("several attempts", () => dials >= 4);
    await test.relay.stop();
    await helper.stop();
    expect(test.logs.filter((line) => line.message.startsWith("the edge sent what it may not")).length).toBeGreaterThanOrEqual(3);
    expect(test.edge.closes).toContain(4003);
    expect(await readdir(marks)).toEqual([]);
    await rm(marks, { recursive: true });
  });

  it("that floods with deliveries and acknowledges nothing is refused more", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    edge.acks = false;
    const spoiled = edge.delivery("command.exec", { argv: ["touch", join(test.dir, "marked")] });
    for (let n = 0; n < 2_100; n++) edge.send({ ...spoiled, job_id: edge.newId(), channel: 10_000 + n });
    await until("a refusal", () => edge.messages.some((said) => said.type === "not_claimed"));
    expect(await isMarked()).toBe(false);
    edge.send({ type: "call", call_id: 1, operation: "host.info", resource_spec: {}, timeout_ms: 5_000, correlation_id: "c" });
    await until("the relay lives", () => edge.messages.some((said) => said.type === "call_result"));
    edge.cut();
  });

  it("that asks and does not read gets no more answers than memory may hold, and is served again", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    const loud = edge.exec(["/bin/sh", "-c", "head -c 1048576 /dev/zero"]);
    await edge.ended(loud);
    edge.pauseReading(true);
    for (let request = 1; request <= 800; request++) {
      edge.send({ type: "spool", request, job_id: loud.id, stream: "stdout", offset: 0, length: LIMITS.spoolReadBytes });
      if (request % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    edge.pauseReading(false);
    expect(await edge.ended(edge.exec(["/bin/true"]))).toMatchObject({ status: "succeeded" });
    const answered = edge.spools.length * LIMITS.spoolReadBytes;
    expect(answered).toBeGreaterThan(8 * 1024 * 1024);
    expect(answered).toBeLessThan(64 * 1024 * 1024);
  });

  it("cannot forge results or replay them into another run", async () => {
    test = await relayUnderTest(ALL);
    const { edge } = test;
    await edge.up();
    edge.socket!.send(JSON.stringify({ type: "call_result", call_id: 1, result: {} }));
    await until("the next hello", () => edge.hellos.length > 1 && edge.isUp);
    expect(edge.hellos.at(-1)).toMatchObject({ jobs: [], journal: { high_water: 0 } });
  });
});
