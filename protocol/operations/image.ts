// Images that the host's file declares: what new disks are made from, and what is put into drives.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { bytesSchema, READ } from "./vm-fields.ts";

export const imageList = defineOperation({
  ...READ,
  name: "image.list",
  summary: "The images that the host declares",
  spec: z.strictObject({}),
  data: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(["disk", "iso"]),
        os_family: z.enum(["linux", "windows", "other"]).nullable(),
        description: z.string(),
        format: z.string().nullable(),
        size_bytes: bytesSchema.nullable().meta({ description: "as the guest sees it; null: not readable now" }),
        available: z.boolean(),
      }),
    ),
  }),
});
