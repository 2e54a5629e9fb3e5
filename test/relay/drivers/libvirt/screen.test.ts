// The screen and the keyboard of a real guest: pictures are what QEMU says by another way, keys are what the guest's own terminal
// reads.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../../../../relay/drivers/libvirt/screen/keycodes.ts";
import { pngSize, readPng, writePng } from "../../../../relay/drivers/virtual/picture/png.ts";
import { RasterError, readPpm, shrink, type Raster } from "../../../../relay/drivers/virtual/picture/raster.ts";
import { fit } from "../../../../relay/drivers/virtual/picture/fit.ts";
import { VM_OPERATIONS } from "../../../../protocol/operations/virtual-machines.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { until } from "../../../fixtures/until.ts";
import { BOOT_MS, startAgentGuest, type AgentGuest } from "./agent-guest.ts";
import { startVmHost, type VmHost } from "./host.ts";

/** Reproducible noise: nothing compresses it. */
function noise(width: number, height: number): Raster {
  let state = 1;
  const rgb = Uint8Array.from({ length: width * height * 3 }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff);
  return { width, height, rgb };
}
const ppm = ({ width, height, rgb }: Raster) => Buffer.concat([Buffer.from(`P6\n# of a test\n${width} ${height}\n255\n`), rgb]);

describe("pictures", () => {
  it("go through PNG and PPM unchanged", async () => {
    for (const [width, height] of [
      [1, 1],
      [3, 7],
      [640, 480],
    ] as const) {
      const picture = noise(width, height);
      expect(await readPng(await writePng(picture))).toEqual({ width, height, rgb: picture.rgb });
      const read = readPpm(ppm(picture));
      expect([read.width, read.height, Buffer.from(read.rgb).equals(Buffer.from(picture.rgb))]).toEqual([width, height, true]);
    }
  });

  it("shrink in proportion, each pixel the mean of those it covers", () => {
    const rgb = Uint8Array.from([0, 0, 0, 100, 0, 0, 200, 0, 0, 100, 40, 0]);
    expect(shrink({ width: 4, height: 1, rgb }, 2)).toEqual({ width: 2, height: 1, rgb: Uint8Array.from([50, 0, 0, 150, 20, 0]) });
    expect(shrink(noise(1_000, 500), 64)).toMatchObject({ width: 64, height: 32 });
    const picture = noise(10, 10);
    expect(shrink(picture, 10)).toBe(picture);
  });

  it("are made smaller until they fit", async () => {
    const bytes = await writePng(noise(800, 600));
    const { png, width, height } = await fit(bytes);
    expect(png.length).toBeLessThanOrEqual(675_000);
    expect(pngSize(png)).toEqual({ width, height });
    expect([width < 800, Math.abs(width / height - 4 / 3) < 0.01]).toEqual([true, true]);
    expect(await fit(bytes, 100)).toMatchObject({ width: 100, height: 75 });
    const small = await writePng(noise(80, 60));
    expect((await fit(small)).png).toBe(small);
    expect((await fit(ppm(noise(80, 60)))).png.equals(small)).toBe(true);
  });

  it("that are none are refused, however they are broken", async () => {
    const whole = await writePng(noise(20, 20));
    const huge = Buffer.from(whole);
    huge.writeUInt32BE(100_000, 16);
    huge.writeUInt32BE(100_000, 20);
    const deep = Buffer.from(whole);
    deep[24] = 16;
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("P6\n2 2\n255\n12"),
      Buffer.from("GIF89a"),
      Buffer.from(`P6 ${"# ".repeat(250)}`),
      huge,
      ppm(noise(4, 4)).subarray(0, 30),
    ])
      await expect(fit(bytes, 10)).rejects.toThrow(RasterError);
    for (const bytes of [whole.subarray(0, 60), whole.subarray(0, 20), deep]) await expect(readPng(bytes)).rejects.toThrow(RasterError);
    for (let at = 0; at < whole.length; at += 7) {
      const broken = Buffer.from(whole);
      broken[at] = broken[at]! ^ 0x5a;
      const end = await readPng(broken).then(
        () => "read",
        (error: unknown) => (error instanceof RasterError ? "refused" : error),
      );
      expect(["read", "refused"]).toContain(end);
    }
  });
});

describe("keys", () => {
  it("each of the contract has a code of its own", () => {
    const keys = (
      VM_OPERATIONS["vm.send-keys"].spec.shape.chords.unwrap() as unknown as {
        element: { element: { options: readonly Parameters<typeof codeOf>[0][] } };
      }
    ).element.element.options;
    expect(keys.length).toBeGreaterThan(80);
    expect(new Set(keys.map(codeOf)).size).toBe(keys.length);
    // As input-event-codes.h has them.
    const known = {
      escape: 1,
      "1": 2,
      "0": 11,
      q: 16,
      p: 25,
      enter: 28,
      ctrl: 29,
      a: 30,
      l: 38,
      shift: 42,
      z: 44,
      "/": 53,
      alt: 56,
      space: 57,
      f1: 59,
      f10: 68,
      f11: 87,
      f12: 88,
      home: 102,
      delete: 111,
      meta: 125,
      menu: 127,
    };
    expect(Object.fromEntries(Object.keys(known).map((key) => [key, codeOf(key as "a")]))).toEqual(known);
  });
});

