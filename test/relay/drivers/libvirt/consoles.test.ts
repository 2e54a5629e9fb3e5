// Consoles of real guests through the driver: serial both ways and at the viewer's pace, one holder at a time, RFB through QEMU's
// own listeners, and what ends them.
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../../protocol/limits.ts";
import type { OpenOf } from "../../../../protocol/link/lane.ts";
import { screenIn, serialIn } from "../../../../relay/drivers/libvirt/consoles/places.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { writeIso } from "../../../../relay/drivers/virtual/seed/iso.ts";
import { buildGuest } from "../../../fixtures/guest.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { FakeViewer } from "./fake-viewer.ts";
import { startVmHost, type VmHost } from "./host.ts";
import { connectedClient, guestDomainXml, qemuDomainXml } from "./real-clients.ts";

/** Software emulation on a loaded machine. */
const BOOT_MS = 120_000;

describe.skipIf(libvirtdMissing !== null)("a console", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  const ids: Record<string, string> = {};
  const viewers: FakeViewer[] = [];
  const look = (name: string, more: Partial<OpenOf<"console">> = {}): FakeViewer => {
    const viewer = FakeViewer.open(host.driver.openConsole!, ids[name]!, more);
    viewers.push(viewer);
    return viewer;
  };
  const define = async (name: string, xml: string) => {
    const file = join(host.daemon.folder, `${name}.xml`);
    writeFileSync(file, xml);
    await host.virsh("define", file);
    ids[name] = (await host.virsh("domuuid", name)).trim();
  };
  const refusal = async (viewer: FakeViewer) => {
    await until("the refusal", () => viewer.isOver);
    return viewer.refused?.code;
  };

  beforeAll(async () => {
    const guest = buildGuest();
    host = await startVmHost();
    const { folder } = host.daemon;
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(folder, "a.qcow2"), "64M"]);
    const encode = (content: string) => new TextEncoder().encode(content);
    writeFileSync(
      join(folder, "seed.iso"),
      writeIso("cidata", [{ name: "meta-data", bytes: encode("instance-id: i\nlocal-hostname: talker\n") }], new Date()),
    );
    const vnc = `<graphics type='vnc'><listen type='socket' socket='${folder}/g.vnc'/></graphics>`;
    await define("guest", guestDomainXml("guest", guest, folder).replace("<video>", `${vnc}<video>`));
    await define("tcp", qemuDomainXml("tcp", "<graphics type='vnc' autoport='yes' listen='127.0.0.1'/>"));
    await define("open", qemuDomainXml("open", "<graphics type='vnc' autoport='yes' listen='0.0.0.0'/>"));
    await define("mute", qemuDomainXml("mute").replaceAll(/<(serial|console) .*?<\/\1>|<bios [^>]*>/g, ""));
    await define("off", qemuDomainXml("off"));
    for (const name of ["tcp", "open", "mute"]) await host.virsh("start", name);
    await host.virsh("start", "guest");
  }, BOOT_MS + 60_000);
  afterAll(async () => {
    for (const viewer of viewers) if (!viewer.isOver) viewer.cancel();
    await host?.stop();
  });

  it("is the guest's serial port, both ways, and what was typed is acknowledged", async () => {
    const viewer = await look("guest").opened();
    viewer.type("\n");
    await until("a shell", () => (viewer.type("\n"), viewer.text.includes("# ")), BOOT_MS);
    viewer.type("echo $((40+2))-from-guest\n");
    await viewer.sees("42-from-guest", BOOT_MS);
    await until("the acknowledgement", () => viewer.taken_ >= viewer.typed);
    viewer.leave();
    await until("its end", () => viewer.isOver);
    expect([viewer.closeCode, host.driver.openConsole !== undefined]).toEqual([1000, true]);
  });

  it("has one holder; the next is refused, or takes over and says so", async () => {
    const first = await look("guest").opened();
    const inUse = async (console: "serial" | "screen") => (await host.done("vm.console", { vm: ids["guest"]!, console })).in_use;
    expect([await inUse("serial"), await inUse("screen")]).toEqual([true, false]);
    expect(await refusal(look("guest"))).toBe("CONSOLE_IN_USE");
    const second = await look("guest", { take_over: true }).opened();
    expect([first.isOver, first.endedWith]).toEqual([true, "Somebody else took the console."]);
    second.type("echo still-$((1+1))\n");
    await second.sees("still-2", BOOT_MS);
    second.cancel();
    // Free again at once, though libvirt may need a moment.
    const third = await look("guest").opened();
    third.cancel();
    expect(await inUse("serial")).toBe(false);
    expect(await host.run("vm.console", { vm: ids["mute"]! })).toMatchObject({ status: "error", code: "CONSOLE_UNSUPPORTED" });
  });

  it("is given at the viewer's pace: nobody shows, so at most a window waits", async () => {
    const viewer = look("guest");
    viewer.shows = false;
    await viewer.opened();
    viewer.type("i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890; i=$((i+1)); done; echo all-of-it-$((2+3))\n");
    await until("a window", () => viewer.received >= LIMITS.windowBytes, BOOT_MS);
    const { received } = viewer;
    expect(received).toBeLessThan(2 * LIMITS.windowBytes);
    viewer.shows = true;
    viewer.say({ type: "shown", bytes: received });
    await viewer.sees("all-of-it-5", BOOT_MS);
    expect(viewer.received).toBeGreaterThan(20_000 * 32);
    viewer.say({ type: "shown", bytes: viewer.received + 1_000_000 });
    await until("its end", () => viewer.isOver);
    expect(viewer.closeCode).toBe(1007);
  });

  it("is RFB where it is the screen, through the unix socket or a listener that is this host's alone, also for several at once", async () => {
    for (const name of ["guest", "tcp", "guest"]) {
      const viewer = await look(name, { console: "screen" }).opened();
      await viewer.sees("RFB 003.008\n");
      viewer.type("RFB 003.008\n");
      // One security type: none.
      await until("the kinds of security", () => viewer.received >= 14);
      expect([...Buffer.concat(viewer.bytes).subarray(12, 14)]).toEqual([1, 1]);
      viewer.type(new Uint8Array([1]));
      await until("the word that all is well", () => viewer.received >= 18);
    }
  });

  it.each([
    ["off", "serial", "VM_STATE_INVALID"],
    ["off", "screen", "VM_STATE_INVALID"],
    ["mute", "serial", "CONSOLE_UNSUPPORTED"],
    ["mute", "screen", "CONSOLE_UNSUPPORTED"],
    ["open", "screen", "CONSOLE_UNSUPPORTED"],
    ["nobody", "serial", "VM_NOT_FOUND"],
  ] as const)("of %s, %s: %s", async (name, console, code) => {
    ids["nobody"] = "00000000-0000-4000-8000-000000000000";
    expect(await refusal(look(name, { console }))).toBe(code);
  });

  it("that a tool of the host has is in use", async () => {
    const { client } = await connectedClient(host.daemon.uri);
    const { domain } = await client.call("domainLookupByUuid", { uuid: ids["tcp"]! });
    const { stream } = await client.openStream("domainOpenConsole", { domain, device: null, flags: 0 });
    const its = until("the end of the tool's", () => stream.closed);
    stream.resume();
    expect(await refusal(look("tcp"))).toBe("CONSOLE_IN_USE");
    const viewer = await look("tcp", { take_over: true }).opened();
    await its;
    const again = await client.openStream("domainOpenConsole", { domain, device: null, flags: 1 });
    await until("the end of ours", () => viewer.isOver);
    expect(viewer.endedWith).toContain("somebody else");
    again.stream.destroy();
    client.stop();
  });

  it("ends within a second, with the reason, when its machine is off", async () => {
    const serial = await look("tcp").opened();
    const screen = await look("tcp", { console: "screen" }).opened();
    await screen.sees("RFB");
    await host.virsh("destroy", "tcp");
    await until("both ends", () => serial.isOver && screen.isOver, 3_000);
    expect([serial.endedWith, screen.endedWith]).toEqual(["The virtual machine is off.", "The virtual machine is off."]);
  });

  it("ends when the viewer says what it may not", async () => {
    for (const say of [
      (viewer: FakeViewer) => viewer.say({ type: "resize" }),
      (viewer: FakeViewer) => viewer.say({ type: "ended", reason: "x" } as { type: string }),
      (viewer: FakeViewer) => viewer.raw(new Uint8Array([9, 0, 0, 0, 1, 0])),
    ]) {
      const viewer = await look("guest", { console: "screen" }).opened();
      say(viewer);
      await until("the end", () => viewer.isOver);
      expect([1002, 1007]).toContain(viewer.closeCode);
    }
  });

  it("is one of a bounded number, and each that ends makes room", async () => {
    for (const viewer of viewers) if (!viewer.isOver) viewer.cancel();
    const all = await Promise.all(Array.from({ length: LIMITS.consoles }, () => look("guest", { console: "screen" }).opened()));
    expect(look("guest", { console: "screen" }).refused?.code).toBe("STREAMS_EXHAUSTED");
    all[0]!.cancel();
    await look("guest", { console: "screen" }).opened();
  });
});

