// [libvirt] of relay.toml: what is refused is told with its place; what the starter declares is valid and is what was found.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allows, ConfigError, loadConfig, parseConfig, writeStarterConfig } from "../../../relay/config.ts";
import { createDrivers } from "../../../relay/drivers/index.ts";
import type { VmPlace } from "../../../relay/vm-places.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-vm-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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

describe("[libvirt]", () => {
  it("has defaults for all of it", () => {
    expect(parse("[libvirt]\n").libvirt).toEqual({ uri: "qemu:///system", domain_type: "kvm", storage: {}, networks: {}, images: {} });
    expect(parse("").libvirt).toBeNull();
  });

  it("lets operations on virtual machines run, and nothing does without it", () => {
    const config = parse("[libvirt]\n");
    for (const operation of ["vm.list", "vm.delete", "disk.create", "nic.update", "snapshot.revert", "iso.eject", "image.list"])
      expect(allows(config, operation), operation).toEqual({ allowed: true });
    expect(allows(parse(""), "vm.list")).toMatchObject({ allowed: false, code: "OPERATION_NOT_ALLOWED" });
    expect(allows(parse('[allow]\noperations = ["vm.list"]\n[libvirt]\n'), "vm.delete").allowed).toBe(false);
  });

  it("tells what it declares only where an operation on it may run", () => {
    const declared = (text: string) => createDrivers({ ...parse(text), stateDir: null }).catalogue().virtual;
    expect(declared("[libvirt]\n[libvirt.networks.lan]\nuser = true\n")?.networks).toMatchObject([{ name: "lan" }]);
    expect(declared('[allow]\noperations = ["nic.update"]\n[libvirt]\n')).not.toBeNull();
    expect(declared('[allow]\noperations = ["host.*"]\n[libvirt]\n')).toBeNull();
  });

  it("tells its machines only where vm.list may run", () => {
    const inventory = (text: string) => createDrivers({ ...parse(text), stateDir: null }).inventory();
    expect(inventory("[libvirt]\n")).toEqual({ live: false, items: new Map() });
    expect(inventory('[allow]\noperations = ["vm.*"]\n[libvirt]\n')).not.toBeNull();
    expect(inventory('[allow]\noperations = ["host.*", "vm.start"]\n[libvirt]\n')).toBeNull();
    expect(inventory("")).toBeNull();
  });

  it.each<[text: string, line: number, column: number, problem: RegExp]>([
    ["[libvirt]\nurl = 1\n", 2, 1, /libvirt\.url is not a known key/],
    ['[libvirt]\nuri = "qemu+ssh://host/system"\n', 2, 7, /libvirt\.uri: must be qemu/],
    ['[libvirt]\ndomain_type = "xen"\n', 2, 15, /libvirt\.domain_type: /],
    ['[libvirt.storage.a]\npath = "images"\n', 2, 8, /libvirt\.storage\.a\.path: must be an absolute path/],
    ['[libvirt.storage.a]\npath = "/srv/../etc"\n', 2, 8, /must be an absolute path without/],
    ['[libvirt.storage.a]\ndescription = "no path"\n', 1, 18, /libvirt\.storage\.a\.path: is missing/],
    ['[libvirt.storage."a b"]\npath = "/srv"\n', 1, 18, /is not a valid name/],
    ['[libvirt.networks.n]\nbridge = "br0"\nuser = true\n', 1, 19, /takes one of bridge, network, user/],
    ["[libvirt.networks.n]\nuser = true\nvlan = 5\n", 1, 19, /vlan needs openvswitch/],
    ['[libvirt.networks.n]\nnetwork = "default"\nopenvswitch = true\n', 1, 19, /openvswitch goes with a bridge/],
    ['[libvirt.networks.n]\nbridge = "br0"\nopenvswitch = true\nvlan = 4095\n', 4, 8, /libvirt\.networks\.n\.vlan/],
    ['[libvirt.networks.n]\nuser = true\n[libvirt.networks.n.addressing]\ngateway = "here"\n', 4, 11, /addressing\.gateway/],
    ['[libvirt.images.i]\npath = "/x.iso"\nos_family = "bsd"\n', 3, 13, /libvirt\.images\.i\.os_family/],
  ])("refuses %j with its place", (text, line, column, problem) => {
    const error = refusal(text);
    expect(error.problem).toMatch(problem);
    expect([error.line, error.column]).toEqual([line, column]);
    expect(error.message.startsWith(`${FILE}:${line}:${column}: `)).toBe(true);
  });
});

describe("the starter file", () => {
  const FOUND: VmPlace = { uri: "qemu:///system", domainType: "kvm", folder: "/var/lib/libvirt/images", network: "default" };
  const written = async (name: string, place: VmPlace | null) => {
    const path = join(folder, name, "relay.toml");
    await writeStarterConfig(path, { name: "vm100", allowExec: false, libvirt: () => Promise.resolve(place) });
    return path;
  };

  it.each<[string, VmPlace, object]>([
    [
      "all",
      FOUND,
      { domain_type: "kvm", storage: { default: { path: "/var/lib/libvirt/images" } }, networks: { default: { network: "default" } } },
    ],
    ["bare", { ...FOUND, domainType: "qemu", folder: null, network: null }, { domain_type: "qemu", networks: { nat: { user: true } } }],
    ["elsewhere", { ...FOUND, uri: "qemu+unix:///system?socket=/run/x" }, { uri: "qemu+unix:///system?socket=/run/x" }],
  ])("declares the libvirt that was found: %s", async (name, place, expected) => {
    const { libvirt } = await loadConfig(await written(name, place));
    expect(libvirt).toMatchObject(expected);
    expect(Object.keys(libvirt!.storage)).toEqual(place.folder === null ? [] : ["default"]);
    expect(Object.keys(libvirt!.networks)).toHaveLength(1);
  });

  it("only shows the table where none was found, and what it shows is valid", async () => {
    const path = await written("none", null);
    expect((await loadConfig(path)).libvirt).toBeNull();
    const text = await readFile(path, "utf8");
    const block = text.slice(text.indexOf("# Virtual machines"), text.indexOf("# Interactive shells"));
    const shown = parse(block.replaceAll(/^# (?=\[|domain_type|path|network|os_family)/gm, "")).libvirt;
    expect(shown).toMatchObject({
      domain_type: "kvm",
      storage: { default: { path: "/var/lib/libvirt/images" } },
      networks: { default: { network: "default" } },
      images: { debian: { os_family: "linux" } },
    });
  });
});
