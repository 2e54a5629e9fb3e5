// Disks: those of a virtual machine, and volumes in the host's storage classes that are attached to none.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { DISK_BUSES, diskData, diskTuning, newDisk } from "./vm-devices.ts";
import {
  CHANGE,
  changedData,
  COPY,
  DESTROY,
  deviceIdSchema,
  deviceNameSchema,
  diskLock,
  diskSizeSchema,
  READ,
  resourceNameSchema,
  vmIdSchema,
  vmLock,
} from "./vm-fields.ts";

const disk = deviceIdSchema.meta({ description: "a disk's id" });
const vmOf = vmIdSchema.optional().meta({ description: "the machine that has it; without, one that none has" });

/** A disk of a machine is guarded by the machine's lock, so that two of its disks do not change at once; another by its own. */
const locks = (spec: { readonly vm?: string | undefined; readonly disk: string }) => [
  diskLock(spec.disk),
  ...(spec.vm === undefined ? [] : [vmLock(spec.vm)]),
];

export const diskList = defineOperation({
  ...READ,
  name: "disk.list",
  summary: "The disks of a virtual machine, or the volumes of a storage class",
  spec: z.strictObject({ vm: vmIdSchema.optional(), storage_class: resourceNameSchema.optional() }),
  data: z.object({ items: z.array(diskData) }),
});

export const diskGet = defineOperation({
  ...READ,
  name: "disk.get",
  summary: "One disk, with what it takes on the host",
  spec: z.strictObject({ vm: vmOf, disk }),
  data: diskData,
});

export const diskCreate = defineOperation({
  ...COPY,
  name: "disk.create",
  summary: "Make a disk, empty or from an image, and attach it when a virtual machine is named",
  spec: z.strictObject({ vm: vmIdSchema.optional(), ...newDisk }),
  rules: [
    {
      name: "disk-has-a-source",
      pointer: "/size_bytes",
      message: "is needed where no image is named",
      holds: (spec) => spec.size_bytes !== undefined || spec.image !== undefined,
    },
    {
      name: "loose-disk-has-a-name",
      pointer: "/name",
      message: "is needed where no machine is named",
      holds: (spec) => spec.vm !== undefined || spec.name !== undefined,
    },
  ],
  locks: (spec) => (spec.vm === undefined ? [diskLock(`${spec.storage_class ?? "default"}/${spec.name ?? ""}`)] : [vmLock(spec.vm)]),
  data: changedData,
});

export const diskClone = defineOperation({
  ...COPY,
  name: "disk.clone",
  summary: "Copy a disk that nobody writes to; full, or linked to the original",
  spec: z.strictObject({
    vm: vmOf,
    disk,
    name: deviceNameSchema,
    mode: z.enum(["full", "linked"]).default("full"),
    storage_class: resourceNameSchema.optional().meta({ description: "that of the original without" }),
    attach_to: vmIdSchema.optional().meta({ description: "a machine to attach the copy to" }),
  }),
  locks: (spec) => [diskLock(spec.disk), ...(spec.attach_to === undefined ? [] : [vmLock(spec.attach_to)])],
  data: changedData,
});

export const diskAttach = defineOperation({
  ...CHANGE,
  name: "disk.attach",
  summary: "Attach a disk that no virtual machine has",
  spec: z.strictObject({ vm: vmIdSchema, disk, bus: z.enum(DISK_BUSES).optional(), name: deviceNameSchema.optional(), ...diskTuning }),
  locks,
  data: changedData,
});

export const diskDetach = defineOperation({
  ...CHANGE,
  name: "disk.detach",
  summary: "Take a disk from its virtual machine and keep it",
  spec: z.strictObject({ vm: vmIdSchema, disk }),
  locks,
  data: changedData,
});

export const diskResize = defineOperation({
  ...CHANGE,
  name: "disk.resize",
  summary: "Make a disk larger, while its virtual machine runs where the hypervisor can; never smaller",
  spec: z.strictObject({ vm: vmOf, disk, size_bytes: diskSizeSchema }),
  locks,
  data: changedData,
});

export const diskUpdate = defineOperation({
  ...CHANGE,
  name: "disk.update",
  summary: "Change how a disk is attached, or its limits",
  spec: z.strictObject({
    vm: vmIdSchema,
    disk,
    bus: z.enum(DISK_BUSES).optional(),
    name: deviceNameSchema.optional(),
    size_bytes: diskSizeSchema.optional(),
    ...diskTuning,
  }),
  rules: [
    { name: "something-to-change", pointer: "", message: "must name a field to change", holds: (spec) => Object.keys(spec).length > 2 },
  ],
  locks,
  data: changedData,
});

export const diskDelete = defineOperation({
  ...DESTROY,
  name: "disk.delete",
  summary: "Delete a disk with its data",
  spec: z.strictObject({ vm: vmOf, disk }),
  locks,
  data: changedData,
});
