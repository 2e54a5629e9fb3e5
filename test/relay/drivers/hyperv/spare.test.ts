// The process that waits for the next job: one at most, used once, ended with the driver and by what ends a job, and never one that the
// relay would not have started now.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aheadId, endMarked } from "../../../../relay/exec.ts";
import { Spare } from "../../../../relay/drivers/hyperv/spare.ts";
import { until } from "../../../fixtures/until.ts";
import type { Misbehaviour } from "./fake-agent.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { summary } from "./views.ts";

const LIST = { "vm.list": { data: { items: [summary()] } } };
let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost({ answers: LIST });
});
afterEach(() => host.stop());

const misbehave = (how: Misbehaviour) => host.answer({ misbehave: how, answers: LIST });

function commandOf(pid: string): string[] {
  try {
    return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0") : [];
  } catch {
    return [];
  }
}

/** Processes of this host that were started ahead. */
function waiting(folder = host.folder): number[] {
  const isOurs = (words: readonly string[]) => words.includes(folder) && words.includes("ahead");
  return readdirSync("/proc")
    .filter((pid) => isOurs(commandOf(pid)))
    .map(Number);
}
const oneWaits = () =>
  until("one that waits", () => {
    const all = waiting();
    return all.length === 1 && all[0];
  });
const noneWaits = () => until("none that waits", () => waiting().length === 0);

describe.skipIf(process.platform !== "linux")("a process that waits for its job", () => {
  it("is there after the first job, does one, and is followed by another", async () => {
    expect(waiting()).toEqual([]);
    await host.done("vm.list", {});
    const first = await oneWaits();
    await host.done("vm.list", {});
    expect((await host.jobs()).map(({ arguments: words }) => words.includes("ahead"))).toEqual([false, true]);
    const second = await oneWaits();
    expect(second).not.toBe(first);
  });

  it("sees the world of its job's time, not of its own start", async () => {
    await host.done("vm.list", {});
    await oneWaits();
    await host.answer({ answers: { "vm.list": { data: { items: [] } } } });
    expect((await host.done("vm.list", {})).items).toEqual([]);
  });

  it("that was killed is not missed", async () => {
    await host.done("vm.list", {});
    process.kill(await oneWaits(), "SIGKILL");
    await noneWaits();
    await host.done("vm.list", {});
    expect((await host.jobs()).at(-1)!.arguments).not.toContain("ahead");
    await oneWaits();
  });

  it("is one, however many jobs there are at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => host.done("vm.list", {})));
    await oneWaits();
    await Promise.all(Array.from({ length: 4 }, () => host.done("vm.list", {})));
    expect((await host.jobs()).length).toBe(8);
    await oneWaits();
  });

  it("that answers with what is none is AGENT_PROTOCOL, and the next job is well", async () => {
    await host.done("vm.list", {});
    await oneWaits();
    await misbehave("garbage");
    expect(await host.run("vm.list", {})).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    await host.answer({ answers: LIST });
    await host.done("vm.list", {});
  });

  it("is ended at its job's deadline, and with all that it started when the job is cancelled", async () => {
    await host.done("vm.list", {});
    await oneWaits();
    await misbehave("hang");
    expect(await host.run("vm.list", {}, { timeoutMs: 300 })).toMatchObject({ code: "HYPERVISOR_TIMEOUT" });
    await oneWaits();
    await misbehave("hang-with-child");
    const cancel = new AbortController();
    const end = host.run("vm.list", {}, { signal: cancel.signal });
    const file = join(host.folder, "child.pid");
    const child = Number(await until("a child", async () => existsSync(file) && (await readFile(file, "utf8"))));
    cancel.abort();
    expect(await end).toMatchObject({ code: "JOB_CANCELLED" });
    await until("the child's end", () => !existsSync(`/proc/${child}`));
  });

  it("is ended when the agent's file was changed, and nothing is started", async () => {
    await host.done("vm.list", {});
    const path = (await host.jobs())[0]!.arguments[3]!;
    await oneWaits();
    await writeFile(path, "Remove-VM *\n");
    expect(await host.run("vm.list", {})).toMatchObject({ code: "HYPERVISOR_UNAVAILABLE" });
    await noneWaits();
    expect(await host.jobs()).toEqual([]);
  });

  it("ends with the driver, and none comes after it", async () => {
    await host.done("vm.list", {});
    await oneWaits();
    await host.driver.stop();
    expect(waiting()).toEqual([]);
    await startLate();
  });

  it("is marked, so that a relay that starts after a crash ends it whatever job it does", async () => {
    await host.done("vm.list", {});
    await oneWaits();
    await misbehave("hang");
    const end = host.run("vm.list", {});
    await until("its job", async () => (await host.jobs()).some(({ arguments: words }) => words.includes("ahead")));
    await endMarked(aheadId("another relay.toml"));
    expect(waiting().length).toBeGreaterThan(0);
    await endMarked(aheadId(join(host.folder, "relay.toml")));
    expect(await end).toMatchObject({ code: "AGENT_PROTOCOL" });
    await noneWaits();
  });
});

