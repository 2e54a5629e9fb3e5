// Snapshots of a virtual machine: its disks, and its memory when it runs.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import {
  bytesSchema,
  CHANGE,
  changedData,
  descriptionSchema,
  DESTROY,
  READ,
  snapshotNameSchema,
  timeSchema,
  vmIdSchema,
  vmLock,
} from "./vm-fields.ts";
import { VM_STATES } from "./vm-view.ts";

const locks = ({ vm }: { readonly vm: string }) => [vmLock(vm)];
const timeoutMs = { default: 600_000, max: 6 * 3600_000 } as const;

export const snapshotList = defineOperation({
  ...READ,
  name: "snapshot.list",
  summary: "The snapshots of a virtual machine, parents before children",
  spec: z.strictObject({ vm: vmIdSchema }),
  data: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        parent: z.string().nullable(),
        current: z.boolean().meta({ description: "what the machine stands on now" }),
        state: z.enum(VM_STATES).meta({ description: "that reverting leads to" }),
        memory: z.boolean(),
        kind: z.enum(["internal", "external", "mixed"]),
        description: z.string(),
        size_bytes: bytesSchema.nullable(),
        created_at: timeSchema.nullable(),
      }),
    ),
  }),
});

export const snapshotCreate = defineOperation({
  ...CHANGE,
  name: "snapshot.create",
  summary: "Take a snapshot; SNAPSHOT_UNSUPPORTED with the reason where this machine or hypervisor cannot",
  timeoutMs,
  spec: z.strictObject({
    vm: vmIdSchema,
    name: snapshotNameSchema,
    description: descriptionSchema.optional(),
    memory: z.boolean().optional().meta({ description: "with the memory of a running machine; true while it runs without" }),
    quiesce: z.boolean().default(false).meta({ description: "have the guest's agent still its file systems first" }),
  }),
  rules: [
    {
      name: "quiesce-or-memory",
      pointer: "/quiesce",
      message: "goes only without memory",
      holds: (spec) => !spec.quiesce || spec.memory === false,
    },
  ],
  locks,
  data: changedData,
});

export const snapshotRevert = defineOperation({
  ...DESTROY,
  name: "snapshot.revert",
  summary: "Go back to a snapshot; what came after it in this line is lost",
  timeoutMs,
  spec: z.strictObject({
    vm: vmIdSchema,
    snapshot: snapshotNameSchema,
    power: z.enum(["as-saved", "running", "off"]).default("as-saved").meta({ description: "the state afterwards" }),
  }),
  locks,
  data: changedData.extend({ state: z.enum(VM_STATES) }),
});

export const snapshotDelete = defineOperation({
  ...DESTROY,
  name: "snapshot.delete",
  summary: "Delete a snapshot; the machine stays as it is",
  timeoutMs,
  spec: z.strictObject({
    vm: vmIdSchema,
    snapshot: snapshotNameSchema,
    children: z.boolean().default(false).meta({ description: "those that stand on it too" }),
  }),
  locks,
  data: changedData,
});
