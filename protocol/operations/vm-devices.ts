// What a disk and a network adapter are said to be, wherever they are: in vm.create, disk.create, nic.create and updates; and
// how they are read. Holds no operation.
import * as z from "zod";
import { bytesSchema, deviceIdSchema, deviceNameSchema, diskSizeSchema, macSchema, resourceNameSchema, vlanSchema } from "./vm-fields.ts";

export const DISK_BUSES = ["virtio", "scsi", "sata", "ide"] as const;
export const DISK_FORMATS = ["qcow2", "raw", "vhdx"] as const;
/** `paravirtual`: virtio on KVM, the synthetic adapter on Hyper-V. */
export const NIC_MODELS = ["paravirtual", "e1000e", "e1000", "rtl8139", "legacy"] as const;

/** What can be said of a disk at any time. */
export const diskTuning = {
  cache: z.enum(["default", "none", "writeback", "writethrough"]).optional(),
  discard: z.boolean().optional().meta({ description: "give freed blocks back to the host" }),
  iops_max: z.int().min(0).max(10_000_000).optional().meta({ description: "0: no limit" }),
  bytes_per_second_max: z.int().min(0).max(1_000_000_000_000).optional().meta({ description: "0: no limit" }),
  read_only: z.boolean().optional(),
} as const;

export const newDisk = {
  size_bytes: diskSizeSchema.optional(),
  image: resourceNameSchema.optional().meta({ description: "an image of the host; the disk grows to size_bytes" }),
  name: deviceNameSchema.optional(),
  storage_class: resourceNameSchema.optional().meta({ description: "that of the machine without" }),
  format: z.enum(DISK_FORMATS).optional().meta({ description: "the hypervisor's usual one without" }),
  preallocate: z.boolean().optional().meta({ description: "take the space now: Hyper-V's fixed disk" }),
  bus: z.enum(DISK_BUSES).optional(),
  ...diskTuning,
} as const;

export const newDiskSchema = z.strictObject({ ...newDisk, boot: z.boolean().optional() });
export type NewDisk = z.infer<typeof newDiskSchema>;

/** What can be said of a network adapter at any time. Guards: `true` blocks. */
export const nicSettings = {
  vlan: vlanSchema.optional().meta({ description: "access VLAN; that of the network without" }),
  vlan_trunk: z.strictObject({ native: vlanSchema.optional(), allowed: z.array(vlanSchema).min(1).max(256) }).optional(),
  mac_spoofing_guard: z.boolean().optional(),
  dhcp_guard: z.boolean().optional(),
  router_guard: z.boolean().optional(),
  bandwidth_min_bps: z.int().min(0).max(400_000_000_000).optional().meta({ description: "bits per second; 0: no promise" }),
  bandwidth_max_bps: z.int().min(0).max(400_000_000_000).optional().meta({ description: "bits per second; 0: no limit" }),
  connected: z.boolean().optional().meta({ description: "false: the cable is out" }),
} as const;

export const newNic = {
  network: resourceNameSchema.meta({ description: "a network of the host" }),
  name: deviceNameSchema.optional(),
  mac: macSchema.optional().meta({ description: "one is made without" }),
  model: z.enum(NIC_MODELS).optional(),
  ...nicSettings,
} as const;

export const newNicSchema = z.strictObject(newNic);
export type NewNic = z.infer<typeof newNicSchema>;

export const diskData = z.object({
  id: deviceIdSchema,
  name: z.string(),
  vm: z.string().nullable().meta({ description: "null: attached to none" }),
  kind: z.enum(["disk", "cdrom"]),
  size_bytes: bytesSchema.nullable().meta({ description: "null: an empty drive" }),
  allocated_bytes: bytesSchema.nullable(),
  format: z.string().nullable(),
  storage_class: z.string().nullable().meta({ description: "null: outside what the host declares; it is never changed or deleted then" }),
  image: z.string().nullable().meta({ description: "the image that a linked disk stands on, or the ISO in a drive" }),
  bus: z.string(),
  boot_index: z.int().min(1).nullable(),
  cache: z.string(),
  discard: z.boolean(),
  iops_max: z.int().min(0),
  bytes_per_second_max: z.int().min(0),
  read_only: z.boolean(),
});

export const nicData = z.object({
  id: deviceIdSchema,
  name: z.string(),
  network: z.string().nullable().meta({ description: "null: on none that the host declares" }),
  mac: z.string(),
  model: z.string(),
  vlan: z.int().nullable(),
  vlan_trunk: z.object({ native: z.int().nullable(), allowed: z.array(z.int()) }).nullable(),
  mac_spoofing_guard: z.boolean(),
  dhcp_guard: z.boolean(),
  router_guard: z.boolean(),
  bandwidth_min_bps: z.int().min(0),
  bandwidth_max_bps: z.int().min(0),
  connected: z.boolean(),
  addresses: z.array(z.string()).meta({ description: "as far as the host knows them" }),
  boot_index: z.int().min(1).nullable(),
});

/** What the rules of an adapter compare. */
export interface NicFields {
  readonly vlan?: number | undefined;
  readonly vlan_trunk?: NewNic["vlan_trunk"];
  readonly bandwidth_min_bps?: number | undefined;
  readonly bandwidth_max_bps?: number | undefined;
}

export const hasOneVlanMode = (nic: NicFields): boolean => nic.vlan === undefined || nic.vlan_trunk === undefined;

/** 0 is no limit. */
export const hasOrderedBandwidth = ({ bandwidth_min_bps: min = 0, bandwidth_max_bps: max = 0 }: NicFields): boolean =>
  max === 0 || min <= max;

export const isUnique = (values: readonly (string | number)[]): boolean => new Set(values).size === values.length;
