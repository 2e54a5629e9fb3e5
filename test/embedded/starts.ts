// Starts of the real product for these tests: as a process with its output, its lock record and its processes.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataPaths } from "../../embedded/data-directory.ts";
import { readLock } from "../../embedded/lock.ts";

export const root = join(import.meta.dirname, "../..");
export const entry = join(root, "cli/farhand.mjs");

export interface Ready {
  readonly event: string;
  readonly url: string;
  readonly api_key: string;
  readonly sign_in_url: string;
  readonly host: string | null;
  readonly pid: number;
}

export interface Start {
  readonly child: ChildProcess;
  readonly data: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
  readonly ready: () => Promise<Ready>;
}

const made: { directories: string[]; starts: Start[] } = { directories: [], starts: [] };

export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "farhand-start-"));
  made.directories.push(path);
  return path;
}

/** Polls until `holds` gives something; fails with `what` after `ms`. */
export async function until<T>(what: string, holds: () => T | Promise<T>, ms = 15_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function start(data: string, options: readonly string[] = [], environment: Record<string, string> = {}): Start {
  const args = [entry, "start", "--data", data, ...(options.includes("--port") ? [] : ["--port", "0"]), ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece: Buffer) => (stdout += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
  // `exit`: what is orphaned keeps standard error open.
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const ready = async () => {
    await until(
      "the ready line",
      () => {
        if (child.exitCode !== null && !stdout.includes("\n")) throw new Error(`ended with ${child.exitCode}: ${stderr}`);
        return stdout.includes("\n");
      },
      40_000,
    );
    return JSON.parse(stdout.slice(0, stdout.indexOf("\n"))) as Ready;
  };
  const own = { child, data, stdout: () => stdout, stderr: () => stderr, ended, ready };
  made.starts.push(own);
  return own;
}

export const exists = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
};

export const childrenOf = (pid: number): number[] =>
  spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
    .stdout.split("\n")
    .map(Number)
    .filter(Boolean);

/** The pids of edge and relay, as the lock file names them. */
export function living(data: string): { edge: number; relay: number } {
  const record = readLock(dataPaths(data).lock);
  return { edge: record?.edge?.pid ?? 0, relay: record?.relay?.pid ?? 0 };
}

export async function stop(which: Start): Promise<number | null> {
  which.child.kill("SIGTERM");
  return await which.ended;
}

/** Whatever a failed test left. */
export async function cleanUp(): Promise<void> {
  for (const { child, data, ended } of made.starts.splice(0)) {
    const { edge, relay } = living(data);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(timer);
    }
    for (const pid of [edge, relay]) if (pid > 0 && exists(pid)) process.kill(pid, "SIGKILL");
  }
  for (const path of made.directories.splice(0)) rmSync(path, { recursive: true, force: true });
}

export async function ask<T>(ready: Ready, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(ready.url + path, {
    method,
    headers: { authorization: `Bearer ${ready.api_key}`, "content-type": "application/json", prefer: "wait=20" },
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}
