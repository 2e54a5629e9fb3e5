// The end of a job's whole process tree, on real processes; and, stated as such, what escapes.
import { spawn } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { endMarked } from "../../../relay/exec.ts";
import { isAlive, killQuietly, markedWith, newJobId, start, until } from "./processes.ts";

const leftovers: number[] = [];
// After all: tests run at once, and one that is done must not end what another looks at.
afterAll(() => {
  for (const pid of leftovers.splice(0)) killQuietly(pid);
});

const SHAPES: Record<string, { script: string; pids: number }> = {
  "a child": { script: "sh -c 'echo $$; exec sleep 300' & wait", pids: 1 },
  grandchildren: { script: `sh -c 'echo $$; sh -c "echo \\$\\$; exec sleep 300" & wait' & wait`, pids: 2 },
  "a setsid child": { script: "setsid sh -c 'echo $$; exec sleep 300' & wait", pids: 1 },
  "a daemon (its parent ended, its own session)": { script: "(setsid sh -c 'echo $$; exec sleep 300' &); exec sleep 300", pids: 1 },
  "a child in a group of its own": { script: "set -m; sh -c 'echo $$; exec sleep 300' & wait", pids: 1 },
  "one that ignores SIGTERM": { script: "trap '' TERM; echo $$; while :; do sleep 300; done", pids: 1 },
  "a setsid child that ignores SIGTERM": { script: "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 300; done' & wait", pids: 1 },
  "a stopped one": { script: "echo $$; kill -STOP $$", pids: 1 },
  "an emptied environment, in the job's session": { script: "env -i sh -c 'echo $$; exec sleep 300' & wait", pids: 1 },
  "an emptied environment and its own session, parent alive": { script: "setsid env -i sh -c 'echo $$; exec sleep 300' & wait", pids: 1 },
};

describe("abort ends", () => {
  for (const [name, { script, pids }] of Object.entries(SHAPES))
    it.concurrent(name, async () => {
      const run = start(script);
      const started = await run.pids(pids);
      leftovers.push(...started);
      for (const pid of started) expect(await isAlive(pid)).toBe(true);
      run.stop();
      expect(await run.end).toMatchObject({ started: true, exitCode: null });
      for (const pid of started) expect(await isAlive(pid), `process ${pid}`).toBe(false);
      expect(await markedWith(run.jobId)).toEqual([]);
    });

  it("a program that starts children all the time", async () => {
    const run = start("i=0; while [ $i -lt 2000 ]; do setsid sleep 300 & i=$((i+1)); [ $i = 40 ] && echo 1; done; wait");
    await run.pids(1);
    run.stop();
    await run.end;
    expect(await markedWith(run.jobId)).toEqual([]);
  });

  it("nothing else: another job's processes live on", async () => {
    const other = start("echo $$; exec sleep 300");
    const [pid] = await other.pids(1);
    const run = start("echo $$; exec sleep 300");
    await run.pids(1);
    run.stop();
    await run.end;
    expect(await isAlive(pid!)).toBe(true);
    other.stop();
    await other.end;
  });
});

describe("what escapes, as documented", () => {
  it("an emptied environment AND its own session AND a parent that had ended", async () => {
    const run = start("(setsid env -i sh -c 'echo $$; exec sleep 300' &); exec sleep 300");
    const [pid] = await run.pids(1);
    leftovers.push(pid!);
    run.stop();
    await run.end;
    expect(await isAlive(pid!)).toBe(true);
  });
});

describe("a normal end", () => {
  it("does not wait for a daemon that let go of the pipes, and lets it live", async () => {
    const run = start("setsid nohup sleep 300 >/dev/null 2>&1 & echo $!");
    expect(await run.end).toMatchObject({ started: true, exitCode: 0 });
    const [pid] = await run.pids(1);
    leftovers.push(pid!);
    expect(await isAlive(pid!)).toBe(true);
  });

  it("does not wait for a background child that keeps the pipes", async () => {
    const run = start("sleep 300 & echo $!; exit 7");
    expect(await run.end).toMatchObject({ started: true, exitCode: 7 });
    const [pid] = await run.pids(1);
    leftovers.push(pid!);
    expect(await isAlive(pid!)).toBe(true);
  });
});

describe("endMarked, after a crash of the relay", () => {
  /** What an earlier relay process, with a token of its own, left behind. */
  async function leftBy(jobId: string): Promise<number> {
    const child = spawn("setsid", ["sleep", "300"], {
      env: { PATH: process.env["PATH"], FARHAND_JOB: `${jobId}.0123456789abcdef` },
      stdio: "ignore",
    });
    leftovers.push(child.pid!);
    await until(async () => (await markedWith(jobId)).includes(child.pid!), "the child runs");
    return child.pid!;
  }

  it("ends what these jobs left, whatever the token, and says how many", async () => {
    const [first, second, other] = [newJobId(), newJobId(), newJobId()];
    const pids = [await leftBy(first), await leftBy(first), await leftBy(second)];
    const unrelated = await leftBy(other);
    const longer = await leftBy(`${first}0`);
    expect(await endMarked([first, second])).toBe(3);
    for (const pid of pids) expect(await isAlive(pid)).toBe(false);
    expect(await isAlive(unrelated)).toBe(true);
    expect(await isAlive(longer), "an id that only begins the same").toBe(true);
  });

  it("finds nothing: 0", async () => {
    expect(await endMarked(newJobId())).toBe(0);
    expect(await endMarked([])).toBe(0);
  });

  it("does nothing in a relay that the job itself started", async () => {
    const jobId = newJobId();
    const pid = await leftBy(jobId);
    process.env["FARHAND_JOB"] = `${jobId}.fedcba9876543210`;
    try {
      expect(await endMarked(jobId)).toBe(0);
    } finally {
      delete process.env["FARHAND_JOB"];
    }
    expect(await isAlive(pid)).toBe(true);
  });
});
