// `farhand vm` as a person and a program use it, against a real host: what it prints, its JSON, its exit codes.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "../../protocol/api/shapes.ts";
import { farhand, type Outcome } from "../cli/commands.ts";
import { entry } from "../embedded/starts.ts";
import { buildGuestDisk } from "../fixtures/guest-disk.ts";
import { libvirtdMissing } from "../fixtures/libvirtd.ts";
import { ended, until } from "./api.ts";
import { VmRig, type DataOf, type Machine } from "./vms-rig.ts";

const SMALL = ["--memory", "64M", "--disk", "16M", "--network", "nat", "--bios"] as const;

describe.skipIf(libvirtdMissing !== null)("farhand vm", () => {
  let rig: VmRig;
  let environment: Record<string, string>;
  const vm = (...args: string[]): Promise<Outcome> => farhand(environment, ["vm", ...args]);
  const parsed = <T>({ stdout }: Outcome) => JSON.parse(stdout) as T;
  const read = async (name: string) => parsed<Machine>(await vm("show", "kvm", name, "--json"));

  /** The CLI in a terminal of its own, as a person has it. */
  function sit(...args: string[]) {
    const line = [process.execPath, entry, "vm", ...args].join(" ");
    const child = spawn("script", ["-qefc", line, "/dev/null"], {
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...environment },
    });
    let text = "";
    child.stdout.on("data", (piece: Buffer) => (text += piece.toString()));
    const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
    const timer = setTimeout(() => child.kill("SIGKILL"), 100_000);
    void closed.then(() => clearTimeout(timer));
    const sees = async (words: string, ms = 30_000) => {
      await until(words, () => text.includes(words), ms).catch(() => {
        throw new Error(`no ${words} within ${ms} ms in ${JSON.stringify(text.slice(-500))}`);
      });
      return true;
    };
    return { type: (keys: string) => void child.stdin.write(keys), sees, text: () => text, closed };
  }

  beforeAll(async () => {
    rig = await VmRig.start({ guest: buildGuestDisk() });
    const { url, api_key } = rig.product.ready;
    environment = { HOME: rig.product.dir, PWD: rig.product.dir, FARHAND_URL: url, FARHAND_API_KEY: api_key };
  });
  afterAll(() => rig.stop());

  it("makes a machine, lists it, shows it, and deletes it", async () => {
    expect((await vm()).stdout).toContain("There is no virtual machine");
    const made = await vm("create", "kvm", "web", ...SMALL, "--description", "the shop", "--tag", "env=test");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("web");
    await until("it is listed", async () => (await vm("list")).stdout.includes("web"));
    expect((await vm("list", "kvm")).stdout).toMatch(/^HOST +NAME +STATE.*\nkvm +web +off +1 +64\.0 MiB/s);
    expect(parsed<{ items: { name: string }[] }>(await vm("--json")).items).toMatchObject([{ name: "web", host: "kvm" }]);
    expect((await vm("show", "kvm", "web")).stdout).toMatch(/description +the shop[^]*Disks\n[^]*disk0[^]*Network adapters\n[^]*nat/);
    const { id } = await read("web");
    expect((await vm("show", "kvm", id)).stdout).toContain(id);
    const gone = await vm("delete", "kvm", "web", "--disks");
    expect(gone).toMatchObject({ code: 0, stderr: "" });
    expect(await rig.names()).not.toContain("web");
    const missing = await vm("show", "kvm", "web");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("There is no virtual machine web on kvm")]);
    const byId = await vm("show", "kvm", id);
    expect([byId.code, byId.stderr]).toEqual([1, expect.stringContaining("VM_NOT_FOUND")]);
  });

  it("changes it: a plan first, then the change, told with what waits for a restart", async () => {
    await vm("create", "kvm", "place", ...SMALL, "--start");
    const planned = await vm("update", "kvm", "place", "--memory", "128M", "--plan");
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toMatch(/FIELD +NOW +THEN +TAKES EFFECT\nmemory_bytes +64\.0 MiB +128\.0 MiB +after a restart/);
    expect((await read("place")).memory_bytes).toBe(64 * 1024 ** 2);
    const changed = await vm("update", "kvm", "place", "--memory", "128M", "--description", "more");
    expect(changed).toMatchObject({ code: 0, stderr: expect.stringContaining("when the machine was off once") });
    const job = parsed<Job>(await vm("stop", "kvm", "place", "--force", "--json"));
    expect(job).toMatchObject({ status: "succeeded", operation: "vm.stop", result: { data: { state: "off" } } });
    const again = await vm("stop", "kvm", "place", "--force");
    expect(again).toMatchObject({ code: 0 });
    const renamed = await vm("rename", "kvm", "place", "position");
    expect([renamed.code, (await read("position")).description]).toEqual([0, "more"]);
    const copied = await vm("clone", "kvm", "position", "copy", "--linked");
    expect([copied.code, copied.stderr]).toEqual([0, ""]);
    expect(await rig.names()).toEqual(expect.arrayContaining(["position", "copy"]));
  });

  it("asks the guest to stop, waits as long as was said, and tells that it did not", async () => {
    await vm("create", "kvm", "deaf", ...SMALL, "--start");
    const asked = await vm("stop", "kvm", "deaf", "--wait", "500ms");
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining("VM_SHUTDOWN_TIMEOUT")]);
    expect((await rig.virsh("domstate", "deaf")).trim()).toBe("running");
    const forced = await vm("stop", "kvm", "deaf", "--wait", "500ms", "--force");
    expect([forced.code, (await rig.virsh("domstate", "deaf")).trim()]).toEqual([0, "shut off"]);
  });

  it("keeps disks, adapters and snapshots of a machine", async () => {
    await vm("create", "kvm", "parts", ...SMALL);
    expect((await vm("disk", "add", "kvm", "parts", "8M,name=data")).code).toBe(0);
    expect((await vm("disk", "list", "kvm", "parts")).stdout).toMatch(/^NAME[^]*disk0[^]*data/);
    expect((await vm("disk", "resize", "kvm", "parts", "data", "32M")).code).toBe(0);
    const disks = parsed<DataOf<"disk.list">>(await vm("disk", "list", "kvm", "parts", "--json")).items;
    expect(disks.find(({ name }) => name === "data")).toMatchObject({ size_bytes: 32 * 1024 ** 2 });
    const smaller = await vm("disk", "resize", "kvm", "parts", "data", "8M");
    expect([smaller.code, smaller.stderr]).toEqual([1, expect.stringContaining("DISK_SHRINK_REFUSED")]);
    expect((await vm("disk", "remove", "kvm", "parts", "data")).code).toBe(0);
    expect((await vm("disk", "remove", "kvm", "parts", "data")).stderr).toContain("has no disk data: disk0");
    expect((await vm("nic", "add", "kvm", "parts", "nat,name=second")).code).toBe(0);
    expect((await vm("nic", "list", "kvm", "parts")).stdout).toContain("second");
    expect((await vm("nic", "remove", "kvm", "parts", "second")).code).toBe(0);
    expect((await vm("snapshot", "list", "kvm", "parts")).stdout).toContain("parts has no snapshots");
    expect((await vm("snapshot", "create", "kvm", "parts", "before", "--description", "well")).code).toBe(0);
    expect((await vm("snapshot", "list", "kvm", "parts")).stdout).toMatch(/before \* +- +off .*well/);
    expect((await vm("snapshot", "revert", "kvm", "parts", "before")).code).toBe(0);
    expect((await vm("snapshot", "delete", "kvm", "parts", "before")).code).toBe(0);
    expect((await rig.virsh("snapshot-list", "parts", "--name")).trim()).toBe("");
  });

  it("writes the screen into a file", async () => {
    await vm("create", "kvm", "seen", ...SMALL, "--start");
    const file = join(rig.product.dir, "screen.png");
    const shot = await vm("screenshot", "kvm", "seen", "-o", file);
    expect([shot.code, readFileSync(file).subarray(1, 4).toString()]).toEqual([0, "PNG"]);
    await vm("stop", "kvm", "seen", "--force");
    const none = await vm("screenshot", "kvm", "seen", "-o", `${file}.none`);
    expect([none.code, none.stderr, existsSync(`${file}.none`)]).toEqual([1, expect.stringContaining("VM_STATE_INVALID"), false]);
  });

  it("opens the serial console in the terminal, until it is left or taken over", async () => {
    const disk = ["--disk", "image:guest", "--memory", "256M", "--bios", "--start"];
    expect((await vm("create", "kvm", "booted", ...disk)).code).toBe(0);
    const first = sit("console", "kvm", "booted");
    await first.sees("Ctrl-] leaves it");
    // Its first words may have come before the console was open; a line is echoed at any time.
    await until(
      "a shell",
      async () => {
        first.type("echo one-$((40+2))\r");
        return first.sees("one-42", 2_000).catch(() => false);
      },
      90_000,
    );
    const refused = sit("console", "kvm", "booted");
    await refused.sees("CONSOLE_IN_USE");
    expect(await refused.closed).toBe(1);
    const second = sit("console", "kvm", "booted", "--take-over");
    expect(await first.closed).toBe(0);
    await second.sees("Ctrl-] leaves it");
    second.type("echo two-$((40+2))\r");
    await second.sees("two-42");
    second.type("\u001d");
    await second.sees("Left the console.");
    expect(await second.closed).toBe(0);
    expect((await rig.virsh("domstate", "booted")).trim()).toBe("running");
    expect((await vm("delete", "kvm", "booted", "--disks", "--force")).code).toBe(0);
  });

  it("asks a person before it deletes, and takes no for an answer", async () => {
    await vm("create", "kvm", "kept", ...SMALL);
    const no = sit("delete", "kvm", "kept", "--disks");
    await no.sees("Delete kept on kvm with its disks and all that is on them? [y/N]");
    no.type("n\r");
    expect(await no.closed).toBe(1);
    expect(no.text()).toContain("Nothing was changed.");
    expect(await rig.names()).toContain("kept");
    const yes = sit("delete", "kvm", "kept", "--disks");
    await yes.sees("[y/N]");
    yes.type("y\r");
    expect(await yes.closed).toBe(0);
    expect(await rig.names()).not.toContain("kept");
  });

  it("shows what the host declares", async () => {
    expect((await vm("storage", "kvm")).stdout).toMatch(/^NAME +FREE[^]*default/);
    expect((await vm("networks", "kvm")).stdout).toMatch(/^NAME +KIND[^]*nat +user/);
    expect(parsed<{ items: object[] }>(await vm("images", "kvm", "--json")).items).toMatchObject([
      { name: "empty", kind: "iso" },
      { name: "guest", kind: "disk" },
    ]);
  });

  it("makes one of a file; with --detach it leaves the job", async () => {
    const file = join(rig.product.dir, "spec.json");
    writeFileSync(file, JSON.stringify({ name: "of-file", cpus: 1, memory_bytes: 64 * 1024 ** 2, firmware: "bios" }));
    const { code, stdout } = await vm("create", "kvm", "--file", file, "--detach");
    expect(code).toBe(0);
    expect((await ended(rig.product, stdout.trim())).status).toBe("succeeded");
    expect(await rig.names()).toContain("of-file");
  });

  it.each<[string[], number, string]>([
    [["nope"], 2, "There is no `vm nope`"],
    [["show", "kvm"], 2, "The virtual machine, by name or UUID, is missing"],
    [["show", "nowhere", "web"], 1, "HOST_NOT_FOUND"],
    [["create", "kvm", "x", "--memory", "much"], 2, "is not a size"],
    [["create", "kvm", "x", "--memory", "64M", "--network", "dmz"], 1, "/nics/0/network is no network that the host declares"],
    [["create", "kvm", "x", "--memory", "33M"], 1, "/memory_bytes"],
    [["snapshot", "make", "kvm", "web"], 2, "list, create, revert, delete"],
    [["start", "kvm", "web", "now"], 2, "one word too many"],
    [["console", "kvm", "of-file"], 2, "not a terminal"],
    [["screenshot", "kvm", "of-file"], 2, "-o FILE"],
  ])("%j ends with %i", async (args, code, words) => {
    const outcome = await vm(...args);
    expect(outcome.stderr).toContain(words);
    expect(outcome.code).toBe(code);
  });
});
