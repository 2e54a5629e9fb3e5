// runProcess on real programs: start, pipes, pressure, end.
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseEnvironment } from "../../../relay/environment.ts";
import { runProcess, markerOf } from "../../../relay/exec.ts";
import { isAlive, markedWith, start } from "./processes.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farhand-exec-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the start", () => {
  it("gives exit code, signal and duration", async () => {
    expect(await start("exit 3").end).toEqual({ started: true, exitCode: 3, signalName: null, durationMs: expect.any(Number) as number });
    expect(await start("kill -9 $$").end).toMatchObject({ exitCode: null, signalName: "SIGKILL" });
  });

  it.each([
    ["a program that is not there", ["farhand-no-such-program"], {}, /"farhand-no-such-program" was not found/],
    ["no program", [""], {}, /could not be started/],
    ["a NUL in an argument", ["true", "a\0b"], {}, /could not be started/],
    ["a folder as program", ["/tmp"], {}, /may not be executed/],
    [
      "a working directory that is not there",
      ["true"],
      { cwd: "/farhand/no/such" },
      /working directory "\/farhand\/no\/such" is not there/,
    ],
    ["an argument that the system does not take", ["true", "x".repeat(200_000)], {}, /too large/],
  ] as const)("says why not: %s", async (_, argv, more, message) => {
    expect(await start(argv, more).end).toEqual({ started: false, message: expect.stringMatching(message) as string });
  });

  it("does not start what was cancelled before", async () => {
    const end = await start("touch started", { cwd: folder, signal: AbortSignal.abort() }).end;
    expect(end).toMatchObject({ started: false });
    expect(await start(["test", "!", "-e", "started"], { cwd: folder }).end).toMatchObject({ exitCode: 0 });
  });

  it("finds the program by the PATH of the given environment", async () => {
    const program = join(folder, "only-here");
    await writeFile(program, "#!/bin/sh\necho found\n");
    await chmod(program, 0o755);
    const run = start(["only-here"], { env: { PATH: `${folder}:/usr/bin:/bin` } });
    expect(await run.end).toMatchObject({ exitCode: 0 });
    expect(run.text()).toBe("found\n");
    expect(await start(["only-here"]).end).toMatchObject({ started: false });
  });

  it("gives the given environment and the marker, nothing of the relay's own", async () => {
    process.env["FARHAND_TEST_SECRET"] = "canary";
    const run = start(["env"], { env: { PATH: "/usr/bin:/bin", FARHAND_JOB: "forged", A: "" }, marker: "right" });
    await run.end;
    delete process.env["FARHAND_TEST_SECRET"];
    expect(run.text().trim().split("\n").sort()).toEqual(["A=", "FARHAND_JOB=right", "PATH=/usr/bin:/bin"]);
  });
});

describe("baseEnvironment", () => {
  it("takes the named variables and a PATH without relative parts and npm's", () => {
    const own = { PATH: ":.:/app/node_modules/.bin:/usr/bin::bin:/bin", HOME: "/h", TZ: "UTC", HTTPS_PROXY: "http://u:p@x", FH_KEY: "k" };
    expect(baseEnvironment(own)).toEqual({ PATH: "/usr/bin:/bin", HOME: "/h", TZ: "UTC" });
    expect(baseEnvironment({ PATH: "." })["PATH"]).toMatch(/^\/usr\/local\/sbin:/);
  });
});

describe("the pipes", () => {
  it("writes standard input and closes it; without one it is empty", async () => {
    const run = start(["cat"], { stdin: "grüße\n" });
    expect(await run.end).toMatchObject({ exitCode: 0 });
    expect(run.text()).toBe("grüße\n");
    const none = start(["cat"]);
    expect(await none.end).toMatchObject({ exitCode: 0 });
    expect(none.text()).toBe("");
  });

  it("tolerates a program that does not read its input", async () => {
    expect(await start(["true"], { stdin: "x".repeat(1_000_000) }).end).toMatchObject({ exitCode: 0 });
  });

  it("keeps the streams apart", async () => {
    const got: string[] = [];
    const output = (stream: string, bytes: Uint8Array) => void got.push(`${stream}:${Buffer.from(bytes).toString()}`);
    await start("echo out; echo err >&2", { output }).end;
    expect(got.sort()).toEqual(["stderr:err\n", "stdout:out\n"]);
  });

  it("pauses a stream while the reader asks for it, and loses nothing", async () => {
    let waiting = 0;
    let most = 0;
    let bytes = 0;
    const run = start("head -c 5000000 /dev/zero", {
      output: (_, chunk) => {
        bytes += chunk.length;
        waiting += 1;
        most = Math.max(most, waiting);
        return sleep(1).then(() => void (waiting -= 1));
      },
    });
    expect(await run.end).toMatchObject({ exitCode: 0 });
    expect(bytes).toBe(5_000_000);
    // The second is the one that Node pulls at the program's end.
    expect(most).toBeLessThanOrEqual(2);
  });

  it("does not cut off a slow reader when the program has ended", async () => {
    let bytes = 0;
    const run = start("head -c 400000 /dev/zero", {
      output: (_, chunk) => {
        bytes += chunk.length;
        // What is in the pipes at the end takes longer than the grace that background children get.
        return sleep(200);
      },
    });
    expect(await run.end).toMatchObject({ exitCode: 0 });
    expect(bytes).toBe(400_000);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("disk full");
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk full"))],
  ])("ends the tree and rejects when the reader %s", async (_, output) => {
    const run = start("echo $$; exec sleep 300", { output });
    await expect(run.end).rejects.toThrow("disk full");
    expect(await markedWith(run.jobId)).toEqual([]);
  });

  it("gives what was written before an abort", async () => {
    const run = start("trap 'echo bye; exit 0' TERM; echo $$; sleep 300 & wait");
    const [pid] = await run.pids(1);
    run.stop();
    expect(await run.end).toMatchObject({ started: true, exitCode: 0 });
    expect(run.text()).toMatch(/bye\n$/);
    expect(await isAlive(pid!)).toBe(false);
  });
});

describe("many at once", () => {
  it("200 programs with 16 in flight end with their own exit codes", async () => {
    const codes: (number | null)[] = [];
    let next = 0;
    const worker = async () => {
      while (next < 200) {
        const index = next++;
        const end = await runProcess({
          argv: ["sh", "-c", `exit ${index}`],
          env: baseEnvironment(),
          marker: markerOf(`many${index}`),
          signal: new AbortController().signal,
          output: () => undefined,
        });
        codes[index] = end.started ? end.exitCode : null;
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(codes).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });
});
