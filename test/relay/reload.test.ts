// SIGHUP: relay.toml is read again and the edge is told; a file that cannot be used changes nothing.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MessageOf, RelayMessage } from "../../protocol/link/control.ts";
import { enrolledDir } from "./link/relay-under-test.ts";
import { ScriptedEdge, until } from "./link/scripted-edge.ts";

const ENTRY = fileURLToPath(new URL("../../relay/entry.ts", import.meta.url));
const BEFORE = `labels = ["old"]\nslots = 1\n[commands.one]\nargv = ["/bin/sleep", "1"]\n`;
const AFTER = `labels = ["new"]\nslots = 2\n[commands.one]\nargv = ["/bin/true"]\n[commands.two]\nargv = ["/bin/true"]\n`;

let edge: ScriptedEdge;
let dir: string;
let child: ChildProcess;
let log: string;

beforeEach(async () => {
  edge = await ScriptedEdge.start();
  dir = await enrolledDir(edge.url);
  await writeFile(join(dir, "relay.toml"), BEFORE);
  child = spawn(process.execPath, [ENTRY, "--config", join(dir, "relay.toml"), "--state", dir], {
    stdio: ["ignore", "ignore", "pipe"],
    // No terminal, as a service has none.
    detached: true,
  });
  log = "";
  child.stderr!.on("data", (bytes: Buffer) => (log += bytes.toString()));
  await edge.up();
});
afterEach(async () => {
  child.kill("SIGTERM");
  await once(child, "exit");
  await edge.stop();
  await rm(dir, { recursive: true, force: true });
});

const catalogues = () => edge.messages.filter((said): said is MessageOf<RelayMessage, "catalogue"> => said.type === "catalogue");
const run = (name: string) => edge.ended(edge.deliver(edge.delivery("command.run", { name })));

async function hangUp(toml: string): Promise<void> {
  await writeFile(join(dir, "relay.toml"), toml);
  child.kill("SIGHUP");
}

describe("SIGHUP", () => {
  it("makes the relay read its file again and tell the edge; what runs goes on", async () => {
    expect(await run("two")).toMatchObject({ status: "failed", code: "COMMAND_UNKNOWN" });
    const running = edge.deliver(edge.delivery("command.run", { name: "one" }));
    await until("it runs", () => running.events.length > 0);
    await hangUp(AFTER);
    const [told] = await until("the word to the edge", () => (catalogues().length > 0 ? catalogues() : null));
    expect(told!.slots).toBe(2);
    expect(told!.labels).toContain("new");
    expect(told!.labels).not.toContain("old");
    expect(Object.keys(told!.catalogue.commands)).toEqual(["one", "two"]);
    // The second slot is there at once: the first is still taken.
    expect(await run("two")).toMatchObject({ status: "succeeded" });
    expect(running.end).toBeNull();
    expect(await edge.ended(running)).toMatchObject({ status: "succeeded" });
    edge.cut();
    await until("the next hello", () => edge.hellos.length === 2 && edge.isUp);
    expect(edge.hellos[1]).toMatchObject({ slots: 2, catalogue: told!.catalogue });
  });

  it("with a broken file keeps the old configuration and says so in one line with the place", async () => {
    await hangUp("slots = 2\nslotz = 3\n");
    await until("the line", () => log.includes("was not taken"));
    const lines = log.split("\n").filter((line) => line.includes("was not taken"));
    expect(lines).toHaveLength(1);
    expect((JSON.parse(lines[0]!) as { reason: string }).reason).toContain(`${join(dir, "relay.toml")}:2:1: slotz`);
    expect(catalogues()).toEqual([]);
    expect(await run("one")).toMatchObject({ status: "succeeded" });
    await hangUp(AFTER);
    await until("the word to the edge", () => catalogues().length === 1);
  });

  it("does not take a file whose commands would not fit into a hello", async () => {
    const description = "x".repeat(200);
    const inputs = (n: number) =>
      Array.from({ length: 20 }, (_, i) => `i${i} = { type = "string", description = "${description}" }`).join("\n") + `\n# ${n}`;
    const many = Array.from({ length: 100 }, (_, n) => `[commands.c${n}]\nargv = ["/bin/true"]\n[commands.c${n}.inputs]\n${inputs(n)}\n`);
    await hangUp(many.join(""));
    await until("the line", () => log.includes("more commands than can be told"));
    expect(await run("one")).toMatchObject({ status: "succeeded" });
  });

  it("says what a running relay cannot change", async () => {
    await hangUp(`${AFTER}\n[edge]\nurl = "http://127.0.0.1:1"\n`);
    await until("the line", () => log.includes("restart the relay for these"));
    expect(await run("two")).toMatchObject({ status: "succeeded" });
  });
});
