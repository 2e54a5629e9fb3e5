// host.metrics: load, memory, file systems, network counters. /proc on Linux, the os module elsewhere.
import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type * as z from "zod";
import type { hostMetrics } from "../../../protocol/operations/host.ts";
import type { Handler } from "../contract.ts";

type Metrics = z.infer<(typeof hostMetrics)["data"]>;
type Memory = Pick<Metrics, "memory_total_bytes" | "memory_available_bytes" | "swap_total_bytes" | "swap_free_bytes">;

const CPU_WINDOW_MS = 100;
/** A file system that does not answer (a dead disk) is left out. */
const STATFS_MS = 1_000;
const MAX_FILESYSTEMS = 64;

function cpuTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}

async function cpuPercent(signal: AbortSignal): Promise<number> {
  const before = cpuTimes();
  await sleep(CPU_WINDOW_MS, undefined, { signal }).catch(() => undefined);
  const after = cpuTimes();
  const total = after.total - before.total;
  if (total <= 0) return 0;
  return Math.min(100, Math.max(0, Math.round(((after.busy - before.busy) / total) * 1000) / 10));
}

async function memory(): Promise<Memory> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => null);
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text ?? "")?.[1] ?? 0) * 1024;
  return {
    memory_total_bytes: totalmem(),
    memory_available_bytes: text === null ? freemem() : field("MemAvailable"),
    swap_total_bytes: field("SwapTotal"),
    swap_free_bytes: field("SwapFree"),
  };
}

/** Local file systems only: asking a network file system whose server is gone hangs a thread for ever. */
const LOCAL = /^(ext[234]|xfs|btrfs|zfs|vfat|exfat|ntfs3?|fuseblk|f2fs|jfs|bcachefs|overlay)$/;

async function mounts(): Promise<string[]> {
  if (process.platform === "win32") return [`${process.env["SystemDrive"] ?? "C:"}\\`];
  const text = await readFile("/proc/self/mounts", "utf8").catch(() => null);
  if (text === null) return ["/"];
  const byDevice = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [device = "", mount = "", type = ""] = line.split(" ");
    // proc(5): blanks in names are octal. A device that is mounted twice counts once.
    const path = mount.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (LOCAL.test(type) && !byDevice.has(device)) byDevice.set(device, path);
  }
  return [...byDevice.values()].slice(0, MAX_FILESYSTEMS);
}

async function filesystem(mount: string): Promise<Metrics["filesystems"]> {
  const late = sleep(STATFS_MS, null, { ref: false });
  const stat = await Promise.race([statfs(mount).catch(() => null), late]);
  if (stat === null || stat.blocks === 0) return [];
  return [{ mount, total_bytes: stat.blocks * stat.bsize, available_bytes: stat.bavail * stat.bsize }];
}

async function networks(): Promise<Metrics["networks"]> {
  const text = await readFile("/proc/net/dev", "utf8").catch(() => "");
  return text
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      const [name, counters] = line.split(":");
      if (!name || !counters) return [];
      const numbers = counters.trim().split(/\s+/).map(Number);
      return [{ name: name.trim(), received_bytes: numbers[0] ?? 0, sent_bytes: numbers[8] ?? 0 }];
    });
}

export const readMetrics: Handler<"host.metrics"> = async (_, { signal }) => {
  const [cpu_percent, memoryNow, filesystems, networksNow] = await Promise.all([
    cpuPercent(signal),
    memory(),
    mounts().then((paths) => Promise.all(paths.map((path) => filesystem(path)))),
    networks(),
  ]);
  const data: Metrics = { load: loadavg(), cpu_percent, ...memoryNow, filesystems: filesystems.flat(), networks: networksNow };
  return { status: "success", message: "As of now.", data };
};
