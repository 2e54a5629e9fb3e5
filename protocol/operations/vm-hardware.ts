// What a virtual machine is said to be, and the rules across its fields, shared by vm.create and vm.update. A rule holds where
// what it compares was not given: then only the host can know, and says so.
import * as z from "zod";
import type { Rule } from "./define.ts";
import { hasOneVlanMode, hasOrderedBandwidth, isUnique, newDiskSchema, newNicSchema } from "./vm-devices.ts";
import { descriptionSchema, deviceIdSchema, memorySchema, tagsSchema, UNICODE } from "./vm-fields.ts";
import { secret } from "../secret.ts";

export const FIRMWARES = ["bios", "uefi"] as const;
export const OS_FAMILIES = ["linux", "windows", "other"] as const;
export const SECURE_BOOT_TEMPLATES = ["microsoft-windows", "microsoft-uefi-ca", "open-source-shielded-vm"] as const;
export const STOP_ACTIONS = ["shutdown", "save", "turn-off"] as const;

/** The most of both hypervisors: Hyper-V 2025 runs 2,048 in one machine. */
export const cpusSchema = z.int().min(1).max(2_048);

export const topologySchema = z.strictObject({
  sockets: z.int().min(1).max(2_048),
  cores: z.int().min(1).max(2_048),
  threads: z.int().min(1).max(8),
});
export type Topology = z.infer<typeof topologySchema>;

const count = z.int().min(5).max(2_000);

/** What may be given at create and changed later. */
export const hardware = {
  description: descriptionSchema.optional(),
  tags: tagsSchema.optional(),
  cpu_topology: topologySchema.optional(),
  memory_min_bytes: memorySchema
    .optional()
    .meta({ description: "the least that the host may leave the machine; makes its memory dynamic" }),
  memory_max_bytes: memorySchema.optional().meta({ description: "the most that it may get; makes its memory dynamic" }),
  memory_buffer_percent: count.optional().meta({ description: "what dynamic memory keeps in reserve; Hyper-V only" }),
  secure_boot: z.boolean().optional(),
  secure_boot_template: z.enum(SECURE_BOOT_TEMPLATES).optional().meta({ description: "by os_family without" }),
  tpm: z.boolean().optional(),
  nested: z.boolean().optional().meta({ description: "the machine may run machines" }),
  autostart: z.boolean().optional().meta({ description: "start with the host" }),
  autostart_condition: z
    .enum(["always", "if-running"])
    .optional()
    .meta({ description: "if-running: only when it ran as the host stopped" }),
  autostart_delay_ms: z.int().min(0).max(3600_000).optional(),
  stop_action: z.enum(STOP_ACTIONS).optional().meta({ description: "what becomes of it when the host stops" }),
  boot_order: z.array(deviceIdSchema).max(16).optional().meta({ description: "names or ids of attached devices; cdrom for the drive" }),
  deletion_protection: z.boolean().optional(),
} as const;

const seedText = z.string().regex(UNICODE, "must be valid Unicode");

/** NoCloud: read once by the guest. Any user of a Windows guest can read it: keep secrets that matter out. */
export const seedSchema = z.strictObject({
  user_data: secret(seedText.min(1).max(64 * 1024)),
  meta_data: secret(seedText.max(16 * 1024)).optional(),
  network_config: secret(seedText.max(16 * 1024)).optional(),
});

export const devices = {
  disks: z.array(newDiskSchema).max(64).default([]),
  nics: z.array(newNicSchema).max(8).default([]),
} as const;

interface Sizes {
  readonly cpus?: number | undefined;
  readonly cpu_topology?: Topology | null | undefined;
  readonly memory_bytes?: number | undefined;
  readonly memory_min_bytes?: number | null | undefined;
  readonly memory_max_bytes?: number | null | undefined;
  readonly memory_buffer_percent?: number | null | undefined;
  readonly secure_boot?: boolean | undefined;
  readonly secure_boot_template?: string | undefined;
  readonly boot_order?: readonly string[] | undefined;
}

const atMost = (low: number | null | undefined, high: number | null | undefined): boolean => low == null || high == null || low <= high;

