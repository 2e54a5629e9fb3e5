// A daemon that is slow, hung, restarted or broken, and calls, events and streams beside one another.
import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LibvirtClient } from "../../../../relay/drivers/libvirt/rpc/client.ts";
import { Connection } from "../../../../relay/drivers/libvirt/rpc/connection.ts";
import { EventQueue } from "../../../../relay/drivers/libvirt/rpc/event-queue.ts";
import { LibvirtError, type Condition } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { Keepalive } from "../../../../relay/drivers/libvirt/rpc/keepalive.ts";
import { RPC_LIMITS } from "../../../../relay/drivers/libvirt/rpc/limits.ts";
import { buildKeepalive, buildMessage } from "../../../../relay/drivers/libvirt/rpc/message.ts";
import { PROGRAMS } from "../../../../relay/drivers/libvirt/rpc/procedures/define.ts";
import { EVENTS, type EventName, type LibvirtEvent } from "../../../../relay/drivers/libvirt/rpc/procedures/events.ts";
import { gather } from "../../../../relay/drivers/libvirt/rpc/stream.ts";
import { until } from "../../../fixtures/until.ts";
import { startFakeDaemon, type Behaviour, type FakeCall, type FakeDaemon } from "./fake-daemon.ts";

const domain = { name: "vm", uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f", id: 1 };
const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const opened of open.splice(0).toReversed()) await opened.stop();
});

async function daemon(behaviour: Behaviour): Promise<FakeDaemon> {
  const started = await startFakeDaemon(behaviour);
  open.push({ stop: () => started.close() });
  return started;
}

async function client(
  to: FakeDaemon,
  seen: { events?: LibvirtEvent[]; resyncs?: number; downs?: LibvirtError[]; onEvent?: (event: LibvirtEvent) => void } = {},
  events: readonly EventName[] = ["lifecycle"],
) {
  const made = new LibvirtClient({
    address: () => to.address,
    events,
    onEvent: seen.onEvent ?? ((event) => seen.events?.push(event)),
    onResync: () => (seen.resyncs = (seen.resyncs ?? 0) + 1),
    onDown: (error) => seen.downs?.push(error),
    onFault: () => undefined,
  });
  open.push({ stop: () => made.stop() });
  await made.start();
  return made;
}

const refusal = async (promise: Promise<unknown>): Promise<LibvirtError> => {
  const error = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof LibvirtError)) throw new Error("did not fail as it should", { cause: error });
  return error;
};
const condition = async (promise: Promise<unknown>): Promise<Condition> => (await refusal(promise)).condition;
const hostname = (call: FakeCall) => call.reply("connectGetHostname", { hostname: "here" });
const lifecycle = (event: number) =>
  buildMessage({ program: PROGRAMS.remote, procedure: EVENTS.lifecycle.procedure, type: 2, serial: 0, status: 0 }, (writer) =>
    EVENTS.lifecycle.message.write(writer, { callback: 1, domain, event, detail: 0 }),
  );

