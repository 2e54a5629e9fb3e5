// How a virtual machine is read: in lists, alone, and its statistics. Holds no operation.
import * as z from "zod";
import { diskData, nicData } from "./vm-devices.ts";
import { bytesSchema, timeSchema } from "./vm-fields.ts";

export const VM_STATES = ["running", "off", "paused", "saved", "starting", "stopping", "crashed", "unknown"] as const;

/** Bounds are those of what other tools may have made. */
const summary = {
  id: z.string().max(64).meta({ description: "the hypervisor's UUID" }),
  name: z.string().max(256),
  state: z.enum(VM_STATES),
  description: z.string().max(4_000),
  tags: z.array(z.string().max(63)).max(32),
  cpus: z.int().min(1),
  memory_bytes: bytesSchema.meta({ description: "at start" }),
  os_family: z.enum(["linux", "windows", "other"]).nullable(),
  addresses: z.array(z.string().max(64)).max(32).meta({ description: "as far as the host knows them" }),
  autostart: z.boolean(),
  deletion_protection: z.boolean(),
  needs_restart: z.boolean().meta({ description: "its settings differ from what runs" }),
} as const;

export const vmSummaryData = z.object(summary);

/** Fields of vm.create, so that what is read can be compared with what was asked for; null where the machine has none. */
export const vmData = z.object({
  ...summary,
  cpu_topology: z.object({ sockets: z.int(), cores: z.int(), threads: z.int() }).nullable(),
  memory_min_bytes: bytesSchema.nullable(),
  memory_max_bytes: bytesSchema.nullable(),
  memory_buffer_percent: z.int().nullable(),
  memory_assigned_bytes: bytesSchema.nullable().meta({ description: "now; null while off" }),
  firmware: z.enum(["bios", "uefi"]),
  secure_boot: z.boolean(),
  secure_boot_template: z.string().nullable(),
  tpm: z.boolean(),
  nested: z.boolean(),
  storage_class: z.string().nullable(),
  autostart_condition: z.string(),
  autostart_delay_ms: z.int().min(0),
  stop_action: z.string(),
  boot_order: z.array(z.string()).meta({ description: "names of devices" }),
  disks: z.array(diskData),
  nics: z.array(nicData),
  created_at: timeSchema.nullable(),
  pending: z.array(z.string()).meta({ description: "fields whose setting waits for a restart" }),
});

const rate = z.number().min(0).meta({ description: "per second, since the reading before; 0 at the first" });
const byteRate = z.number().min(0).meta({ description: "bytes per second, since the reading before; 0 at the first" });

/** What cannot be known of one machine or device for certain is absent, never 0: Hyper-V counts by names that two may have. */
export const vmStatsData = z.object({
  id: z.string(),
  state: z.enum(VM_STATES),
  sampled_ms: z.number().min(0).meta({ description: "between this reading and the one before; 0 at the first" }),
  cpu_percent: z.number().min(0).nullable().meta({ description: "of all its processors; null: not known" }),
  cpu_time_ms: z.number().min(0).nullable().meta({ description: "since it was started; null: not known" }),
  memory_assigned_bytes: bytesSchema,
  memory_used_bytes: bytesSchema.nullable().meta({ description: "by the guest's own count; null when it says none" }),
  disks: z
    .array(
      z.object({
        id: z.string(),
        read_bytes: bytesSchema,
        written_bytes: bytesSchema,
        read_bps: byteRate,
        write_bps: byteRate,
        read_iops: rate,
        write_iops: rate,
      }),
    )
    .nullable()
    .meta({ description: "those that are counted; null: not known of any" }),
  nics: z
    .array(z.object({ id: z.string(), received_bytes: bytesSchema, sent_bytes: bytesSchema, receive_bps: byteRate, send_bps: byteRate }))
    .nullable()
    .meta({ description: "those that are counted; null: not known of any" }),
});
