// What happens when processes of a start are killed: the others bring them back, or end too; nothing is left for ever.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Host } from "../../protocol/api/shapes.ts";
import { ask, childrenOf, cleanUp, exists, living, start, stop, temporary, until } from "./starts.ts";

afterEach(cleanUp, 60_000);

const online = async (ready: Parameters<typeof ask>[0]) =>
  (await ask<Host>(ready, "GET", `/api/v1/hosts/${ready.host}`).catch(() => null))?.online === true;

describe("a killed process", () => {
  it("edge, relay or guard is back, at the same address, and the host online", async () => {
    const data = join(temporary(), "data");
    const started = start(data, ["--json"]);
    const ready = await started.ready();
    const before = living(data);
    process.kill(before.edge, "SIGKILL");
    await until("another edge", () => living(data).edge !== 0 && living(data).edge !== before.edge);
    await until("the edge answers", async () => (await fetch(`${ready.url}/healthz`).catch(() => null))?.ok);
    process.kill(before.relay, "SIGKILL");
    const relay = await until("another relay", () => living(data).relay !== before.relay && living(data).relay);
    await until("the host is online by the new relay", () => online(ready));
    const guard = childrenOf(ready.pid).find((pid) => ![living(data).edge, relay].includes(pid))!;
    process.kill(guard, "SIGKILL");
    await until("another guard", () => childrenOf(ready.pid).some((pid) => ![guard, living(data).edge, relay].includes(pid)));
    expect(await stop(started)).toBe(0);
  });

  it("parent takes edge and relay with it", async () => {
    const data = join(temporary(), "data");
    const started = start(data, ["--json"]);
    const ready = await started.ready();
    const { edge, relay } = living(data);
    const all = childrenOf(ready.pid);
    process.kill(ready.pid, "SIGKILL");
    await until("edge and relay are gone", () => !exists(edge) && !exists(relay));
    await until("the guard is gone", () => all.every((pid) => !exists(pid)));
  });

  it("parent and guard leave orphans, which the next start ends; the state is there", async () => {
    const data = join(temporary(), "data");
    const first = start(data, ["--json"]);
    const ready = await first.ready();
    const { edge, relay } = living(data);
    const guard = childrenOf(ready.pid).find((pid) => pid !== edge && pid !== relay)!;
    process.kill(ready.pid, "SIGSTOP"); // so that it does not start another guard
    process.kill(guard, "SIGKILL");
    process.kill(ready.pid, "SIGKILL");
    await first.ended;
    expect([exists(edge), exists(relay)]).toEqual([true, true]);
    const second = start(data, ["--json", "--port", new URL(ready.url).port]);
    const again = await second.ready();
    expect(again).toMatchObject({ url: ready.url, api_key: ready.api_key, host: ready.host });
    expect([exists(edge), exists(relay)]).toEqual([false, false]);
    expect(second.stderr()).toContain("ending the edge that an earlier start left running");
    expect(await stop(second)).toBe(0);
  });

  it("is not taken for an orphan when its id was given to another process", async () => {
    const data = join(temporary(), "data");
    const first = start(data, ["--json", "--no-relay"]);
    await first.ready();
    const { edge } = living(data);
    first.child.kill("SIGKILL");
    await until("the edge is gone", () => !exists(edge));
    const file = join(data, "lock");
    const record = JSON.parse(readFileSync(file, "utf8")) as { edge: { pid: number; start: string } };
    // This test's own process, as if it had the edge's id now.
    writeFileSync(file, JSON.stringify({ ...record, edge: { pid: process.pid, start: "1" } }));
    const second = start(data, ["--json", "--no-relay"]);
    await second.ready();
    expect(await stop(second)).toBe(0);
  });

  it("SIGTERM while it starts ends all the same", async () => {
    const data = join(temporary(), "data");
    const started = start(data, ["--json"]);
    await until("the edge was started", () => living(data).edge !== 0 && living(data).edge);
    const { edge } = living(data);
    expect(await stop(started)).toBe(0);
    await until("the edge is gone", () => !exists(edge));
  });
});
