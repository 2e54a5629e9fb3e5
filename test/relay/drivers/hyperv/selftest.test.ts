// The self-test and doctor's look by the real agent in real PowerShell 7, on the fake Hyper-V; and where PowerShell itself fails.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { selftest, type Selftest } from "../../../../relay/drivers/hyperv/selftest.ts";
import { hypervTableSchema, type HypervTable } from "../../../../relay/drivers/hyperv/tables.ts";
import { lookAtHyperv, remedyOf } from "../../../../relay/hyperv-look.ts";
import { until } from "../../../fixtures/until.ts";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";
import { asQuoted } from "./host.ts";

const folder = mkdtempSync(join(tmpdir(), "farhand-selftest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On a machine that has other work, too. */
const LIMIT_MS = 300_000;
const never = new AbortController().signal;
const run = (table: HypervTable, full = false): Promise<Selftest> => selftest(table, { full, signal: never, timeoutMs: LIMIT_MS });
const bad = ({ rows }: Selftest) => rows.filter(({ ok }) => !ok).map(({ name, code }) => `${name}: ${code}`);

/** The fake's books are not there before the first process, and not whole while one writes. */
function isStarted(world: FakeWorld): boolean {
  try {
    return world.state().vms.some(({ state }) => state === "Running");
  } catch {
    return false;
  }
}

/** A program that is started as PowerShell is. */
function program(name: string, line: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
  return path;
}
const on = (powershell: string) =>
  hypervTableSchema.parse({ powershell, storage: { here: { path: folder }, gone: { path: "/nowhere/vms" } } });

describe("where the agent cannot run", { timeout: LIMIT_MS }, () => {
  it("says that there is no PowerShell, and what the relay sees by itself", async () => {
    const looks = await lookAtHyperv(on("/nowhere/powershell"));
    expect(looks.map(({ name, ok }) => [name, ok])).toEqual([
      ["host agent", false],
      ["storage here", true],
      ["storage gone", false],
    ]);
    expect(looks[0]).toMatchObject({
      detail: expect.stringMatching(/"\/nowhere\/powershell" was not found.*HYPERVISOR_UNAVAILABLE/) as string,
      remedy: expect.stringContaining("powershell under [hyperv]") as string,
    });
    expect(looks[2]?.remedy).toContain("correct its path");
  });

  it("tells PowerShell's own words where a policy lets no script run", async () => {
    const table = on(program("policy", "echo 'running scripts is disabled on this system' >&2; exit 1"));
    const { failure, rows, words } = await run(table);
    expect({ failure, rows }).toEqual({
      failure: { code: "AGENT_PROTOCOL", message: expect.stringContaining("exit code 1") as string, isOurs: true },
      rows: [],
    });
    expect(words.join()).toContain("running scripts is disabled");
    const [agent] = await lookAtHyperv(table);
    expect(agent).toMatchObject({ ok: false, remedy: expect.stringContaining("policy") as string });
    expect(agent?.detail).toContain("running scripts is disabled");
  });

  it("believes no report that is none", async () => {
    const answer = `id=$(sed 's/.*"correlation_id":"\\([^"]*\\)".*/\\1/'); printf '{"status":"success","message":"","data":{"checks":[{"name":7}]},"logs":[],"correlation_id":"%s"}' "$id"`;
    expect(await run(on(program("liar", answer)))).toMatchObject({ rows: [], failure: { code: "AGENT_PROTOCOL", isOurs: false } });
  });

  it.skipIf(PWSH === null)("says that there is no Hyper-V module, by the agent's word", async () => {
    const [agent, ...rest] = await lookAtHyperv(on(program("bare", `exec ${asQuoted(PWSH ?? "")} "$@"`)));
    expect(agent).toMatchObject({ ok: false, remedy: expect.stringContaining("Install the Hyper-V role") as string });
    expect(rest.map(({ name }) => name)).toEqual(["storage here", "storage gone"]);
  });
});

describe.skipIf(PWSH === null)("on a host", { timeout: LIMIT_MS }, () => {
  let world: FakeWorld;
  afterEach(() => world.stop());
  const left = () => readdirSync(join(world.folder, "default"));

  it("reads everything and changes nothing", async () => {
    world = await startFakeWorld({ record: true });
    const report = await run(world.table);
    expect(report).toMatchObject({ failure: null, words: [], left: { machines: [], files: [] } });
    expect(bad(report)).toEqual([]);
    expect(report.rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["powershell", "host", "machines", "management-service", "storage default", "network lan", "image debian"]),
    );
    expect(report.rows.every(({ ms }) => ms >= 0)).toBe(true);
    const { calls } = world.state() as unknown as { calls: { command: string }[] };
    expect(calls.filter(({ command }) => !/^(Get|Test)-/.test(command))).toEqual([]);
    const looks = await lookAtHyperv(world.table);
    expect(looks.filter(({ ok }) => !ok)).toEqual([]);
    expect(looks[0]?.detail).toMatch(/^sha256:[0-9a-f]{12}…, by .*powershell$/);
  });

  it("names each thing that is declared and not there, with its remedy, and makes no machine then", async () => {
    world = await startFakeWorld();
    const table = {
      ...world.table,
      storage: { ...world.table.storage, gone: { path: join(folder, "gone"), description: "" } },
      networks: { ...world.table.networks, gone: { switch: "Nowhere", description: "" } },
      images: { ...world.table.images, gone: { path: join(folder, "gone.vhdx"), description: "" } },
    };
    const report = await run(table, true);
    expect(bad(report)).toEqual([
      "storage gone: STORAGE_UNAVAILABLE",
      "network gone: NETWORK_UNAVAILABLE",
      "image gone: STORAGE_UNAVAILABLE",
    ]);
    expect(report.rows.map(({ name }) => name)).not.toContain("vm.create");
    expect(report.rows.filter(({ ok }) => !ok).map((row) => remedyOf(row).split(" ")[0])).toEqual(["Make", "Make", "Put"]);
  });

  it("says that the account has not the right", async () => {
    world = await startFakeWorld({ host: { access: "none" } });
    const looks = await lookAtHyperv(world.table);
    for (const name of ["host", "machines"])
      expect(looks.find((look) => look.name === name)).toMatchObject({
        ok: false,
        detail: expect.stringContaining("HYPERVISOR_ACCESS_DENIED") as string,
        remedy: expect.stringContaining("Hyper-V Administrators") as string,
      });
  });

  it("makes a machine only when asked, and takes it away again", async () => {
    world = await startFakeWorld();
    const report = await run(world.table, true);
    expect(bad(report)).toEqual([]);
    expect(report.rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["vm.create", "vm.start", "snapshot.revert", "vm.delete"]));
    expect({ left: report.left, vms: world.state().vms, files: left() }).toEqual({ left: { machines: [], files: [] }, vms: [], files: [] });
  });

  it("stops at what fails and deletes the machine all the same", async () => {
    world = await startFakeWorld({ faults: [{ cmdlet: "Checkpoint-VM", id: "OperationFailed" }] });
    const report = await run(world.table, true);
    expect(bad(report)).toEqual(["snapshot.create: HYPERVISOR_FAILED"]);
    expect(report.rows.map(({ name }) => name)).not.toContain("vm.start");
    expect({ left: report.left, vms: world.state().vms }).toEqual({ left: { machines: [], files: [] }, vms: [] });
  });

  it("names the machine of a run that was stopped in the middle", async () => {
    world = await startFakeWorld({ delays: { "Start-VM": 600_000 } });
    const stop = new AbortController();
    const running = selftest(world.table, { full: true, signal: stop.signal, timeoutMs: 600_000 });
    await until("a machine that starts", () => isStarted(world), LIMIT_MS);
    stop.abort();
    const { failure, left: said } = await running;
    expect(failure?.code).toBe("JOB_CANCELLED");
    expect(said?.machines).toEqual(world.state().vms.map(({ name }) => name));
    expect(said?.machines[0]).toMatch(/^farhand-selftest-[0-9a-f]{8}$/);
  });

  it("names what it could not take away, of this run or of one before", async () => {
    world = await startFakeWorld({ faults: [{ cmdlet: "Remove-VM", id: "OperationFailed", times: 9 }] });
    const before = join(world.folder, "second/farhand-selftest-before");
    mkdirSync(before);
    const stuck = await run(world.table, true);
    const made = world.state().vms.map(({ name }) => name);
    expect(made.length).toBeGreaterThan(0);
    expect(stuck.left?.machines.toSorted()).toEqual(made.toSorted());
    expect(stuck.left?.files).toContain(before);
    expect(stuck.left?.files.length).toBe(left().filter((name) => name.startsWith("farhand-selftest-")).length + 1);
  });
});
