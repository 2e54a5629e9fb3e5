// The driver of host.*: what this machine says of itself. Reads only; never a process's arguments or environment.
import { arch, cpus, hostname, platform, totalmem, uptime } from "node:os";
import { PRODUCT_VERSION } from "../../../protocol/version.ts";
import { osVersion } from "../../os-version.ts";
import type { Driver, Handler } from "../contract.ts";
import { readMetrics } from "./metrics.ts";
import { listProcesses } from "./processes.ts";

const info: Handler<"host.info"> = async () => ({
  status: "success",
  message: "What this host is.",
  data: {
    hostname: hostname(),
    os: platform(),
    os_version: await osVersion(),
    arch: arch(),
    cpus: Math.max(1, cpus().length),
    cpu_model: cpus()[0]?.model.trim() ?? "",
    memory_bytes: totalmem(),
    uptime_ms: Math.round(uptime() * 1000),
    relay_version: PRODUCT_VERSION,
    node_version: process.versions.node,
  },
});

export function createHostDriver(): Driver<"host.info" | "host.metrics" | "host.processes"> {
  return {
    name: "host",
    handlers: { "host.info": info, "host.metrics": readMetrics, "host.processes": listProcesses },
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    health: () => ({ available: true, detail: platform() === "linux" ? "reads /proc" : "reads what Node offers on this system" }),
  };
}
