// Power of a virtual machine. Each says the state that it left the machine in; asking for the state that is already there is a
// success that changed nothing, so that a repeat does no harm.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { CHANGE, changedData, DESTROY, vmIdSchema, vmLock } from "./vm-fields.ts";
import { VM_STATES } from "./vm-view.ts";

const powered = changedData.extend({ state: z.enum(VM_STATES) });
const locks = ({ vm }: { readonly vm: string }) => [vmLock(vm)];
const spec = z.strictObject({ vm: vmIdSchema });

/** How long a guest is given to shut down, and what then. */
const patience = {
  wait_ms: z.int().min(0).max(3600_000).default(120_000).meta({ description: "how long the guest is waited for" }),
  force: z.boolean().default(false).meta({ description: "then turn it off; without, VM_SHUTDOWN_TIMEOUT" }),
} as const;
const patient = { default: 180_000, max: 2 * 3600_000 } as const;

export const vmStart = defineOperation({
  ...CHANGE,
  name: "vm.start",
  summary: "Start a virtual machine, or go on from its saved state",
  spec,
  locks,
  data: powered,
});

export const vmShutdown = defineOperation({
  ...CHANGE,
  name: "vm.shutdown",
  summary: "Ask the guest to shut down, wait, and turn it off then if that was asked for",
  timeoutMs: patient,
  spec: z.strictObject({ vm: vmIdSchema, ...patience }),
  locks,
  data: powered.extend({ forced: z.boolean() }),
});

export const vmStop = defineOperation({
  ...DESTROY,
  name: "vm.stop",
  summary: "Turn a virtual machine off, as by its plug",
  spec,
  locks,
  data: powered,
});

export const vmReboot = defineOperation({
  ...CHANGE,
  name: "vm.reboot",
  summary: "Ask the guest to restart, wait, and reset it then if that was asked for",
  timeoutMs: patient,
  spec: z.strictObject({ vm: vmIdSchema, ...patience }),
  locks,
  data: powered.extend({ forced: z.boolean() }),
});

export const vmReset = defineOperation({
  ...DESTROY,
  name: "vm.reset",
  summary: "Reset a virtual machine, as by its button",
  spec,
  locks,
  data: powered,
});
export const vmSuspend = defineOperation({
  ...CHANGE,
  name: "vm.suspend",
  summary: "Pause a virtual machine; its memory stays in the host's",
  spec,
  locks,
  data: powered,
});
export const vmResume = defineOperation({
  ...CHANGE,
  name: "vm.resume",
  summary: "Let a paused virtual machine go on",
  spec,
  locks,
  data: powered,
});

export const vmSave = defineOperation({
  ...CHANGE,
  name: "vm.save",
  summary: "Save a virtual machine's memory to disk and turn it off; vm.start goes on from there",
  timeoutMs: { default: 600_000, max: 2 * 3600_000 },
  spec,
  locks,
  data: powered,
});
