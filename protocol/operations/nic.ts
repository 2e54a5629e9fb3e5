// Network adapters of a virtual machine.
import * as z from "zod";
import type { Rule } from "./define.ts";
import { defineOperation } from "./define.ts";
import { hasOneVlanMode, hasOrderedBandwidth, newNic, nicData, nicSettings, type NicFields } from "./vm-devices.ts";
import {
  CHANGE,
  changedData,
  DESTROY,
  deviceIdSchema,
  deviceNameSchema,
  macLocks,
  macSchema,
  READ,
  resourceNameSchema,
  vmIdSchema,
  vmLock,
} from "./vm-fields.ts";

const nic = deviceIdSchema.meta({ description: "an adapter's id" });
const locks = ({ vm, mac }: { readonly vm: string; readonly mac?: string | undefined }) => [vmLock(vm), ...macLocks([mac])];

const rules: readonly Rule<NicFields>[] = [
  { name: "one-vlan-mode", pointer: "/vlan_trunk", message: "goes without vlan", holds: hasOneVlanMode },
  { name: "bandwidth-ordered", pointer: "/bandwidth_min_bps", message: "must be at most bandwidth_max_bps", holds: hasOrderedBandwidth },
];

export const nicList = defineOperation({
  ...READ,
  name: "nic.list",
  summary: "The network adapters of a virtual machine",
  spec: z.strictObject({ vm: vmIdSchema }),
  data: z.object({ items: z.array(nicData) }),
});

export const nicGet = defineOperation({
  ...READ,
  name: "nic.get",
  summary: "One network adapter with its addresses",
  spec: z.strictObject({ vm: vmIdSchema, nic }),
  data: nicData,
});

export const nicCreate = defineOperation({
  ...CHANGE,
  name: "nic.create",
  summary: "Add a network adapter, while the virtual machine runs where the hypervisor can",
  spec: z.strictObject({ vm: vmIdSchema, ...newNic }),
  rules,
  locks,
  data: changedData,
});

export const nicAttach = defineOperation({
  ...CHANGE,
  name: "nic.attach",
  summary: "Connect a network adapter to a network",
  spec: z.strictObject({ vm: vmIdSchema, nic, network: resourceNameSchema }),
  locks,
  data: changedData,
});

export const nicDetach = defineOperation({
  ...CHANGE,
  name: "nic.detach",
  summary: "Take a network adapter off its network and keep it",
  spec: z.strictObject({ vm: vmIdSchema, nic }),
  locks,
  data: changedData,
});

export const nicUpdate = defineOperation({
  ...CHANGE,
  name: "nic.update",
  summary: "Change a network adapter in place",
  spec: z.strictObject({
    vm: vmIdSchema,
    nic,
    network: resourceNameSchema.optional(),
    mac: macSchema.optional(),
    name: deviceNameSchema.optional(),
    model: newNic.model,
    ...nicSettings,
  }),
  rules: [
    { name: "something-to-change", pointer: "", message: "must name a field to change", holds: (spec) => Object.keys(spec).length > 2 },
    ...rules,
  ],
  locks,
  data: changedData,
});

export const nicDelete = defineOperation({
  ...DESTROY,
  name: "nic.delete",
  summary: "Remove a network adapter",
  spec: z.strictObject({ vm: vmIdSchema, nic }),
  locks,
  data: changedData,
});