describe("calls", () => {
  it("run side by side and get their own answers in any order", async () => {
    const held: FakeCall[] = [];
    const to = await daemon((call) => {
      held.push(call);
      if (held.length === RPC_LIMITS.callsAtDaemon)
        for (const one of held.splice(0).toReversed())
          one.reply("domainLookupByName", { domain: { ...domain, name: (one.args as { name: string }).name } });
    });
    const made = await client(to);
    const names = Array.from({ length: RPC_LIMITS.callsAtDaemon * 5 }, (_, index) => `vm${index}`);
    const answers = await Promise.all(names.map((name) => made.call("domainLookupByName", { name })));
    expect(answers.map((answer) => answer.domain.name)).toEqual(names);
  });

  it("never fill all of the daemon's places, so that pings are answered", async () => {
    const held: FakeCall[] = [];
    const to = await daemon((call) => void held.push(call));
    const made = await client(to);
    const all = Array.from({ length: 9 }, () => made.call("connectGetHostname", {}));
    await until("calls", () => held.length === RPC_LIMITS.callsAtDaemon);
    const answered: unknown[] = [];
    while (answered.length < 9) {
      await until("the next", () => held.length > 0);
      answered.push(hostname(held.shift()!));
      expect(held.length).toBeLessThanOrEqual(RPC_LIMITS.callsAtDaemon);
    }
    await Promise.all(all);
  });

  it("carry libvirt's own error by number", async () => {
    const to = await daemon((call) => call.fail(42, 10, "Domänen-Name nicht gefunden"));
    const error = await refusal((await client(to)).call("domainLookupByName", { name: "x" }));
    expect(error).toMatchObject({
      condition: "daemon",
      libvirtError: "NO_DOMAIN",
      libvirtDomain: "QEMU",
      procedure: "domainLookupByName",
      number: 42,
    });
  });

  it("that get no answer end by time, and a late answer goes nowhere", async () => {
    let late: FakeCall | null = null;
    const to = await daemon((call) => (late === null ? void (late = call) : hostname(call)));
    const made = await client(to);
    const error = await refusal(made.call("connectGetHostname", {}, { timeoutMs: 30 }));
    expect(error).toMatchObject({ condition: "timeout", sent: true });
    late!.reply("connectGetHostname", { hostname: "late" });
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
  });

  it("end by the caller's signal, and one that was aborted before is not sent", async () => {
    const to = await daemon(() => undefined);
    const made = await client(to);
    const abort = new AbortController();
    const running = condition(made.call("connectGetHostname", {}, { signal: abort.signal }));
    abort.abort();
    expect(await running).toBe("cancelled");
    expect((await refusal(made.call("connectGetHostname", {}, { signal: abort.signal }))).sent).toBe(false);
  });

  it("with what cannot be encoded are refused unsent", async () => {
    const made = await client(await daemon(() => undefined));
    expect(await refusal(made.call("domainLookupByUuid", { uuid: "x" }))).toMatchObject({ condition: "argument", sent: false });
  });

  it("that all hang cost the connection, and the next call has a new one", async () => {
    const to = await daemon(() => undefined);
    const made = await client(to);
    const hanging = Array.from({ length: RPC_LIMITS.callsAtDaemon }, () =>
      condition(made.call("connectGetHostname", {}, { timeoutMs: 20 })),
    );
    expect(await Promise.all(hanging)).toEqual(hanging.map(() => "timeout"));
    to.behave(hostname);
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
    expect(to.count()).toBe(2);
  });

  it("that are slow hold up no quick one and no more than their share", async () => {
    const slow: FakeCall[] = [];
    const to = await daemon((call) => (call.name === "domainManagedSave" ? void slow.push(call) : hostname(call)));
    const made = await client(to);
    const saves = Array.from({ length: 20 }, () => made.call("domainManagedSave", { domain, flags: 0 }));
    await until("slow calls", () => slow.length === RPC_LIMITS.slowConnections);
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
    for (let done = 0; done < 20; done += 1) {
      await until("the next", () => slow.length > 0);
      slow.shift()!.reply("domainManagedSave", {});
    }
    await Promise.all(saves);
    expect(to.count()).toBeLessThanOrEqual(1 + 20);
  });

  it("that wait for a slow place can be cancelled and time out", async () => {
    const to = await daemon(() => undefined);
    const made = await client(to);
    const running = Array.from({ length: RPC_LIMITS.slowConnections }, () =>
      condition(made.call("domainManagedSave", { domain, flags: 0 }, { timeoutMs: 300 })),
    );
    const abort = new AbortController();
    const cancelled = condition(made.call("domainManagedSave", { domain, flags: 0 }, { signal: abort.signal }));
    const expired = refusal(made.call("domainManagedSave", { domain, flags: 0 }, { timeoutMs: 20 }));
    abort.abort();
    expect([await cancelled, await expired]).toMatchObject(["cancelled", { condition: "timeout", sent: false }]);
    expect(new Set(await Promise.all(running))).toEqual(new Set(["timeout"]));
  });
});

