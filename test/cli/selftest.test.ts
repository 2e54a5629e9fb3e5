// `farhand selftest` and `farhand doctor` on a host with [hyperv], as they are typed: the built agent in real PowerShell 7, on the fake
// Hyper-V.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PWSH, writeFakePowershell } from "../relay/drivers/hyperv/fake-world.ts";
import { launch, type Outcome } from "./commands.ts";

interface Report {
  readonly ok: boolean;
  readonly rows: readonly { name: string; ok: boolean; code: string | null; remedy?: string }[];
  readonly failure: { code: string; remedy: string } | null;
  readonly left: { machines: readonly string[] };
  readonly checks: readonly { name: string; ok: boolean; detail: string }[];
}

/** On a machine that has other work, too. */
const LIMIT_MS = 150_000;

describe("farhand selftest", { timeout: 2 * LIMIT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), "farhand-cli-selftest-"));
  beforeAll(() => mkdirSync(join(folder, "vms")));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const world = (text: object) => writeFileSync(join(folder, "world.json"), JSON.stringify(text));
  const toml = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const host = (more = "") =>
    toml(
      "relay.toml",
      `[hyperv]\npowershell = "${writeFakePowershell(folder)}"\n[hyperv.storage.default]\npath = "${join(folder, "vms")}"\n[hyperv.networks.lan]\nswitch = "LAN"\n${more}`,
    );
  const cli = (...args: string[]): Promise<Outcome> => launch({ HOME: folder }, args, "", process.execPath, LIMIT_MS).outcome;
  const json = ({ stdout }: Outcome) => JSON.parse(stdout) as Report;

  it("wants a file that declares Hyper-V", async () => {
    const missing = await cli("selftest", "--config", join(folder, "none.toml"));
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("does not exist") as string });
    const other = await cli("selftest", "--config", toml("kvm.toml", "[libvirt]\n"));
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("farhand doctor") as string });
    const bare = await cli("selftest", "--config", toml("bare.toml", 'name = "vm100"\n'));
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining("no [hyperv] table") as string });
  });

  it("says why there is no report, with exit code 1", async () => {
    const file = toml("nowhere.toml", '[hyperv]\npowershell = "/nowhere/pwsh"\n');
    const told = await cli("selftest", "--config", file);
    expect(told).toMatchObject({ code: 1, stdout: expect.stringMatching(/^fail .*\/nowhere\/pwsh.*HYPERVISOR_UNAVAILABLE/) as string });
    expect(json(await cli("selftest", "--config", file, "--json"))).toMatchObject({
      ok: false,
      failure: { code: "HYPERVISOR_UNAVAILABLE" },
    });
  });

  describe.skipIf(PWSH === null)("with PowerShell", () => {
    it("reads row by row, and doctor reads the same", async () => {
      world({});
      const told = await cli("selftest", "--config", host());
      expect(told).toMatchObject({ code: 0, stderr: expect.stringMatching(/sha256:[0-9a-f]{64} by/) as string });
      expect(told.stdout).toMatch(/^ok +host +\d+ ms +\d+ processors/m);
      expect(told.stdout).not.toContain("vm.create");
      const { checks } = json(await cli("doctor", "--config", host(), "--data", join(folder, "data"), "--json"));
      const said = (name: string) => checks.find((check) => check.name === name);
      expect(said("host agent")?.ok).toBe(true);
      expect(said("network lan")).toMatchObject({ ok: true, detail: "LAN" });
    });

    it("names what is not there, with its remedy and exit code 1", async () => {
      world({});
      const file = host('[hyperv.networks.gone]\nswitch = "Nowhere"\n');
      const report = await cli("selftest", "--config", file, "--json");
      expect(report).toMatchObject({ code: 1, stderr: expect.stringMatching(/1 of \d+ checks failed/) as string });
      expect(json(report).rows.filter(({ ok }) => !ok)).toEqual([
        expect.objectContaining({
          name: "network gone",
          code: "NETWORK_UNAVAILABLE",
          remedy: expect.stringContaining("New-VMSwitch") as string,
        }),
      ]);
      const doctor = await cli("doctor", "--config", file, "--data", join(folder, "data"));
      expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(/^fail +network gone +Nowhere: /m) as string });
    });

    it("makes a machine with --full alone, and names one that it could not delete", async () => {
      world({ faults: [{ cmdlet: "Remove-VM", id: "OperationFailed", times: 9 }] });
      const stuck = await cli("selftest", "--config", host(), "--full");
      expect(stuck).toMatchObject({ code: 1, stderr: expect.stringContaining("Something is left") as string });
      expect(stuck.stdout).toMatch(/^ok +vm\.create /m);
      expect(stuck.stdout).toMatch(/^left +the virtual machine farhand-selftest-[0-9a-f]{8}:/m);
    });
  });
});
