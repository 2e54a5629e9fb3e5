// vm.screenshot: what Windows gives of a screen is made PNG here; vm.send-keys and vm.stats pass through.
import { afterEach, beforeEach, expect, it } from "vitest";
import { readPng } from "../../../../relay/drivers/virtual/picture/png.ts";
import { startFakeHost, type FakeHost } from "./host.ts";
import { vm, VM } from "./views.ts";

let host: FakeHost;
beforeEach(async () => {
  host = await startFakeHost();
});
afterEach(() => host.stop());

const shown = (width: number, height: number, pixels: Buffer) =>
  host.answer({ answers: { "vm.screenshot": { data: { width, height, rgb565_base64: pixels.toString("base64") } } } });

it("vm.screenshot makes PNG of 16 bits a pixel", async () => {
  const pixels = Buffer.alloc(8);
  // Red, green, blue, white.
  for (const [index, value] of [0xf800, 0x07e0, 0x001f, 0xffff].entries()) pixels.writeUInt16LE(value, index * 2);
  await shown(2, 2, pixels);
  const { width, height, png_base64: png } = await host.done("vm.screenshot", { vm: VM });
  expect([width, height]).toEqual([2, 2]);
  const { rgb } = await readPng(Buffer.from(png, "base64"));
  expect([...rgb]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);
});

it("vm.screenshot keeps to the width that was asked for", async () => {
  await shown(640, 480, Buffer.alloc(640 * 480 * 2, 0x55));
  expect(await host.done("vm.screenshot", { vm: VM, max_width: 64 })).toMatchObject({ width: 64, height: 48 });
  expect((await host.jobs())[0]!.job.resource_spec).toEqual({ vm: VM, max_width: 64 });
});

it("vm.screenshot of a picture that is not whole is AGENT_PROTOCOL", async () => {
  await shown(640, 480, Buffer.alloc(100));
  expect(await host.run("vm.screenshot", { vm: VM })).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
  await host.answer({ answers: { "vm.screenshot": { data: { width: 0, height: 1, rgb565_base64: "" } } } });
  expect(await host.run("vm.screenshot", { vm: VM })).toMatchObject({ status: "error", code: "AGENT_PROTOCOL" });
});

it("vm.send-keys says how many were sent", async () => {
  await host.answer({ answers: { "vm.get": { data: vm({ state: "running" }) }, "vm.send-keys": { data: { sent: 3 } } } });
  expect(await host.done("vm.send-keys", { vm: VM, chords: [["ctrl", "alt", "delete"]] })).toEqual({ sent: 3 });
});