describe.skipIf(libvirtdMissing !== null)("a real guest's screen", { timeout: BOOT_MS }, () => {
  let host: VmHost;
  let guest: AgentGuest;
  const vm = "00000000-0000-4000-8000-000000000400";
  beforeAll(async () => {
    host = await startVmHost();
    guest = await startAgentGuest(host, vm);
  }, BOOT_MS);
  afterAll(async () => {
    await host?.virsh("destroy", vm).catch(() => undefined);
    await host?.stop();
  });

  /** Bytes of its terminal as they come; the terminal is held open, or it would forget that it is raw. */
  const rawly = (bytes: number) => `exec 3<>/dev/tty1; stty raw -echo <&3; head -c ${bytes} <&3 | od -An -v -tx1`;
  const picture = async (data: { png_base64: string }) => readPng(Buffer.from(data.png_base64, "base64"));

  it("is what QEMU itself writes, as PNG and as PPM", async () => {
    const file = join(host.daemon.folder, "screen.ppm");
    // The cursor blinks between two looks.
    await until("the same picture twice", async () => {
      const ours = await picture(await host.done("vm.screenshot", { vm }));
      await host.virsh("qemu-monitor-command", vm, "--hmp", `screendump ${file}`);
      const theirs = readPpm(readFileSync(file));
      return ours.width === theirs.width && Buffer.from(ours.rgb).equals(Buffer.from(theirs.rgb));
    });
    const whole = await host.done("vm.screenshot", { vm });
    const small = await host.done("vm.screenshot", { vm, max_width: 200 });
    expect(small).toMatchObject({ width: 200, height: Math.round((whole.height * 200) / whole.width) });
    expect(await picture(small)).toMatchObject({ width: small.width, height: small.height });
  });

  it("shows what is written to it", async () => {
    const lit = async () => (await picture(await host.done("vm.screenshot", { vm }))).rgb.filter((value) => value > 128).length;
    const before = await lit();
    await guest.shell("seq 1 10 | while read n; do echo '########################################' >/dev/tty1; done");
    await until("more light", async () => (await lit()) > before + 1_000);
  });

  it("types a text as a US keyboard does, every character of it", async () => {
    const text = `${Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("")}\t\n`;
    const reads = guest.shell(rawly(text.length));
    // What is typed before it listens would wait in the line discipline and not be read raw.
    await until("a reader", async () => (await guest.shell("ps | grep -c '[h]ead -c' ")).trim() !== "0");
    expect(await host.done("vm.send-keys", { vm, text })).toEqual({ sent: text.length });
    const typed = Buffer.from((await reads).replaceAll(/\s/g, ""), "hex").toString("latin1");
    expect(typed).toBe(text.replace("\n", "\r"));
  });

  it("holds the keys of a chord together, one chord after another", async () => {
    const reads = guest.shell(rawly(8));
    await until("a reader", async () => (await guest.shell("ps | grep -c '[h]ead -c' ")).trim() !== "0");
    const chords = [["ctrl", "c"], ["alt", "x"], ["up"], ["shift", "a"], ["q"]];
    expect(await host.done("vm.send-keys", { vm, chords, hold_ms: 20 })).toEqual({ sent: 8 });
    expect(Buffer.from((await reads).replaceAll(/\s/g, ""), "hex").toString("latin1")).toBe("\u0003\u001bx\u001b[AAq");
  });

  it("stops typing when the job is cancelled", async () => {
    const stop = new AbortController();
    const running = host.run("vm.send-keys", { vm, text: "a".repeat(1_000) }, { signal: stop.signal });
    stop.abort();
    expect(await running).toMatchObject({ status: "error", code: "JOB_CANCELLED" });
  });

  it("vm.console says which console can be opened", async () => {
    expect(await host.done("vm.console", { vm })).toEqual({ console: "serial", in_use: false });
    expect(await host.run("vm.console", { vm, console: "screen" })).toMatchObject({ code: "CONSOLE_UNSUPPORTED" });
  });

  it("off there is neither screen nor keyboard nor console, and one without a screen has no picture", async () => {
    await host.virsh("destroy", vm);
    for (const [operation, spec] of [
      ["vm.screenshot", {}],
      ["vm.send-keys", { text: "x" }],
      ["vm.console", {}],
    ] as const)
      expect(await host.run(operation, { vm, ...spec }), operation).toMatchObject({ status: "error", code: "VM_STATE_INVALID" });
    const xml = (await host.virsh("dumpxml", vm)).replace(/<video>[^]*<\/video>/, "<video><model type='none'/></video>");
    const file = join(host.daemon.folder, "blind.xml");

    writeFileSync(file, xml);
    await host.virsh("define", file);
    await host.virsh("start", vm, "--paused");
    expect(await host.run("vm.screenshot", { vm })).toMatchObject({ code: "CONSOLE_UNSUPPORTED" });
  });
});