/** A job under way while the driver stops: what follows it must start nothing. */
async function startLate(): Promise<void> {
  const other = await startFakeHost({ answers: LIST });
  const job = other.run("vm.list", {});
  await other.driver.stop();
  await job;
  expect(waiting(other.folder)).toEqual([]);
  await other.stop();
}

describe("a spare", () => {
  const argv = (script: string) => [process.execPath, "-e", script, "ahead"];
  const made: Spare[] = [];
  const spareOf = (script: string, idleMs?: number) => {
    const env = { PATH: process.env["PATH"] ?? "" };
    const spare = new Spare({ start: async () => ({ argv: argv(script), env }), marker: "spare.test", ...(idleMs ? { idleMs } : {}) });
    made.push(spare);
    return spare;
  };
  afterEach(async () => {
    await Promise.all(made.splice(0).map((spare) => spare.stop()));
  });
  const taken = (spare: Spare) => until("one", () => spare.take() ?? false);

  it("that speaks before its job is not kept", async () => {
    const spare = spareOf("console.log('hello'); setInterval(() => {}, 1000)");
    spare.renew();
    const one = await taken(spare);
    await expect(one.end).rejects.toThrow("it spoke before its job");
    spare.renew();
    const two = await taken(spare);
    await two.end.catch(() => undefined);
    expect(spare.take()).toBeNull();
  });

  it("that spoke before its job is no job's while it is being ended", async () => {
    const folder = await mkdtemp(join(tmpdir(), "farhand-spare-"));
    const told = join(folder, "told");
    const spare = spareOf(
      `process.on("SIGTERM", () => require("fs").writeFileSync(${JSON.stringify(told)}, "")); console.log("hello"); setInterval(() => {}, 1000)`,
    );
    spare.renew();
    await until("it to be told to end", () => existsSync(told));
    expect(spare.take()).toBeNull();
    await spare.stop();
    await rm(folder, { recursive: true });
  });

  it("is given up after a while without a job", async () => {
    const folder = `idle-${process.pid}`;
    const spare = spareOf(`process.stdin.resume(); // ${folder}`, 500);
    const running = () => readdirSync("/proc").filter((name) => commandOf(name).some((word) => word.endsWith(folder)));
    spare.renew();
    await until("it to come", () => running().length === 1);
    await until("it to go", () => running().length === 0);
    expect(spare.take()).toBeNull();
  });

  it("ends when this end of its input does, as when the relay is killed", async () => {
    // A relay in small, which is killed while one waits.
    const relay = `
      const { Spare } = await import(${JSON.stringify(join(import.meta.dirname, "../../../../relay/drivers/hyperv/spare.ts"))});
      const argv = [process.execPath, "-e", "process.stdin.resume()", "orphan-" + process.pid];
      new Spare({ start: async () => ({ argv, env: {} }), marker: "spare.test" }).renew();
      setInterval(() => undefined, 1000);
    `;
    const child = execFile(process.execPath, ["--input-type=module", "-e", relay]);
    const orphans = () => readdirSync("/proc").filter((name) => commandOf(name).includes(`orphan-${child.pid}`));
    await until("it to come", () => orphans().length === 1);
    child.kill("SIGKILL");
    await until("it to end", () => orphans().length === 0);
  });
});