export const sizeRules: readonly Rule<Sizes>[] = [
  {
    name: "memory-min-at-most-startup",
    pointer: "/memory_min_bytes",
    message: "must be at most memory_bytes",
    holds: (spec) => atMost(spec.memory_min_bytes, spec.memory_bytes),
  },
  {
    name: "memory-max-at-least-startup",
    pointer: "/memory_max_bytes",
    message: "must be at least memory_bytes",
    holds: (spec) => atMost(spec.memory_bytes, spec.memory_max_bytes),
  },
  {
    name: "memory-min-at-most-max",
    pointer: "/memory_min_bytes",
    message: "must be at most memory_max_bytes",
    holds: (spec) => spec.memory_bytes !== undefined || atMost(spec.memory_min_bytes, spec.memory_max_bytes),
  },
  {
    name: "cpu-topology-is-cpus",
    pointer: "/cpu_topology",
    message: "sockets × cores × threads must be cpus",
    holds: ({ cpus, cpu_topology: topology }) =>
      cpus === undefined || !topology || topology.sockets * topology.cores * topology.threads === cpus,
  },
  {
    name: "secure-boot-template-with-secure-boot",
    pointer: "/secure_boot_template",
    message: "goes only with secure boot",
    holds: (spec) => spec.secure_boot_template === undefined || spec.secure_boot !== false,
  },
  {
    name: "boot-order-names-once",
    pointer: "/boot_order",
    message: "must name each device once",
    holds: (spec) => isUnique(spec.boot_order ?? []),
  },
];

interface Devices {
  readonly firmware: (typeof FIRMWARES)[number];
  readonly secure_boot?: boolean | undefined;
  readonly secure_boot_template?: string | undefined;
  readonly tpm?: boolean | undefined;
  readonly memory_buffer_percent?: number | undefined;
  readonly memory_min_bytes?: number | undefined;
  readonly memory_max_bytes?: number | undefined;
  readonly autostart?: boolean | undefined;
  readonly autostart_condition?: string | undefined;
  readonly boot_order?: readonly string[] | undefined;
  readonly disks: readonly z.infer<typeof newDiskSchema>[];
  readonly nics: readonly z.infer<typeof newNicSchema>[];
}

const diskNames = ({ disks }: Devices): string[] => disks.map((disk, index) => disk.name ?? `disk${index}`);
const nicNames = ({ nics }: Devices): string[] => nics.map((nic, index) => nic.name ?? `nic${index}`);
const rule = (name: string, pointer: string, message: string, holds: (spec: Devices) => boolean): Rule<Devices> => ({
  name,
  pointer,
  message,
  holds,
});

/** Rules of a machine that is described as a whole. */
export const createRules: readonly Rule<Devices>[] = [
  rule("secure-boot-needs-uefi", "/secure_boot", "needs firmware uefi", (spec) => spec.secure_boot !== true || spec.firmware === "uefi"),
  rule(
    "secure-boot-template-needs-secure-boot",
    "/secure_boot_template",
    "needs secure_boot",
    (spec) => spec.secure_boot_template === undefined || spec.secure_boot !== undefined,
  ),
  rule("tpm-needs-uefi", "/tpm", "needs firmware uefi", (spec) => spec.tpm !== true || spec.firmware === "uefi"),
  rule(
    "memory-buffer-needs-dynamic",
    "/memory_buffer_percent",
    "needs memory_min_bytes or memory_max_bytes",
    (spec) => spec.memory_buffer_percent === undefined || spec.memory_min_bytes !== undefined || spec.memory_max_bytes !== undefined,
  ),
  rule(
    "autostart-condition-needs-autostart",
    "/autostart_condition",
    "needs autostart",
    (spec) => spec.autostart_condition === undefined || spec.autostart === true,
  ),
  rule("disks-have-a-source", "/disks", "each needs size_bytes or image", (spec) =>
    spec.disks.every((disk) => disk.size_bytes !== undefined || disk.image !== undefined),
  ),
  rule("one-boot-disk", "/disks", "at most one is the boot disk", (spec) => spec.disks.filter((disk) => disk.boot).length <= 1),
  rule(
    "boot-said-once",
    "/boot_order",
    "goes without a boot disk: it says the same",
    (spec) => spec.boot_order === undefined || !spec.disks.some((disk) => disk.boot),
  ),
  rule("device-names-unique", "/disks", "names of disks and network adapters must differ", (spec) =>
    isUnique(["cdrom", ...diskNames(spec), ...nicNames(spec)]),
  ),
  rule("boot-order-names-devices", "/boot_order", "must name disks or network adapters of this specification, or cdrom", (spec) => {
    const known = new Set(["cdrom", ...diskNames(spec), ...nicNames(spec)]);
    return (spec.boot_order ?? []).every((name) => known.has(name));
  }),
  rule("macs-unique", "/nics", "addresses must differ", (spec) => isUnique(spec.nics.flatMap((nic) => nic.mac?.toLowerCase() ?? []))),
  rule("one-vlan-mode", "/nics", "each takes vlan or vlan_trunk, not both", (spec) => spec.nics.every(hasOneVlanMode)),
  rule("bandwidth-ordered", "/nics", "bandwidth_min_bps must be at most bandwidth_max_bps", (spec) => spec.nics.every(hasOrderedBandwidth)),
];
