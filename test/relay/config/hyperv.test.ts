// [hyperv] of relay.toml: what is refused is told with its place, and what the table lets run.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allows, ConfigError, parseConfig, writeStarterConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";

const FILE = "/etc/farhand/relay.toml";
const parse = (text: string) => parseConfig(text, FILE);
const refusal = (text: string): ConfigError => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was not refused");
};

const WHOLE = `
[hyperv]
powershell = 'C:\\Program Files\\PowerShell\\7\\pwsh.exe'
inventory_every_ms = 30000
[hyperv.storage.default]
path = 'D:\\VMs'
description = "the usual one"
[hyperv.storage.share]
path = '\\\\nas\\vms\\disks'
[hyperv.networks.lan]
switch = "Extern ärmel"
vlan = 12
[hyperv.networks.lan.addressing]
network = "10.0.0.0/24"
[hyperv.images.installer]
path = 'D:\\Images\\server.ISO'
os_family = "windows"
`;

describe("[hyperv]", () => {
  it("has defaults for all of it", () => {
    expect(parse("[hyperv]\n").hyperv).toEqual({
      inventory_every_ms: 60_000,
      inventory_events: true,
      inventory_least_ms: 5_000,
      storage: {},
      networks: {},
      images: {},
    });
    expect(parse("").hyperv).toBeNull();
  });

  it("refuses two storage classes of one folder", () => {
    const two = "[hyperv.storage.a]\npath = 'D:\\VMs'\n[hyperv.storage.b]\npath = 'd:\\vms'\n";
    expect(refusal(two).message).toContain("of a folder each");
    expect(parse(two.replace("vms", "vms\\b")).hyperv?.storage).toHaveProperty("b");
  });

  it("declares what a host has, with Windows paths on every system", () => {
    expect(parse(WHOLE).hyperv).toMatchObject({
      powershell: "C:\\Program Files\\PowerShell\\7\\pwsh.exe",
      inventory_every_ms: 30_000,
      inventory_events: true,
      inventory_least_ms: 5_000,
      storage: { default: { path: "D:\\VMs" }, share: { path: "\\\\nas\\vms\\disks" } },
      networks: { lan: { switch: "Extern ärmel", vlan: 12, addressing: { dhcp: true, network: "10.0.0.0/24" } } },
      images: { installer: { os_family: "windows" } },
    });
    expect(createDrivers(parse(WHOLE)).catalogue().virtual).toMatchObject({
      hypervisor: "hyperv",
      images: [{ name: "installer", kind: "iso" }],
    });
  });

  it("lets operations on virtual machines run, and the [allow] table takes them away", () => {
    for (const operation of ["vm.list", "vm.delete", "disk.create", "snapshot.revert"])
      expect(allows(parse("[hyperv]\n"), operation), operation).toEqual({ allowed: true });
    expect(allows(parse(""), "vm.list")).toMatchObject({ allowed: false, code: "OPERATION_NOT_ALLOWED" });
    expect(allows(parse('[allow]\noperations = ["vm.list"]\n[hyperv]\n'), "vm.delete").allowed).toBe(false);
  });

  it.each<[text: string, line: number, column: number, problem: RegExp]>([
    ["[libvirt]\n[hyperv]\n", 2, 2, /hyperv stands beside libvirt/],
    ["[hyperv]\nhost = 1\n", 2, 1, /hyperv\.host is not a known key/],
    ["[hyperv]\ninventory_every_ms = 1000\n", 2, 22, /hyperv\.inventory_every_ms/],
    ["[hyperv]\ninventory_least_ms = 100\n", 2, 22, /hyperv\.inventory_least_ms/],
    ["[hyperv]\npowershell = 'pwsh'\n", 2, 14, /must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'VMs'\n", 2, 8, /hyperv\.storage\.a\.path: must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'D:VMs'\n", 2, 8, /must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'D:\\VMs\\..\\Windows'\n", 2, 8, /must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'D:\\VMs\\*'\n", 2, 8, /must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'D:\\VMs:stream'\n", 2, 8, /must be an absolute path/],
    ["[hyperv.storage.a]\npath = 'D:\\VMs\\'\n", 2, 8, /must be an absolute path/],
    ["[hyperv.networks.n]\n", 1, 18, /hyperv\.networks\.n\.switch: is missing/],
    ['[hyperv.networks.n]\nswitch = "a\\u0007b"\n', 2, 10, /control characters/],
    ['[hyperv.networks.n]\nswitch = "LAN"\nvlan = 4095\n', 3, 8, /hyperv\.networks\.n\.vlan/],
    ["[hyperv.images.i]\npath = 'D:\\x.vhdx'\nos_family = \"bsd\"\n", 3, 13, /hyperv\.images\.i\.os_family/],
  ])("refuses %j with its place", (text, line, column, problem) => {
    const error = refusal(text);
    expect(error.problem).toMatch(problem);
    expect([error.line, error.column]).toEqual([line, column]);
  });
});

describe("the starter file", () => {
  const textFor = async (system: NodeJS.Platform) => {
    const folder = mkdtempSync(join(tmpdir(), "farhand-starter-"));
    try {
      await writeStarterConfig(join(folder, "relay.toml"), { name: "vm100", allowExec: false, system });
      return readFileSync(join(folder, "relay.toml"), "utf8");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it("on Windows shows the table, declares none, and what it shows is valid", async () => {
    const text = await textFor("win32");
    expect(parse(text)).toMatchObject({ hyperv: null, libvirt: null });
    const block = text.slice(text.indexOf("# Virtual machines"), text.indexOf("# Interactive shells"));
    expect(block).not.toContain("libvirt");
    expect(parse(block.replaceAll(/^# (?=\[|path|switch|os_family)/gm, "")).hyperv).toMatchObject({
      inventory_events: true,
      inventory_least_ms: 5_000,
      storage: { default: { path: "D:\\VMs", description: "" } },
      networks: { lan: { switch: "LAN", description: "" } },
      images: { debian: { path: "D:\\Images\\debian-12.vhdx", description: "", os_family: "linux" } },
    });
  });

  it("elsewhere says nothing of Hyper-V", async () => {
    expect(await textFor("linux")).not.toMatch(/hyper-?v/i);
  });
});
