// Secrets seeded as canaries are found in no database, journal, spool, log or process list.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ended, submit, until, get } from "../e2e/api.ts";
import type { Product } from "../product.ts";
import { addHost, startEdge, type Rig } from "./rig.ts";

const TOML = `[commands.login]
argv = ["/bin/sh", "-c", "cat > /dev/null; sleep 0.5; echo done", "{user}"]
stdin = "{password}\\n"
env = { TOKEN = "prefix {token}" }
[commands.login.inputs]
user = { type = "string" }
password = { type = "string", secret = true }
token = { type = "string", secret = true }
`;

let edge: Product;
let rig: Rig;
beforeAll(async () => {
  edge = await startEdge();
  rig = await addHost(edge, "secretive", TOML);
}, 120_000);
afterAll(async () => {
  await rig.stop();
  await edge.stop();
});

const canaries: string[] = [];
const canary = () => {
  const text = `canary${crypto.randomUUID().replaceAll("-", "")}`;
  canaries.push(text);
  return text;
};

/** Every file below a directory that holds one of the canaries. */
async function holding(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(files.map(async (file) => [file, await readFile(file).catch(() => Buffer.alloc(0))] as const));
  return found
    .filter(([, bytes]) =>
      canaries.some((text) => bytes.includes(text) || bytes.includes(Buffer.from(text).toString("base64").slice(2, -4))),
    )
    .map(([file]) => file);
}

async function commandLines(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")))).join("\n");
}

it("of declared inputs, of stdin and of env, while they wait, while they run, and after", async () => {
  rig.proxy.down(true);
  await rig.online(false);
  const waiting = await submit(rig.product, "command.run", { name: "login", inputs: { user: "ann", password: canary(), token: canary() } });
  const second = await submit(rig.product, "command.exec", {
    argv: ["/bin/sh", "-c", "cat > /dev/null; sleep 0.5"],
    stdin: canary(),
    env: { SECRET: canary() },
  });
  expect(waiting.resource_spec).toEqual({ name: "login", inputs: { user: "ann", password: null, token: null } });
  expect(await holding(edge.dir)).toEqual([]);
  rig.proxy.down(false);
  await until("it runs", async () => ["running", "succeeded"].includes((await get(rig.product, waiting.id)).status), 40_000);
  const listed = await commandLines();
  expect(canaries.filter((text) => listed.includes(text))).toEqual([]);
  for (const job of [waiting, second]) expect(await ended(rig.product, job.id, 40_000)).toMatchObject({ status: "succeeded" });
  // Give both databases a checkpoint's worth of work, so that nothing hides in a page that is not written yet.
  for (let i = 0; i < 20; i++)
    await submit(rig.product, "command.run", { name: "login", inputs: { user: "bob", password: canary(), token: canary() } }, 20);
  expect(await holding(edge.dir)).toEqual([]);
  expect(canaries.filter((text) => rig.logs.join("").includes(text))).toEqual([]);
});
