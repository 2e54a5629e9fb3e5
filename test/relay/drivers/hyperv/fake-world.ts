// A host whose agent is the real one, run by real PowerShell 7, and whose Hyper-V is the fake module of test/agents/hyperv.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HypervDriverOptions } from "../../../../relay/drivers/hyperv/driver.ts";
import { asQuoted, startHost, type HypervHost } from "./host.ts";

const MODULES = join(import.meta.dirname, "../../../agents/hyperv/fake-hyperv/modules");
const GiB = 1024 ** 3;

function pathOfPwsh(): string | null {
  try {
    return execFileSync("/bin/sh", ["-c", "command -v pwsh"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

/** null: none is here, and these tests are skipped. */
export const PWSH = pathOfPwsh();
if (PWSH === null) console.warn("pwsh is not on PATH: the Hyper-V agent is not run by these tests.");

export interface FakeWorld extends HypervHost {
  /** The fake's own books. */
  state(): {
    vms: { id: string; name: string; state: string; notes: string; guest: { keys: { method: string; value: unknown }[] } }[];
    calls: { command: string; process: number }[];
  };
}

/** A program that is started as PowerShell is, and finds the fake where Windows has Hyper-V. */
export function writeFakePowershell(folder: string): string {
  const path = join(folder, "powershell");
  // A process lives for a second: measuring its code to compile it better costs a tenth of that.
  const environment = [
    `FAKE_HYPERV_STATE=${asQuoted(join(folder, "world.json"))}`,
    `PSModulePath=${asQuoted(MODULES)}`,
    "DOTNET_TieredPGO=0",
  ];
  writeFileSync(path, `#!/bin/sh\n${environment.join(" ")} exec ${asQuoted(PWSH ?? "pwsh")} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A disk image as the fake has them. */
export function writeFakeVhd(path: string, size = GiB): void {
  const vhd = { fakeVhd: 1, id: randomUUID().toUpperCase(), format: "VHDX", type: "Dynamic", size, fileSize: 4 * 1024 ** 2, parent: "" };
  writeFileSync(path, JSON.stringify({ ...vhd, block: 32 * 1024 ** 2, logical: 512, physical: 4096, data: ["a system"] }));
}

/** A folder that is a host: the fake's world, a disk image and a disc; answers the folder and the program to start as PowerShell. */
export function makeFakeWorld(world: object = {}): { readonly folder: string; readonly powershell: string } {
  const folder = mkdtempSync(join(tmpdir(), "farhand-hyperv-world-"));
  for (const name of ["default", "second", "images"]) mkdirSync(join(folder, name));
  writeFakeVhd(join(folder, "images/debian.vhdx"));
  writeFileSync(join(folder, "images/installer.iso"), Buffer.alloc(64 * 1024));
  writeFileSync(join(folder, "world.json"), JSON.stringify({ switches: [{ name: "LAN switch", type: "External" }], ...world }));
  return { folder, powershell: writeFakePowershell(folder) };
}

/** The fake's own books; the file is replaced as a whole. */
export const readFakeWorld = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "world.json"), "utf8")) as ReturnType<FakeWorld["state"]>;

export async function startFakeWorld(world: object = {}, options: HypervDriverOptions & { table?: object } = {}): Promise<FakeWorld> {
  const { folder, powershell } = makeFakeWorld(world);
  const host = await startHost(folder, powershell, options);
  return {
    ...host,
    state: () => readFakeWorld(folder),
    async stop() {
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
