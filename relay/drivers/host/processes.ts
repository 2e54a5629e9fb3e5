// host.processes: names, owners, memory and processor time from /proc. Arguments and environments are never read: they may hold secrets.
import { readFile } from "node:fs/promises";
import { uptime } from "node:os";
import { readStat, visitProcesses, type ProcessStat } from "../../proc.ts";
import type { Handler } from "../contract.ts";
import { refuse } from "../refusal.ts";

const MS_PER_TICK = 10;

async function userNames(): Promise<Map<string, string>> {
  const text = await readFile("/etc/passwd", "utf8").catch(() => "");
  return new Map(
    text.split("\n").map((line) => {
      const [name = "", , uid = ""] = line.split(":");
      return [uid, name];
    }),
  );
}

/** Memory and owner; null when it has ended since. Kernel threads have no VmRSS. */
async function describe(stat: ProcessStat, users: ReadonlyMap<string, string>) {
  const text = await readFile(`/proc/${stat.pid}/status`, "utf8").catch(() => null);
  if (text === null) return null;
  const uid = /^Uid:\s+(\d+)/m.exec(text)?.[1] ?? "";
  return {
    pid: stat.pid,
    name: stat.name,
    user: users.get(uid) ?? uid,
    memory_bytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024,
    cpu_ms: stat.cpuTicks * MS_PER_TICK,
    started_ms_ago: Math.max(0, Math.round(uptime() * 1000 - stat.startTicks * MS_PER_TICK)),
  };
}

export const listProcesses: Handler<"host.processes"> = async ({ sort, limit }, { signal }) => {
  if (process.platform !== "linux") return refuse("OPERATION_UNSUPPORTED", "host.processes reads /proc, which this system does not have.");
  const all: ProcessStat[] = [];
  await visitProcesses(async (pid) => {
    const stat = signal.aborted ? null : await readStat(pid);
    if (stat) all.push(stat);
  });
  const by = sort === "cpu" ? "cpuTicks" : "residentPages";
  all.sort((a, b) => b[by] - a[by]);
  const users = await userNames();
  const described = await Promise.all(all.slice(0, limit).map((stat) => describe(stat, users)));
  const processes = described.filter((one) => one !== null);
  return { status: "success", message: `${all.length} processes.`, data: { total: all.length, processes } };
};
