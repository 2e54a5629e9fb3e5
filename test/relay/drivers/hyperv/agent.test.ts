// One job, one process, one document: everything else is AGENT_PROTOCOL, and nothing of it stays behind.
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Misbehaviour } from "./fake-agent.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { summary, vm, VM } from "./views.ts";

let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost({ answers: { "vm.list": { data: { items: [summary()] } } } });
});
afterEach(() => host.stop());

const misbehave = (how: Misbehaviour, data: unknown = { items: [] }) => host.answer({ misbehave: how, answers: { "vm.list": { data } } });

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function until<T>(look: () => T | Promise<T>, deadlineMs = 10_000): Promise<T> {
  for (const end = performance.now() + deadlineMs; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error("it did not come");
  }
}

describe("a job of the agent", () => {
  it("is a JSON document on its input, with what the host declares, and answered by one", async () => {
    const data = await host.done("vm.list", {});
    expect(data.items).toEqual([summary()]);
    const [sent] = await host.jobs();
    expect(sent!.arguments.slice(0, 3)).toEqual(["-NoProfile", "-NonInteractive", "-File"]);
    expect(sent!.job).toMatchObject({
      operation: "vm.list",
      resource_spec: {},
      host: {
        storage: { default: `${host.folder}/default`, second: `${host.folder}/second` },
        networks: { lan: { switch: "LAN switch", vlan: null }, dmz: { switch: "LAN switch", vlan: 30 } },
        images: { debian: { path: `${host.folder}/images/debian.vhdx` }, installer: { path: `${host.folder}/images/installer.iso` } },
      },
      correlation_id: "test",
      metadata: { plan: false, timeout_ms: 60_000 },
    });
  });

  it("gets no secret of the relay's environment", async () => {
    process.env["FARHAND_TEST_SECRET"] = "do not tell";
    try {
      await host.done("vm.list", {});
      expect(JSON.stringify(await host.jobs())).not.toContain("do not tell");
    } finally {
      delete process.env["FARHAND_TEST_SECRET"];
    }
  });

  it.each<[Misbehaviour, RegExp]>([
    ["garbage", /not one JSON document/],
    ["nothing", /answered nothing/],
    ["two-documents", /not one JSON document/],
    ["too-long", /more than 16777216 bytes/],
    ["crash-before", /exit code 3/],
    ["crash-after", /exit code 5/],
    ["not-utf8", /no UTF-8/],
    ["other-job", /another job/],
    ["no-code", /a code that is none: nothing/],
    ["unknown-code", /a code that is none: NO_SUCH_CODE/],
    ["stray-fields", /no job result/],
    ["last-words", /The agent failed: no memory/],
  ])("that answers with %s is AGENT_PROTOCOL", async (how, message) => {
    await misbehave(how);
    const result = await host.run("vm.list", {});
    expect(result).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect(result.message).toMatch(message);
  });

  it("may begin its answer with a byte order mark, as 5.1 likes to", async () => {
    await misbehave("bom");
    expect((await host.run("vm.list", {})).status).toBe("success");
  });

  it("tells its log lines and its error stream to the job's log", async () => {
    await misbehave("noise");
    const lines: string[] = [];
    await host.done("vm.list", {}, { log: (level, message) => lines.push(`${level} ${message}`) });
    expect(lines).toEqual(["warn The host agent wrote on its error stream: stray words", "info a line"]);
  });

  it("whose data is not the contract's is AGENT_PROTOCOL", async () => {
    await host.answer({ answers: { "vm.get": { data: { ...vm(), cpus: "two" } } } });
    const result = await host.run("vm.get", { vm: VM });
    expect(result).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
    expect(result.message).toContain("cpus");
  });

  it("that hangs is ended at its deadline", async () => {
    await misbehave("hang");
    const result = await host.run("vm.list", {}, { timeoutMs: 300 });
    expect(result).toMatchObject({ status: "error", code: "HYPERVISOR_TIMEOUT" });
  });

  it("is ended with everything that it started when the job is cancelled", async () => {
    await misbehave("hang-with-child");
    const cancel = new AbortController();
    const end = host.run("vm.list", {}, { signal: cancel.signal });
    const file = `${host.folder}/child.pid`;
    const pid = Number(await until(async () => existsSync(file) && (await readFile(file, "utf8"))));
    expect(isAlive(pid)).toBe(true);
    cancel.abort();
    expect(await end).toMatchObject({ status: "error", code: "JOB_CANCELLED" });
    await until(() => !isAlive(pid));
  });
});

describe("the agent's file", () => {
  it("lies where only this user may write, and is taken away with the driver", async () => {
    await host.done("vm.list", {});
    const path = (await host.jobs())[0]!.arguments[3]!;
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await stat(dirname(path))).mode & 0o077).toBe(0);
    await host.driver.stop();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("that was changed is not started", async () => {
    await host.done("vm.list", {});
    const path = (await host.jobs())[0]!.arguments[3]!;
    await writeFile(path, "Remove-VM *\n");
    const result = await host.run("vm.list", {});
    expect(result).toMatchObject({ status: "error", code: "HYPERVISOR_UNAVAILABLE" });
    expect(result.message).toContain("is not the one that this relay was built with");
    expect(await host.jobs()).toEqual([]);
  });

  it("without a PowerShell is HYPERVISOR_UNAVAILABLE", async () => {
    const other = await startFakeHost({}, { table: { powershell: "/nowhere/pwsh" } });
    expect(await other.run("vm.list", {})).toMatchObject({ status: "error", code: "HYPERVISOR_UNAVAILABLE" });
    await other.stop();
  });
});
