// `farhand vm` against a Hyper-V host: what it says of what only Hyper-V has, and of what it lacks. The host agent is a fake that
// answers what the test says.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../protocol/api/shapes.ts";
import { isSupported, servedValues } from "../../protocol/abilities.ts";
import { machineText } from "../../cli/vm/views.ts";
import { CHOICES, UNSUPPORTED } from "../../relay/drivers/hyperv/unsupported.ts";
import { cleanUp, start, temporary, until, type Ready } from "../embedded/starts.ts";
import { asQuoted } from "../relay/drivers/hyperv/host.ts";
import { RESOURCES, summary, vm, VM } from "../relay/drivers/hyperv/views.ts";
import { farhand, type Outcome } from "./commands.ts";

const GIB = 1024 ** 3;
const AGENT = join(import.meta.dirname, "../relay/drivers/hyperv/fake-agent.ts");
const WEB = vm({
  state: "running",
  memory_min_bytes: GIB,
  memory_max_bytes: 4 * GIB,
  memory_buffer_percent: 30,
  secure_boot: true,
  secure_boot_template: "microsoft-uefi-ca",
  autostart: true,
  autostart_condition: "if-running",
  autostart_delay_ms: 30_000,
  stop_action: "save",
});

describe("what a host says of its hypervisor", () => {
  const virtual = { unsupported: UNSUPPORTED, choices: CHOICES };

  it("names fields, fields of one operation, and operations", () => {
    expect(isSupported(virtual, "cache")).toBe(false);
    expect(isSupported(virtual, "vm.console")).toBe(false);
    expect([isSupported(virtual, "model", "nic.create"), isSupported(virtual, "model", "nic.update")]).toEqual([true, false]);
    expect(isSupported(virtual, "stop_action", "vm.update")).toBe(true);
  });

  it("says which values it serves, by the machine's firmware", () => {
    const buses = ["virtio", "scsi", "sata", "ide"] as const;
    expect(servedValues(virtual, "bus", buses, "uefi")).toEqual(["scsi"]);
    expect(servedValues(virtual, "bus", buses, "bios")).toEqual(["scsi", "ide"]);
    expect(servedValues(virtual, "bus", buses)).toEqual(["scsi", "ide"]);
    expect(servedValues(virtual, "format", ["qcow2", "vhdx"], "uefi")).toEqual(["vhdx"]);
    expect(servedValues(virtual, "console", ["serial"])).toEqual(["serial"]);
  });
});

describe("farhand vm on a Hyper-V host", () => {
  let home: string;
  let environment: Record<string, string>;
  const cli = (...args: string[]): Promise<Outcome> => farhand(environment, ["vm", ...args]);
  const jobs = () => {
    const file = join(home, "jobs.jsonl");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    rmSync(file, { force: true });
    return lines.map((line) => (JSON.parse(line) as { job: { operation: string; resource_spec: Record<string, unknown> } }).job);
  };

  beforeAll(async () => {
    home = temporary();
    mkdirSync(join(home, "default"));
    const powershell = join(home, "fake-powershell");
    writeFileSync(powershell, `#!/bin/sh\nexec ${[process.execPath, AGENT, home].map(asQuoted).join(" ")} "$@"\n`);
    chmodSync(powershell, 0o755);
    const answers = {
      ...RESOURCES,
      "vm.list": { data: { items: [summary(WEB)] } },
      "vm.get": { data: WEB },
      "vm.send-keys": { data: { sent: 3 } },
    };
    writeFileSync(join(home, "script.json"), JSON.stringify({ answers }));
    const table = `name = "hv1"\n[hyperv]\npowershell = "${powershell}"\n[hyperv.storage.default]\npath = "${join(home, "default")}"\n`;
    writeFileSync(join(home, "relay.toml"), `${table}[hyperv.networks.lan]\nswitch = "LAN switch"\n`);
    const ready: Ready = await start(join(home, "data"), ["--json", "--config", join(home, "relay.toml")]).ready();
    environment = { HOME: home, PWD: home, FARHAND_URL: ready.url, FARHAND_API_KEY: ready.api_key };
    await until("the hypervisor answers", async () => {
      const answer = await fetch(`${ready.url}/api/v1/hosts/hv1`, { headers: { authorization: `Bearer ${ready.api_key}` } });
      return ((await answer.json()) as Host).capabilities?.virtual;
    });
  }, 60_000);
  afterAll(cleanUp, 60_000);

  it("shows what only Hyper-V has", async () => {
    const { code, stdout } = await cli("show", "hv1", VM);
    expect(code).toBe(0);
    expect(stdout).toMatch(/memory +2\.0 GiB, dynamic 1\.0 GiB to 4\.0 GiB, 30 % in reserve/);
    expect(stdout).toMatch(/firmware +uefi, secure boot \(microsoft-uefi-ca\)/);
    expect(stdout).toMatch(/autostart +yes, if it ran before, after 30 s\nhost stops +save/);
    // Of a host that lacks it, or says nothing, it is not told.
    const elsewhere = machineText(WEB, null);
    expect(elsewhere).toMatch(/autostart +yes\n/);
    expect(elsewhere).not.toMatch(/host stops|in reserve|microsoft/);
  });

  it.each<[string, ...string[]]>([
    ["disks/0/cache", "--disk", "5G,cache=none"],
    ["disks/0/bus", "--disk", "5G,bus=virtio"],
    ["disks/0/format", "--disk", "5G,format=qcow2"],
    ["nics/0/model", "--network", "lan,model=e1000"],
  ])("refuses %s by its name, before anything is made", async (field, ...options) => {
    jobs();
    const { code, stderr } = await cli("create", "hv1", "box", "--memory", "1G", ...options);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${field} can only be`)]);
    expect(stderr).toContain("on Hyper-V");
    expect(stderr).toContain("HYPERVISOR_UNSUPPORTED");
    expect(jobs().map(({ operation }) => operation)).not.toContain("batch");
  });

  it("says that it has no console, and what there is instead", async () => {
    const { code, stderr } = await cli("console", "hv1", VM);
    expect([code, stderr]).toEqual([1, expect.stringContaining("CONSOLE_UNSUPPORTED")]);
    expect(stderr).toContain("farhand vm screenshot");
    expect(stderr).toContain("farhand vm keys");
  });

  it("presses keys and types text", async () => {
    jobs();
    expect(await cli("keys", "hv1", VM, "ctrl+alt+delete", "Enter")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("keys sent to web"),
    });
    expect(await cli("keys", "hv1", VM, "--text", "root")).toMatchObject({ code: 0 });
    const sent = jobs().filter(({ operation }) => operation === "vm.send-keys");
    expect(sent.map(({ resource_spec: spec }) => spec)).toMatchObject([
      { chords: [["ctrl", "alt", "delete"], ["enter"]] },
      { text: "root" },
    ]);
    const wrong = await cli("keys", "hv1", VM, "ctrl+nothing");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("/chords/0/1")]);
    expect(await cli("keys", "hv1", VM)).toMatchObject({ code: 2, stderr: expect.stringContaining("Write keys") });
    expect(await cli("keys", "hv1", VM, "enter", "--text", "a")).toMatchObject({ code: 2 });
  });

  it("has help that says which hypervisor an option is of", async () => {
    const { stdout } = await cli("--help");
    expect(stdout).toContain("cache= (KVM)");
    expect(stdout).toContain("whoever has it (KVM)");
    expect(stdout).toMatch(/On Hyper-V also secure_boot_template, memory_buffer_percent/);
  });
});