describe("a daemon that is broken", () => {
  it("and answers another type fails that call only", async () => {
    const to = await daemon((call) => (call.name === "domainGetXmlDesc" ? call.raw(1, 0, Buffer.alloc(8, 0xff)) : hostname(call)));
    const made = await client(to);
    expect(await condition(made.call("domainGetXmlDesc", { domain, flags: 0 }))).toBe("protocol");
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
    expect(to.count()).toBe(1);
  });

  it.each([
    [
      "an answer to no call",
      (call: FakeCall) => void call.socket.write(buildMessage({ ...call.header, type: 1, serial: 999 }, () => undefined)),
    ],
    [
      "an answer of another procedure",
      (call: FakeCall) => void call.socket.write(buildMessage({ ...call.header, type: 1, procedure: 3 }, () => undefined)),
    ],
    ["a call of its own", (call: FakeCall) => call.raw(0, 0, Buffer.alloc(4))],
    ["HTTP", (call: FakeCall) => void call.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a length of 2 GiB", (call: FakeCall) => void call.socket.write(Buffer.from("7fffffff20008086", "hex"))],
  ])("and sends %s costs the connection and no more", async (_name, answer) => {
    const downs: LibvirtError[] = [];
    const to = await daemon(answer);
    const made = await client(to, { downs });
    expect(await condition(made.call("connectGetHostname", {}))).toBe("protocol");
    to.behave(hostname);
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
    expect(downs.map((error) => error.condition)).toEqual(["protocol"]);
  });

  it("and closes in the midst of an answer says that the call was sent", async () => {
    const to = await daemon((call) => {
      call.socket.write(Buffer.from("0000100020008086", "hex"));
      call.socket.destroy();
    });
    expect(await refusal((await client(to)).call("connectGetHostname", {}))).toMatchObject({ condition: "disconnected", sent: true });
  });

  it("and restarts costs a pause, a resync and no call that begins meanwhile", async () => {
    const seen = { resyncs: 0, downs: [] as LibvirtError[] };
    const to = await daemon(hostname);
    const made = await client(to, seen);
    for (const socket of to.sockets) socket.destroy();
    await until("the loss", () => seen.downs.length > 0);
    expect(await made.call("connectGetHostname", {})).toEqual({ hostname: "here" });
    expect(seen).toMatchObject({ resyncs: 2, downs: [{ condition: "disconnected" }] });
  });

  it("and is not there is unreachable, and nothing was sent", async () => {
    const error = await refusal(Connection.open({ sockets: ["/nonexistent/a", "/nonexistent/b"], uri: "qemu:///system" }));
    expect(error).toMatchObject({ condition: "unreachable", sent: false });
  });
});

describe("a client", () => {
  it("that is stopped while it connects leaves nothing open", async () => {
    const to = await daemon(() => undefined);
    const server = createServer(() => undefined);
    const path = `${to.address.sockets[0]}.mute`;
    await new Promise<void>((resolve) => server.listen(path, resolve));
    open.push({ stop: () => server.close() });
    const made = new LibvirtClient({
      address: () => ({ sockets: [path], uri: "qemu:///system" }),
      events: [],
      onEvent: () => undefined,
      onResync: () => undefined,
      onDown: () => undefined,
      onFault: () => undefined,
    });
    const started = made.start();
    const waiting = condition(made.call("connectGetHostname", {}));
    made.stop();
    await started;
    expect([await waiting, made.isUp]).toEqual(["disconnected", false]);
    await until("no connection", () => new Promise<boolean>((resolve) => server.getConnections((_error, count) => resolve(count === 0))));
    expect(await condition(made.call("connectGetHostname", {}))).toBe("cancelled");
  });

  it("does without events that an older libvirt has not, but not without the life of domains", async () => {
    const refusing = (id: number) => async () => {
      const to = await startFakeDaemon(
        () => undefined,
        (call) => {
          const isRegistering = call.name === "connectDomainEventCallbackRegisterAny" && (call.args as { event: number }).event === id;
          if (isRegistering) call.fail(8, 7, "unsupported event");
          return isRegistering;
        },
      );
      open.push({ stop: () => to.close() });
      return (await client(to, {}, ["lifecycle", "metadataChange"])).isUp;
    };
    expect([await refusing(23)(), await refusing(0)()]).toEqual([true, false]);
  });

  it("notices a daemon that went silent, and not one that is idle", () => {
    vi.useFakeTimers();
    try {
      const seen: string[] = [];
      let isPaused = false;
      const keepalive = new Keepalive({ ping: () => seen.push("ping"), isPaused: () => isPaused, onDead: () => seen.push("dead") }, 100);
      vi.advanceTimersByTime(100);
      keepalive.heard();
      vi.advanceTimersByTime(100);
      expect(seen).toEqual([]);
      isPaused = true;
      vi.advanceTimersByTime(1_000);
      expect(seen).toEqual([]);
      isPaused = false;
      vi.advanceTimersByTime(100 * (RPC_LIMITS.keepaliveMisses + 1));
      keepalive.stop();
      vi.advanceTimersByTime(1_000);
      expect(seen).toEqual([...Array.from({ length: RPC_LIMITS.keepaliveMisses }, () => "ping"), "dead"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("answers the daemon's pings", async () => {
    const to = await daemon((call) => call.socket.write(Buffer.concat([buildKeepalive(1), buildKeepalive(1)])));
    const made = await client(to);
    const running = condition(made.call("connectGetHostname", {}, { timeoutMs: 200 }));
    await until("two pongs", () => to.pongs() === 2);
    await running;
  });
});

describe("events", () => {
  it("come in order, and none holds up an answer", async () => {
    const events: LibvirtEvent[] = [];
    const order: string[] = [];
    const to = await daemon((call) => {
      call.socket.write(Buffer.concat(Array.from({ length: 500 }, (_, index) => lifecycle(index))));
      hostname(call);
    });
    const made = await client(to, { onEvent: (event) => (events.push(event), order.push("event")) });
    await made.call("connectGetHostname", {}).then(() => order.push("answer"));
    await until("events", () => events.length === 500);
    expect(events.map((event) => event.name === "lifecycle" && event.event)).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(order.indexOf("answer")).toBeLessThan(RPC_LIMITS.eventsPerTurn);
  });

  it("go on when their consumer throws", async () => {
    let count = 0;
    const to = await daemon((call) => {
      call.socket.write(Buffer.concat([lifecycle(0), lifecycle(1)]));
      hostname(call);
    });
    const made = await client(to, {
      onEvent: () => {
        count += 1;
        throw new Error("consumer");
      },
    });
    await made.call("connectGetHostname", {});
    await until("both", () => count === 2);
  });

  it("beyond their bound are dropped for one resync", async () => {
    const events: number[] = [];
    let gaps = 0;
    const queue = new EventQueue({
      onEvent: (event) => events.push((event as { event: number }).event),
      onGap: () => (gaps += 1),
      onFault: () => undefined,
    });
    const push = (event: number) => queue.push({ name: "lifecycle", callback: 1, domain, event, detail: 0 });
    for (let index = 0; index < RPC_LIMITS.eventsWaiting + 500; index += 1) push(index);
    await until("the gap", () => gaps === 1);
    push(-1);
    await until("what comes after", () => events.length > 0);
    expect([events, gaps]).toEqual([[-1], 1]);
  });

  it("that cannot be read cost a resync", async () => {
    const seen = { resyncs: 0 };
    const to = await daemon((call) => {
      call.socket.write(
        buildMessage({ program: PROGRAMS.remote, procedure: 318, type: 2, serial: 0, status: 0 }, (writer) => writer.int(1)),
      );
      hostname(call);
    });
    const made = await client(to, seen);
    await made.call("connectGetHostname", {});
    await until("a resync", () => seen.resyncs === 2);
  });
});

describe("streams", () => {
  it("give what the daemon sends and confirm its end", async () => {
    const finished: number[] = [];
    const to = await daemon((call) => {
      if (call.header.type === 3) {
        finished.push(call.header.status);
        return call.raw(3, 0, Buffer.alloc(0));
      }
      call.reply("domainScreenshot", { mime: "image/png" });
      for (const part of ["abcd", "efgh", ""]) call.raw(3, 2, Buffer.from(part));
    });
    const made = await client(to);
    const { stream, result } = await made.openStream("domainScreenshot", { domain, screen: 0, flags: 0 });
    expect([result.mime, (await gather(stream)).toString()]).toEqual(["image/png", "abcdefgh"]);
    await until("the connection's end", () => to.sockets.size === 1);
    expect(finished).toEqual([0]);
  });

  it("are as fast as their reader, and calls do not wait for it", async () => {
    let sent = 0;
    const to = await daemon((call) => {
      if (call.name === "connectGetHostname") return hostname(call);
      if (call.header.type === 3) return;
      call.reply("storageVolDownload", {});
      const pump = () => {
        while (sent < 64 << 20 && call.socket.writable && !call.socket.writableNeedDrain) {
          call.raw(3, 2, Buffer.alloc(65_536));
          sent += 65_536;
        }
        call.socket.once("drain", pump);
      };
      pump();
    });
    const made = await client(to);
    const volume = { pool: "p", name: "v", key: "/v" };
    const { stream } = await made.openStream("storageVolDownload", { volume, offset: 0, length: 0, flags: 0 });
    await until("the pause", async () => {
      const before = sent;
      await made.call("connectGetHostname", {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      return sent === before;
    });
    expect(sent).toBeLessThan(4 << 20);
    stream.destroy();
    await until("the connection's end", () => to.sockets.size === 1);
  });

  it("that the daemon ends with an error fail with it", async () => {
    const to = await daemon((call) => {
      if (call.name !== "domainOpenConsole" || call.header.type === 3) return;
      call.reply("domainOpenConsole", {});
      call.raw(3, 1, Buffer.from(`0000004e0000000a0000000000000002${"00000000".repeat(7)}`, "hex"));
    });
    const made = await client(to);
    const { stream } = await made.openStream("domainOpenConsole", { domain, device: null, flags: 0 });
    expect(await refusal(gather(stream))).toMatchObject({ condition: "daemon", libvirtError: "OPERATION_ABORTED" });
  });

  it("that the daemon refuses leave no connection", async () => {
    const to = await daemon((call) => call.fail(55, 10, "domain is not running"));
    const made = await client(to);
    expect(await refusal(made.openStream("domainOpenConsole", { domain, device: null, flags: 0 }))).toMatchObject({
      libvirtError: "OPERATION_INVALID",
    });
    await until("the connection's end", () => to.sockets.size === 1);
  });
});