describe("the places of consoles", () => {
  const domain = (devices: string) => parseXml(`<domain><devices>${devices}</devices></domain>`).root;

  it("are a serial port before another console, of a kind that can be opened", () => {
    expect(serialIn(domain("<console type='pty'><target type='virtio'/><alias name='console0'/></console>"))).toEqual({
      device: "console0",
    });
    const both = "<console type='pty'><alias name='console0'/></console><serial type='pty'><alias name='serial0'/></serial>";
    expect(serialIn(domain(both))).toEqual({ device: "serial0" });
    expect(serialIn(domain("<serial type='file'><source path='/x'/></serial>"))).toBeNull();
  });

  it.each([
    ["<graphics type='vnc' socket='/run/old.sock'/>", { path: "/run/old.sock" }],
    ["<graphics type='vnc'><listen type='socket' socket='/run/new.sock'/></graphics>", { path: "/run/new.sock" }],
    [
      "<graphics type='vnc' port='5901' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>",
      { host: "127.0.0.1", port: 5901 },
    ],
    ["<graphics type='vnc' port='5901' listen='0.0.0.0'><listen type='address' address='0.0.0.0'/></graphics>", null],
    ["<graphics type='vnc' port='5901' listen='127.0.0.1'><listen type='address' address='10.0.0.1'/></graphics>", null],
    ["<graphics type='vnc' port='-1' listen='127.0.0.1'/>", null],
    ["<graphics type='vnc'><listen type='none'/></graphics>", null],
    ["<graphics type='spice' port='5900' listen='127.0.0.1'/>", null],
    ["<graphics type='spice' port='5900'/><graphics type='vnc' socket='/s'/>", { path: "/s" }],
  ])("%s", (xml, place) => {
    expect(screenIn(domain(xml))).toEqual(place);
  });
});

describe("the socket of a screen", () => {
  const asNobody = `const { openScreen } = await import(process.argv[1]);
    const settled = await openScreen({ path: process.argv[2] }, AbortSignal.timeout(5000)).then(() => "open", (error) => error.code + " " + error.message);
    process.stdout.write(settled); process.exit(0);`;
  const module = join(import.meta.dirname, "../../../../relay/drivers/libvirt/consoles/open.ts");
  const ask = (path: string) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", asNobody, module, path], { cwd: "/", uid: 65_534, gid: 65_534 });

  it.skipIf(process.getuid?.() !== 0)("that the relay's user may not open is told with the remedy, one that is gone without", async () => {
    const folder = mkdtempSync("/tmp/fh-vnc-");
    const server = createServer();
    try {
      chmodSync(folder, 0o755);
      await once(server.listen(join(folder, "own")), "listening");
      chmodSync(join(folder, "own"), 0o600);
      expect((await ask(join(folder, "own"))).stdout).toMatch(/^HYPERVISOR_ACCESS_DENIED .*docs\/kvm\.md/);
      expect((await ask(join(folder, "gone"))).stdout).toMatch(/^HYPERVISOR_FAILED .*ENOENT/);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
