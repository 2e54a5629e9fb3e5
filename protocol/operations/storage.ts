// Storage classes that the host's file declares: the only places where disks are made, changed and deleted.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { bytesSchema, READ } from "./vm-fields.ts";

export const storageList = defineOperation({
  ...READ,
  name: "storage.list",
  summary: "The storage classes that the host declares, with what is free",
  spec: z.strictObject({}),
  data: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        formats: z.array(z.string()),
        capacity_bytes: bytesSchema.nullable().meta({ description: "null: not readable now" }),
        available_bytes: bytesSchema.nullable(),
        available: z.boolean(),
      }),
    ),
  }),
});
