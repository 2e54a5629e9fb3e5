// What any host can say of itself. All of risk `read`.
import * as z from "zod";
import { defineOperation } from "./define.ts";

const bytes = z.int().min(0).meta({ description: "bytes" });

export const hostInfo = defineOperation({
  name: "host.info",
  summary: "Operating system, processors, memory and the relay's own version",
  risk: "read",
  idempotent: true,
  timeoutMs: { default: 10_000, max: 30_000 },
  spec: z.strictObject({}),
  data: z.object({
    hostname: z.string(),
    os: z.string().meta({ description: "linux, win32 or darwin" }),
    os_version: z.string(),
    arch: z.string(),
    cpus: z.int().min(1),
    cpu_model: z.string(),
    memory_bytes: bytes,
    uptime_ms: z.int().min(0),
    relay_version: z.string(),
    node_version: z.string(),
  }),
});

export const hostMetrics = defineOperation({
  name: "host.metrics",
  summary: "Load, memory, file systems and network counters at this moment",
  risk: "read",
  idempotent: true,
  timeoutMs: { default: 10_000, max: 30_000 },
  spec: z.strictObject({}),
  data: z.object({
    load: z.array(z.number()).meta({ description: "1, 5 and 15 minutes; zeros on Windows, which has none" }),
    cpu_percent: z.number().min(0).max(100).meta({ description: "over the last 100 ms, all processors" }),
    memory_total_bytes: bytes,
    memory_available_bytes: bytes,
    swap_total_bytes: bytes,
    swap_free_bytes: bytes,
    filesystems: z.array(z.object({ mount: z.string(), total_bytes: bytes, available_bytes: bytes })),
    networks: z.array(z.object({ name: z.string(), received_bytes: bytes, sent_bytes: bytes })),
  }),
});

export const hostProcesses = defineOperation({
  name: "host.processes",
  summary: "Processes by memory or processor time; names only, no arguments (they may hold secrets)",
  risk: "read",
  idempotent: true,
  timeoutMs: { default: 10_000, max: 30_000 },
  spec: z.strictObject({
    sort: z.enum(["memory", "cpu"]).default("memory").meta({ description: "cpu: total processor time since start" }),
    limit: z.int().min(1).max(200).default(20),
  }),
  data: z.object({
    total: z.int().min(0),
    processes: z.array(
      z.object({
        pid: z.int().min(0),
        name: z.string(),
        user: z.string(),
        memory_bytes: bytes,
        cpu_ms: z.int().min(0),
        started_ms_ago: z.int().min(0),
      }),
    ),
  }),
});
