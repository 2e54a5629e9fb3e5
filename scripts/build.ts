// Builds dist/ with esbuild: the Worker, the relay, the CLI, the parent process of `farhand start`, its set-up step and the web app.
// `node scripts/build.ts` builds what is older than its sources; `--force` builds all. Reports on standard error.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { BUILT_AGENT, bundleAgent, digestOf } from "../agents/bundle.ts";
import { leanBuiltins, NODE_BANNER } from "./node-bundle.ts";
import { isBuilt, sourceStamp, stampFile } from "./stamp.mjs";
import { buildWeb } from "./web-bundle.ts";
import { readCompatibility } from "./wrangler-file.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
/** The platform's limit for a free account is 3 MiB; this is the product's own. */
const WORKER_LIMIT_BYTES = 1024 * 1024;
const CHUNK_KEPT_MS = 3600_000;

const node: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node22",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  external: ["bufferutil", "utf-8-validate"],
  logLevel: "warning",
};
const esm: BuildOptions = { ...node, format: "esm", banner: { js: NODE_BANNER }, plugins: [leanBuiltins] };

/** The same settings as wrangler uses, so that the embedded edge and Cloudflare run the same code. */
const worker: BuildOptions = {
  absWorkingDir: root,
  entryPoints: { worker: "worker/index.ts" },
  bundle: true,
  format: "esm",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  target: "es2024",
  external: ["cloudflare:*", "node:*"],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

/** The journal's thread runs from text, so that the relay stays one file. */
async function journalThread(): Promise<string> {
  const result = await build({ ...node, entryPoints: ["relay/jobs/journal-thread.ts"], format: "cjs", write: false });
  return result.outputFiles[0]!.text;
}

/** Writes the host agent as one text; answers its digest, to which the relay is locked. */
function bundleAgents(outdir: string): string {
  const text = bundleAgent();
  mkdirSync(join(outdir, dirname(BUILT_AGENT)), { recursive: true });
  writeFileSync(join(outdir, BUILT_AGENT), text);
  return digestOf(text);
}

/** Answers the bytes of the web app's first load, gzipped. */
async function bundleAll(outdir: string): Promise<number> {
  const agents = { __HYPERV_AGENT_DIGEST__: JSON.stringify(bundleAgents(outdir)) };
  const relay = { __JOURNAL_THREAD__: JSON.stringify(await journalThread()), ...agents };
  const setup = { __COMPATIBILITY__: JSON.stringify(readCompatibility(root)) };
  const cli: BuildOptions = {
    ...esm,
    entryPoints: { farhand: "cli/main.ts" },
    splitting: true,
    chunkNames: "chunks/[hash]",
    define: agents,
  };
  const extensions = { outExtension: { ".js": ".mjs" }, outdir };
  const [webBytes] = await Promise.all([
    buildWeb(join(outdir, "web")),
    build({ ...worker, ...extensions }),
    build({ ...esm, ...extensions, entryPoints: { relay: "relay/entry.ts" }, define: relay }),
    build({ ...esm, ...extensions, entryPoints: { setup: "embedded/setup.ts" }, define: setup }),
    build({ ...cli, ...extensions }),
    build({ ...node, outdir, entryPoints: { supervisor: "embedded/supervisor.ts" }, format: "cjs", outExtension: { ".js": ".cjs" } }),
  ]);
  return webBytes;
}

function outputs(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Moves new files over the old ones one by one, so that a second build at the same time leaves whole files. */
function publish(from: string): void {
  const fresh = outputs(from);
  for (const path of fresh) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    renameSync(join(from, path), join(dist, path));
  }
  // A running command may still load a chunk of the build before, a deployment in the making a file of the web app.
  for (const path of outputs(dist).filter((path) => /^(chunks|web)\//.test(path) && !fresh.includes(path)))
    if (Date.now() - statSync(join(dist, path)).mtimeMs > CHUNK_KEPT_MS) rmSync(join(dist, path), { force: true });
}

/** workerd under the name that `ps` and `pgrep` show: the kernel names a process after the file that it was started as. */
function nameEdge(folder: string): void {
  // The embedded edge does not run on Windows, where a link needs rights of its own; the relay and the CLI do not need it.
  if (process.platform === "win32") return;
  const platform = { linux: "linux", darwin: "darwin" }[process.platform as string];
  const architecture = process.arch === "x64" ? "64" : process.arch;
  const binary = join(root, `node_modules/@cloudflare/workerd-${platform}-${architecture}/bin/workerd`);
  symlinkSync(binary, join(folder, "farhand-edge"));
  renameSync(join(folder, "farhand-edge"), join(dist, "farhand-edge"));
}

/** Bytes of the Worker as Cloudflare counts them. */
export function workerGzipBytes(): number {
  return gzipSync(readFileSync(join(dist, "worker.mjs")), { level: 9 }).length;
}

export async function buildAll(): Promise<void> {
  const startedAt = Date.now();
  const stamp = sourceStamp(root);
  mkdirSync(dist, { recursive: true });
  const scratch = join(dist, `.building-${process.pid}`);
  let webBytes: number;
  try {
    mkdirSync(scratch, { recursive: true });
    webBytes = await bundleAll(scratch);
    copyFileSync(join(root, "embedded/guard.sh"), join(scratch, "farhand-guard"));
    publish(scratch);
    nameEdge(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const bytes = workerGzipBytes();
  const kib = (count: number) => (count / 1024).toFixed(1);
  process.stderr.write(`built in ${Date.now() - startedAt} ms; gzipped, the Worker is ${kib(bytes)} KiB (at most 1024), `);
  process.stderr.write(`the web app's first load ${kib(webBytes)} KiB (at most 80)\n`);
  if (bytes > WORKER_LIMIT_BYTES) throw new Error("the Worker is larger than 1 MiB gzipped");
  writeFileSync(`${stampFile(root)}.${process.pid}`, stamp);
  renameSync(`${stampFile(root)}.${process.pid}`, stampFile(root));
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes("--force") || !isBuilt(root)) await buildAll();
}
