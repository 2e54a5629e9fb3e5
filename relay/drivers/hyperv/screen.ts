// What a person sees of a machine and sends to it: vm.screenshot, vm.send-keys; and vm.console, which Hyper-V has none of.
import * as z from "zod";
import type { SpecOf } from "../contract.ts";
import { fieldFailure, VmFailure } from "../virtual/failure.ts";
import { fitRaster, type Screenshot } from "../virtual/picture/fit.ts";
import { RasterError, readRgb565 } from "../virtual/picture/raster.ts";
import type { HandlersOf, Parts } from "./parts.ts";
import { needState, type Ask, type Session } from "./session.ts";

/** What the agent tells of a screen. */
const pixelsSchema = z.object({
  width: z.int().min(1).max(8_192),
  height: z.int().min(1).max(8_192),
  rgb565_base64: z.base64().max(16 * 1024 * 1024),
});

/** PowerShell has no encoder for PNG. */
async function screenshot(session: Session, spec: SpecOf<"vm.screenshot">, ask: Ask): Promise<Screenshot> {
  const { width, height, rgb565_base64: pixels } = await session.askAs(pixelsSchema, { operation: "vm.screenshot", spec }, ask);
  try {
    return await fitRaster(readRgb565(Buffer.from(pixels, "base64"), width, height), spec.max_width);
  } catch (cause) {
    if (!(cause instanceof RasterError)) throw cause;
    throw new VmFailure("AGENT_PROTOCOL", `The host agent's picture of the screen cannot be read: ${cause.message}.`, undefined, { cause });
  }
}

export const screenHandlers = ({ session }: Parts): HandlersOf<"vm.screenshot" | "vm.send-keys" | "vm.console"> => ({
  async "vm.screenshot"(spec, context) {
    const { width, height, png } = await screenshot(session, spec, context);
    return { status: "success", message: `${width} × ${height}`, data: { width, height, png_base64: png.toString("base64") } };
  },

  async "vm.send-keys"(spec, context) {
    const vm = await session.read(spec.vm, context);
    needState(vm.state, ["running"], "only a running one hears keys");
    const data = await session.ask("vm.send-keys", { ...spec, vm: vm.id }, context);
    return { status: "success", message: `${data.sent} keys sent to ${vm.name}`, data };
  },

  async "vm.console"(spec, context) {
    const vm = await session.read(spec.vm, context);
    const why = {
      screen: "cannot be opened: Hyper-V shows screens by its own protocol (VMConnect) alone; vm.screenshot and vm.send-keys work",
      serial: "cannot be opened: Hyper-V's serial ports are named pipes of the host, which this relay does not pass on",
    };
    throw fieldFailure("CONSOLE_UNSUPPORTED", "/console", `of ${vm.name} ${why[spec.console]}`);
  },
});
