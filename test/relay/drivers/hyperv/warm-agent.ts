// Agents for tests of many operations: a few processes of the agent's functions that do job after job, behind a program that is
// started as PowerShell is. The frame (one process, one job) is left out: the tests of agent, encoding, hostile text and life run that.
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asQuoted } from "./host.ts";

const FUNCTIONS = join(import.meta.dirname, "../../../../agents/hyperv/functions");
const SERVER = join(import.meta.dirname, "warm-agent.ps1");

export interface WarmAgents {
  /** To be started in place of PowerShell. */
  readonly powershell: string;
  stop(): void;
}

interface Server {
  /** Ends with its input, and so with this process. */
  readonly child: ChildProcess;
  readonly jobs: Set<string>;
}

/** `powershell`: what starts the real one. Nothing waits for them to be ready: jobs do. */
export function startWarmAgents(folder: string, powershell: string, count = 2): WarmAgents {
  const jobs = join(folder, "jobs");
  mkdirSync(jobs);
  const servers = Array.from({ length: count }, (): Server => {
    const args = ["-NoProfile", "-NonInteractive", "-File", SERVER, FUNCTIONS];
    return { child: spawn(powershell, args, { stdio: ["pipe", "ignore", "inherit"] }), jobs: new Set() };
  });
  const given = new Set<string>();
  const watcher = watch(jobs, (_event, name) => {
    if (name?.endsWith(".job") && !given.has(name) && existsSync(join(jobs, name))) {
      given.add(name);
      const idle = servers.toSorted((one, other) => one.jobs.size - other.jobs.size)[0]!;
      idle.jobs.add(name);
      idle.child.stdin!.write(`${join(jobs, name)}\n`);
    }
    if (name?.endsWith(".done")) for (const server of servers) server.jobs.delete(name.slice(0, -".done".length));
  });
  const client = join(folder, "warm-powershell");
  const script = `#!/bin/sh
job=$(mktemp ${asQuoted(join(jobs, "XXXXXXXX"))}) && cat > "$job" && [ -s "$job" ] && mv "$job" "$job.job" || exit 1
while [ ! -e "$job.job.done" ]; do sleep 0.02; done
exec cat "$job.job.done"
`;
  writeFileSync(client, script);
  chmodSync(client, 0o755);
  return {
    powershell: client,
    stop() {
      watcher.close();
      for (const { child } of servers) child.kill("SIGKILL");
    },
  };
}
