// The contract suite of virtual machines on Hyper-V: the agent's functions, run by real PowerShell 7, on the fake Hyper-V.
import { execFile } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ContractHost } from "../contract/contract.ts";
import { testHypervisor } from "../contract/suite.ts";
import { makeFakeWorld, PWSH } from "./fake-world.ts";
import { startHost } from "./host.ts";
import { startWarmAgents } from "./warm-agent.ts";

const MiB = 1024 ** 2;

async function start(): Promise<ContractHost> {
  const { folder, powershell } = makeFakeWorld();
  const agents = startWarmAgents(folder, powershell);
  const host = await startHost(folder, agents.powershell);
  const outside = join(folder, "outside");
  mkdirSync(outside);
  /** As an administrator of the host would, beside the agent. */
  const script = async (text: string) => {
    const args = ["-NoProfile", "-NonInteractive", "-Command", `$ErrorActionPreference = 'Stop'; Import-Module Hyper-V; ${text}`];
    return (await promisify(execFile)(powershell, args, { encoding: "utf8" })).stdout.trim();
  };
  return {
    // A machine that is busy with other tests is no failure of these.
    run: (operation, spec, options) => host.run(operation, spec, { ...options, timeoutMs: 600_000 }),
    resources: () => host.driver.resources!()!,
    namesake: (name) => script(`(New-VM -Name '${name}' -NoVHD -Generation 2 -MemoryStartupBytes ${64 * MiB}).Id.Guid`),
    async attachOutside(vm) {
      const path = join(outside, `${vm}.vhdx`);
      await script(`$null = New-VHD -Path '${path}' -SizeBytes ${8 * MiB}; Add-VMHardDiskDrive -VM (Get-VM -Id '${vm}') -Path '${path}'`);
    },
    async stop() {
      await host.stop();
      agents.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

testHypervisor(start, { skip: PWSH === null, timeoutMs: 600_000 });
