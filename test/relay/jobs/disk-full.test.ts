// A disk that is full under a running job: its output is counted and marked, nothing new is claimed, and its end is stored
// and told as soon as there is room. On a file system of its own, which only root may mount.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseConfig } from "../../../relay/config.ts";
import { startRelay } from "../../../relay/main.ts";
import { saveState } from "../../../relay/state.ts";
import { ALL } from "../link/relay-under-test.ts";
import { ScriptedEdge, until } from "../link/scripted-edge.ts";

const MiB = 1024 * 1024;
const dir = mkdtempSync(join(tmpdir(), "farhand-full-"));
const isMounted = process.platform === "linux" && spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", dir]).status === 0;
let edge: ScriptedEdge;

beforeAll(async () => {
  edge = await ScriptedEdge.start();
});
afterAll(async () => {
  await edge.stop();
  if (isMounted) spawnSync("umount", ["-l", dir]);
  rmdirSync(dir);
});

it.skipIf(!isMounted)("a full disk costs output and time, never an end, and lets nothing new begin", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  await saveState(dir, { edgeUrl: edge.url, host: "h", hostNumber: 7, privateKey });
  const ballast = join(dir, "ballast");
  await writeFile(ballast, Buffer.alloc(2 * MiB));
  const lines: string[] = [];
  const log = (_level: string, message: string) => void lines.push(message);
  const relay = await startRelay({ config: parseConfig(ALL, join(dir, "relay.toml")), stateDir: dir, log, drainMs: 100 });
  await edge.up();
  const marker = `${dir}.effect`;
  const loud = edge.exec(["/bin/sh", "-c", "head -c 8388608 /dev/zero; printf done"]);
  await until("the end that cannot be stored", () => lines.some((line) => line.startsWith("an end could not be stored")));
  expect(loud.end).toBeNull();
  const refused = edge.exec(["/bin/sh", "-c", `printf x >> ${marker}`]);
  await until("the refusal", () => edge.messages.some((said) => said.type === "not_claimed" && said.job_id === refused.id));
  await rm(ballast);
  expect(await edge.ended(loud)).toMatchObject({ status: "succeeded", stdout_bytes: 8 * MiB + 4 });
  expect(loud.faults).toEqual([]);
  // What the disk did not take is lost, and said to be; the result has the last of it.
  const gaps = loud.events.filter((event) => event.type === "gap");
  expect(Buffer.concat(loud.output.stdout).length + gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0)).toBe(8 * MiB + 4);
  expect(JSON.stringify(loud.end!.result).includes('done"')).toBe(true);
  expect(await readFile(marker, "utf8").catch(() => null)).toBeNull();
  expect(lines.filter((line) => line.startsWith("an end could not be stored"))).toHaveLength(1);
  expect(await edge.ended(edge.exec(["/bin/true"]))).toMatchObject({ status: "succeeded" });
  await relay.stop();
});
