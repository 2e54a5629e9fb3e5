// What a person sees of a machine and sends to it: vm.screenshot, vm.send-keys, vm.console.
import { runningVm, screenOf, serialOf } from "../consoles/open.ts";
import type { HandlersOf, Parts } from "../parts.ts";
import { sendKeys } from "./keys.ts";
import { screenshot } from "./screenshot.ts";

export const screenHandlers = ({ session, consoles }: Parts): HandlersOf<"vm.screenshot" | "vm.send-keys" | "vm.console"> => ({
  async "vm.screenshot"({ vm, max_width }, { signal }) {
    const { png, width, height } = await screenshot(session, vm, max_width, signal);
    const data = { width, height, png_base64: png.toString("base64") };
    return { status: "success", message: `The screen has ${width} × ${height} pixels.`, data };
  },
  async "vm.send-keys"(spec, { signal }) {
    const sent = await sendKeys(session, spec, signal);
    return { status: "success", message: `${sent} keys were sent.`, data: { sent } };
  },
  async "vm.console"({ vm, console }) {
    const running = await runningVm(session, vm);
    if (console === "serial") serialOf(running);
    else screenOf(running);
    const in_use = console === "serial" && consoles.isInUse(vm);
    return { status: "success", message: in_use ? "The console is in use." : "The console can be opened.", data: { console, in_use } };
  },
});
