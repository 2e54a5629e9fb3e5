// Virtual machines: reading, making, changing, deleting, power. Copies are in vm-copy.ts, screens in vm-screen.ts.
import * as z from "zod";
import { defineOperation } from "./define.ts";
import {
  changedData,
  CHANGE,
  DESTROY,
  macLocks,
  memorySchema,
  READ,
  resourceNameSchema,
  tagSchema,
  vmIdSchema,
  vmLock,
  vmNameLock,
  vmNameSchema,
} from "./vm-fields.ts";
import {
  cpusSchema,
  createRules,
  devices,
  FIRMWARES,
  hardware,
  OS_FAMILIES,
  seedSchema,
  sizeRules,
  topologySchema,
} from "./vm-hardware.ts";
import { VM_STATES, vmData, vmStatsData, vmSummaryData } from "./vm-view.ts";

const onlyVm = z.strictObject({ vm: vmIdSchema });
const locksVm = ({ vm }: { readonly vm: string }) => [vmLock(vm)];

export const vmList = defineOperation({
  ...READ,
  name: "vm.list",
  summary: "The virtual machines of the host",
  spec: z.strictObject({ state: z.enum(VM_STATES).optional(), tag: tagSchema.optional() }),
  data: z.object({ items: z.array(vmSummaryData) }),
});

export const vmGet = defineOperation({
  ...READ,
  name: "vm.get",
  summary: "One virtual machine with its disks and network adapters, read from the hypervisor",
  spec: onlyVm,
  data: vmData,
});

export const vmCreate = defineOperation({
  ...CHANGE,
  name: "vm.create",
  summary: "Make a virtual machine with its disks and network adapters; undone as a whole when a part fails",
  timeoutMs: { default: 900_000, max: 24 * 3600_000 },
  spec: z.strictObject({
    name: vmNameSchema,
    cpus: cpusSchema,
    memory_bytes: memorySchema.meta({ description: "at start" }),
    firmware: z
      .enum(FIRMWARES)
      .default("uefi")
      .meta({ description: "fixed from here on; UEFI on libvirt before 10.10 keeps no snapshots; Hyper-V's generation 1 or 2" }),
    os_family: z.enum(OS_FAMILIES).optional(),
    storage_class: resourceNameSchema.default("default"),
    ...hardware,
    ...devices,
    iso: resourceNameSchema.optional().meta({ description: "an image to put into a drive" }),
    seed: seedSchema.optional().meta({ description: "first-boot configuration (NoCloud)" }),
    start: z.boolean().default(false),
  }),
  rules: [...sizeRules, ...createRules],
  locks: (spec) => [vmNameLock(spec.name), ...macLocks(spec.nics.map(({ mac }) => mac))],
  data: changedData.extend({ name: z.string(), disks: z.array(z.string()), nics: z.array(z.string()) }),
});

export const vmUpdate = defineOperation({
  ...CHANGE,
  name: "vm.update",
  summary: "Change a virtual machine in place, at once where the hypervisor can",
  spec: z.strictObject({
    vm: vmIdSchema,
    cpus: cpusSchema.optional(),
    memory_bytes: memorySchema.optional(),
    ...hardware,
    cpu_topology: topologySchema.nullable().optional().meta({ description: "null: as the hypervisor likes" }),
    memory_min_bytes: memorySchema.nullable().optional().meta({ description: "null: not dynamic downwards" }),
    memory_max_bytes: memorySchema.nullable().optional().meta({ description: "null: not dynamic upwards" }),
    os_family: z.enum(OS_FAMILIES).optional(),
  }),
  rules: [
    { name: "something-to-change", pointer: "", message: "must name a field to change", holds: (spec) => Object.keys(spec).length > 1 },
    ...sizeRules,
  ],
  locks: locksVm,
  data: changedData,
});

export const vmDelete = defineOperation({
  ...DESTROY,
  name: "vm.delete",
  summary: "Delete a virtual machine; its disks too when asked",
  timeoutMs: { default: 300_000, max: 3600_000 },
  spec: z.strictObject({
    vm: vmIdSchema,
    delete_disks: z.boolean().default(false).meta({ description: "those in the host's storage classes that no other machine stands on" }),
    force: z.boolean().default(false).meta({ description: "turn it off first when it runs" }),
  }),
  locks: locksVm,
  data: changedData.extend({ deleted_disks: z.array(z.string()), kept_disks: z.array(z.string()) }),
});

export const vmRename = defineOperation({
  ...CHANGE,
  name: "vm.rename",
  summary: "Give a virtual machine another name",
  spec: z.strictObject({ vm: vmIdSchema, name: vmNameSchema }),
  locks: (spec) => [vmLock(spec.vm), vmNameLock(spec.name)],
  data: changedData,
});

export const vmStats = defineOperation({
  ...READ,
  name: "vm.stats",
  summary: "Processor, memory, disk and network of a virtual machine at this moment, with rates",
  spec: onlyVm,
  data: vmStatsData,
});
