// The process farhand-relay: how it refuses to start, and how it ends.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ALL, enrolledDir } from "./link/relay-under-test.ts";
import { ScriptedEdge, until } from "./link/scripted-edge.ts";

const ENTRY = fileURLToPath(new URL("../../relay/entry.ts", import.meta.url));
let edge: ScriptedEdge;
let dir: string;
let child: ChildProcess | null = null;

beforeEach(async () => {
  edge = await ScriptedEdge.start();
  dir = await enrolledDir(edge.url);
});
afterEach(async () => {
  if (child && child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await edge.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(toml: string): Promise<{ child: ChildProcess; text: () => string }> {
  const config = join(dir, "relay.toml");
  await writeFile(config, toml);
  child = spawn(process.execPath, [ENTRY, "--config", config, "--state", dir], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
  return { child, text: () => text };
}

describe("farhand-relay", () => {
  it("refuses a broken relay.toml with one line and exit code 2", async () => {
    const { child, text } = await start("slots = 0\n");
    expect((await once(child, "close"))[0]).toBe(2);
    expect(text()).toMatch(/^farhand-relay: .*relay\.toml:1:\d+: .*\n$/);
  });

  it("refuses a state directory without an enrolment with the remedy", async () => {
    await rm(join(dir, "relay.json"));
    const { child, text } = await start(ALL);
    expect((await once(child, "close"))[0]).toBe(2);
    expect(text()).toMatch(/^farhand-relay: .*farhand enroll.*\n$/);
  });

  it.each([
    [
      "journal that is damaged",
      /journal\.db cannot be used: .*not a database.*move it/,
      () => writeFile(join(dir, "journal.db"), "x".repeat(8192)),
    ],
    ["spool that is a file", /spool cannot be used: .*Check its rights/, () => writeFile(join(dir, "spool"), "")],
    ["identity that was half written", /relay\.json is damaged.*enrol/, () => writeFile(join(dir, "relay.json"), '{"edge_url": "http')],
  ])("refuses a %s with one line and exit code 2", async (_, line, damage) => {
    await damage();
    const { child, text } = await start(ALL);
    expect((await once(child, "close"))[0]).toBe(2);
    expect(text()).toMatch(/^farhand-relay: .*\n$/);
    expect(text()).toMatch(line);
  });

  it("refuses a journal that another relay has, also when that one's lock file is gone", async () => {
    const { child: first } = await start(ALL);
    await edge.up();
    await rm(join(dir, "relay.lock"));
    const { child: second, text } = await start(ALL);
    child = first;
    expect((await once(second, "close"))[0]).toBe(2);
    expect(text()).toMatch(/^farhand-relay: .*Another relay uses it.*\n$/);
  });

  it("ends by SIGTERM with 0, after its jobs ended and were reported", async () => {
    const { child } = await start(ALL);
    await edge.up();
    expect(await readFile(`/proc/${child.pid}/comm`, "utf8")).toBe("farhand-relay\n");
    const job = edge.exec(["/bin/sh", "-c", "echo begun; sleep 0.5; echo done"]);
    await until("it runs", () => job.text().includes("begun"));
    child.kill("SIGTERM");
    await until("the word that it drains", () => edge.messages.some((message) => message.type === "draining"));
    const late = edge.delivery("command.exec", { argv: ["/bin/true"] });
    edge.deliver(late);
    await until("a refusal", () => edge.messages.some((message) => message.type === "not_claimed" && message.job_id === late.job_id));
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(job.end).toMatchObject({ status: "succeeded" });
    expect(job.text()).toBe("begun\ndone\n");
  });

  it("leaves no secret of a job in its journal, spool or log", async () => {
    const { child, text } = await start(ALL);
    await edge.up();
    const canary = "canary-7b1f9c";
    const job = edge.deliver(
      edge.delivery("command.exec", { argv: ["/bin/sh", "-c", "cat >/dev/null; sleep 0.2"], env: { TOKEN: canary }, stdin: canary }),
    );
    await edge.ended(job);
    child.kill("SIGKILL");
    await once(child, "close");
    for (const name of ["journal.db", "journal.db-wal"]) expect((await readFile(join(dir, name))).includes(canary)).toBe(false);
    expect(text()).not.toContain(canary);
    expect(job.end!.status).toBe("succeeded");
  });
});
