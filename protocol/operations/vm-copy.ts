// Copies of virtual machines: clone, export, import. All report progress.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import { changedData, COPY, resourceNameSchema, UNICODE, vmIdSchema, vmLock, vmNameLock, vmNameSchema } from "./vm-fields.ts";

/** A folder in a storage class, made by an export. */
const folderSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
/** Windows knows no case. */
const exportLock = (spec: { readonly storage_class: string; readonly folder: string }): string =>
  `export:${spec.storage_class}/${spec.folder.toLowerCase()}`;

export const vmClone = defineOperation({
  ...COPY,
  name: "vm.clone",
  summary: "Copy a virtual machine that is off, with new identity and addresses; full, or linked to the original's disks",
  spec: z.strictObject({
    vm: vmIdSchema.meta({ description: "the original" }),
    name: vmNameSchema,
    mode: z
      .enum(["full", "linked"])
      .default("full")
      .meta({ description: "linked: the copy needs the original's disks as they are, which are protected from then on" }),
    snapshot: z
      .string()
      .max(64)
      .regex(UNICODE)
      .optional()
      .meta({ description: "copy the disks as they were then, the rest as it is now; full only" }),
    storage_class: resourceNameSchema.optional().meta({ description: "that of the original without" }),
    start: z.boolean().default(false),
  }),
  rules: [
    {
      name: "snapshot-is-copied-in-full",
      pointer: "/snapshot",
      message: "goes only with mode full",
      holds: (spec) => spec.snapshot === undefined || spec.mode === "full",
    },
  ],
  // The original is read: copies of it run side by side, in the driver's own bound. The driver refuses what changes it meanwhile.
  locks: (spec) => [vmNameLock(spec.name)],
  data: changedData.extend({ name: z.string(), disks: z.array(z.string()), nics: z.array(z.string()) }),
});

export const vmExport = defineOperation({
  ...COPY,
  name: "vm.export",
  summary: "Write a virtual machine that is off, with its disks, into a new folder of a storage class",
  spec: z.strictObject({
    vm: vmIdSchema,
    storage_class: resourceNameSchema.default("default"),
    folder: folderSchema.meta({ description: "one that is not there yet" }),
  }),
  locks: (spec) => [vmLock(spec.vm), exportLock(spec)],
  data: changedData.extend({ folder: z.string(), bytes: z.int().min(0) }),
});

export const vmImport = defineOperation({
  ...COPY,
  name: "vm.import",
  summary: "Make a virtual machine from an exported folder",
  spec: z.strictObject({
    storage_class: resourceNameSchema.default("default").meta({ description: "where the folder lies" }),
    folder: folderSchema,
    name: vmNameSchema.optional().meta({ description: "its old one without" }),
    identity: z
      .enum(["new", "keep"])
      .default("new")
      .meta({ description: "of machine and addresses; keep: VM_EXISTS where it is there already" }),
    to_storage_class: resourceNameSchema.optional().meta({ description: "where the disks go; the folder's own class without" }),
  }),
  locks: (spec) => [exportLock(spec), ...(spec.name === undefined ? [] : [vmNameLock(spec.name)])],
  data: changedData.extend({ name: z.string(), disks: z.array(z.string()), nics: z.array(z.string()) }),
});
