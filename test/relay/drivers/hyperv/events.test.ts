// Changes that others make, as the inventory sees them: real agent and real PowerShell 7 on the fake Hyper-V, whose events are the fake's.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../../../fixtures/until.ts";
import { PWSH, startFakeWorld, type FakeWorld } from "./fake-world.ts";

/** Only events bring a change in the time of a test. */
const TABLE = { inventory_every_ms: 3600_000, inventory_least_ms: 1_000 };
const MAKE = "Import-Module Hyper-V; $null = New-VM -Name other -MemoryStartupBytes 64MB -NoVHD -Generation 2";

/** Processes of this world's PowerShell. */
function processes({ folder }: FakeWorld): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`FAKE_HYPERV_STATE=${folder}/`);
    } catch {
      return false;
    }
  });
}

describe.skipIf(PWSH === null || process.platform !== "linux")("the inventory of a fake Hyper-V", { timeout: 240_000 }, () => {
  let world: FakeWorld;
  afterEach(() => world?.stop());

  const names = () => [...world.driver.inventory!()!.items.values()].map(({ name }) => name);
  const start = async (definition: object) => {
    world = await startFakeWorld(definition, { random: () => 0, table: TABLE });
    await world.driver.start(
      () => undefined,
      () => undefined,
    );
    await until("the first look", () => world.driver.inventory!()!.live, 120_000);
  };

  it("has what another program made, long before its period, and leaves no process behind", async () => {
    await start({});
    expect(names()).toEqual([]);
    await promisify(execFile)(join(world.folder, "powershell"), ["-NoProfile", "-NonInteractive", "-Command", MAKE]);
    await until("the other's machine", () => names().includes("other"), 120_000);
    await promisify(execFile)(join(world.folder, "powershell"), [
      "-NoProfile",
      "-NonInteractive",
      "-Command",
      "Import-Module Hyper-V; Start-VM -Name other",
    ]);
    const state = () => [...world.driver.inventory!()!.items.values()][0]?.state;
    await until("its start", () => state() === "running", 120_000);
    await until("a process that waits", () => processes(world).length > 0, 120_000);
    await world.driver.stop();
    await until("their end", () => processes(world).length === 0);
  });

  it("goes on by the clock where there are no events, and the driver says so", async () => {
    await start({ faults: [{ cmdlet: "Register-CimIndicationEvent", id: "OperationFailed", message: "Kein Anbieter", times: 100 }] });
    await until("what it says", () => world.driver.health().detail.includes("no events"), 120_000);
    expect(world.driver.health()).toMatchObject({ available: true });
    expect(world.driver.health().detail).toMatch(/looked at every 3600 s \(no events: .*Kein Anbieter/);
    expect(world.driver.inventory!()!.live).toBe(true);
    await until("no process that waits", () => processes(world).length === 0);
  });
});
