// The drive of a virtual machine, and the images that are put into it.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { CHANGE, changedData, deviceIdSchema, resourceNameSchema, vmIdSchema, vmLock } from "./vm-fields.ts";

const locks = ({ vm }: { readonly vm: string }) => [vmLock(vm)];
const drive = deviceIdSchema.optional().meta({ description: "the first drive without" });

export const isoAttach = defineOperation({
  ...CHANGE,
  name: "iso.attach",
  summary: "Put an ISO image of the host into a drive of a virtual machine; a drive is added where there is none",
  spec: z.strictObject({
    vm: vmIdSchema,
    image: resourceNameSchema,
    drive,
    boot_once: z.boolean().default(false).meta({ description: "start from it the next time" }),
  }),
  locks,
  data: changedData,
});

export const isoEject = defineOperation({
  ...CHANGE,
  name: "iso.eject",
  summary: "Empty a drive of a virtual machine",
  spec: z.strictObject({
    vm: vmIdSchema,
    drive,
    force: z.boolean().default(false).meta({ description: "though the guest has locked it" }),
  }),
  locks,
  data: changedData,
});
