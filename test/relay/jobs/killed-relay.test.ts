// A relay that is killed at any point of a job's life: at most one effect, an end that is true, and nothing left running.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Point } from "../../../relay/jobs/job.ts";
import { ALL, enrolledDir } from "../link/relay-under-test.ts";
import { ScriptedEdge, until } from "../link/scripted-edge.ts";

const CHILD = fileURLToPath(new URL("relay-child.ts", import.meta.url));
const children: ChildProcess[] = [];
let edge: ScriptedEdge;
let dir: string;

beforeEach(async () => {
  edge = await ScriptedEdge.start();
  dir = await enrolledDir(edge.url);
  await writeFile(join(dir, "relay.toml"), ALL);
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await edge.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

function startChild(killAt: Point | "-"): ChildProcess {
  const child = spawn(process.execPath, [CHILD, dir, join(dir, "relay.toml"), killAt], { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  return child;
}

const count = async () => (await readFile(join(dir, "count"), "utf8").catch(() => "")).length;

/** Processes whose command line names the job's directory. */
async function leftOvers(): Promise<string[]> {
  const own = new Set(children.map((child) => String(child.pid)));
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && !own.has(name) && name !== String(process.pid));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(`${dir}/count`));
}

const CASES: [Point, string, { effects: number[]; status: string }][] = [
  ["before-claim", "", { effects: [1], status: "succeeded" }],
  ["after-claim", "", { effects: [0], status: "unknown" }],
  ["before-spawn", "", { effects: [0], status: "unknown" }],
  ["running", "sleep 60", { effects: [0, 1], status: "unknown" }],
  ["after-exit", "", { effects: [1], status: "unknown" }],
  ["before-stored", "", { effects: [1], status: "unknown" }],
  ["after-stored", "", { effects: [1], status: "succeeded" }],
  ["after-reported", "", { effects: [1], status: "succeeded" }],
];

describe("a relay that is killed", () => {
  for (const [point, then, { effects, status }] of CASES)
    it(`${point}: ${status}, and at most one effect`, async () => {
      const first = startChild(point);
      const died = once(first, "exit");
      await edge.up();
      const message = edge.delivery("command.exec", { argv: ["/bin/sh", "-c", `printf x >> "$1"; ${then}`, "sh", join(dir, "count")] });
      const job = edge.deliver(message);
      expect((await died)[1]).toBe("SIGKILL");
      await until("the socket's end", () => !edge.isUp);
      // What waits for a redelivery gets it, as often as it asks; what was claimed must not run again.
      const second = startChild("-");
      await edge.up();
      const redelivered = setInterval(() => {
        if (!job.end && edge.isUp) edge.send(message);
      }, 100);
      const end = await edge.ended(job).finally(() => clearInterval(redelivered));
      expect(end.status).toBe(status);
      expect(effects).toContain(await count());
      expect(await leftOvers()).toEqual([]);
      second.kill("SIGTERM");
      expect((await once(second, "exit"))[0]).toBe(0);
    });

  it("with a second one on the same state directory: the second refuses", async () => {
    startChild("-");
    await edge.up();
    const second = spawn(process.execPath, [CHILD, dir, join(dir, "relay.toml"), "-"], { stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    second.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
    expect((await once(second, "close"))[0]).not.toBe(0);
    expect(text).toContain("Another relay uses");
  });
});
