// Words of `farhand vm` as parts of a specification: what the edge then gets, and what is refused before it is asked.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readInput } from "../../cli/verb.ts";
import { checkOptions } from "../../cli/vm/options.ts";
import { createSpec, updateSpec } from "../../cli/vm/specification.ts";
import { VM_VERB } from "../../cli/vm/verb.ts";
import { bytesOf, diskOf, nicOf } from "../../cli/vm/words.ts";
import { vmCreate, vmUpdate } from "../../protocol/operations/vm.ts";
import { cleanUp, temporary } from "../embedded/starts.ts";

const GIB = 1024 ** 3;
const create = (...argv: string[]) => createSpec(readInput(VM_VERB, ["create", "kvm", ...argv]));
const update = (...argv: string[]) => updateSpec(readInput(VM_VERB, ["update", "kvm", "web", ...argv]));

afterAll(cleanUp);

describe("a size", () => {
  it.each([
    ["512M", 512 * 1024 ** 2],
    ["20g", 20 * GIB],
    ["20GiB", 20 * GIB],
    ["1T", 1024 * GIB],
    ["64k", 64 * 1024],
  ])("%s", (text, bytes) => expect(bytesOf(text, "size")).toBe(bytes));

  it.each(["", "20", "G", "1.5G", "-1G", "20X", "20 G", "0x2G", "99999999G"])("%j is none", (text) => {
    expect(() => bytesOf(text, "--memory")).toThrow("is not a size");
  });
});

describe("a disk and a network", () => {
  it.each<[string, object]>([
    ["20G", { size_bytes: 20 * GIB }],
    ["image:debian-12", { image: "debian-12" }],
    ["image:debian-12,size=20G,name=root,boot", { image: "debian-12", size_bytes: 20 * GIB, name: "root", boot: true }],
    [
      "size=1G,storage=fast,bus=sata,format=raw,cache=none,boot=no",
      { size_bytes: GIB, storage_class: "fast", bus: "sata", format: "raw", cache: "none", boot: false },
    ],
  ])("%s", (text, disk) => expect(diskOf(text)).toEqual(disk));

  it.each<[string, object]>([
    ["lan", { network: "lan" }],
    [
      "lan,vlan=20,mac=52:54:00:12:34:56,model=e1000,name=first",
      { network: "lan", vlan: 20, mac: "52:54:00:12:34:56", model: "e1000", name: "first" },
    ],
  ])("%s", (text, nic) => expect(nicOf(text)).toEqual(nic));

  it("say which word they do not know", () => {
    expect(() => diskOf("20G,colour=red")).toThrow("colour is none of size, image");
    expect(() => diskOf("debian-12")).toThrow("debian-12 is none of");
    expect(() => diskOf("constructor=1")).toThrow("constructor is none of");
    expect(() => diskOf("20G,boot=maybe")).toThrow("yes or no");
    expect(() => nicOf("lan,vlan=twenty")).toThrow("not a whole number");
    expect(() => nicOf("lan,")).toThrow("nothing is none of");
  });
});

describe("create and update", () => {
  it("make a specification that the contract takes, of what was given alone", () => {
    const seed = join(temporary(), "user-data");
    writeFileSync(seed, "#cloud-config\n");
    const devices = ["--disk", "image:debian-12,size=20G", "--disk", "1G", "--network", "lan", "--iso", "installer"];
    const more = ["--os", "linux", "--tag", "a", "--tag", "b", "--autostart", "yes", "--protect", "no", "--seed", seed];
    const spec = create("web", "--memory", "2G", "--cpus", "2", "--bios", "--start", ...devices, ...more);
    expect(spec).toEqual({
      name: "web",
      cpus: 2,
      memory_bytes: 2 * GIB,
      disks: [{ image: "debian-12", size_bytes: 20 * GIB }, { size_bytes: GIB }],
      nics: [{ network: "lan" }],
      firmware: "bios",
      iso: "installer",
      seed: { user_data: "#cloud-config" },
      start: true,
      os_family: "linux",
      tags: ["a", "b"],
      autostart: true,
      deletion_protection: false,
    });
    expect(vmCreate.spec.safeParse(spec).success).toBe(true);
    expect(create("least", "--memory", "512M")).toEqual({ name: "least", cpus: 1, memory_bytes: 512 * 1024 ** 2 });
    expect(vmUpdate.spec.omit({ vm: true }).safeParse(update("--memory", "4G", "--description", "")).data).toEqual({
      memory_bytes: 4 * GIB,
      description: "",
    });
  });

  it("take a file, which options complete and correct", () => {
    const file = join(temporary(), "spec.json");
    writeFileSync(file, JSON.stringify({ name: "of-file", cpus: 4, memory_bytes: GIB, secure_boot: true }));
    expect(create("--file", file)).toEqual({ name: "of-file", cpus: 4, memory_bytes: GIB, secure_boot: true });
    expect(create("other", "--file", file, "--cpus", "2")).toMatchObject({ name: "other", cpus: 2, secure_boot: true });
    writeFileSync(file, "[1]");
    expect(() => create("--file", file)).toThrow("holds no JSON object");
    writeFileSync(file, "{");
    expect(() => create("--file", file)).toThrow("holds no JSON object");
    expect(() => create("--file", `${file}.no`)).toThrow("cannot be read");
  });

  it("say what is missing", () => {
    expect(() => create("web")).toThrow("--memory is missing");
    expect(() => create("--memory", "1G")).toThrow("name is missing");
    expect(() => create("web", "--memory", "1G", "--uefi", "--bios")).toThrow("exclude each other");
    expect(() => create("web", "--memory", "1G", "--autostart", "on")).toThrow("yes or no");
    expect(() => update()).toThrow("nothing to change");
    expect(() => update("--cpus", "two")).toThrow("not a number");
  });
});

describe("an option", () => {
  const check = (word: string, ...options: string[]) =>
    checkOptions(readInput(VM_VERB, [...word.split(" "), "kvm", "web", ...options]), word);

  it.each<[string, ...string[]]>([
    ["update", "--cpus", "4", "--disk", "20G"],
    ["clone", "--cpus", "8"],
    ["delete", "--disk", "disk0"],
    ["console", "--plan"],
    ["nic remove", "--force"],
    ["snapshot list", "--children"],
    ["show", "--limit", "3"],
  ])("that does nothing for `vm %s` is refused: %s %s", (word, ...options) => {
    expect(() => check(word, ...options)).toThrow(`does nothing for \`vm ${word}\``);
  });

  it("is taken where the help says so, and --json everywhere", () => {
    for (const [option, { help, type }] of Object.entries(VM_VERB.options)) {
      const [words] = /^[a-z ,]+(?=:)/.exec(help) ?? [];
      const taking = words?.split(", ") ?? (option === "json" ? ["list", "show", "disk list", "console"] : ["start", "create", "nic add"]);
      const given = [`--${option}`, ...(type === "string" ? ["x"] : [])];
      for (const word of taking) expect(() => check(word, ...given), `${word} ${given.join(" ")}`).not.toThrow();
    }
  });
});
